// How a run looks while it runs: on a terminal a line that is redrawn in place, elsewhere one plain line an interval.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "app/console/output.h"
#include "lib/train/kept/observer.h"

namespace dl {

class RunProgress final : public Observer {
 public:
  // RunProgress goes to `out`; warnings go to standard error. `network` is what a new run shows of its network.
  explicit RunProgress(Output& out, std::string network = {});

  void started(const RunStarted& run) override;
  void stepped(const StepDone& step) override;
  void logged(const StepRecord& record) override;
  void validating(const ValidationProgress& validation) override;
  void validated(const ValidationRecord& record) override;
  void epoch_ended(const EpochRecord& epoch) override;
  void saved(const CheckpointSaved& checkpoint) override;
  void warned(const std::string& text) override;
  void finished(const RunFinished& run) override;

 private:
  std::string epoch_text(int64_t epoch) const;  // "epoch 3/10"
  std::string step_line() const;
  std::string validation_line(const ValidationProgress& validation) const;
  double share_of_epoch() const;
  double seconds_left() const;           // negative: not known
  bool due();                            // whether it is time to say something again
  void report(const std::string& text);  // what is going on now
  void keep(const std::string& lines);   // what stays visible
  void keep_initial();                   // where the weights come from
  void clear();
  void keep_epoch();  // the line of the epoch that ended, once all is known that belongs to it

  Output& out_;
  const bool in_place_;
  const std::string network_;
  bool drawn_ = false;
  double next_report_s_ = 0;  // by steady_seconds()

  RunStarted run_;
  StepDone step_;
  std::vector<Measured> values_;  // of the last record
  double rate_ = 0;               // samples/s, smoothed
  double rate_s_ = 0;
  int64_t rate_step_ = 0;

  double validation_begin_s_ = 0;
  std::optional<double> best_;          // of the figure that says which epoch was the best
  std::optional<EpochRecord> ended_;    // not yet kept
  std::vector<std::string> marks_;      // "best", "saved": of that epoch
  std::vector<std::string> headed_by_;  // the names of the figures under the last header
};

// "━━━━━━━━────────": `columns` wide, `share` of it done.
std::string bar(double share, size_t columns, bool unicode);

}  // namespace dl
