// ${…} in scalars: names replaced by values, wherever a spec's values are.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/spec/expression.h"
#include "lib/spec/node.h"
#include "lib/spec/reading.h"

namespace dl {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// One scalar with its ${…} replaced. Alone in the scalar, a value keeps its type and is marked with `via`; within text
// it is written out. A name that `lookup` does not know yet stays; ${env:…} stays where `environment` is empty.
// Problems are reported, and the scalar returned as it is.
Node interpolate(const Node& scalar, const NameLookup& lookup, const Environment& environment, const Reading& r);

// Replaces ${env:NAME} and ${env:NAME:-default} in the whole tree.
void interpolate_environment(Node& tree, const Environment& environment, const Reading& r);

// Replaces references to other values of the tree. Names in `later`, and what lies under them, stay.
Node interpolate_references(const Node& spec, const std::set<std::string>& later, std::vector<Problem>& problems);

// Whether a value of a tree that was so replaced stands for `name`, or what lies under it, or is computed of it.
bool stands_for(const Node& tree, const std::string& name);

// Whether a ${…} of the tree was not replaced.
bool has_references(const Node& tree);

// Whether a name stands in a ${…} of the tree that was not replaced.
bool mentions(const Node& tree, const std::string& name);

// Replaces names in `values`, where "data.categories.*" stands for all that lies under "data.categories".
Node interpolate_values(const Node& spec, const std::map<std::string, Node>& values, std::vector<Problem>& problems);

}  // namespace dl
