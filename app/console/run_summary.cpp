// The summary of a run as text and as JSON.
#include "app/console/run_summary.h"

#include "app/console/json.h"
#include "app/console/text.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"

namespace dl {
namespace {

std::string next_command(const RunStarted& run, const RunFinished& end) {
  switch (end.exit) {
    case Exit::interrupted: return "dlcli train --resume=" + run.name;
    case Exit::time_limit: return "dlcli train --resume=" + run.name + " --set trainer.max_time=null";
    case Exit::diverged: return {};
    default: return "dlcli eval " + run.name;
  }
}

}  // namespace

std::string run_summary(const RunStarted& run, const RunFinished& end) {
  std::string text = concat(end.exit == Exit::done ? "done: " : "", end.reason, "; ", end.step, " steps in ",
                            seconds_text(end.time_s), ", ", count(end.samples_per_s), " samples/s, ",
                            percent(end.input_wait), " of the time waiting for data\n");
  if (!end.values.empty()) text += "  " + figures(end.values) + "\n";
  if (end.best_step >= 0)
    text += concat("best ", end.monitor, " ", figure(end.best_value), " at step ", end.best_step, "\n");
  if (run.folder.empty()) return text + "nothing was kept (trainer.fast_dev_run)\n";
  text += "run folder: " + printable(run.folder.string()) + "\n";
  const std::string next = next_command(run, end);
  return next.empty() ? text : text + "next: " + next + "\n";
}

Node run_json(const RunStarted& run, const RunFinished& end) {
  auto path = [](const std::filesystem::path& p) { return p.empty() ? Node::null() : Node::string(p.string()); };
  Node node = json_object({{"run", Node::string(run.name)},
                           {"folder", path(run.folder)},
                           {"exit", Node::integer(static_cast<int64_t>(end.exit))},
                           {"reason", Node::string(end.reason)},
                           {"step", Node::integer(end.step)},
                           {"epoch", Node::integer(end.epoch)},
                           {"time_s", Node::number(end.time_s)},
                           {"samples_per_s", Node::number(end.samples_per_s)},
                           {"input_wait", Node::number(end.input_wait)},
                           {"values", json_object(end.values)},
                           {"last_checkpoint", path(end.last_checkpoint)}});
  if (end.best_step >= 0)
    node.set("best", json_object({{"monitor", Node::string(end.monitor)},
                                  {"value", Node::number(end.best_value)},
                                  {"step", Node::integer(end.best_step)},
                                  {"checkpoint", path(end.best_checkpoint)}}));
  return node;
}

}  // namespace dl
