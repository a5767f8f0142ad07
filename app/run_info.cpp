// Reading the small files of a run's folder.
#include "app/run_info.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include "lib/base/descriptor.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/nn/metric.h"
#include "lib/spec/registry.h"
#include "lib/spec/yaml.h"
#include "lib/train/plan.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t max_lock_bytes = 1 << 16, max_log_tail_bytes = 1 << 13;

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

struct Holder {
  pid_t process = 0;
  std::string host;
};

// "process 1234 on node7": of the process that holds the run, or was killed while it did.
std::optional<Holder> holder_of(const fs::path& lock) {
  if (!is_there(lock)) return {};
  const std::string text = read_file(lock, max_lock_bytes);
  Holder holder;
  char host[256] = "";
  if (std::sscanf(text.c_str(), "process %9d on %255s", &holder.process, host) != 2) return {};
  holder.host = host;
  return holder;
}

bool is_held(const fs::path& lock, const Holder& holder) {
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  // Asked first, so that a run which is just taken up again is not kept from its lock.
  if (holder.host == host && ::kill(holder.process, 0) != 0 && errno == ESRCH) return false;
  try {
    const Descriptor file = open_regular(lock, O_RDONLY);
    return ::flock(file.number(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  } catch (const Error&) {  // another user's, which we may not ask
    return false;
  }
}

// The first line of the log and its last.
std::pair<std::string, std::string> ends_of(const fs::path& log) {
  if (!is_there(log)) return {};
  const InputFile file(log);
  const uint64_t bytes = std::min(file.size_bytes(), max_log_tail_bytes);
  std::string head(bytes, '\0'), tail(bytes, '\0');
  file.read(0, head.data(), bytes);
  file.read(file.size_bytes() - bytes, tail.data(), bytes);
  tail.resize(tail.rfind('\n') == tail.npos ? 0 : tail.rfind('\n'));
  return {head.substr(0, head.find('\n')), tail.substr(tail.rfind('\n') + 1)};
}

std::optional<std::time_t> time_of(const std::string& line) {
  std::tm time{};
  if (::strptime(line.c_str(), "%Y-%m-%dT%H:%M:%SZ ", &time) == nullptr) return {};
  return ::timegm(&time);
}

std::string state_of(const std::string& last_line, bool held, bool has_records) {
  if (held) return "running";
  const size_t space = last_line.find(' ');
  const std::string said = space == last_line.npos ? "" : last_line.substr(space + 1);
  if (said.starts_with("ended: stopped")) return "stopped";
  if (said.starts_with("ended: max_time")) return "time limit";
  if (said.starts_with("ended: ")) return "done";
  if (said.starts_with("failed: ")) return "failed";
  return has_records ? "killed" : "empty";
}

std::string monitor_of(const Node& resolved, const RunHistory& history) {
  if (const Node* best = value_at(resolved, "trainer.checkpoint.best"); best != nullptr && best->as_string())
    return *best->as_string();
  for (const char* figure : {"val/loss", "train/loss"})
    if (history.find(figure) != nullptr) return figure;
  return "train/loss_epoch";
}

}  // namespace

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
  run.resolved = parse_yaml(read_file(paths.resolved(), max_resolved_bytes), paths.resolved().string(),
                            {.bytes = max_resolved_bytes});
  run.history = read_history(paths.metrics_jsonl());
  const auto [first, last] = ends_of(paths.log());
  const std::optional<Holder> holder = holder_of(paths.lock());
  run.state = state_of(last, holder && is_held(paths.lock(), *holder), !run.history.empty());
  if (holder) run.host = holder->host;
  run.begun = time_of(first);
  run.figure = monitor_of(run.resolved, run.history);
  const Node* mode = value_at(run.resolved, "trainer.checkpoint.mode");
  const bool chosen = mode != nullptr && mode->is_scalar() && !mode->is_null();
  run.higher_is_better = chosen ? mode->text == "max" : higher_is_better(run.figure);
  return run;
}

FoundRuns runs_in(const fs::path& folder) {
  FoundRuns found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (!entry.is_directory(error)) continue;
    if (is_there(RunPaths{entry.path()}.resolved()))
      found.runs.push_back({entry.path()});
    else
      found.foreign.push_back(entry.path());
  }
  std::ranges::sort(found.runs, {}, &RunPaths::folder);
  std::ranges::sort(found.foreign);
  return found;
}

}  // namespace dl
