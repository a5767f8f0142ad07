// How a run looks while it runs: on a terminal a line that is redrawn in place, elsewhere one plain line an interval.
#pragma once
#include <string>
#include <vector>

#include "app/console/output.h"
#include "lib/train/observer.h"

namespace dl {

class RunProgress final : public Observer {
 public:
  // RunProgress goes to `out`; warnings go to standard error.
  explicit RunProgress(Output& out);

  void started(const RunStarted& run) override;
  void stepped(const StepDone& step) override;
  void logged(const StepRecord& record) override;
  void validating(const ValidationStarted& validation) override;
  void epoch_ended(const EpochRecord& epoch) override;
  void warned(const std::string& text) override;
  void finished(const RunFinished& run) override;

 private:
  std::string epoch_text(int64_t epoch) const;  // "epoch 3/10"
  std::string step_text() const;
  double share_of_epoch() const;
  double seconds_left() const;           // negative: not known
  void report(const std::string& text);  // what is going on now
  void keep(const std::string& line);    // what stays visible
  void clear();

  Output& out_;
  const bool in_place_;
  bool drawn_ = false;
  double next_report_s_ = 0;  // by steady_seconds()

  RunStarted run_;
  StepDone step_;
  std::vector<Measured> values_;  // of the last record
  double rate_ = 0;               // samples/s, smoothed
  double rate_s_ = 0;
  int64_t rate_step_ = 0;
};

// "━━━━━━━━────────": `columns` wide, `share` of it done.
std::string bar(double share, int columns, bool unicode);

}  // namespace dl
