// The run ends where a figure has not got better in so many validations.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/text.h"
#include "lib/train/plan/controller.h"
#include "lib/train/plan/plan.h"

namespace dl {
namespace {

struct EarlyStopping final : Controller {
  std::string monitor = "val/loss";
  int64_t patience = 3;
  double min_delta = 0;
  std::optional<std::string> mode;  // unset: as is better for the figure

  void describe(Schema& s) override {
    s.summary("stops the run when a figure no longer gets better");
    s.also_known_as({"EarlyStopping"});
    s.optional("monitor", monitor, "the figure: val/loss, or val/ and a metric's name")
        .known_as({"metric", "quantity"});
    s.optional("patience", patience, "validations without a gain after which the run stops").at_least(1);
    s.optional("min_delta", min_delta, "a smaller change is no gain").at_least(0);
    s.optional("mode", mode, "min or max is better; without it, what is better for the figure").one_of({"min", "max"});
    for (const char* key : {"restore_best_weights", "verbose", "check_finite", "strict"})
      s.instead_of(key, "leave it out: 'checkpoint: {best: val/loss}' keeps the best, which 'eval' and 'predict' take");
    s.example("early_stopping: {monitor: val/loss, patience: 5}");
  }

  std::map<std::string, std::string> monitors() const override { return {{"monitor", monitor}}; }

  void begin(const Plan& plan) override {
    higher_ = mode ? *mode == "max" : plan.higher_is_better(monitor);
    if (!of_.empty() && of_ != monitor) {  // it goes on with another figure
      best_.reset();
      waited_ = 0;
    }
    of_ = monitor;
  }

  void validated(const Figures& figures) override {
    const double value = figures(monitor);
    if (is_gain(value, best_, higher_, min_delta)) {
      best_ = value;
      waited_ = 0;
    } else {
      ++waited_;
    }
  }

  std::string end_reason() const override {
    if (waited_ < patience) return "";
    return concat("early_stopping: ", monitor, best_ ? concat(" was not better than ", *best_) : " was no number",
                  " in ", count_of(patience, "validation"));
  }

  void visit(StateVisitor& s) override {
    s("monitor", of_);
    s("best", best_);
    s("waited", waited_);
  }

 private:
  bool higher_ = false;
  std::string of_;  // the figure that best_ is of
  std::optional<double> best_;
  int64_t waited_ = 0;  // validations since
};
DL_CONTROLLER(EarlyStopping, "early_stopping");

}  // namespace
}  // namespace dl
