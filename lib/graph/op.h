// The closed set of operations a graph is made of: what each must know of itself.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "lib/graph/type.h"

namespace dl {

class Graph;
class Op;

// A handle to one output of one node of a graph; cheap to copy.
struct Value {
  Graph* graph = nullptr;
  int node = -1;
  int output = 0;

  explicit operator bool() const { return graph != nullptr; }
  const Type& type() const;
  const Shape& shape() const { return type().shape; }
  bool operator==(const Value&) const = default;
};

// Shapes that do not fit. A layer's build turns it into an Error with the layer's place.
struct ShapeError : std::runtime_error {
  explicit ShapeError(const std::string& what, std::string help_text = {})
      : std::runtime_error(what), help(std::move(help_text)) {}
  std::string help;
};

// Floating-point operations (a multiply-add counts 2) and bytes read and written.
struct Cost {
  double flops = 0;
  double bytes = 0;
};

// What a gradient rule sees of its node.
struct Backward {
  std::span<const Value> inputs;
  std::span<const Value> outputs;
  std::span<const Value> gradients;  // one an output, unset where the loss does not depend on it
};

// The gradient rule of what does not change with its inputs, or is not to be followed: no input has any.
std::vector<Value> no_gradient(const Backward& b);

// What an operation can do with floats that are bf16 in the place of f32.
enum class Narrow : uint8_t {
  no,        // nothing
  operands,  // multiply them; sums and outputs are f32
  moves,     // pass them on: its float outputs have the type of its float inputs
};

class Op {
 public:
  virtual ~Op() = default;
  virtual std::string_view name() const = 0;
  // Everything that, beside the inputs, decides the result: two nodes with equal name, attributes and inputs are one.
  virtual std::string attributes() const { return {}; }
  // Types of the outputs; throws ShapeError where the inputs do not fit.
  virtual std::vector<Type> infer(std::span<const Type> inputs) const = 0;
  // Gradients of the loss with respect to each input, unset where there is none. Asked only where an input leads to
  // what the loss is differentiated by; without a rule of the operation's own that is a failed check.
  virtual std::vector<Value> gradient(const Backward& b) const;
  virtual Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const;
  virtual Narrow narrow(std::span<const Type> /*inputs*/) const { return Narrow::no; }
  virtual bool narrows(size_t /*input*/) const { return true; }  // which of the float inputs narrow() speaks of
  // The outputs are the first input's memory, read through another shape.
  virtual bool is_view() const { return false; }
};

}  // namespace dl
