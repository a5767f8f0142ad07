// A layer: a function from values to values. It names no device and no gradient.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/graph/ops.h"
#include "lib/nn/doubt.h"
#include "lib/nn/initializer.h"
#include "lib/nn/twins.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

// A sequence made position by position: the network is given one of its positions, and layers that look at others keep
// what they must know of those before.
struct Decoding {
  int64_t length = 0;  // positions there are at most
  Value position;      // i32 [batch]: the one given
  Value count;         // i32 [batch]: position + 1
};

// What a layer asks of the network it stands in.
class Builder {
 public:
  virtual ~Builder() = default;
  virtual Graph& graph() = 0;
  virtual bool training() const = 0;
  // A trained tensor named `name` within the layer ("weight").
  virtual Value parameter(const std::string& name, Shape shape, std::shared_ptr<const Initializer> initial) = 0;
  // A tensor that is saved but not trained ("running_mean"), and the value it takes after a training step.
  virtual Value buffer(const std::string& name, Shape shape, std::shared_ptr<const Initializer> initial) = 0;
  virtual void assign(const std::string& name, Value value) = 0;
  // What the layer carries from batch to batch, of a shape that begins with the batch: 0 where an epoch or an
  // evaluation begins, then what the batch before gave to carry(). While decoding, from position to position: 0 where
  // a sequence begins. A layer that stands alone carries nothing: 0.
  virtual Value carried(const std::string& name, Shape shape);
  virtual void carry(const std::string& /*name*/, Value /*value*/) {}
  // Uniform in [0, 1), drawn anew for each training step; the same again in the backward pass.
  virtual Value random(Shape shape) = 0;
  // Set where the inputs are one position [batch, 1, …] of a sequence; a layer to which it matters then builds what its
  // whole sequence would have there, or throws ShapeError where that depends on later positions.
  virtual const Decoding* decoding() const { return nullptr; }
  // The shape of a sample of the model's first input; [] where the layer stands alone.
  virtual Shape model_input() const { return {}; }
};

struct Layer : Described {
  static constexpr const char* kind = "layer";
  static void say_instead(AnyRegistry& registry);  // names of other frameworks that we have nothing for
  // One input (most layers).
  virtual Value build(Builder& b, Value x) const;
  // Several inputs (`from: [a, b]`); by default one is expected and given to the other form.
  virtual Value build(Builder& b, std::span<const Value> inputs) const;
  // What it is called elsewhere, of such inputs.
  virtual void twins(Twins& /*t*/) const {}
  // What its keys say that is likely not meant, where it gave `y` [batch, …].
  virtual DoubtList doubts(Value /*y*/) const { return {}; }
  // What its values are, where it is an activation that losses have in them: of a class or none, after a sigmoid; of
  // each class, after a softmax; the logarithms of these.
  enum class Gives { values, probability, probabilities, log_probabilities };
  virtual Gives gives() const { return Gives::values; }
};

// The shape's text and what was wanted, as a ShapeError: expect_rank(x, 4, "an image [height, width, channels]", "…").
void expect_rank(Value x, int rank, const std::string& wanted, const std::string& help = {});

}  // namespace dl

#define DL_LAYER(Type, name) DL_REGISTER(::dl::Layer, Type, name)
