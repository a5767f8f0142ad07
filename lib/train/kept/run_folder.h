// Where a run keeps what it makes: runs/NAME-1 with its configs, logs and checkpoints. docs/file-formats.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/file_lock.h"
#include "lib/base/folder.h"

namespace dl {

// The names within a run's folder.
struct RunPaths {
  std::filesystem::path folder;

  std::string name() const { return name_of_folder(folder); }              // "quickstart-1"
  std::filesystem::path config() const { return folder / "config.yaml"; }  // as it was given
  std::filesystem::path resolved() const {
    return folder / "resolved.yaml";
  }  // every key, with the value that was used
  std::filesystem::path metrics_jsonl() const { return folder / "metrics.jsonl"; }
  std::filesystem::path metrics_csv() const { return folder / "metrics.csv"; }
  std::filesystem::path log() const { return folder / "log.txt"; }
  std::filesystem::path events() const { return folder / "events.out.tfevents.dlcli"; }  // TensorBoard's
  std::filesystem::path tables() const { return folder / "tables"; }                     // of the last validation
  std::filesystem::path checkpoints() const { return folder / "checkpoints"; }
  std::filesystem::path lock() const { return folder / "lock"; }
  std::filesystem::path record() const { return folder / "run.json"; }  // lib/train/kept/run_state.h
};

// Why runs cannot have a name, and what to write; nothing where they can.
std::optional<Problem> refused_run_name(const std::string& name);

// A run's folder held for writing: no other process can hold it at the same time.
class RunFolder {
 public:
  // Makes RUNS/NAME-N, N one above the largest there is, with `resolved` and `config` in it. Error(Exit::usage) where
  // runs cannot have the name.
  static RunFolder create(const std::filesystem::path& runs, const std::string& name, const std::string& resolved,
                          const std::string& config);
  // Takes the folder of an earlier run to go on in it, and removes what a killed process left half written. Error(
  // Exit::held) names the process that holds it.
  static RunFolder open(const std::filesystem::path& folder);

  const RunPaths& paths() const { return paths_; }
  void write_resolved(const std::string& text) const;
  // Error(Exit::io) where the folder is no longer where it was: moved or removed. Nothing must be written then.
  void expect_in_place() const;
  // Removes the folder of a run that did not begin; false where something of it is left. It throws nothing: what kept
  // the run from beginning is the error to tell.
  bool discard();

 private:
  explicit RunFolder(RunPaths paths);
  RunPaths paths_;
  std::unique_ptr<FileLock> lock_;
};

// All functions below refuse a run in whose folder a link leads out of it: Error(Exit::data). A folder that cannot be
// read is an Error(Exit::io).

// The run that `text` names: a folder, or one of `runs` ("quickstart-1"), or the newest of a name ("quickstart"): of
// those that have a checkpoint, or of all. Error(Exit::usage) lists the runs there are.
enum class Newest { with_checkpoint, of_all };
RunPaths find_run(const std::string& text, const std::filesystem::path& runs = "runs",
                  Newest newest = Newest::with_checkpoint);

// The runs of a name, NAME-1, NAME-2, …, the newest first.
std::vector<RunPaths> runs_of(const std::string& name, const std::filesystem::path& runs);

// All runs in a folder, by name.
std::vector<RunPaths> all_runs(const std::filesystem::path& runs);

// Whether it has a checkpoint, whole or damaged: whether it ever trained.
bool has_checkpoint(const RunPaths& run);

}  // namespace dl
