// A run's metrics.jsonl, metrics.csv and log.txt. Each record is one write; a write that fails loses the record, not
// the run.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/append_file.h"
#include "lib/train/kept/observer.h"
#include "lib/train/kept/run_folder.h"
#include "lib/train/kept/text_log.h"

namespace dl {

class RunLog final : public Observer {
 public:
  // `figures` are the columns of the CSV file, beside step, epoch and time. What cannot be written is told to `warn`,
  // once.
  RunLog(const RunPaths& run, std::vector<std::string> figures, std::function<void(const std::string&)> warn);

  // A file of another observer that goes on with the run: it is cut and synced with the log's own. `whole` tells how
  // many bytes at the beginning of its content are whole records.
  void keep_too(AppendFile& file, std::function<uint64_t(std::string_view content)> whole);
  // Cuts the files to the lengths they had at a checkpoint; one shorter than that loses its torn last record only. The
  // CSV file is written anew from the records where they were of other figures, whose columns stay behind these.
  void cut(const std::map<std::string, uint64_t>& bytes);
  // Makes everything so far survive a power cut; returns the files' lengths, by name.
  std::map<std::string, uint64_t> sync();

  void started(const RunStarted& e) override;
  void logged(const StepRecord& e) override;
  void validated(const ValidationRecord& e) override;
  void epoch_ended(const EpochRecord& e) override;
  void saved(const CheckpointSaved& e) override;
  void warned(const std::string& text) override;
  void finished(const RunFinished& e) override;

 private:
  struct Row {
    int64_t step = 0, epoch = 0;
    double time_s = 0;
    std::vector<Measured> values;
  };
  void record(const Row& row);
  std::string csv_header() const;
  std::string csv_line(const Row& row) const;
  bool csv_goes_on(bool records_are_whole);
  void rewrite_csv();
  void append(AppendFile& file, std::string_view text);

  void write_table(const MetricTable& table);

  struct Kept {
    AppendFile* file;
    std::function<uint64_t(std::string_view content)> whole;
  };

  std::filesystem::path tables_;
  AppendFile jsonl_, csv_, text_;
  std::vector<Kept> kept_;
  TextLog lines_;
  std::vector<std::string> figures_;
  std::function<void(const std::string&)> warn_;
  bool failed_ = false;
};

}  // namespace dl
