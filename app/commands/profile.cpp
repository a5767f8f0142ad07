// dlcli profile: where the time of a config's training step or of its prediction goes, by operation, by layer and
// against what the machine could do.
// SPDX-License-Identifier: Apache-2.0
#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/measure/limits.h"
#include "app/measure/roofline.h"
#include "app/measure/spent.h"
#include "app/measure/step_trial.h"
#include "app/measure/trace.h"
#include "app/options.h"
#include "app/trained.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

namespace dl {
namespace {

class Profile final : public Command {
 public:
  std::string summary() const override { return "where the time of a config's training step goes"; }
  std::vector<std::string> other_names() const override { return {"trace", "roofline"}; }

  void declare(CLI::App& app) override {
    app.add_option("CONFIG", config_, "the YAML file, or a run")->required();
    app.add_option("--seconds", seconds_, "how long to measure")->type_name("S")->check(above_zero());
    app.add_flag("--predict", predict_, "of its prediction of a batch, not of its training step");
    app.add_flag("--kernels", by_kernel_, "every kernel in the order they run, instead of operations and layers");
    app.add_option("--trace", trace_, "write the first steps for ui.perfetto.dev or chrome://tracing")
        ->type_name("FILE.json")
        ->check(file_of(".json"));
    app.add_option("--roofline", roofline_, "draw the kernels below the machine's limits")
        ->type_name("FILE.svg")
        ->check(file_of(".svg"));
    declare_runs(app, runs_);
    overrides_.declare_set(app);
    overrides_.declare_machine(app);
    declare_json(app, json_);
    examples(app, {{"dlcli profile configs/lenet5.yaml", "time, FLOP/s, bytes/s and share of the limits"},
                   {"dlcli profile configs/resnet20.yaml --kernels", "kernel by kernel"},
                   {"dlcli profile my.yaml --trace steps.json --roofline roofline.svg", "as pictures"},
                   {"dlcli profile my.yaml --threads 1 --json", "for scripts"}});
  }

  Exit run() override {
    StepTrial trial(config_file(config_, runs_), overrides_.sets(),
                    predict_ ? TrialOf::prediction : TrialOf::training_step);
    trial.run();
    const DeviceLimits limits = measure_limits(trial.device(), trial.threads());
    Trace trace;
    const Timing timing = time_kernels(trial, seconds_, &trace);
    const std::string title = trial.title(trial.name());
    if (!trace_.empty()) write_file_atomic(trace_, trace.json(title));
    if (!roofline_.empty())
      write_file_atomic(roofline_, roofline_svg(concat(title, ": ", seconds_text(timing.median()), " a ", trial.unit()),
                                                limits, timing.kernels));
    print(json_ ? json_line(json(trial, timing, limits)) : text(trial, timing, limits));
    return Exit::done;
  }

 private:
  std::string text(const StepTrial& trial, const Timing& timing, const DeviceLimits& limits) const {
    const size_t columns = standard_output().columns();
    const double step_s = timing.median();
    const Spent all = spent_in(timing.kernels, limits);
    const auto line = [&](const std::string& words) { return wrapped(words, columns, "  ", ""); };
    const std::string out =
        line(concat(trial.title(trial.name()), ": ", seconds_text(step_s), " a ", trial.unit(), ", median of ",
                    timing.runs())) +
        line(concat(percent(all.seconds / step_s), " of it in kernels; at the limits they would take ",
                    seconds_text(all.least_seconds), ", ", percent(all.least_seconds / step_s))) +
        line("limits measured: " + limits_text(limits)) + "\n";
    if (by_kernel_) return out + spent_table("kernel", each_kernel(timing, limits, true), step_s, columns);
    return out + spent_table("operation", spent_by(timing.kernels, limits, kernel_name), step_s, columns) + "\n" +
           spent_table("layer", spent_by(timing.kernels, limits, layer_name), step_s, columns, 0.005);
  }

  static std::vector<Spent> each_kernel(const Timing& timing, const DeviceLimits& limits, bool with_layer) {
    std::vector<Spent> each;
    for (const Program::KernelCall& kernel : timing.kernels) {
      each.push_back(spent_in({kernel}, limits));
      each.back().name = kernel_name(kernel) + (with_layer ? " " + layer_name(kernel) : "");
      if (with_layer && !kernel.way.empty()) each.back().name += " (" + kernel.way + ")";
      each.back().phase = kernel.phase;
    }
    return each;
  }

  static Node list_of(const std::vector<Spent>& all) {
    Node list = Node::list();
    for (const Spent& spent : all) list.items.push_back(spent_json(spent));
    return list;
  }

  static Node json(const StepTrial& trial, const Timing& timing, const DeviceLimits& limits) {
    const Spent all = spent_in(timing.kernels, limits);
    Node kernels = list_of(each_kernel(timing, limits, false));
    for (size_t i = 0; i < kernels.items.size(); ++i) {
      kernels.items[i].set("layer", Node::string(layer_name(timing.kernels[i])));
      kernels.items[i].set("by", Node::string(timing.kernels[i].way));
    }
    return json_object({{"workload", Node::string(trial.name())},
                        {"device", Node::string(trial.device().description())},
                        {"steps", Node::integer(timing.runs())},
                        {"step_ms", Node::number(1e3 * timing.median())},
                        {"accounted", Node::number(all.seconds / timing.median())},
                        {"least_ms", Node::number(1e3 * all.least_seconds)},
                        {"limits", limits_json(limits)},
                        {"operations", list_of(spent_by(timing.kernels, limits, kernel_name))},
                        {"layers", list_of(spent_by(timing.kernels, limits, layer_name))},
                        {"kernels", std::move(kernels)}});
  }

  std::string config_, trace_, roofline_, runs_ = "runs";
  double seconds_ = 3;
  bool predict_ = false, by_kernel_ = false, json_ = false;
  Overrides overrides_;
};

DL_COMMAND(Profile, "profile");

}  // namespace
}  // namespace dl
