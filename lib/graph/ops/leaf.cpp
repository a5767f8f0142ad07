// Inputs, variables, constants.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/leaf.h"

#include "lib/base/error.h"
#include "lib/graph/ops.h"

namespace dl {

std::string Constant::attributes() const {
  std::ostringstream out;
  out.precision(17);
  out << value;
  return out.str();
}

Value input(Graph& g, const std::string& name, Type type) {
  return g.add_one(std::make_shared<Input>(name, std::move(type)), {});
}

Value variable(Graph& g, const Variable& v) { return g.add_one(std::make_shared<VariableOp>(v), {}); }

Value constant(Graph& g, double value) { return g.add_one(std::make_shared<Constant>(value), {}); }

}  // namespace dl
