// The progress bar and its plain counterpart.
#include "app/console/progress.h"

#include <algorithm>
#include <cmath>

#include "app/console/text.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"

namespace dl {
namespace {

constexpr double redraw_s = 0.1, plain_line_s = 10;

}  // namespace

std::string bar(double share, int columns, bool unicode) {
  const int done = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * columns));
  std::string text;
  for (int i = 0; i < columns; ++i) text += i < done ? (unicode ? "━" : "#") : (unicode ? "─" : "-");
  return text;
}

RunProgress::RunProgress(Output& out) : out_(out), in_place_(out.is_terminal()) {}

void RunProgress::started(const RunStarted& run) {
  run_ = run;
  step_.step = run.step;
  step_.epoch = run.epoch;
  std::string line = concat(run.name, ": ", count(static_cast<double>(run.parameters)), " parameters, ",
                            count(static_cast<double>(run.train_samples)), " samples");
  if (run.val_samples > 0) line += ", " + count(static_cast<double>(run.val_samples)) + " for validation";
  line += concat(", batches of ", run.batch_size, ", ", run.device);
  keep(line);
  if (!run.resumed_from.empty()) keep(concat("resumed from ", run.resumed_from.string(), " at step ", run.step));
  rate_s_ = steady_seconds();
  rate_step_ = run.step;
  next_report_s_ = rate_s_ + (in_place_ ? 0 : plain_line_s);
}

void RunProgress::stepped(const StepDone& step) {
  step_ = step;
  const double now = steady_seconds();
  if (now < next_report_s_) return;
  next_report_s_ = now + (in_place_ ? redraw_s : plain_line_s);
  if (now > rate_s_ && step.step > rate_step_) {
    const double latest = static_cast<double>((step.step - rate_step_) * run_.batch_size) / (now - rate_s_);
    rate_ = rate_ == 0 || !in_place_ ? latest : 0.9 * rate_ + 0.1 * latest;
    rate_s_ = now;
    rate_step_ = step.step;
  }
  report(step_text());
}

void RunProgress::logged(const StepRecord& record) { values_ = record.values; }

void RunProgress::validating(const ValidationStarted& validation) {
  if (in_place_)
    report(concat(epoch_text(validation.epoch), "  validating on ", count(static_cast<double>(validation.samples)),
                  " samples"));
}

void RunProgress::epoch_ended(const EpochRecord& epoch) {
  keep(concat(epoch_text(epoch.epoch), "  ", figures(epoch.values), "  ", seconds_text(epoch.seconds)));
  const double now = steady_seconds();
  next_report_s_ = now + (in_place_ ? redraw_s : plain_line_s);
  rate_s_ = now;  // what an epoch's end costs is no step's time
  rate_step_ = step_.step;
}

void RunProgress::warned(const std::string& text) {
  clear();
  warn(text);
}

void RunProgress::finished(const RunFinished&) { clear(); }

std::string RunProgress::epoch_text(int64_t epoch) const {
  return run_.max_epochs > 0 ? concat("epoch ", epoch + 1, "/", run_.max_epochs) : concat("epoch ", epoch + 1);
}

double RunProgress::share_of_epoch() const {
  return run_.train_samples == 0 ? 0 : static_cast<double>(step_.samples) / static_cast<double>(run_.train_samples);
}

double RunProgress::seconds_left() const {
  if (run_.total_steps == 0 || rate_ <= 0) return -1;
  return static_cast<double>((run_.total_steps - step_.step) * run_.batch_size) / rate_;
}

std::string RunProgress::step_text() const {
  const int64_t steps = run_.steps_per_epoch;
  const int64_t in_epoch = steps > 0 ? step_.step - step_.epoch * steps : step_.step;
  std::string after = concat("  ", in_epoch, "/", steps, "  loss ", figure(step_.loss));
  for (const Measured& m : values_)
    if (m.name.starts_with("train/") && m.name != "train/loss") after += "  " + figures({&m, 1}, true);
  if (rate_ > 0) after += "  " + short_count(rate_) + " samples/s";
  if (seconds_left() >= 0) after += "  " + clock(seconds_left()) + " left";
  const std::string before = epoch_text(step_.epoch);
  if (!in_place_) return before + after;
  const int room = out_.columns() - 1 - static_cast<int>(before.size() + 2 + after.size());
  return before + "  " + (room >= 6 ? bar(share_of_epoch(), std::min(room, 30), out_.unicode()) : "") + after;
}

void RunProgress::report(const std::string& text) {
  if (!in_place_) {
    out_.write(printable(text) + "\n");
    return;
  }
  // Drawn over the old line and its rest erased after, in one write: nothing flickers. Lines are not wrapped meanwhile,
  // so that one longer than the terminal is cut and not left behind.
  out_.write("\r\033[?7l" + printable(text) + "\033[K\033[?7h");
  drawn_ = true;
}

void RunProgress::keep(const std::string& line) {
  clear();
  out_.write(printable(line) + "\n");
}

void RunProgress::clear() {
  if (drawn_) out_.write("\r\033[K");
  drawn_ = false;
}

}  // namespace dl
