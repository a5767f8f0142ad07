// What a model's config says of its tensors: which call of a layer makes each, and which a call reads.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "lib/interop/keras/keras_layers.h"

namespace dl::keras {

constexpr int most_depth = 200;  // of a model's config

using Call = std::pair<std::string, int64_t>;  // a layer, and which of its calls

// A tensor is [layer, call, which of its outputs].
Call call_of(const Json& tensor);
// Those of what is a tensor, or a list or a map of these; `named` and arguments are nested no deeper than most_depth.
std::vector<Json> tensors_named(const Json& named);
std::vector<Call> calls_named(const Json& named);

// What a call is given: an entry of a layer's 'inbound_nodes'.
struct CallArguments {
  std::vector<Json> tensors;  // that the layer reads, in their order
  Json keywords;              // an object of all that is given by a name
};
CallArguments arguments_of(const Json& node);
// The tensors in an argument.
std::vector<Json> tensors_in(const Json& argument);
// Whether a tensor that is given by this name is what the layer reads.
bool is_input_keyword(const std::string& key);

}  // namespace dl::keras
