// What looks at a run's figures between steps: it may change the learning rate, end the run, keep weights of its own.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/device/program.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"
#include "lib/train/kept/observer.h"
#include "lib/train/kept/state_values.h"

namespace dl {

struct Plan;

// The figures of a validation by name, "val/loss"; not a number where there is none.
class Figures {
 public:
  explicit Figures(const std::vector<Measured>& values) : values_(values) {}
  double operator()(const std::string& name) const;

 private:
  const std::vector<Measured>& values_;
};

// Whether `value` is a gain of more than `min_delta`; the first number is one.
bool is_gain(double value, const std::optional<double>& best, bool higher_is_better, double min_delta = 0);

// Reports what is wrong with a controller's key.
using ControllerReport = std::function<void(const std::string& key, std::string what, std::string help)>;

// A key of the trainer under its own name. An object of a config is copied for each run; the copy has the state.
struct Controller : Described {
  static constexpr const char* kind = "controller";

  // The keys that name a figure of the validation, and the figures.
  virtual std::map<std::string, std::string> monitors() const { return {}; }
  // What does not fit the rest of the run; the plan is whole but for it.
  virtual void check(const Plan&, const ControllerReport&) const {}
  // Variables it keeps beside those of updates. One of Role::average begins at the initial weights, and is validated
  // and evaluated in the place of the parameters; one of Role::average_of_buffer in the place of its layer's own.
  virtual std::vector<Variable> keeps(const Network&) const { return {}; }

  // Once, before the first step or after the state of a checkpoint was read. The plan outlives the controller.
  virtual void begin(const Plan&) {}
  // What the next step takes as its learning rate, where it would take `lr`.
  virtual double learning_rate(double lr) { return lr; }
  // The last step of an epoch was taken, before it is validated; told again where a run goes on from there. `epochs`
  // are trained.
  virtual void epoch_trained(int64_t /*epochs*/, Store&) {}
  virtual void validated(const Figures&) {}
  // Before variables are validated or saved.
  virtual void settle(Store&) {}
  // Why the run is to end; empty: it goes on. It begins with the controller's name and a colon.
  virtual std::string end_reason() const { return ""; }
  // All that the calls above change, by name: s("waited", waited_).
  virtual void visit(StateVisitor&) {}
};

// Those that a run has, for one run.
std::vector<std::unique_ptr<Controller>> controllers_of(const Plan& plan);

}  // namespace dl

#define DL_CONTROLLER(Type, name) DL_REGISTER(::dl::Controller, Type, name)
