// Reading the small files of a run's folder.
// SPDX-License-Identifier: Apache-2.0
#include "app/run_info.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/folder.h"
#include "lib/nn/metric.h"
#include "lib/spec/registry.h"
#include "lib/spec/yaml.h"
#include "lib/train/plan/plan.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::optional<std::time_t> time_of(const std::string& utc) {
  std::tm time{};
  if (::strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time) == nullptr) return {};
  return ::timegm(&time);
}

std::string monitor_of(const Node& resolved, const RunHistory& history) {
  if (const Node* best = value_at(resolved, "trainer.checkpoint.best"); best != nullptr && best->as_string())
    return *best->as_string();
  for (const char* figure : {"val/loss", "train/loss"})
    if (history.find(figure) != nullptr) return figure;
  return "train/loss_epoch";
}

}  // namespace

std::string RunInfo::status() const {
  return history.empty() && state.status == RunState::Status::killed ? "empty" : name_of(state.status);
}

std::string RunInfo::progress() const {
  const auto limit = [&](const char* path) -> std::optional<int64_t> {
    const Node* value = value_at(resolved, path);
    return value != nullptr ? value->as_integer() : std::nullopt;
  };
  const int64_t epochs = history.epoch_ends.empty() ? 0 : history.epoch_ends.back().second;
  if (const auto most = limit("trainer.max_epochs")) return concat(epochs, "/", *most);
  if (const auto most = limit("trainer.max_steps")) return concat(history.step, "/", *most, " steps");
  return concat(history.step, " steps");
}

const Node* value_at(const Node& config, std::string_view path) {
  const Node* node = &config;
  while (node != nullptr && !path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    node = node->find(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return node;
}

bool higher_is_better(const std::string& figure) {
  const std::string name = figure.substr(figure.find('/') + 1);
  std::string metric;  // the longest that the figure's name begins with: "accuracy" of "accuracy_2"
  for (const std::string& known : Registry<Metric>::instance().names())
    if (name.starts_with(known) && known.size() > metric.size()) metric = known;
  return !metric.empty() && Registry<Metric>::make(metric)->higher_is_better();
}

RunInfo read_run(const RunPaths& paths) {
  RunInfo run{.paths = paths};
  run.resolved =
      parse_yaml(read_file(paths.resolved(), resolved_limits.bytes), paths.resolved().string(), resolved_limits);
  run.history = read_history(paths.metrics_jsonl());
  run.state = read_run_state(paths);
  run.begun = time_of(run.state.begun);
  run.figure = monitor_of(run.resolved, run.history);
  const Node* mode = value_at(run.resolved, "trainer.checkpoint.mode");
  const bool chosen = mode != nullptr && mode->is_scalar() && !mode->is_null();
  run.higher_is_better = chosen ? mode->text == "max" : higher_is_better(run.figure);
  return run;
}

FoundRuns runs_in(const fs::path& folder) {
  FoundRuns found;
  for (const std::string& name : names_in(folder)) {
    std::error_code error;
    if (!fs::is_directory(folder / name, error)) continue;
    if (is_there(RunPaths{folder / name}.resolved()))
      found.runs.push_back({folder / name});
    else
      found.foreign.push_back(folder / name);
  }
  return found;
}

}  // namespace dl
