// The course of a run: its batches, rates and schedules, and by which figures it is steered.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/base/text.h"
#include "lib/nn/warmup.h"
#include "lib/train/plan/doubts/doubts.h"

namespace dl {
namespace {

// A single sample at the end of an epoch, of which a layer over the batch has one value of each channel.
void doubt_last_batch(const Plan& plan, Doubts& doubts) {
  const int64_t samples = plan.data.train->size(), batch = plan.run.data.batch_size;
  const int64_t rest = plan.run.data.drop_last || samples <= batch ? 0 : samples % batch;
  if (rest != 1) return;
  if (const std::string layer = normalized_over_the_batch(*plan.network); !layer.empty())
    doubts.at_layer(layer,
                    concat("the last batch of an epoch is a single sample (", samples, " of ", batch,
                           "), which has no deviation to normalize by"),
                    "write 'data.drop_last: true'");
}
DL_DOUBT(doubt_last_batch);

void doubt_accumulated_batches(const Plan& plan, Doubts& doubts) {
  const int64_t window = plan.run.trainer.accumulate_grad_batches, batches = plan.batches_per_epoch();
  if (batches > 0 && window > batches)
    doubts.at_key("trainer.accumulate_grad_batches",
                  concat("an update takes ", window, " batches, an epoch has ", batches, ": each is of fewer"),
                  "lower it");
}
DL_DOUBT(doubt_accumulated_batches);

bool changes_nothing(const WarmupSchedule& schedule, Progress progress, int64_t begin) {
  const int64_t last = progress.total_steps - 1, stride = std::max<int64_t>(1, (last - begin) / 1000);
  const auto factor = [&](int64_t step) {
    progress.step = step;
    return schedule.factor(progress);
  };
  const double first = factor(begin);
  for (int64_t step = begin; step < last; step += stride)
    if (factor(step) != first) return false;
  return factor(last) == first;
}

// Rates that no run survives, and schedules that the run does not live to see.
void doubt_rates(const Plan& plan, Doubts& doubts) {
  const int64_t steps = plan.total_steps();
  const Progress progress{.total_steps = steps,
                          .steps_per_epoch = plan.steps_per_epoch(),
                          .batch_size = plan.run.data.batch_size * plan.run.trainer.accumulate_grad_batches};
  const auto* schedule = dynamic_cast<const WarmupSchedule*>(plan.run.schedule.get());
  const double rise = schedule ? updates_in(schedule->warmup, progress) : 0;
  if (steps > 0 && rise == static_cast<double>(steps)) return;  // a test of rates
  const Optimizer& optimizer = *plan.run.optimizer;
  std::vector<Problem> none;
  const std::string path = plan.run.optimizer.place_of_optimizer(Reading(none, "optimizer")).path() + ".lr";
  if (const double lr = optimizer.learning_rate(), most = optimizer.boldest_rate(); lr >= most)
    doubts.at_key(path, concat("a learning rate of ", number_text(lr), " is more than '", optimizer.name, "' bears"),
                  concat("lower it; begin with ", number_text(most / 1000)));
  if (!schedule || steps == 0 || plan.run.trainer.fast_dev_run) return;
  if (rise > static_cast<double>(steps))
    return doubts.at_key("schedule",
                         concat("the warm-up takes ", schedule->warmup.text(), ", the run ends after ",
                                count_of(steps, "step"), ": before the rate is whole"),
                         "make the warm-up shorter, or the run longer");
  if (changes_nothing(*schedule, progress, static_cast<int64_t>(std::ceil(rise))) && !schedule->stays())
    doubts.at_key("schedule",
                  concat("'", schedule->name, "' changes nothing within the ", count_of(steps, "step"), " of the run"),
                  "make its times shorter, or the run longer");
}
DL_DOUBT(doubt_rates);

// Schedules of rates that are not read.
void doubt_unread_rates(const Plan& plan, Doubts& doubts) {
  const LRSchedule* schedule = plan.run.schedule.get();
  const std::vector<const UpdateChain*> chains = plan.run.chains();
  if (!schedule || std::ranges::any_of(chains, [](const UpdateChain* chain) { return (*chain)->follows_rate(); }))
    return;
  doubts.at_key("schedule",
                concat("'", plan.run.optimizer->name, "' takes its learning rate for the first step alone: '",
                       schedule->name, "' changes nothing behind it"),
                "leave 'schedule' out, or take another optimizer");
}
DL_DOUBT(doubt_unread_rates);

// Modes that take the worse for the better.
void doubt_modes(const Plan& plan, Doubts& doubts) {
  const auto look = [&](const std::string& path, const std::string& figure, const std::string& mode) {
    const char* better = plan.higher_is_better(figure) ? "max" : "min";
    if (!mode.empty() && mode != better)
      doubts.at_key(path + ".mode", concat("'", mode, "' takes the worse values of '", figure, "' for the better"),
                    concat("leave 'mode' out, which is as 'mode: ", better, "' then"));
  };
  const TrainerSpec& trainer = plan.run.trainer;
  if (trainer.checkpoint.best)
    look("trainer.checkpoint", *trainer.checkpoint.best, trainer.checkpoint.mode.value_or(""));
  for (const Keyed<Controller>& own : trainer.controllers) {
    if (!own.object) continue;
    const Node keys = write_object(*own.object);
    const Node* mode = keys.find("mode");
    for (const auto& [key, figure] : own.object->monitors())
      look("trainer." + own.name, figure, mode ? mode->as_string().value_or("") : "");
  }
}
DL_DOUBT(doubt_modes);

}  // namespace
}  // namespace dl
