// Plain data of Python's with tensors in them: what checkpoints of PyTorch's are made of, and writing them as
// torch.load takes them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lib/interop/weights/weights_writer.h"
#include "lib/spec/node.h"

namespace dl {

struct PythonValue {
  using List = std::vector<PythonValue>;
  struct Tuple {
    List items;
  };
  struct Dict {
    std::vector<std::pair<PythonValue, PythonValue>> items;
    bool ordered = false;  // a collections.OrderedDict

    PythonValue& add(PythonValue key, PythonValue value);  // the value's place, until another is added
  };

  std::variant<std::monostate, bool, int64_t, double, std::string, StoredTensor, List, Tuple, Dict> value;

  // Of a scalar of a config, a list as a tuple, or a map; what is neither true, false nor a number is a string.
  static PythonValue of(const Node& node);
};

// An OrderedDict of tensors by name, as torch.nn.Module.state_dict() is.
PythonValue state_dict(const WeightsWriter::Tensors& tensors);

// f32 [] of its own.
StoredTensor number_tensor(double value);

bool torch_has(ElementType type);  // whether PyTorch has tensors of it

// The whole archive, as torch.load(weights_only=True) reads it. Tensors of one StoredBytes, place and shape become
// views of one storage.
void write_torch_archive(const PythonValue& value, const WeightsWriter::Append& append);
// A file of it, which appears when it is complete.
void write_torch_file(const std::filesystem::path& path, const PythonValue& value);

}  // namespace dl
