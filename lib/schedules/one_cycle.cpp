// One cycle (Smith and Topin 2018, arXiv:1708.07120) as PyTorch's OneCycleLR: the rate rises from 1 / div_factor to 1
// in the first pct_start of the run and falls to 1 / (div_factor final_div_factor), the momentum falls and rises
// against it
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "lib/nn/schedule.h"

namespace dl {
namespace {

struct OneCycleSchedule final : LRSchedule {
  double pct_start = 0.3, div_factor = 25, final_div_factor = 1e4, base_momentum = 0.85, max_momentum = 0.95;
  std::string anneal_strategy = "cos";
  bool cycle_momentum = true, three_phase = false;

  void describe(Schema& s) override {
    s.summary("the learning rate rises to the optimizer's and falls far below it, the momentum against it");
    s.details(
        "The optimizer's 'lr' is the largest rate, max_lr of PyTorch. The cycle is as long as the run, or as its part "
        "of a "
        "'sequence'.");
    s.also_known_as({"OneCycleLR", "onecycle", "1cycle"});
    s.instead_of("max_lr", "write it as the optimizer's 'lr'");
    s.instead_of("max_factor", "write 'div_factor', and the largest rate as the optimizer's 'lr'");
    for (const char* key : {"total_steps", "epochs", "steps_per_epoch"})
      s.instead_of(key, "leave it out: the cycle is as long as the run");
    s.optional("pct_start", pct_start, "share of the run in which the rate rises")
        .above(0)
        .below(1)
        .known_as({"warmup"});
    s.optional("div_factor", div_factor, "the first rate is the largest over this").at_least(1);
    s.optional("final_div_factor", final_div_factor, "the last rate is the first over this").at_least(1);
    s.optional("anneal_strategy", anneal_strategy, "how it goes from one to another: along half a cosine, or evenly")
        .one_of({"cos", "linear"});
    s.optional("cycle_momentum", cycle_momentum, "whether the momentum, or the first of 'betas', goes against it");
    s.optional("base_momentum", base_momentum, "the momentum where the rate is largest").at_least(0).below(1);
    s.optional("max_momentum", max_momentum, "the momentum at both ends").at_least(0).below(1);
    s.optional("three_phase", three_phase,
               "falls to the first rate in as many steps as it rose, and only then to the last");
    s.example("one_cycle");
    s.example("one_cycle: {pct_start: 0.2, div_factor: 10, cycle_momentum: false}");
  }
  const LRSchedule* mover_of_momentum() const override { return cycle_momentum ? this : nullptr; }
  bool needs_end() const override { return true; }

  double factor(const Progress& p) const override {
    const double first = 1 / div_factor, last = first / final_div_factor;
    return three_phase ? at(p, {first, 1, first, last}) : at(p, {first, 1, last});
  }
  std::optional<double> momentum(const Progress& p) const override {
    if (!cycle_momentum) return std::nullopt;
    return three_phase ? at(p, {max_momentum, base_momentum, max_momentum, max_momentum})
                       : at(p, {max_momentum, base_momentum, max_momentum});
  }

 private:
  // On the way through values that are reached at the ends of phases.
  double at(const Progress& p, const std::vector<double>& values) const {
    const auto total = static_cast<double>(p.total_steps);
    const std::vector<double> ends = three_phase
                                         ? std::vector{pct_start * total - 1, 2 * pct_start * total - 2, total - 1}
                                         : std::vector{pct_start * total - 1, total - 1};
    const double step = std::min(static_cast<double>(p.step), total - 1);
    double begin = 0;
    for (size_t phase = 0;; ++phase) {
      if (step > ends[phase] && phase + 1 < ends.size()) {
        begin = ends[phase];
        continue;
      }
      const double length = ends[phase] - begin, t = length > 0 ? (step - begin) / length : 1;
      const double from = values[phase], to = values[phase + 1];
      if (anneal_strategy == "linear") return from + (to - from) * t;
      return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * t));
    }
  }
};
DL_SCHEDULE(OneCycleSchedule, "one_cycle");

}  // namespace
}  // namespace dl
