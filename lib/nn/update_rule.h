// What an update is written with, and the rules of its chain.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "lib/graph/ops.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

// What the host knows of an update.
struct UpdateTime {
  double lr = 0;                   // its learning rate, schedule and group's factor applied
  double number = 1;               // from 1
  std::optional<double> momentum;  // where the schedule moves it
};

// What the rules of an update are written with. They act on a part of the parameters at a time: a flat range of them,
// or, where one rule of the chain asks for it (by_tensor), a tensor in its own shape. Values given and taken have that
// shape.
class UpdateBuilder {
 public:
  virtual ~UpdateBuilder() = default;
  // f32 []: a number that the host computes before each update, in f64: 1 - 0.999^t loses most of its digits in f32.
  // Of one name within a rule there is one, whichever tensor asks for it.
  virtual Value number(const std::string& name, std::function<double(const UpdateTime&)> compute) = 0;
  Value lr() {
    return number("lr", [](const UpdateTime& t) { return t.lr; });
  }
  // The momentum of this update, and 1 minus it: `own`, or what the schedule says.
  struct Momentum {
    Operand kept, fresh;
  };
  virtual Momentum momentum(double own) { return {own, 1 - own}; }
  // The parameters before the update; only for rules before the optimizer.
  virtual Value parameters() = 0;
  // The path of the tensor that is seen; empty where it is a range of them.
  virtual std::string path() const { return ""; }
  // State named `name` ("exp_avg") with an element for each of the parameters', zero at first.
  virtual Value state(const std::string& name) = 0;
  // State of a tensor, of any shape, zero at first; only for rules by tensor.
  virtual Value state(const std::string& name, const Shape& shape) = 0;
  // An average of the parameters, which at first are the initial ones: it is validated and evaluated in their place.
  virtual Value average(const std::string& name) = 0;
  // The value that a state or an average takes after this update.
  virtual void assign(const std::string& name, Value value) = 0;
  // How bent the loss is along each parameter, as Optimizer::curvature_every() says; unset in updates that measure
  // none.
  virtual Value curvature() { return {}; }
  // A number f32 [] that the search along a direction begins with, as Optimizer::searches() says.
  virtual void tell(const std::string& /*name*/, Value /*number*/) {}
  // f32 []: the L2 norm of the gradient of all parameters, as this rule finds it; only for rules before the optimizer.
  virtual Value gradient_norm() = 0;
};

// A step of the chain that makes an update of a gradient, beside the optimizer: `clip_norm: 1`, `ema: 0.999`.
struct UpdateRule : Described {
  static constexpr const char* kind = "rule";
  virtual bool by_tensor() const { return false; }        // whether it sees one tensor at a time
  virtual bool after_optimizer() const { return false; }  // whether it acts on the new parameters, not on the gradient
  virtual bool averages() const { return false; }         // whether it keeps an average of the parameters
  // Whether it changes the parameter of that path and number of axes; others pass as they are.
  virtual bool acts_on(const std::string& /*path*/, int64_t /*rank*/) const { return true; }
  // Where the gradient is to be taken in the place of p: of all the parameters, flat, and their gradient, 0 where
  // nothing is updated. Unset: at p. One rule of a chain at most moves it.
  virtual Value ascended(Value /*p*/, Value /*g*/) const { return {}; }
  // What stands in the place of the gradient, or of the new parameters.
  virtual Value apply(UpdateBuilder& b, Value x) const = 0;
  // Whether it keeps averages of layers' own variables too, running statistics; else they are validated as they are.
  virtual bool averages_buffers() const { return false; }
  // What such an average becomes, beside that of the parameters. Of `b` only numbers are asked.
  virtual Value average_of_buffer(UpdateBuilder& /*b*/, Value /*average*/, Value /*buffer*/) const { return {}; }
};

}  // namespace dl

#define DL_UPDATE_RULE(Type, name) DL_REGISTER(::dl::UpdateRule, Type, name)
