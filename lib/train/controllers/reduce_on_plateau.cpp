// The learning rate is lowered where a figure stands still, as PyTorch's ReduceLROnPlateau does it: after more than
// `patience` validations without a gain, rate = max(rate factor, min_lr), and the next `cooldown` validations do not
// count.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/train/plan/controller.h"
#include "lib/train/plan/plan.h"

namespace dl {
namespace {

struct ReduceOnPlateau final : Controller {
  std::string monitor = "val/loss", threshold_mode = "rel";
  double factor = 0.1, threshold = 1e-4, min_lr = 0;
  int64_t patience = 10, cooldown = 0;
  std::optional<std::string> mode;  // unset: as is better for the figure

  void describe(Schema& s) override {
    s.summary("lowers the learning rate when a figure no longer gets better");
    s.details(
        "The factor is on what the schedule gives, which min_lr does not raise. A validation that only the end of the "
        "run asks for does not count, so that a run that is trained for longer is as one that was as long from the "
        "start.");
    s.also_known_as({"ReduceLROnPlateau", "plateau", "reduce_lr_on_plateau"});
    s.optional("monitor", monitor, "the figure: val/loss, or val/ and a metric's name")
        .known_as({"metric", "quantity"});
    s.optional("factor", factor, "the learning rate times this").above(0).below(1);
    s.optional("patience", patience, "validations without a gain that are waited for; the next one lowers it")
        .at_least(0);
    s.optional("threshold", threshold, "a smaller change is no gain").at_least(0);
    s.optional("threshold_mode", threshold_mode,
               "rel: the threshold is a share of the best value; abs: it is a difference")
        .one_of({"rel", "abs"});
    s.optional("cooldown", cooldown, "validations after a fall that do not count").at_least(0);
    s.optional("min_lr", min_lr, "the learning rate is not lowered below it").at_least(0);
    s.optional("mode", mode, "min or max is better; without it, what is better for the figure").one_of({"min", "max"});
    for (const char* key : {"restore_best_weights", "verbose", "check_finite", "strict"})
      s.instead_of(key, "leave it out: 'checkpoint: {best: val/loss}' keeps the best, which 'eval' and 'predict' take");
    s.example("reduce_on_plateau: {monitor: val/loss, factor: 0.5, patience: 3}");
  }

  std::map<std::string, std::string> monitors() const override { return {{"monitor", monitor}}; }

  void begin(const Plan& plan) override {
    higher_ = mode ? *mode == "max" : plan.higher_is_better(monitor);
    if (!of_.empty() && of_ != monitor) {  // it goes on with another figure
      best_.reset();
      bad_ = 0;
    }
    of_ = monitor;
  }

  void validated(const Figures& figures) override {
    const double value = figures(monitor);
    if (is_better(value)) {
      best_ = value;
      bad_ = 0;
    } else {
      ++bad_;
    }
    if (cooling_ > 0) {
      --cooling_;
      bad_ = 0;
    }
    if (bad_ <= patience) return;
    scale_ *= factor;
    cooling_ = cooldown;
    bad_ = 0;
  }

  double learning_rate(double lr) override { return std::max(lr * scale_, std::min(lr, min_lr)); }

  void visit(StateVisitor& s) override {
    s("monitor", of_);
    s("best", best_);
    s("bad", bad_);
    s("cooling", cooling_);
    s("scale", scale_);
  }

 private:
  // A relative threshold is a share of the best as it is, of a negative one too: as PyTorch's.
  bool is_better(double value) const {
    if (!best_ || threshold_mode == "abs") return is_gain(value, best_, higher_, threshold);
    return higher_ ? value > *best_ * (1 + threshold) : value < *best_ * (1 - threshold);
  }

  bool higher_ = false;
  std::string of_;  // the figure that best_ is of
  std::optional<double> best_;
  int64_t bad_ = 0;      // validations since
  int64_t cooling_ = 0;  // validations that are yet not to count
  double scale_ = 1;
};
DL_CONTROLLER(ReduceOnPlateau, "reduce_on_plateau");

}  // namespace
}  // namespace dl
