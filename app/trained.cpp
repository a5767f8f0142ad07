// Runs and checkpoints, found by what the command line says.
// SPDX-License-Identifier: Apache-2.0
#include "app/trained.h"

#include <filesystem>
#include <set>

#include "app/console/output.h"
#include "lib/base/error.h"
#include "lib/base/lower.h"

namespace dl {
namespace {

bool is_checkpoint(const std::filesystem::path& folder) { return std::filesystem::exists(folder / "manifest.json"); }

void refuse_which(const std::string& checkpoint, const std::string& which) {
  if (which.empty()) return;
  throw Error(Exit::usage, Problem{.path = checkpoint,
                                   .what = "is a checkpoint, so --checkpoint " + which + " says nothing of it",
                                   .help = "give the run's name, or leave --checkpoint out"});
}

// The best of a run that keeps one; its last one's state says whether it does.
Checkpoint best_or_last(const Checkpoints& checkpoints) {
  std::set<std::string> said;  // both look at the newest
  const auto warn_once = [&](const std::string& line) {
    if (said.insert(line).second) warn_passed_over(line);
  };
  Checkpoint last = checkpoints.find("last", warn_once);
  return last.state.best_step >= 0 ? checkpoints.find("best", warn_once) : last;
}

}  // namespace

bool is_config(const std::string& text) {
  const std::string name = lower(text);
  return name.ends_with(".yaml") || name.ends_with(".yml");
}

std::string config_file(const std::string& text, const std::filesystem::path& runs) {
  std::error_code unreadable;
  if (is_config(text) || std::filesystem::is_regular_file(text, unreadable)) return text;
  try {
    return find_run(text, runs, Newest::of_all).resolved().string();
  } catch (const Error&) {  // neither: the config is what is missing
    return text;
  }
}

void warn_passed_over(const std::string& line) { warn(line); }

RunPaths named_run(const std::string& text, const std::filesystem::path& runs, Newest newest) {
  return find_run(is_config(text) ? run_name(text) : text, runs, newest);
}

std::optional<Checkpoint> named_checkpoint(const std::string& text, const std::filesystem::path& runs,
                                           const std::string& which) {
  if (is_checkpoint(text)) {
    refuse_which(text, which);
    return open_checkpoint(text);
  }
  const std::filesystem::path path = text;
  std::error_code none;
  if (!is_config(text)) {
    const bool there = std::filesystem::exists(path, none);
    if (there ? !std::filesystem::exists(path / "checkpoints", none) : path.has_extension()) return {};
  }
  return Checkpoints(named_run(text, runs).checkpoints()).find(which.empty() ? "last" : which, warn_passed_over);
}

Trained open_trained(const std::string& text, const std::filesystem::path& runs, const std::string& which,
                     const std::vector<std::string>& sets, const SetsToRead& read, const std::string& item) {
  Trained trained;
  const bool is_folder = is_checkpoint(text);
  if (is_folder) refuse_which(text, which);
  while (true) {
    if (is_folder) {
      trained.name = text;
      trained.checkpoint = open_checkpoint(text);
    } else {
      const RunPaths run = named_run(text, runs);
      trained.name = run.name();
      const Checkpoints checkpoints(run.checkpoints());
      trained.checkpoint = which.empty() ? best_or_last(checkpoints) : checkpoints.find(which, warn_passed_over);
    }
    try {
      trained.plan = plan_from(trained.checkpoint.resolved(), sets, read);
      if (!item.empty()) trained.plan->predict(item);
      trained.inference = std::make_unique<Inference>(*trained.plan, trained.checkpoint);
      return trained;
    } catch (const Error&) {
      std::error_code error;
      if (is_folder || std::filesystem::exists(trained.checkpoint.folder, error)) throw;
    }
  }
}

}  // namespace dl
