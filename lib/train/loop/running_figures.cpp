// Sums of training, and what a checkpoint keeps of them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/running_figures.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "lib/train/loop/resuming.h"

namespace dl {

void RunningFigures::collect() {
  const Measures since = updates_.take();
  interval_ += since;
  epoch_ += since;
}

std::vector<Measured> RunningFigures::of_record() const { return plan_.objectives.measured(interval_, "train"); }

std::vector<Measured> RunningFigures::of_epoch() const {
  return other_losses_before_ ? plan_.objectives.measured(epoch_, "train")
                              : plan_.objectives.measured_whole(epoch_, "train");
}

void RunningFigures::begin_epoch() {
  epoch_.clear();
  other_losses_before_ = false;
}

void RunningFigures::expect_targets() const {
  if (other_losses_before_) return;
  Measures whole = epoch_;
  whole += updates_.peek();
  plan_.objectives.measured_whole(whole, "train");
}

void RunningFigures::remember(const std::vector<Measured>& values) {
  for (const Measured& m : values) {
    if (std::isfinite(m.value))
      latest_[m.name] = m.value;
    else
      latest_.erase(m.name);
  }
}

std::vector<Measured> RunningFigures::latest(const std::string& part) const {
  std::vector<Measured> values;
  for (const std::string& name : plan_.figures())
    if (name.starts_with(part))
      if (const auto found = latest_.find(name); found != latest_.end()) values.push_back({name, found->second});
  return values;
}

std::vector<Measured> RunningFigures::at_end(bool with_an_epoch) const {
  std::vector<Measured> values = latest("");
  Measures since;
  if (!with_an_epoch) {
    since = interval_;
    since += updates_.peek();
  }
  for (const Measured& m : plan_.objectives.measured(since, "train"))
    if (const auto value = std::ranges::find(values, m.name, &Measured::name); value != values.end())
      value->value = std::isfinite(m.value) ? m.value : value->value;
    else if (std::isfinite(m.value))
      values.push_back(m);
  const std::vector<std::string> order = plan_.figures();
  std::ranges::stable_sort(values, {},
                           [&](const Measured& m) { return std::ranges::find(order, m.name) - order.begin(); });
  return values;
}

void RunningFigures::save(const Append& append) {
  Tally& tally = updates_.tally();
  write_measures(
      {.interval = interval_, .epoch = epoch_, .sums = tally.sums(programs_.measures()), .rows = tally.rows()}, append);
}

void RunningFigures::put_back(const Checkpoint& checkpoint) {
  std::error_code unreadable;
  if (!std::filesystem::exists(checkpoint.measures(), unreadable)) return;  // of an earlier version
  SavedMeasures saved = read_measures(checkpoint.measures());
  // What another loss or metric of the same name has kept is no part of a figure.
  const bool same_losses = has_same(plan_, checkpoint, {"loss", "losses", "turns"});
  const bool same_metrics = same_losses && has_same(plan_, checkpoint, {"metrics"});
  other_losses_before_ = !same_losses;
  const auto is_of_others = [&](const std::string& owner) {
    const auto& losses = plan_.objectives.losses();
    return std::ranges::count(losses, owner, &ForwardParts::Term::name) > 0 ? !same_losses : !same_metrics;
  };
  for (Measures* measures : {&saved.interval, &saved.epoch, &saved.rows})
    std::erase_if(*measures, [&](const auto& kept) { return is_of_others(kept.first); });
  interval_ = std::move(saved.interval);
  epoch_ = std::move(saved.epoch);
  updates_.tally().rows() = std::move(saved.rows);
  for (const Tally::Sum& sum : saved.sums)
    if (!is_of_others(sum.owner)) updates_.tally().put_back(programs_.measures(), sum);
}

}  // namespace dl
