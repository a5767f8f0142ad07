// Tensors by the parts of their names, for formats that hold groups in groups.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>

#include "lib/interop/weights/weights_writer.h"

namespace dl {

struct TensorTree {
  std::map<std::string, TensorTree> groups;
  std::map<std::string, const StoredTensor*> tensors;
  std::map<std::string, std::string> attributes;  // texts, of formats that have them

  size_t names() const { return groups.size() + tensors.size(); }
};

// Of names that dots divide. One that is a tensor's and of a group of others is an Error(Exit::data).
TensorTree tensor_tree(const WeightsWriter::Tensors& tensors);

}  // namespace dl
