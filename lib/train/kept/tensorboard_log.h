// A run's figures as TensorBoard reads them: events.out.tfevents.dlcli in the run's folder. A record that cannot be
// written is lost, not the run.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>

#include "lib/base/append_file.h"
#include "lib/data/dataset.h"
#include "lib/spec/node.h"
#include "lib/train/kept/observer.h"
#include "lib/train/kept/run_folder.h"

namespace dl {

class TensorBoardLog final : public Observer {
 public:
  // `config` and the resolved `spec` are shown beside a new run's figures. What cannot be written is told to `warn`,
  // once.
  TensorBoardLog(const RunPaths& run, std::string config, const Node& spec,
                 std::function<void(const std::string&)> warn);

  AppendFile& file() { return file_; }

  // How a tensor's values are spread at a step.
  void tensor(int64_t step, const std::string& path, std::span<const float> values);
  // The first images of a set, "x" u8 or f32 [height, width, channels], f32 scaled so that its range fills 0 … 255;
  // nothing of sets of other samples.
  void images(const Dataset& data, int64_t count);

  void started(const RunStarted& e) override;
  void logged(const StepRecord& e) override;
  void validated(const ValidationRecord& e) override;
  void epoch_ended(const EpochRecord& e) override;
  void finished(const RunFinished& e) override;

 private:
  void figures(int64_t step, const std::vector<Measured>& values);
  void append(const std::string& event);

  AppendFile file_;
  const std::string config_;
  const Node spec_;
  std::function<void(const std::string&)> warn_;
  bool failed_ = false;
};

}  // namespace dl
