// dlcli profile: where the time of a config's training step goes, kernel by kernel and layer by layer.
#include <algorithm>
#include <map>

#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/options.h"
#include "app/trial.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

namespace dl {
namespace {

class Profile final : public Command {
 public:
  std::string summary() const override { return "where the time of a config's training step goes"; }

  void declare(CLI::App& app) override {
    app.add_option("CONFIG", config_, "the YAML file")->required();
    app.add_option("--seconds", seconds_, "how long to measure")->type_name("S")->check(above_zero());
    app.add_flag("--layers", by_layer_, "one row a layer, forward and backward together, instead of one a kernel");
    overrides_.declare_set(app);
    overrides_.declare_machine(app);
    declare_json(app, json_);
    examples(app, {{"dlcli profile configs/lenet5.yaml", "time, FLOP/s and bytes/s of each kernel"},
                   {"dlcli profile configs/resnet20.yaml --layers", "time of each layer"},
                   {"dlcli profile my.yaml --threads 1 --json", "for scripts"}});
  }

  Exit run() override {
    Trial trial(config_, overrides_);
    trial.run();
    // The median of each kernel's times; a whole step is timed from outside.
    std::vector<std::vector<double>> times(trial.program().steps().size());
    std::vector<double> whole;
    for (const double begin = steady_seconds(); steady_seconds() - begin < seconds_ || whole.size() < 3;) {
      const double start = steady_seconds();
      trial.run_timed();
      whole.push_back(steady_seconds() - start);
      const std::vector<Program::Step> steps = trial.program().steps();
      for (size_t i = 0; i < steps.size(); ++i) times[i].push_back(steps[i].seconds);
    }
    std::vector<Program::Step> steps = trial.program().steps();
    double accounted = 0;
    for (size_t i = 0; i < steps.size(); ++i) {
      steps[i].seconds = median(times[i]);
      accounted += steps[i].seconds;
    }
    const double step_s = median(whole);
    if (by_layer_) steps = layers(steps);
    if (json_) {
      print_json(trial, steps, step_s, accounted);
      return Exit::done;
    }
    std::vector<std::vector<std::string>> rows{{"kernel", "layer", "time", "share", "FLOP/s", "bytes/s"}};
    for (const Program::Step& step : steps) {
      rows.push_back({label(step), step.scope.empty() ? "-" : step.scope, seconds_text(step.seconds),
                      percent(step.seconds / step_s), short_count(step.cost.flops / step.seconds),
                      short_count(step.cost.bytes / step.seconds)});
    }
    print(concat(trial.plan().name, ", batch ", trial.batch_size(), ", ", trial.device().description(), ": ",
                 seconds_text(step_s), " a step, ", percent(accounted / step_s), " of it in kernels\n", table(rows)));
    return Exit::done;
  }

 private:
  static double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  }

  // "conv2d + loop" for a convolution with an epilogue.
  static std::string label(const Program::Step& step) {
    if (step.op != "epilogue") return step.op;
    return step.attributes.substr(0, step.attributes.find('{')) + " + loop";
  }

  static std::vector<Program::Step> layers(const std::vector<Program::Step>& steps) {
    std::vector<Program::Step> result;
    std::map<std::string, size_t> known;
    for (const Program::Step& step : steps) {
      const std::string name = step.scope.empty() ? "(loss, optimizer)" : step.scope;
      const auto [at, is_new] = known.emplace(name, result.size());
      if (is_new) result.push_back({.op = "all", .scope = name});
      Program::Step& layer = result[at->second];
      layer.seconds += step.seconds;
      layer.cost.flops += step.cost.flops;
      layer.cost.bytes += step.cost.bytes;
    }
    return result;
  }

  void print_json(const Trial& trial, const std::vector<Program::Step>& steps, double step_s, double accounted) const {
    Node kernels = Node::list();
    for (const Program::Step& step : steps) {
      kernels.items.push_back(json_object({{"kernel", Node::string(label(step))},
                                           {"layer", Node::string(step.scope)},
                                           {"time_ms", Node::number(1e3 * step.seconds)},
                                           {"flops", Node::number(step.cost.flops)},
                                           {"bytes", Node::number(step.cost.bytes)}}));
    }
    print(json_line(json_object({{"workload", Node::string(trial.plan().name)},
                                 {"device", Node::string(trial.device().description())},
                                 {"step_ms", Node::number(1e3 * step_s)},
                                 {"accounted", Node::number(accounted / step_s)},
                                 {"kernels", std::move(kernels)}})));
  }

  std::string config_;
  double seconds_ = 3;
  bool by_layer_ = false, json_ = false;
  Overrides overrides_;
};

DL_COMMAND(Profile, "profile");

}  // namespace
}  // namespace dl
