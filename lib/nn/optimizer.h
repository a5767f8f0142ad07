// Optimizers and learning-rate schedules.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/graph/ops.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

// What the host knows of an update.
struct UpdateTime {
  double lr = 0;      // its learning rate, schedule and group's factor applied
  double number = 1;  // from 1
};

// What an optimizer's update is written with; all values are flat, one element a parameter element.
class UpdateBuilder {
 public:
  virtual ~UpdateBuilder() = default;
  // f32 []: a number that the host computes before each update, in f64: 1 - 0.999^t loses most of its digits in f32.
  virtual Value number(std::function<double(const UpdateTime&)> compute) = 0;
  Value lr() {
    return number([](const UpdateTime& t) { return t.lr; });
  }
  // State named `name` ("exp_avg"), zero at first, and the value it takes after this update.
  virtual Value state(const std::string& name) = 0;
  virtual void assign(const std::string& name, Value value) = 0;
};

// Parameters that are updated with other values of the optimizer's keys: `{match: "*.bias", weight_decay: 0}`. They are
// those that satisfy all of what is given of match, layer, min_rank and max_rank.
struct ParameterGroup {
  std::vector<std::string> match, layer;  // patterns, one of which must fit: of paths, of layers' names
  std::optional<int64_t> min_rank, max_rank;
  double lr_factor = 1;
  Node keys = Node::map();  // the optimizer's own, with the values they have here
  Where where;
  void describe(Schema& s);  // without `keys`
};

template <>
struct Codec<ParameterGroup> {
  static bool read(const Node& node, ParameterGroup& value, const Limits& limits, const Reading& r);
  static Node write(const ParameterGroup& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
  static std::shared_ptr<const OwnedSchema> inner();  // of its own keys; beside them stand the optimizer's
};

struct Optimizer : Described {
  static constexpr const char* kind = "optimizer";
  static void say_instead(AnyRegistry& registry);  // names of other frameworks that we have nothing for
  std::vector<ParameterGroup> groups;  // lib/nn/parameter_groups.h; a parameter is in the first that it fits

  void describe(Schema& s) final;
  virtual void describe_keys(Schema& s) = 0;  // the optimizer's own
  virtual double learning_rate() const = 0;
  virtual double boldest_rate() const { return 1; }  // above it hardly any run learns
  // The new parameters, from parameters p and gradients g.
  virtual Value update(UpdateBuilder& b, Value p, Value g) const = 0;
};

// Where a run stands, for schedules. total_steps is 0 where the run has no planned end.
struct Progress {
  int64_t step = 0;  // optimizer updates done
  int64_t total_steps = 0;
  int64_t steps_per_epoch = 1;
  int64_t batch_size = 1;  // samples an update
};

struct LRSchedule : Described {
  static constexpr const char* kind = "schedule";
  static void say_instead(AnyRegistry& registry);  // names of other frameworks that we have nothing for
  // The factor on the optimizer's learning rate for the update after `step` updates.
  virtual double factor(const Progress& p) const = 0;
};

}  // namespace dl

#define DL_OPTIMIZER(Type, name) DL_REGISTER(::dl::Optimizer, Type, name)
#define DL_SCHEDULE(Type, name) DL_REGISTER(::dl::LRSchedule, Type, name)
