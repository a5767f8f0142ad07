// safetensors files: named tensors behind a JSON header, readable by NumPy, PyTorch and JAX. Format:
// https://github.com/huggingface/safetensors. A file is checked whole before anything is read from it: sizes multiplied
// with checks, no tensor outside the file, no overlap, no hole, no name twice.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/file.h"
#include "lib/graph/type.h"
#include "lib/interop/element_type.h"

namespace dl {

class SafetensorsFile {
 public:
  struct Entry {
    std::string dtype;  // as the file names it: "F32", "BF16", …
    Shape shape;
    uint64_t offset = 0;  // from the start of the file
    uint64_t bytes = 0;
  };

  // Reads and checks the header. A file that breaks the format is an Error(Exit::data) that names the tensor.
  explicit SafetensorsFile(std::filesystem::path path);

  const std::filesystem::path& path() const { return file_.path(); }
  const std::map<std::string, Entry>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  bool has(const std::string& name) const { return tensors_.contains(name); }

  // The tensor as f32: F32 as it is, F16, BF16 and F64 converted; another type is an Error(Exit::data).
  std::vector<float> read_f32(const std::string& name) const;
  // Some of its elements, from `begin` on.
  void read_f32(const std::string& name, int64_t begin, std::span<float> into) const;
  // The bytes of a tensor whose type must be `dtype` exactly.
  void read(const std::string& name, DType dtype, void* into) const;

 private:
  const Entry& entry(const std::string& name) const;

  InputFile file_;
  std::map<std::string, Entry> tensors_;
  std::map<std::string, std::string> metadata_;
};

// The type of what is written: of ours, or any that the format has.
struct SafetensorsType {
  ElementType element;
  Shape shape;

  SafetensorsType(ElementType e, Shape s) : element(e), shape(std::move(s)) {}
  SafetensorsType(DType dtype, Shape s) : SafetensorsType(element_type(dtype), std::move(s)) {}
  uint64_t bytes() const { return static_cast<uint64_t>(shape.elements()) * bytes_of(element); }
};

// A tensor to be written: `data` holds type.bytes() bytes until the writing is done, or where it is null `write` gives
// them in pieces when their turn comes.
struct SafetensorsItem {
  using Append = std::function<void(const void* data, size_t bytes)>;
  std::string name;
  SafetensorsType type;
  const void* data = nullptr;
  std::function<void(const Append& append)> write = nullptr;
};

// Gives a whole file to `append`, piece by piece: tensors in the order of their names (those of bytes last, so that
// every element is aligned), the first at a multiple of 8. Two of one name are a failed check.
void write_safetensors(std::vector<SafetensorsItem> items, const std::map<std::string, std::string>& metadata,
                       const std::function<void(const void* data, size_t bytes)>& append);

}  // namespace dl
