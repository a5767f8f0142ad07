// Checks of the schedule and the trainer's keys.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/check_trainer.h"

#include <algorithm>
#include <string>
#include <vector>

#include "lib/base/cpu.h"
#include "lib/base/text.h"
#include "lib/nn/warmup.h"

namespace dl {
namespace {

// What to write for a figure that is never measured, of those that are: "accuracy", "val_f1" as val/accuracy,
// val/f_beta.
std::string figure_meant(const std::string& figure, const std::vector<std::string>& known) {
  std::string name = figure.substr(figure.rfind('/') + 1);
  for (const char* part : {"val_", "valid_", "validation_"})
    if (name.starts_with(part)) name.erase(0, std::string_view(part).size());
  const AnyRegistry::Meant metric = Registry<Metric>::instance().meant(name);
  const std::string meant = "val/" + (metric.name.empty() ? name : metric.name);
  if (std::ranges::count(known, meant) > 0) return "write '" + meant + "'";
  if (same_word(metric.name, name))
    return "write one of them, or '" + meant + "' with '" + metric.name + "' added to 'metrics'";
  return spelling_help(figure, known, "write one of them, or add the metric to 'metrics:'");
}

void check_monitor(const Plan& plan, PlanProblems& problems, const std::string& path, const std::string& figure) {
  std::vector<std::string> known;
  for (const std::string& name : plan.figures())
    if (name.starts_with("val/")) known.push_back(name);
  if (std::ranges::count(known, figure) == 0) {
    problems.add(path, "expected one of " + join(known) + ", got '" + figure + "'", figure_meant(figure, known));
  } else if (plan.data.train && std::ranges::count(plan.data.names, "val") == 0) {
    problems.add(path, "'" + figure + "' is never measured: there is no validation set",
                 "write 'data.validation: {fraction: 0.1}'");
  }
}

void check_controller(const Plan& plan, PlanProblems& problems, const Keyed<Controller>& own) {
  if (!own.object) return;
  const std::string path = "trainer." + own.name;
  for (const auto& [key, figure] : own.object->monitors()) check_monitor(plan, problems, path + "." + key, figure);
  if (problems.none())
    own.object->check(plan, [&](const std::string& key, std::string what, std::string help) {
      problems.add(key.empty() ? path : path + "." + key, std::move(what), std::move(help));
    });
}

}  // namespace

void check_schedule(const Plan& plan, PlanProblems& problems) {
  const LRSchedule* schedule = plan.run.schedule.get();
  if (!schedule) return;
  const TrainerSpec& trainer = plan.run.trainer;
  if (is_told_by_the_end(*schedule) && !trainer.max_epochs && !trainer.max_steps && !trainer.fast_dev_run)
    problems.add("schedule", concat("'", schedule->name, "' goes by the run's planned end, and the run has none"),
                 "write 'trainer.max_epochs' or 'trainer.max_steps', or a schedule that has no end: 'inverse_sqrt'");
  const LRSchedule* mover = schedule->mover_of_momentum();
  if (!mover) return;
  for (const UpdateChain* chain : plan.run.chains())
    if (*chain && !(*chain)->takes_momentum())
      return problems.add(
          "schedule", concat("'", mover->name, "' moves the momentum, which '", (*chain)->name, "' does not follow"),
          concat("write 'cycle_momentum: false' in '", mover->name, "'"));
}

void check_trainer(const Plan& plan, PlanProblems& problems, bool train) {
  const TrainerSpec& trainer = plan.run.trainer;
  if (trainer.threads > allowed_cores())
    problems.warn("trainer.threads",
                  concat(count_of(trainer.threads, "thread"), " for ", count_of(allowed_cores(), "core"),
                         " that this process may use: they wait for each other"),
                  concat("write '", allowed_cores(), "', or leave it out"));
  if (!train) return;
  if (trainer.checkpoint.best) check_monitor(plan, problems, "trainer.checkpoint.best", *trainer.checkpoint.best);
  for (const Keyed<Controller>& own : trainer.controllers) check_controller(plan, problems, own);
}

}  // namespace dl
