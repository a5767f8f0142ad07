// Checkpoints: folders step-00000123 that are complete or not there. docs/file-formats.md has the format.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/device/program.h"
#include "lib/train/kept/train_state.h"
#include "lib/train/kept/weights.h"

namespace dl {

// One that was opened and verified, or has just been written.
struct Checkpoint {
  std::filesystem::path folder;
  TrainState state;
  uint64_t size_bytes = 0;

  std::filesystem::path weights() const { return folder / "model.safetensors"; }
  std::filesystem::path optimizer() const { return folder / "optimizer.safetensors"; }
  std::filesystem::path resolved() const { return folder / "resolved.yaml"; }
  std::filesystem::path measures() const { return folder / "measures.safetensors"; }  // earlier ones have none
};

// Verifies the sizes and hashes of all files. One that is incomplete, cut or changed, or has a file that is no file in
// its folder (a pipe, a link elsewhere), is an Error(Exit::data) that names the file and how it differs.
Checkpoint open_checkpoint(const std::filesystem::path& folder);

// What is wrong with it as far as its manifest and the files' sizes show, which takes no time; empty: nothing.
std::string visible_damage(const std::filesystem::path& folder);

// Where a checkpoint's manifest lies beside the file and lists it: that size and hash are as written, else
// Error(Exit::data).
void verify_by_manifest(const std::filesystem::path& file);

// A run's folder of checkpoints.
class Checkpoints {
 public:
  explicit Checkpoints(std::filesystem::path folder) : folder_(std::move(folder)) {}

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path of_step(int64_t step) const;
  std::vector<int64_t> steps() const;  // of those there, complete or not, ascending; Error(Exit::io): not to be read
  bool any() const;  // also where a killed process has put the only one aside, to replace it: clean() puts it back

  // The newest by step that verifies; nullopt where there is none, whole or not. Those passed over are told to
  // `passed_over`, one line each. Where none verifies: Error(Exit::usage) if one is another version's, else
  // Error(Exit::data) that names what is wrong with each. One that cannot be read at all is an Error(Exit::io): it may
  // be whole. A process that writes the run may remove older ones meanwhile.
  using PassedOver = std::function<void(const std::string&)>;
  std::optional<Checkpoint> newest(const PassedOver& passed_over) const;
  // "last", "best", or "step-120" or "120"; Error(Exit::usage) says what there is.
  Checkpoint find(const std::string& which, const PassedOver& passed_over) const;

  // The rest is for the holder of the run's lock.

  // Writes all files and last the manifest under a temporary name, then renames. When it returns, the checkpoint
  // survives a power cut; when it throws (Error(Exit::io); Error(Exit::diverged) for weights that are not finite),
  // nothing of it remains and the others are untouched. One of the same step is replaced.
  Checkpoint save(const TrainState& state, const Tensors& tensors, Store& store, const std::string& resolved,
                  const std::function<void(const Append&)>& measures) const;
  // Removes all but the newest `keep` and that of step `spare`.
  void prune(int64_t keep, int64_t spare) const;
  // Removes those after `step`: a run that goes on from there writes them anew.
  void remove_after(int64_t step) const;
  // Mends what a killed process left half done, as far as it can be removed.
  void clean() const;

 private:
  // Under a name that is no checkpoint's, which is returned.
  std::filesystem::path put_aside(int64_t step) const;
  std::filesystem::path folder_;
};

}  // namespace dl
