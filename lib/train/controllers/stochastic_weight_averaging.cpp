// Stochastic weight averaging (Izmailov et al. 2018, arXiv:1803.05407): the mean of the weights at the end of each late
// epoch, average += (weights - average) / (n + 1), and a learning rate that goes to a constant, as PyTorch's SWALR
// takes it there: rate = a swa_lrs + (1 - a) lr with a = (1 - cos(pi t)) / 2, t = epochs since / annealing_epochs
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/base/text.h"
#include "lib/train/plan/controller.h"
#include "lib/train/plan/plan.h"

namespace dl {
namespace {

struct StochasticWeightAveraging final : Controller {
  double swa_lrs = 0.05, swa_epoch_start = 0.8;
  int64_t annealing_epochs = 10;
  std::string annealing_strategy = "cos";

  void describe(Schema& s) override {
    s.summary("the mean of the weights of late epochs, which is what is validated and evaluated");
    s.details(
        "From swa_epoch_start on, the weights at the end of each epoch are averaged, each alike; before, the average "
        "is the weights. Buffers, such as the running statistics of batch_norm, are averaged likewise.");
    s.also_known_as({"StochasticWeightAveraging", "swa"});
    s.required("swa_lrs", swa_lrs, "learning rate of the epochs that are averaged")
        .above(0)
        .known_as({"swa_lr", "lr", "learning_rate"});
    s.optional("swa_epoch_start", swa_epoch_start,
               "epochs before those that are averaged; below 1, a share of max_epochs")
        .at_least(0)
        .known_as({"swa_start", "start"});
    s.optional("annealing_epochs", annealing_epochs, "epochs in which the learning rate goes to swa_lrs")
        .at_least(0)
        .known_as({"anneal_epochs", "anneal"});
    s.optional("annealing_strategy", annealing_strategy, "how it goes there: along half a cosine, or evenly")
        .one_of({"cos", "linear"})
        .known_as({"anneal_strategy"});
    s.example("stochastic_weight_averaging: {swa_lrs: 0.02, swa_epoch_start: 0.75}");
    s.check([this](const Report& report) {
      if (swa_epoch_start >= 1 && swa_epoch_start != std::floor(swa_epoch_start))
        report.at("swa_epoch_start", concat("expected a share below 1 or whole epochs, got ", swa_epoch_start),
                  "write 0.75 or 30");
    });
  }

  void check(const Plan& plan, const ControllerReport& report) const override {
    const std::optional<int64_t>& epochs = plan.run.trainer.max_epochs;
    if (!epochs && swa_epoch_start < 1)
      report("swa_epoch_start", concat("a share of max_epochs, ", swa_epoch_start, ", and max_epochs is not given"),
             "write how many epochs come before: 'swa_epoch_start: 30'");
    else if (epochs && first_epoch(*epochs) >= *epochs)
      report("swa_epoch_start",
             concat("nothing is averaged: the run has ", *epochs, *epochs == 1 ? " epoch" : " epochs"),
             "lower it, or raise max_epochs");
    for (const UpdateChain* chain : plan.run.chains()) {
      if ((*chain)->averages())
        report("", concat("'", (*chain)->name, "' averages the weights too"), "leave one of them out");
      for (const auto& rule : chain->after)
        if (rule->averages())
          report("", concat("'", rule->name, "' averages the weights too"), "leave one of them out");
    }
    if (plan.run.trainer.ema.object) report("", "'ema' averages the weights too", "leave one of them out");
  }

  std::vector<Variable> keeps(const Network& network) const override {
    std::vector<Variable> kept{{"swa", {DType::f32, network.parameters().type.shape}, Role::average}};
    for (const Tensor& tensor : network.tensors())
      if (!tensor.trained) kept.push_back(average_of(tensor, "swa"));
    return kept;
  }

  void begin(const Plan& plan) override {
    first_ = first_epoch(plan.run.trainer.max_epochs.value_or(0));
    if (averaged_ < 0) averaged_ = epochs_ - first_;  // of an older checkpoint
    if (epochs_ <= first_) averaged_ = 0;             // of a run that goes on for longer too
    parameters_ = plan.network->parameters().name;
  }

  double learning_rate(double lr) override {
    if (epochs_ < first_ || lr_before_ == 0) lr_before_ = lr;
    if (epochs_ < first_) return lr;
    const double since = double(epochs_ - first_);
    const double t = annealing_epochs > 0 ? std::min(1.0, since / double(annealing_epochs)) : 1;
    const double share = annealing_strategy == "cos" ? (1 - std::cos(std::numbers::pi * t)) / 2 : t;
    return share * swa_lrs + (1 - share) * lr_before_;
  }

  void epoch_trained(int64_t epochs, Store& store) override {
    if (epochs == epochs_) return;
    epochs_ = epochs;
    if (epochs > first_) average(store, ++averaged_);
  }

  void settle(Store& store) override {
    if (averaged_ == 0) average(store, 1);
  }

  void visit(StateVisitor& s) override {
    s("epochs", epochs_);
    s("averaged", averaged_);
    s("lr_before", lr_before_);
  }

 private:
  int64_t first_epoch(int64_t max_epochs) const {
    return static_cast<int64_t>(swa_epoch_start < 1 ? swa_epoch_start * double(max_epochs) : swa_epoch_start);
  }

  // The weights and buffers as the n-th of the mean.
  void average(Store& store, int64_t n) const {
    average(store, parameters_, "swa", n);
    for (const Variable& v : store.of_role(Role::average_of_buffer)) average(store, averaged_buffer(v), v.name, n);
  }

  static void average(Store& store, const std::string& variable, const std::string& average, int64_t n) {
    const int64_t all = store.description(average).type.shape.elements();
    std::vector<float> mean(size_t(std::min<int64_t>(all, 1 << 16))), now(mean.size());
    for (int64_t begin = 0; begin < all; begin += int64_t(mean.size())) {
      const int64_t count = std::min(int64_t(mean.size()), all - begin);
      store.read_part(variable, begin, count, now.data());
      if (n > 1) store.read_part(average, begin, count, mean.data());
      for (size_t i = 0; i < size_t(count); ++i) mean[i] = n == 1 ? now[i] : mean[i] + (now[i] - mean[i]) / float(n);
      store.write_part(average, begin, mean.data(), count);
    }
  }

  std::string parameters_;
  int64_t first_ = 0;      // epochs before those that are averaged
  int64_t epochs_ = 0;     // that are trained
  int64_t averaged_ = -1;  // of them; below 0: not known
  double lr_before_ = 0;   // the learning rate before those that are averaged
};
DL_CONTROLLER(StochasticWeightAveraging, "stochastic_weight_averaging");

}  // namespace
}  // namespace dl
