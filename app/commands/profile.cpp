// dlcli profile: where the time of a config's training step goes, by operation, by layer and against what the machine
// could do.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/machine_limits.h"
#include "app/options.h"
#include "app/roofline.h"
#include "app/spent.h"
#include "app/trace.h"
#include "app/trial.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

namespace dl {
namespace {

constexpr int64_t traced_steps = 20;

class Profile final : public Command {
 public:
  std::string summary() const override { return "where the time of a config's training step goes"; }
  std::vector<std::string> other_names() const override { return {"trace", "roofline"}; }

  void declare(CLI::App& app) override {
    app.add_option("CONFIG", config_, "the YAML file, or a run")->required();
    app.add_option("--seconds", seconds_, "how long to measure")->type_name("S")->check(above_zero());
    app.add_flag("--kernels", by_kernel_, "every kernel in the order they run, instead of operations and layers");
    app.add_option("--trace", trace_, "write the first steps for ui.perfetto.dev or chrome://tracing")
        ->type_name("FILE.json");
    app.add_option("--roofline", roofline_, "draw the kernels below the machine's limits")->type_name("FILE.svg");
    overrides_.declare_set(app);
    overrides_.declare_machine(app);
    declare_json(app, json_);
    examples(app, {{"dlcli profile configs/lenet5.yaml", "time, FLOP/s, bytes/s and share of the limits"},
                   {"dlcli profile configs/resnet20.yaml --kernels", "kernel by kernel"},
                   {"dlcli profile my.yaml --trace steps.json --roofline roofline.svg", "as pictures"},
                   {"dlcli profile my.yaml --threads 1 --json", "for scripts"}});
  }

  Exit run() override {
    Trial trial(config_, overrides_);
    trial.run();
    const MachineLimits limits = measure_limits(trial.threads());
    StepTimes times;
    Trace trace;
    std::vector<double> whole;
    for (const double begin = steady_seconds(); steady_seconds() - begin < seconds_ || whole.size() < 3;) {
      const double start = steady_seconds();
      trial.run_timed();
      whole.push_back(steady_seconds() - start);
      const std::vector<Program::Step> steps = trial.program().steps();
      times.add(steps);
      if (trace.steps() < traced_steps) trace.add(start, whole.back(), steps);
    }
    const Result measured(times.medians(), limits, median(whole), static_cast<int64_t>(whole.size()));
    const std::string title =
        concat(trial.plan().name, ", batch ", trial.batch_size(), ", ", trial.device().description());
    if (!trace_.empty()) write_file_atomic(trace_, trace.json(title));
    if (!roofline_.empty())
      write_file_atomic(roofline_, roofline_svg(concat(title, ": ", seconds_text(measured.step_s), " a step"), limits,
                                                measured.kernels));
    print(json_ ? json_line(json(trial, measured)) : text(title, measured));
    return Exit::done;
  }

 private:
  struct Result {
    Result(std::vector<Program::Step> steps, const MachineLimits& of_machine, double step_seconds, int64_t step_count)
        : kernels(std::move(steps)), limits(of_machine), step_s(step_seconds), steps(step_count) {
      for (const Program::Step& kernel : kernels) all.add(kernel, limits);
    }
    std::vector<Program::Step> kernels;
    const MachineLimits& limits;
    double step_s;
    int64_t steps;
    Spent all;
  };

  static double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  }

  std::string text(const std::string& title, const Result& m) const {
    const size_t columns = standard_output().columns();
    const auto line = [&](const std::string& words) { return wrapped(words, columns, "  ", ""); };
    const std::string out =
        line(concat(title, ": ", seconds_text(m.step_s), " a step, median of ", m.steps)) +
        line(concat(percent(m.all.seconds / m.step_s), " of it in kernels; at the limits they would take ",
                    seconds_text(m.all.least_seconds), ", ", percent(m.all.least_seconds / m.step_s))) +
        line("limits measured: " + m.limits.text()) + "\n";
    if (by_kernel_) {
      std::vector<Spent> each;
      for (const Program::Step& kernel : m.kernels) {
        each.push_back({.name = concat(kernel_name(kernel), " ", layer_name(kernel)), .phase = kernel.phase});
        each.back().add(kernel, m.limits);
      }
      return out + spent_table("kernel", each, m.step_s, columns);
    }
    return out + spent_table("operation", spent_by(m.kernels, m.limits, kernel_name), m.step_s, columns) + "\n" +
           spent_table("layer", spent_by(m.kernels, m.limits, layer_name), m.step_s, columns, 0.005);
  }

  static Node list_of(const std::vector<Spent>& all) {
    Node list = Node::list();
    for (const Spent& spent : all) list.items.push_back(spent_json(spent));
    return list;
  }

  static Node json(const Trial& trial, const Result& m) {
    Node kernels = Node::list();
    for (const Program::Step& kernel : m.kernels) {
      Spent spent{.name = kernel_name(kernel), .phase = kernel.phase};
      spent.add(kernel, m.limits);
      Node row = spent_json(spent);
      row.set("layer", Node::string(layer_name(kernel)));
      kernels.items.push_back(std::move(row));
    }
    return json_object({{"workload", Node::string(trial.plan().name)},
                        {"device", Node::string(trial.device().description())},
                        {"steps", Node::integer(m.steps)},
                        {"step_ms", Node::number(1e3 * m.step_s)},
                        {"accounted", Node::number(m.all.seconds / m.step_s)},
                        {"least_ms", Node::number(1e3 * m.all.least_seconds)},
                        {"limits", limits_json(m.limits)},
                        {"operations", list_of(spent_by(m.kernels, m.limits, kernel_name))},
                        {"layers", list_of(spent_by(m.kernels, m.limits, layer_name))},
                        {"kernels", std::move(kernels)}});
  }

  std::string config_, trace_, roofline_;
  double seconds_ = 3;
  bool by_kernel_ = false, json_ = false;
  Overrides overrides_;
};

DL_COMMAND(Profile, "profile");

}  // namespace
}  // namespace dl
