// Names taken apart.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/weights/tensor_tree.h"

#include "lib/base/error.h"

namespace dl {
namespace {

constexpr size_t most_parts = 200;

[[noreturn]] void refuse_name(const std::string& name, const char* why) {
  throw Error(Exit::data, Problem{.path = concat("tensor '", name, "'"),
                                  .what = concat("has a name ", why, ", which no format of groups can have"),
                                  .notes = {},
                                  .help = "convert it to .safetensors"});
}

}  // namespace

TensorTree tensor_tree(const WeightsWriter::Tensors& tensors) {
  TensorTree root;
  for (const auto& [name, tensor] : tensors) {
    TensorTree* group = &root;
    size_t from = 0, parts = 0;
    for (size_t dot; (dot = name.find('.', from)) != std::string::npos; from = dot + 1) {
      const std::string part = name.substr(from, dot - from);
      if (part.empty() || ++parts > most_parts) refuse_name(name, "with empty or too many parts");
      if (part.find('/') != std::string::npos) refuse_name(name, "with an empty part or a '/'");
      if (group->tensors.contains(part)) refuse_name(name, "that goes on behind another tensor's");
      group = &group->groups[part];
    }
    const std::string last = name.substr(from);
    if (last.empty() || last.find('/') != std::string::npos) refuse_name(name, "with an empty part or a '/'");
    if (group->groups.contains(last)) refuse_name(name, "that others go on behind");
    group->tensors[last] = &tensor;
  }
  return root;
}

}  // namespace dl
