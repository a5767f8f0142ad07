// Optimizers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/nn/patterns.h"
#include "lib/nn/torch_optimizer.h"
#include "lib/nn/update_rule.h"

namespace dl {

// Parameters that are updated with other values of the optimizer's keys: `{match: "*.bias", weight_decay: 0}`. They are
// those that satisfy all of what is given of match, layer, min_rank and max_rank.
struct ParameterGroup {
  Patterns match, layer;  // one of which must fit: of paths, of layers' names
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
  virtual double boldest_rate() const { return 1; }      // above it hardly any run learns
  virtual bool follows_rate() const { return true; }     // whether its rate is read after the first update too
  virtual bool by_tensor() const { return false; }       // whether it sees one tensor at a time
  virtual bool takes_momentum() const { return false; }  // whether it asks for UpdateBuilder::momentum()
  virtual bool averages() const { return false; }        // whether it keeps an average of the parameters
  // In every how many updates, from the first on, it is given UpdateBuilder::curvature(): n d^2, where d is the
  // gradient of the loss against targets drawn by what the model predicts, and n counts them; 0: never.
  virtual int64_t curvature_every() const { return 0; }
  // Where it does not move the parameters itself, but says a direction along which the trainer searches for the place
  // that they go to (lib/train/programs/line_search.h). Of its states it assigns `direction`; the search assigns
  // `origin`, where all parameters are, and `step`, by what it moved them. It tells the "slope" of the loss along the
  // direction, 0 where it stays, the "first" length that is tried and the direction's largest element "reach".
  struct Search {
    double tolerance = 0;  // the least that the search still tells apart
    std::string origin, direction, step;
  };
  virtual std::optional<Search> searches() const { return {}; }
  // What torch.optim has for it; none where that has no optimizer which makes the same updates.
  virtual std::optional<TorchOptimizer> torch() const { return {}; }
  // The new parameters, from parameters p and gradients g.
  virtual Value update(UpdateBuilder& b, Value p, Value g) const = 0;
};

}  // namespace dl

#define DL_OPTIMIZER(Type, name) DL_REGISTER(::dl::Optimizer, Type, name)
