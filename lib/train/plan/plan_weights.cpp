// init_from against the network.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/plan_weights.h"

#include <filesystem>
#include <utility>

#include "lib/base/text.h"
#include "lib/interop/code/places_elsewhere.h"
#include "lib/train/kept/checkpoint.h"
#include "lib/train/kept/initial_weights.h"

namespace dl {
namespace {

// Keras's and Flax's networks flatten images place by place, ours channel by channel unless it is said.
void doubt_order_of_places(const Plan& plan, PlanProblems& problems) {
  const std::vector<LayerSummary>& layers = plan.network->layers();
  const std::string& layouts = plan.initial.layouts;
  if ((layouts != "keras" && layouts != "flax") || to_json(plan.run.model).find("channels_first") != std::string::npos)
    return;
  for (size_t i = 1; i < layers.size(); ++i)
    if (layers[i].type == "flatten" && layers[i - 1].output.rank() >= 3)
      return problems.warn("init_from",
                           concat("the file is of Keras or Flax, whose networks flatten images place by place; layer '",
                                  layers[i].path, "' does so channel by channel"),
                           "write 'flatten: {channels_first: false}', or '{channels_first: true}' to keep it");
}

std::string help_for_missing_weights(const std::string& name) {
  if (name.starts_with("http://") || name.starts_with("https://"))
    return concat("fetch it first, 'curl -LO ", name, "', and name the file");
  if (!std::filesystem::path(name).has_extension())
    return "write a file or a folder that is here: weights are not fetched by a model's name (docs/weights.md)";
  return "write a path that starts at the config's folder, or a whole one";
}

}  // namespace

void plan_weights(Plan& plan, PlanProblems& problems) {
  if (!plan.run.init_from || !plan.network) return;
  const std::filesystem::path file = plan.initial_weights();
  if (std::error_code unreadable; !std::filesystem::exists(file, unreadable))
    return problems.add("init_from", "there is no file '" + plan.run.init_from->path + "'",
                        help_for_missing_weights(plan.run.init_from->path), Exit::data);
  try {
    verify_by_manifest(file);
    plan.initial = match_weights(plan.network->tensors(), file,
                                 {.key = plan.run.init_from->key,
                                  .fresh = plan.run.init_from->missing == "fresh",
                                  .ignore = plan.run.init_from->ignore,
                                  .only = plan.run.init_from->only,
                                  .rename = plan.run.init_from->rename,
                                  .elsewhere = [&](const std::string& target) {
                                    return code::places_elsewhere(plan.items, plan.network->inputs(), target);
                                  }});
    if (plan.initial.differences.empty()) return doubt_order_of_places(plan, problems);
    Problem problem = problems.located("init_from", file.string() + " holds other tensors than the model");
    problem.notes = plan.initial.differences;
    problem.help =
        "name the layers as the file does ('name:'), or take what fits: {path: …, ignore: [\"fc.*\"], missing: "
        "fresh}";
    if (const std::string& before = plan.initial.before; !before.empty())
      problem.help = concat("the file has them behind '", before, "': write {path: …, only: [\"", before,
                            "*\"], rename: {\"", before, "*\": \"*\"}}");
    if (const std::string& call = plan.initial.makes_whole; !call.empty())
      problem.help = concat("the file has weights in parts; before saving them call ", call, " of each such layer");
    problems.add(std::move(problem));
  } catch (const Error& error) {
    for (Problem problem : error.problems()) problems.add(std::move(problem));
  }
}

}  // namespace dl
