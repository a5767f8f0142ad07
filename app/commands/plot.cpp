// dlcli plot: learning curves, in the terminal or as a picture.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <limits>
#include <set>

#include "app/command.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/options.h"
#include "app/plot/chart.h"
#include "app/run_info.h"
#include "app/trained.h"
#include "lib/base/file.h"
#include "lib/base/lower.h"
#include "lib/base/text.h"

namespace dl {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr size_t most_panels = 4;  // that are drawn where no figure is asked for

struct Drawn {
  RunPaths paths;
  std::string label;
  RunHistory history;
};

// "val/loss" -> "loss"; "lr" -> "lr".
std::string base_of(const std::string& figure) { return figure.substr(figure.find('/') + 1); }

class Plot final : public Command {
 public:
  std::string summary() const override { return "learning curves, in the terminal or as a picture"; }
  std::vector<std::string> other_names() const override {
    return {"curves", "draw", "chart", "visualize", "tensorboard", "board", "report"};
  }

  void declare(CLI::App& app) override {
    app.add_option("RUN", names_, "runs: names, folders, or configs, which stand for their newest run")
        ->required()
        ->expected(1, 1 << 20);
    app.add_option("--figure", figures_,
                   "what to draw: loss stands for train/loss and val/loss; may be given several times; if left out, "
                   "the loss and the metrics")
        ->type_name("NAME")
        ->expected(1)
        ->take_all();
    app.add_option("--x", x_, "steps, epochs or time")->type_name("UNIT")->check(one_of({"steps", "epochs", "time"}));
    app.add_flag("--log", log_, "a logarithmic axis for the figures");
    app.add_option("-o,--output", output_, "the picture's file, .svg or .png; if left out, the terminal")
        ->type_name("FILE");
    declare_runs(app, folder_);
    examples(app, {{"dlcli plot my-1", "loss and metrics, drawn in the terminal"},
                   {"dlcli plot my-1 my-2 --figure val/loss", "two runs beside each other"},
                   {"dlcli plot my-1 -o curves.svg", "a picture; .png for a bitmap"},
                   {"dlcli plot my-1 --figure lr --x epochs", "what the schedule did"},
                   {"dlcli plot my-1 --figure loss --log", "for losses that fall by powers of ten"}});
  }

  Exit run() override {
    const bool svg = lower(output_).ends_with(".svg"), png = lower(output_).ends_with(".png");
    if (!output_.empty() && !svg && !png)
      throw Error(Exit::usage, Problem{.path = "dlcli plot",
                                       .what = "-o: expected a name that ends in .svg or .png, got '" + output_ + "'",
                                       .help = "write '-o curves.svg'"});
    for (const std::string& name : names_) read(name);
    if (runs_.empty())
      throw Error(Exit::data, Problem{.path = "dlcli plot",
                                      .what = "there is nothing to draw: no record was written yet",
                                      .help = "wait for trainer.log_every_n_steps steps, or train for longer"});
    const Chart chart = chart_of();
    const Output& out = standard_output();
    if (svg || png)
      write_file_atomic(output_, picture_of(chart, svg ? svg_canvas : png_canvas));
    else
      print_drawn(terminal_picture_of(chart, {.columns = std::clamp<size_t>(out.columns(), 30, 200),
                                              .unicode = out.unicode(),
                                              .colours = out.colours(),
                                              .many_colours = has_many_colours()}));
    return Exit::done;
  }

 private:
  static bool has_many_colours() {
    const char *term = std::getenv("TERM"), *more = std::getenv("COLORTERM");
    return (term && std::string_view(term).find("256color") != std::string_view::npos) || (more && *more);
  }

  void read(const std::string& name) {
    const RunPaths paths = named_run(name, folder_, Newest::of_all);
    for (const Drawn& run : runs_)
      if (run.paths.folder == paths.folder) return;  // named twice
    RunHistory history = read_history(paths.metrics_jsonl());
    if (history.damaged_lines > 0)
      warn(concat(paths.metrics_jsonl().string(), ": ", count_of(history.damaged_lines, "line"),
                  history.damaged_lines == 1 ? " is damaged and left out" : " are damaged and left out"));
    if (history.empty()) {
      if (names_.size() > 1) warn(paths.folder.string() + " has no record yet; it is left out");
      return;
    }
    runs_.push_back({.paths = paths, .label = shortened(paths.name(), 40), .history = std::move(history)});
    for (Drawn& run : runs_)
      if (&run != &runs_.back() && run.label == runs_.back().label)
        runs_.back().label = shortened(paths.folder.string(), 40);
  }

  // The curve for a figure of a training part: over intervals, or over epochs where those are finer.
  static const Curve* curve_of(const RunHistory& history, const std::string& figure) {
    const Curve *each = history.find(figure), *epochs = history.find(figure + "_epoch");
    if (each == nullptr || (epochs != nullptr && epochs->steps.size() > each->steps.size())) return epochs;
    return each;
  }

  // The figures of a panel: "loss" is train/loss and val/loss.
  std::vector<std::string> figures_of(const std::string& asked) const {
    std::vector<std::string> names;
    for (const std::string& name : {asked, "train/" + asked, "val/" + asked})
      if (std::ranges::any_of(runs_, [&](const Drawn& run) { return curve_of(run.history, name) != nullptr; }))
        names.push_back(name);
    if (names.empty()) throw unknown(asked);
    return names;
  }

