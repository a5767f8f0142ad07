// Formats of weights that are written. One file each, which registers itself; the format is chosen by the end of the
// file's name.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "lib/interop/weights/weights_table.h"

namespace dl {

struct TrainingState;

class WeightsWriter {
 public:
  using Append = std::function<void(const void* data, size_t bytes)>;
  using Tensors = std::vector<WeightsTable::Entry>;

  virtual ~WeightsWriter() = default;
  virtual std::string ending() const = 0;  // of its files' names: ".pt"
  virtual std::string name() const = 0;    // "PyTorch"
  virtual bool has(ElementType type) const = 0;
  // Gives the whole file to `append`, piece by piece; tensors in their order. Of every one has(type) holds.
  virtual void write(const Tensors& tensors, const Append& append) const = 0;
  // Whether a file can hold besides where a training stands; then write_training() writes both.
  virtual bool has_training() const { return false; }
  virtual bool always_has_training() const { return false; }  // whether users of the format count on it
  virtual void write_training(const Tensors&, const TrainingState&, const Append&) const {}
};

bool add_weights_writer(const WeightsWriter& writer);
std::vector<std::string> weights_endings();  // sorted

// The one for a file of that name; an ending that none has is an Error(Exit::usage) that names those there are.
const WeightsWriter& weights_writer_for(const std::filesystem::path& path);

// Writes the file, which appears when it is complete. Types that the format does not have are an Error(Exit::data) that
// names the tensor; nothing is written then. `training` may be null, and is where the writer does not have it.
void write_weights_file(const std::filesystem::path& path, const WeightsWriter::Tensors& tensors,
                        const TrainingState* training = nullptr);

// The elements of a tensor, little-endian and row-major, in pieces.
void append_elements(const StoredTensor& tensor, const WeightsWriter::Append& append);

}  // namespace dl

#define DL_WEIGHTS_WRITER(Type) \
  static const Type the_##Type; \
  [[maybe_unused]] static const bool Type##_added = ::dl::add_weights_writer(the_##Type)
