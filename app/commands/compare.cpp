// dlcli compare: what differs between runs, in their configs and in what came out.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "app/activation_comparison.h"
#include "app/command.h"
#include "app/config_difference.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/options.h"
#include "app/run_info.h"
#include "app/trained.h"
#include "lib/base/text.h"
#include "lib/train/plan/plan.h"

namespace dl {
namespace {

struct Compared {
  RunInfo info;
  std::optional<int64_t> parameters;  // unknown where the config cannot be planned any more
};

class Compare final : public Command {
 public:
  std::string summary() const override {
    return "what differs between runs: keys of their configs, and figures; or what their layers give";
  }

  void declare(CLI::App& app) override {
    app.add_option(
           "RUN", names_,
           "two runs or more: names, folders, or configs, which stand for their newest run; of activations, files "
           "of them too")
        ->required()
        ->expected(1, 1 << 20);
    comparison_.declare(app);
    declare_runs(app, folder_);
    declare_json(app, json_);
    examples(app, {{"dlcli compare my-1 my-2", "which keys differ, and what came out"},
                   {"dlcli compare my-1 theirs.npz", "the first layer that gives something else in another program"},
                   {"dlcli compare my-1 my-2 --activations --data val", "the first layer at which two runs part"},
                   {"dlcli compare my-1 my-2 my-3 --json", "for scripts"}});
  }

  Exit run() override {
    expect_several("compare", names_);
    if (comparison_.is_meant(names_)) return comparison_.run(names_, folder_, json_);
    if (const std::string option = comparison_.given(); !option.empty())
      throw Error(Exit::usage, Problem{.path = option,
                                       .what = "is of what layers give, not of configs and figures",
                                       .help = "add --activations, or leave it out"});
    for (const std::string& name : names_) runs_.push_back(read(name));
    std::vector<const Node*> configs;
    for (const Compared& run : runs_) configs.push_back(&run.info.resolved);
    differences_ = config_differences(configs);
    print(json_ ? json_line(as_json()) : as_text(standard_output().columns()));
    return Exit::done;
  }

 private:
  Compared read(const std::string& name) const {
    Compared run{.info = read_run(named_run(name, folder_, Newest::of_all)), .parameters = {}};
    // What was fitted to the data is long, and follows from the data.
    if (Node* data = run.info.resolved.find("data"); data != nullptr) data->erase("fitted");
    try {
      run.parameters = plan_from(run.info.paths.resolved(), {}, SetsToRead::none())->network->parameter_count();
    } catch (const Error&) {  // one of another version, or whose data went away, is compared all the same
    }
    return run;
  }

  std::vector<std::string> names_of_runs() const {
    std::vector<std::string> names;
    for (const Compared& run : runs_) names.push_back(shortened(run.info.name()));
    return names;
  }

  // All figures that any of the runs measured, as they appear.
  std::vector<std::string> all_figures() const {
    std::vector<std::string> names;
    for (const Compared& run : runs_)
      for (const Curve& curve : run.info.history.curves)
        if ((curve.figure.starts_with("train/") || curve.figure.starts_with("val/")) &&
            std::ranges::find(names, curve.figure) == names.end())
          names.push_back(curve.figure);
    return names;
  }

  static std::string best_text(const Curve& curve) {
    const auto at = static_cast<size_t>(std::max<int64_t>(0, curve.best(higher_is_better(curve.figure))));
    return figure(curve.values[at]);
  }

  std::string as_text(size_t columns) const {
    const auto with = [&](const char* what) {
      std::vector<std::string> row = names_of_runs();
      row.insert(row.begin(), what);
      return row;
    };
    std::string text;
    if (differences_.empty()) {
      text = "the configs are the same\n";
    } else {
      std::vector<std::vector<std::string>> rows{with("key")};
      for (const Difference& d : differences_) {
        rows.push_back({shortened(d.key, most_value)});
        for (const auto& value : d.values) rows.back().push_back(value ? shortened(*value, most_value) : "-");
      }
      text = table(rows, columns);
    }
    std::vector<std::vector<std::string>> rows{with("figure")};
    const auto row = [&](const std::string& name, const auto& cell) {
      rows.push_back({shortened(name)});
      for (const Compared& run : runs_) rows.back().push_back(cell(run));
    };
    for (const std::string& name : all_figures())
      row(name, [&](const Compared& run) {
        const Curve* curve = run.info.history.find(name);
        if (curve == nullptr) return std::string("-");
        const std::string last = figure(curve->values.back()), best = best_text(*curve);
        return name.starts_with("val/") && best != last ? concat(last, ", best ", best) : last;
      });
    row("parameters", [](const Compared& run) {
      return run.parameters ? count(static_cast<double>(*run.parameters)) : std::string("-");
    });
    row("steps", [](const Compared& run) { return count(static_cast<double>(run.info.history.step)); });
    row("time", [](const Compared& run) { return seconds_text(run.info.history.time_s); });
    row("state", [](const Compared& run) { return run.info.status(); });
    return text + "\n" + table(rows, columns);
  }

  Node as_json() const {
    Node differences = Node::map(), runs = Node::list();
    for (const Difference& d : differences_) {
      Node values = Node::list();  // in the order of the runs
      for (const auto& value : d.values) values.items.push_back(value ? Node::string(*value) : Node::null());
      differences.set(d.key, std::move(values));
    }
    for (const Compared& run : runs_) {
      Node last = Node::map(), best = Node::map();
      for (const Curve& curve : run.info.history.curves) {
        last.set(curve.figure, json_number(curve.values.back()));
        const int64_t at = curve.best(higher_is_better(curve.figure));
        if (curve.figure.starts_with("val/") && at >= 0)
          best.set(curve.figure, json_object({{"value", Node::number(curve.values[static_cast<size_t>(at)])},
                                              {"step", Node::integer(curve.steps[static_cast<size_t>(at)])}}));
      }
      runs.items.push_back(json_object({{"name", Node::string(run.info.name())},
                                        {"folder", Node::string(run.info.paths.folder.string())},
                                        {"state", Node::string(run.info.status())},
                                        {"step", Node::integer(run.info.history.step)},
                                        {"time_s", Node::number(run.info.history.time_s)},
                                        {"parameters", run.parameters ? Node::integer(*run.parameters) : Node::null()},
                                        {"values", std::move(last)},
                                        {"best", std::move(best)}}));
    }
    return json_object({{"differences", std::move(differences)}, {"runs", std::move(runs)}});
  }

  static constexpr size_t most_value = 200;

  std::vector<std::string> names_;
  std::string folder_ = "runs";
  bool json_ = false;
  ActivationComparison comparison_;
  std::vector<Compared> runs_;
  std::vector<Difference> differences_;
};

DL_COMMAND(Compare, "compare");

}  // namespace
}  // namespace dl
