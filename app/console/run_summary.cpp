// The summary of a run as text and as JSON.
// SPDX-License-Identifier: Apache-2.0
#include "app/console/run_summary.h"

#include "app/console/json.h"
#include "app/console/next_command.h"
#include "app/console/text.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"

namespace dl {
namespace {

constexpr double notable_wait = 0.02;  // a share of the time from which on more data threads would be felt

std::string next_command(const RunStarted& run, const RunFinished& end) {
  const std::string resume = "dlcli train " + shell_word("--resume=" + run_here(run.folder));
  switch (end.exit) {
    case Exit::interrupted: return resume;
    // Without its only end it could not go on; with it, it has that time anew.
    case Exit::time_limit: return run.total_steps > 0 ? resume + " --set trainer.max_time=null" : resume;
    case Exit::diverged: return {};
    default: return eval_command(run.folder, run.splits);
  }
}

}  // namespace

std::string run_summary(const RunStarted& run, const RunFinished& end, size_t columns) {
  std::string text =
      wrapped(concat(end.exit == Exit::done ? "done: " : "", end.exit == Exit::diverged ? "" : end.reason + "; ",
                     end.step, end.step == 1 ? " step in " : " steps in ", seconds_text(end.time_s), ", ",
                     count(end.samples_per_s), " samples/s"),
              columns, "  ", "");
  if (!end.values.empty()) text += figures(end.values, columns, "  ");
  if (end.input_wait >= notable_wait) text += percent(end.input_wait) + " of the time waiting for data\n";
  if (end.best_step >= 0)
    text += concat("best ", end.monitor, " ", figure(end.best_value), " at step ", end.best_step, "\n");
  if (run.folder.empty()) return text + "nothing was kept (trainer.fast_dev_run)\n";
  text += "run folder: " + printable(run.folder.string()) + "\n";
  const std::string next = next_command(run, end);
  return next.empty() ? text : text + "next: " + printable(next) + "\n";
}

std::string already_finished(const RunStarted& run, const RunFinished& end) {
  const std::string key = end.reason.substr(0, end.reason.find_first_of(" :"));
  return concat(printable(run.name), " has already finished: ", end.reason, ", step ", end.step, "; '--set trainer.",
                key, end.reason.substr(key.size()).starts_with(":") ? "=null" : "=N",
                "' goes on\nrun folder: ", printable(run.folder.string()),
                "\nnext: ", printable(next_command(run, end)), "\n");
}

Problem divergence(const RunStarted& run, const RunFinished& end) {
  Problem problem{.path = run.name, .what = end.reason};
  if (!end.bad_input.empty()) problem.notes.push_back(end.bad_input);
  if (end.bad_input.empty() && !end.bad_layer.empty()) problem.notes.push_back("it began " + end.bad_layer);
  problem.notes.push_back(end.last_checkpoint.empty() ? "no checkpoint was written before"
                                                      : "the last good checkpoint: " + end.last_checkpoint.string());
  problem.help = end.bad_input.empty()
                     ? concat("lower the learning rate, which was ", number_text(end.lr),
                              ", or bound the gradients: 'trainer.gradient_clip_val: 1'",
                              end.bad_layer.empty() ? "; 'trainer.detect_anomaly: true' tells where it begins" : "")
                     : "mend the data";
  return problem;
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
                                  {"value", json_number(end.best_value)},
                                  {"step", Node::integer(end.best_step)},
                                  {"checkpoint", path(end.best_checkpoint)}}));
  return node;
}

}  // namespace dl
