// dlcli runs: the runs there are, and how far and how good each is.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ctime>
#include <set>

#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/options.h"
#include "app/run_info.h"
#include "lib/base/text.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

std::string time_text(std::time_t time, const char* format, bool local) {
  std::tm fields{};
  local ? ::localtime_r(&time, &fields) : ::gmtime_r(&time, &fields);
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &fields)};
}

// A folder that could not be read as a run.
struct Unread {
  std::string folder, what;
};

class Runs final : public Command {
 public:
  std::string summary() const override { return "the runs there are: state, progress, best figure, when, where"; }
  std::vector<std::string> other_names() const override {
    return {"ls", "list", "history", "status", "jobs", "ps", "log", "logs", "tail", "watch"};
  }

  void declare(CLI::App& app) override {
    app.add_option("WHAT", what_, "folders of runs, runs, or names of runs; if left out, runs/")->expected(0, 1 << 20);
    declare_runs(app, folder_);
    declare_json(app, json_);
    examples(app, {{"dlcli runs", "the newest first"},
                   {"dlcli runs quickstart", "those of one name"},
                   {"dlcli runs ../other/runs", "those of another folder"},
                   {"dlcli runs --json", "for scripts"}});
  }

  Exit run() override {
    if (what_.empty()) add_folder(folder_);
    for (const std::string& what : what_) add(what);
    std::ranges::stable_sort(runs_, [](const RunInfo& a, const RunInfo& b) { return a.begun > b.begun; });
    print(json_ ? json_line(as_json()) : as_text(standard_output().columns()));
    return Exit::done;
  }

 private:
  void add(const std::string& what) {
    std::error_code error;
    if (fs::is_directory(what, error) && !fs::exists(RunPaths{what}.resolved(), error)) return add_folder(what);
    const FoundRuns all = runs_in(folder_);
    bool any = false;
    for (const RunPaths& run : all.runs)
      if (is_of(run.name(), what)) {
        add_run(run);
        any = true;
      }
    if (!any) add_run(find_run(what, folder_));
  }

  // "quickstart-2" is a run of the name "quickstart".
  static bool is_of(const std::string& run, const std::string& name) {
    return run.starts_with(name + "-") && run.find_first_not_of("0123456789", name.size() + 1) == run.npos;
  }

  void add_folder(const fs::path& folder) {
    const FoundRuns found = runs_in(folder);
    for (const RunPaths& run : found.runs) add_run(run);
    for (const fs::path& other : found.foreign)
      unread_.push_back({other.string(), "no run: there is no resolved.yaml in it"});
  }

  void add_run(const RunPaths& paths) {
    try {
      runs_.push_back(read_run(paths));
    } catch (const Error& error) {
      const Problem& problem = error.problems().front();
      const std::string file = fs::path(problem.where.file).filename().string();
      unread_.push_back(
          {paths.folder.string(), concat("damaged: ", file, file.empty() ? "" : ": ", shortened(problem.what, 200))});
    }
  }

  static std::string begun(const RunInfo& run) {
    return run.begun ? time_text(*run.begun, "%Y-%m-%d %H:%M", true) : "";
  }

  static std::optional<double> best(const RunInfo& run) {
    const Curve* curve = run.history.find(run.figure);
    const int64_t at = curve != nullptr ? curve->best(run.higher_is_better) : -1;
    return at >= 0 ? std::optional(curve->values[static_cast<size_t>(at)]) : std::nullopt;
  }

  static std::optional<double> latest(const RunInfo& run) {
    const Curve* curve = run.history.find(run.figure);
    return curve != nullptr ? std::optional(curve->values.back()) : std::nullopt;
  }

  std::string as_text(size_t columns) const {
    if (runs_.empty() && unread_.empty())
      return "there are no runs in " + (what_.empty() ? folder_ : join(what_)) + "\n";
    const bool alike = std::ranges::all_of(runs_, [&](const RunInfo& r) { return r.figure == runs_[0].figure; });
    // Where all ran on one host, there is no column for it.
    std::set<std::string> hosts;
    for (const RunInfo& run : runs_)
      if (!run.state.host.empty()) hosts.insert(run.state.host);
    std::vector<std::vector<std::string>> rows{
        {"run", "state", "epoch", alike && !runs_.empty() ? "best " + runs_[0].figure : "best", "latest", "begun"}};
    if (hosts.size() > 1) rows[0].push_back("host");
    for (const RunInfo& run : runs_) {
      std::string value = best(run) ? figure(*best(run)) : "";
      if (!alike && !value.empty()) value += " " + run.figure;
      rows.push_back({shortened(run.name()), run.status(), run.progress(), value,
                      latest(run) ? figure(*latest(run)) : "", begun(run)});
      if (hosts.size() > 1) rows.back().push_back(shortened(run.state.host));
    }
    std::string text = runs_.empty() ? "" : table(rows, columns);
    for (const RunInfo& run : runs_)
      if (run.state.status == RunState::Status::damaged)
        text += wrapped(concat(shortened(run.paths.folder.string()), ": damaged: ", shortened(run.state.reason, 200)),
                        columns, "  ", "");
    for (const Unread& other : unread_)
      text += wrapped(concat(shortened(other.folder), ": ", other.what), columns, "  ", "");
    return text;
  }

  Node as_json() const {
    const auto number = [](std::optional<double> value) { return value ? json_number(*value) : Node::null(); };
    Node runs = Node::list(), unread = Node::list();
    for (const RunInfo& run : runs_) {
      Node values = Node::map();
      for (const Curve& curve : run.history.curves) values.set(curve.figure, json_number(curve.values.back()));
      runs.items.push_back(json_object(
          {{"name", Node::string(run.name())},
           {"folder", Node::string(run.paths.folder.string())},
           {"state", Node::string(run.status())},
           {"step", Node::integer(run.history.step)},
           {"epochs", Node::integer(run.history.epoch_ends.empty() ? 0 : run.history.epoch_ends.back().second)},
           {"time_s", Node::number(run.history.time_s)},
           {"figure", Node::string(run.figure)},
           {"best", number(best(run))},
           {"latest", number(latest(run))},
           {"begun", run.begun ? Node::string(time_text(*run.begun, "%Y-%m-%dT%H:%M:%SZ", false)) : Node::null()},
           {"host", run.state.host.empty() ? Node::null() : Node::string(run.state.host)},
           {"reason", Node::string(run.state.reason)},
           {"job", run.state.job ? Node::string(run.state.job->text()) : Node::null()},
           {"damaged_lines", Node::integer(run.history.damaged_lines)},
           {"values", std::move(values)}}));
    }
    for (const Unread& other : unread_)
      unread.items.push_back(json_object({{"folder", Node::string(other.folder)}, {"what", Node::string(other.what)}}));
    return json_object({{"runs", std::move(runs)}, {"unread", std::move(unread)}});
  }

  std::vector<std::string> what_;
  std::string folder_ = "runs";
  bool json_ = false;
  std::vector<RunInfo> runs_;
  std::vector<Unread> unread_;
};

DL_COMMAND(Runs, "runs");

}  // namespace
}  // namespace dl
