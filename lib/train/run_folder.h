// Where a run keeps what it makes: runs/NAME-1/ with the config, the logs and the checkpoints. docs/file-formats.md.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "lib/base/file_lock.h"

namespace dl {

// The names within a run's folder.
struct RunPaths {
  std::filesystem::path folder;

  std::string name() const;                                                        // "quickstart-1"
  std::filesystem::path resolved() const { return folder / "resolved.yaml"; }      // every key, what the run used
  std::filesystem::path config() const { return folder / "config"; }               // the files as they were given
  std::filesystem::path metrics_jsonl() const { return folder / "metrics.jsonl"; }
  std::filesystem::path metrics_csv() const { return folder / "metrics.csv"; }
  std::filesystem::path log() const { return folder / "log.txt"; }
  std::filesystem::path checkpoints() const { return folder / "checkpoints"; }
  std::filesystem::path lock() const { return folder / "lock"; }
};

// A run's folder held for writing: no other process can hold it at the same time.
class RunFolder {
 public:
  // Makes runs/NAME-N for the smallest N above all that exist, and writes `resolved` and the `sources` (file name →
  // text) into it.
  static RunFolder create(const std::filesystem::path& runs, const std::string& name, const std::string& resolved,
                          const std::map<std::string, std::string>& sources);
  // Takes an existing one to go on in it. A folder without a run in it is an Error(Exit::usage) that lists the runs
  // beside it; one held by another process is an Error(Exit::io) that names it.
  static RunFolder open(const std::filesystem::path& folder);

  const RunPaths& paths() const { return paths_; }
  void write_resolved(const std::string& text);

 private:
  RunFolder(RunPaths paths, std::unique_ptr<FileLock> lock) : paths_(std::move(paths)), lock_(std::move(lock)) {}
  RunPaths paths_;
  std::unique_ptr<FileLock> lock_;
};

// The run that `text` names: a folder, or the name of one in `runs` ("quickstart-1"; "quickstart" is its newest run).
// Error(Exit::usage) lists what there is.
RunPaths find_run(const std::string& text, const std::filesystem::path& runs = "runs");

}  // namespace dl
