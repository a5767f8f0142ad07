// Checks of a network that was built.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/check_network.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/padded.h"
#include "lib/graph/sizes.h"
#include "lib/nn/one_sample_alone.h"

namespace dl {
namespace {

// The first few tensors, as a pattern may name them.
std::string first_paths(const Network& network) {
  constexpr size_t told = 8;
  std::vector<std::string> paths;
  for (const Tensor& tensor : network.tensors())
    if (paths.size() < told) paths.push_back(tensor.path);
  return join(paths);
}

// That 64 bits count what all parameters take.
bool parameters_counted(const Plan& plan, PlanProblems& problems) {
  try {
    require_counted({DType::f32, {plan.network->arena_elements()}});
    return true;
  } catch (const ShapeError& e) {
    problems.add("model", concat("all parameters together: ", e.what()), "make the layers smaller");
    return false;
  }
}

// That a network with a layer out of a file takes batches of any size.
bool check_batches(const Plan& plan, PlanProblems& problems) {
  const auto is_of_file = [](const LayerSummary& layer) { return layer.type == "onnx"; };
  if (std::ranges::none_of(plan.network->layers(), is_of_file)) return true;
  std::optional<Problem> problem = one_sample_alone(*plan.network);
  if (!problem) return true;
  problems.add(std::move(problem->path), std::move(problem->what), std::move(problem->help));
  return false;
}

// The losses and the metrics against what the network gives and what the data hold.
void check_output(Plan& plan, PlanProblems& problems) {
  if (plan.objectives.losses().empty()) return;
  plan.objectives.check(*plan.network, plan.data, [&](Problem problem) {
    if (problem.where.file.empty()) problem.where = problems.located(problem.path, "").where;
    problems.add(std::move(problem));
  });
}

// That the network takes sequences of each bucket's length.
void check_buckets(const Plan& plan, PlanProblems& problems) {
  if (!capability<Padded>(*plan.data.train)) return;
  for (const int64_t length : plan.run.data.buckets) {
    const BatchType batch = padded_batch(*plan.data.train, 2, length);
    Graph g;
    std::vector<Value> given;
    for (const Network::Input& from : plan.network->inputs())
      given.push_back(input(g, from.name, batched(batch.sample(from.name, from.type), batch.count)));
    try {
      plan.network->build(g, given, false, {}, 0);
    } catch (const ShapeError& error) {
      return problems.add("data.buckets", concat("the model does not take sequences of ", length, ": ", error.what()),
                          error.help.empty() ? "leave 'buckets' out" : error.help);
    }
  }
}

// That outputs can be averaged over views of an image.
void check_test_time(const Plan& plan, PlanProblems& problems) {
  const std::vector<std::string>& names = plan.run.data.test_time.values;
  if (names.empty()) return;
  const Type& x = plan.network->inputs()[0].type;
  if (plan.network->inputs().size() > 1 || x.dtype != DType::f32 || x.shape.rank() != 3)
    return problems.add("data.test_time", concat("expected images as the model's only input, got ", x.shape.text()),
                        "leave 'test_time' out");
  if (plan.data.train && std::ranges::any_of(names, [](const auto& name) { return name.ends_with("_crop"); }) &&
      !has_corners(*plan.data.train))
    return problems.add("data.test_time", "no crop of 'transforms' leaves anything of the image out at its corners",
                        "write 'transforms: [resize: [256, 256], random_crop: 224]', or 'test_time: horizontal_flip'");
  for (const Objectives::Term& term : plan.objectives.losses())
    if (const Shape& shape = plan.network->output(term.loss->from.output).shape; shape.rank() > 1)
      return problems.add("data.test_time",
                          concat("expected an output of the image as a whole, got one of its places ", shape.text()),
                          "leave 'test_time' out");
}

}  // namespace

void check_network(Plan& plan, PlanProblems& problems) {
  if (const std::vector<std::string> idle = plan.network->freeze(plan.frozen()); !idle.empty())
    problems.add("freeze", concat("nothing of the model is ", join(idle, " or ")),
                 "write an item of the model, or a pattern of tensors' paths: " + first_paths(*plan.network));
  if (plan.network->parameter_count() == 0)
    return problems.add("model", "the model has no parameters, so there is nothing to train",
                        "add a layer with weights: 'linear: 10'");
  if (!parameters_counted(plan, problems) || !check_batches(plan, problems)) return;
  check_output(plan, problems);
  check_buckets(plan, problems);
  check_test_time(plan, problems);
}

}  // namespace dl