  std::set<std::string> known_figures() const {
    std::set<std::string> known;
    for (const Drawn& run : runs_)
      for (const Curve& curve : run.history.curves) known.insert(curve.figure);
    return known;
  }

  Error unknown(const std::string& asked) const {
    const std::set<std::string> known = known_figures();
    std::vector<std::string> names(known.begin(), known.end());
    Problem problem{.path = "dlcli plot", .what = "--figure: no run measured '" + shortened(asked) + "'"};
    problem.notes = {"figures: " + join(names)};
    for (const std::string& name : known) names.push_back(base_of(name));
    const std::string near = closest(asked, names);
    problem.help = near.empty() ? "write one of them" : "write '--figure " + near + "'";
    return {Exit::usage, std::move(problem)};
  }

  // The loss and the metrics, as they were recorded.
  std::vector<std::string> usual_panels() const {
    std::vector<std::string> panels;
    for (const Drawn& run : runs_)
      for (const Curve& curve : run.history.curves) {
        const bool measured = curve.figure.starts_with("train/") || curve.figure.starts_with("val/");
        std::string base = base_of(curve.figure);
        if (base.ends_with("_epoch")) base.resize(base.size() - std::string_view("_epoch").size());
        if (measured && panels.size() < most_panels && std::ranges::find(panels, base) == panels.end())
          panels.push_back(base);
      }
    return panels;
  }

  Chart chart_of() {
    Chart chart{.title = runs_.size() == 1 ? runs_[0].label : "",
                .x_name = x_,
                .whole_x = x_ == "steps",
                .logarithmic = log_,
                .panels = {}};
    double longest_s = 0;
    for (const Drawn& run : runs_) longest_s = std::max(longest_s, run.history.time_s);
    seconds_ = longest_s < 300 ? 1 : longest_s < 3 * 3600 ? 60 : 3600;
    if (x_ == "time") chart.x_name = seconds_ == 1 ? "seconds" : seconds_ == 60 ? "minutes" : "hours";
    for (const std::string& asked : figures_.empty() ? usual_panels() : figures_)
      chart.panels.push_back(panel_of(asked));
    if (chart.panels.empty()) throw unknown("loss");
    if (not_drawn_ > 0)
      warn(count_of(not_drawn_, "value") + " that " + (not_drawn_ == 1 ? "is" : "are") +
           " not above 0 cannot be drawn with --log");
    return chart;
  }

  Panel panel_of(const std::string& asked) {
    const std::vector<std::string> figures = figures_of(asked);
    Panel panel{.title = shortened(asked), .lines = {}};
    for (size_t i = 0; i < runs_.size(); ++i)
      for (const std::string& figure : figures) {
        const Curve* curve = curve_of(runs_[i].history, figure);
        if (curve == nullptr) continue;
        const bool train = figure.starts_with("train/");
        ChartLine line{.hue = runs_.size() > 1               ? i
                              : train || figures.size() == 1 ? 0
                                                             : 1u,
                       .faint = train && figures.size() > 1,
                       .points = points_of(runs_[i], *curve)};
        const std::string part = figure.substr(0, figure.find('/'));
        line.label = runs_.size() == 1 ? (figures.size() > 1 ? part : shortened(figure))
                                       : runs_[i].label + (figures.size() > 1 ? " " + part : "");
        const std::string last = dl::figure(curve->values.back());
        line.label += " " + last;
        const int64_t best = curve->best(higher_is_better(figure));
        if (part == "val" && best >= 0 && dl::figure(curve->values[static_cast<size_t>(best)]) != last)
          line.label += ", best " + dl::figure(curve->values[static_cast<size_t>(best)]);
        panel.lines.push_back(std::move(line));
      }
    return panel;
  }

  std::vector<ChartPoint> points_of(const Drawn& run, const Curve& curve) {
    std::vector<ChartPoint> points;
    for (size_t i = 0; i < curve.steps.size(); ++i) {
      ChartPoint point{.x = place_of(run, curve, i), .y = curve.values[i]};
      if (log_ && point.y <= 0) {
        ++not_drawn_;
        point.y = nan;
      }
      points.push_back(point);
    }
    return points;
  }

  double place_of(const Drawn& run, const Curve& curve, size_t i) const {
    const auto step = static_cast<double>(curve.steps[i]);
    if (x_ == "steps") return step;
    if (x_ == "time") return curve.times_s[i] / seconds_;
    // Between the ends of epochs, evenly; after the last at the same pace.
    double begin_step = 0, begin = 0, pace = 0;
    for (const auto& [end_step, epochs] : run.history.epoch_ends) {
      pace = (static_cast<double>(epochs) - begin) / (static_cast<double>(end_step) - begin_step);
      if (step <= static_cast<double>(end_step)) break;
      begin_step = static_cast<double>(end_step);
      begin = static_cast<double>(epochs);
    }
    if (run.history.epoch_ends.empty())
      throw Error(Exit::data, Problem{.where = {.file = run.paths.metrics_jsonl().string()},
                                      .what = "no epoch has ended yet, so that steps cannot be told as epochs",
                                      .help = "leave '--x epochs' out"});
    return begin + (step - begin_step) * pace;
  }

  std::vector<std::string> names_, figures_;
  std::string x_ = "steps", output_, folder_ = "runs";
  bool log_ = false;
  std::vector<Drawn> runs_;
  double seconds_ = 1;  // of a unit of --x time
  int64_t not_drawn_ = 0;
};

DL_COMMAND(Plot, "plot");

}  // namespace
}  // namespace dl
