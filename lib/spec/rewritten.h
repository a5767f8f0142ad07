// A registered value that was written in another program's form, as it is written here, for messages.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/spec/registry.h"

namespace dl {

// "write 'adam: {lr: 1e-3}'": what to write for the registered `name` with the keys, or the value, that stand in
// `config`. Keys of other frameworks become ours, {params: {…}} and the like become what is in them, and keys that are
// to be left out are; what is said of others that there are not follows. A value without a key becomes that of the key
// it must be of; where that is not known the type's example is shown.
std::string help_for(const AnyRegistry& registry, const std::string& name, const Node& config);

// The arguments of a call as a value: "lr=0.1, nesterov=True" is a map, "3, 16" a list, "64" a value. Those that are no
// values ("model.parameters()") are passed over. A mix of both is a map whose "" has the list.
Node call_arguments(const std::string& text);

}  // namespace dl
