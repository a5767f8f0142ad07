// The progress bar, the table of epochs, and their plain counterparts.
// SPDX-License-Identifier: Apache-2.0
#include "app/console/progress.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "app/console/text.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"
#include "lib/interop/weights/chosen_weights.h"

namespace dl {
namespace {

constexpr size_t most_names = 8;  // of tensors that are told
constexpr double redraw_s = 0.1, plain_line_s = 10;
constexpr size_t least_bar = 5, most_bar = 30, time_width = 8, figure_width = 6;

std::string padded(const std::string& text, size_t width, bool right) {
  const std::string space(width - std::min(width, display_width(text)), ' ');
  return right ? space + text : text + space;
}

std::string indented(const std::string& lines) {
  std::string out;
  for (const char c : lines) out += (out.empty() || out.back() == '\n' ? "  " : "") + std::string(1, c);
  return out;
}

// A part of the line that is redrawn.
struct Piece {
  std::string text;
  int rank = 0;        // those of high ranks go first where there is no room
  std::string longer;  // written instead where there is room for all; may be empty
  Style style = Style::plain;
};

// The first piece, a bar of `share`, and as many of the other pieces as fit into `columns`. No bar where it is below 0.
std::string fitted(const Output& out, std::vector<Piece> pieces, double share, size_t columns) {
  constexpr size_t gap = 2;
  const size_t bar_least = share < 0 ? 0 : gap + least_bar;
  size_t used = display_width(pieces[0].text) + bar_least;
  std::vector<size_t> by_rank(pieces.size());
  for (size_t i = 0; i < pieces.size(); ++i) by_rank[i] = i;
  std::stable_sort(by_rank.begin() + 1, by_rank.end(),
                   [&](size_t a, size_t b) { return pieces[a].rank < pieces[b].rank; });
  std::vector<bool> shown(pieces.size(), false);
  shown[0] = true;
  for (auto i = by_rank.begin() + 1; i != by_rank.end(); ++i) {
    const size_t needed = gap + display_width(pieces[*i].text);
    shown[*i] = !pieces[*i].text.empty() && used + needed <= columns;
    if (shown[*i]) used += needed;
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    const size_t more =
        display_width(pieces[i].longer) - std::min(display_width(pieces[i].longer), display_width(pieces[i].text));
    if (!shown[i] || pieces[i].longer.empty() || used + more > columns) continue;
    pieces[i].text = pieces[i].longer;
    used += more;
  }
  std::string line;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (shown[i]) line += (line.empty() ? "" : "  ") + styled(out, pieces[i].style, printable(pieces[i].text));
    if (i > 0 || share < 0) continue;
    const size_t length = std::min(least_bar + columns - std::min(columns, used), most_bar);
    const std::string whole = bar(share, length, out.unicode());
    const size_t cut = whole.find(out.unicode() ? "─" : "-");
    line += "  " + styled(out, Style::accent, whole.substr(0, cut));
    if (cut != whole.npos) line += styled(out, Style::dim, whole.substr(cut));
  }
  return line;
}

std::string group_of(const Measured& m) { return m.name.substr(0, m.name.find('/') + 1); }  // "train/"
std::string own_name(const Measured& m) { return m.name.substr(m.name.find('/') + 1); }
size_t column_width(const Measured& m) {
  return std::max({figure_width, display_width(own_name(m)), display_width(figure(m.value))});
}

// "      train            val" over "       loss  accuracy  loss  accuracy".
std::string header_of(const std::vector<Measured>& values, size_t indent) {
  std::string groups(indent, ' '), names(indent, ' ');
  for (size_t i = 0; i < values.size(); ++i) {
    names += "  ";
    const std::string name = padded(own_name(values[i]), column_width(values[i]), true);
    if (i == 0 || group_of(values[i]) != group_of(values[i - 1])) {
      groups.resize(std::max(groups.size(), display_width(names) + name.find_first_not_of(' ')), ' ');
      groups += group_of(values[i]).substr(0, group_of(values[i]).size() - (group_of(values[i]).empty() ? 0 : 1));
    }
    names += name;
  }
  groups.resize(groups.find_last_not_of(' ') + 1);
  return (groups.empty() ? "" : groups + "\n") + names + "  " + padded("time", time_width, true);
}

std::string row_of(const std::string& epoch, const std::vector<Measured>& values, double seconds) {
  std::string row = epoch;
  for (const Measured& m : values) row += "  " + padded(figure(m.value), column_width(m), true);
  return row + "  " + padded(seconds_text(seconds), time_width, true);
}

}  // namespace

std::string bar(double share, size_t columns, bool unicode) {
  const auto done = static_cast<size_t>(std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(columns)));
  std::string text;
  for (size_t i = 0; i < columns; ++i) text += i < done ? (unicode ? "━" : "#") : (unicode ? "─" : "-");
  return text;
}

RunProgress::RunProgress(Output& out, std::string network)
    : out_(out), in_place_(out.is_terminal()), network_(std::move(network)) {}

void RunProgress::started(const RunStarted& run) {
  run_ = run;
  step_.step = run.step;
  step_.epoch = run.epoch;
  std::string line = concat(run.name, ": ", count(static_cast<double>(run.parameters)), " parameters, ",
                            count(static_cast<double>(run.train_samples)), " samples");
  if (run.val_samples > 0) line += ", " + count(static_cast<double>(run.val_samples)) + " for validation";
  line += concat(", batches of ", run.batch_size, ", ", run.device);
  keep(wrapped(printable(line), out_.columns(), "  ", ""));
  if (run.resumed_from.empty())
    keep(indented(network_));
  else
    keep(wrapped(concat("resumed from ", printable(run.resumed_from.string()), " at step ", run.step), out_.columns(),
                 "  ", ""));
  if (run.resumed_from.empty() && !run.initial.taken.empty()) keep_initial();
  rate_s_ = steady_seconds();
  rate_step_ = run.step;
  next_report_s_ = rate_s_ + (in_place_ ? 0 : plain_line_s);
}

// Where the weights come from; name by name only what does not simply fit, and that in part: the log has all.
void RunProgress::keep_initial() {
  const InitialWeights& initial = run_.initial;
  keep(wrapped(concat("begun with ", printable(source_in_words(initial))), out_.columns(), "  ", ""));
  std::vector<std::string> renamed, left;
  std::ranges::copy_if(initial.left, std::back_inserter(left),
                       [](const auto& name) { return !is_beside_weights(name); });
  for (const auto& [here, there] : initial.names) {
    const std::string prefix = initial.key.empty() ? "" : initial.key + ".";
    if (unwrapped(there.substr(there.starts_with(prefix) ? prefix.size() : 0), initial.wrappers) != here)
      renamed.push_back(concat(here, " is ", there));
  }
  for (const auto& [what, names] : {std::pair("named otherwise: ", &std::as_const(renamed)),
                                    {"begun anew: ", &initial.fresh},
                                    {"left in the file: ", &std::as_const(left)}}) {
    if (names->empty()) continue;
    std::vector<std::string> some(names->begin(),
                                  names->begin() + static_cast<int64_t>(std::min(names->size(), most_names)));
    if (some.size() < names->size()) some.push_back(concat("and ", names->size() - some.size(), " more"));
    keep(wrapped(printable(what + join(some)), out_.columns(), "    ", "  "));
  }
}

bool RunProgress::due() {
  const double now = steady_seconds();
  if (now < next_report_s_) return false;
  next_report_s_ = now + (in_place_ ? redraw_s : plain_line_s);
  return true;
}

void RunProgress::stepped(const StepDone& step) {
  step_ = step;
  keep_epoch();
  if (!due()) return;
  const double now = steady_seconds();
  if (now > rate_s_ && step.step > rate_step_) {
    const double latest = static_cast<double>((step.step - rate_step_) * run_.batch_size) / (now - rate_s_);
    rate_ = rate_ == 0 || !in_place_ ? latest : 0.9 * rate_ + 0.1 * latest;
    rate_s_ = now;
    rate_step_ = step.step;
  }
  report(step_line());
}

void RunProgress::logged(const StepRecord& record) { values_ = record.values; }

void RunProgress::validating(const ValidationProgress& validation) {
  if (validation.done == 0) {
    keep_epoch();
    validation_begin_s_ = steady_seconds();
    if (in_place_) report(validation_line(validation));
  } else if (due()) {
    report(validation_line(validation));
  }
}

void RunProgress::validated(const ValidationRecord& record) {
  bool best = record.best;
  // Where no figure chooses the best checkpoint, the loss says which epoch was best; of a run's earlier parts it is not
  // known.
  const auto loss = std::ranges::find(record.values, "val/loss", &Measured::name);
  if (run_.monitor.empty() && run_.resumed_from.empty() && loss != record.values.end()) {
    best = !best_ || loss->value < *best_;
    if (best) best_ = loss->value;
  }
  if (best && marks_.empty()) marks_.push_back("best");
}

void RunProgress::epoch_ended(const EpochRecord& epoch) {
  ended_ = epoch;
  const double now = steady_seconds();
  next_report_s_ = now + (in_place_ ? redraw_s : plain_line_s);
  rate_s_ = now;  // what an epoch's end costs is no step's time
  rate_step_ = step_.step;
}

void RunProgress::saved(const CheckpointSaved& checkpoint) {
  if (ended_ && checkpoint.step == ended_->step) marks_.push_back("saved");
}

void RunProgress::keep_epoch() {
  if (!ended_) return;
  const EpochRecord epoch = std::move(*ended_);
  ended_.reset();
  const std::string marks = join(std::exchange(marks_, {}));
  const size_t width = std::max<size_t>(9, display_width(epoch_text(run_.max_epochs - 1)));
  const std::string row = row_of(padded(epoch_text(epoch.epoch), width, false), epoch.values, epoch.seconds);
  constexpr std::string_view all_marks = "  best, saved";
  if (display_width(row) + all_marks.size() > out_.columns()) {
    std::vector<std::string> items;
    for (const Measured& m : epoch.values) items.push_back(m.name + " " + figure(m.value));
    items.push_back(seconds_text(epoch.seconds));
    items.push_back(marks);
    return keep(flowed(items, "  ", out_.columns(), std::string(width + 2, ' '),
                       padded(epoch_text(epoch.epoch), width + 2, false)));
  }
  std::vector<std::string> names;
  for (const Measured& m : epoch.values) names.push_back(m.name);
  if (names != headed_by_) keep(styled(out_, Style::dim, header_of(epoch.values, width)) + "\n");
  headed_by_ = names;
  keep(row + (marks.empty() ? "" : "  ") + styled(out_, marks.starts_with("best") ? Style::good : Style::dim, marks) +
       "\n");
}

void RunProgress::warned(const std::string& text) {
  keep_epoch();
  clear();
  warn(text);
}

void RunProgress::finished(const RunFinished&) {
  keep_epoch();
  clear();
}

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

std::string RunProgress::step_line() const {
  const int64_t steps = run_.steps_per_epoch;
  const int64_t in_epoch = steps > 0 ? step_.step - step_.epoch * steps : step_.step;
  std::vector<Piece> pieces{{.text = epoch_text(step_.epoch), .style = Style::bold},
                            {.text = concat(in_epoch, "/", steps), .rank = 6, .style = Style::dim},
                            {.text = "loss " + figure(step_.loss), .rank = 1}};
  int rank = 3;  // the first metric before the others
  for (const Measured& m : values_)
    if (m.name.starts_with("train/") && m.name != "train/loss") {
      pieces.push_back({.text = own_name(m) + " " + figure(m.value), .rank = rank});
      rank = 7;
    }
  pieces.push_back({.text = "lr " + short_figure(step_.lr), .rank = 5, .style = Style::dim});
  if (rate_ > 0)
    pieces.push_back({.text = short_count(rate_) + "/s",
                      .rank = 4,
                      .longer = short_count(rate_) + " samples/s",
                      .style = Style::dim});
  if (seconds_left() >= 0) pieces.push_back({.text = clock(seconds_left()) + " left", .rank = 2});
  return fitted(out_, std::move(pieces), in_place_ ? share_of_epoch() : -1, out_.columns() - (in_place_ ? 1 : 0));
}

std::string RunProgress::validation_line(const ValidationProgress& validation) const {
  const double done = static_cast<double>(validation.done), all = static_cast<double>(validation.samples);
  std::vector<Piece> pieces{{.text = epoch_text(validation.epoch) + "  validating", .style = Style::bold},
                            {.text = count(done) + "/" + count(all),
                             .rank = 2,
                             .longer = count(done) + "/" + count(all) + " samples",
                             .style = Style::dim}};
  const double seconds = steady_seconds() - validation_begin_s_;
  if (validation.done > 0) pieces.push_back({.text = clock(seconds * (all - done) / done) + " left", .rank = 1});
  return fitted(out_, std::move(pieces), in_place_ ? done / std::max(all, 1.0) : -1,
                out_.columns() - (in_place_ ? 1 : 0));
}

void RunProgress::report(const std::string& text) {
  if (!in_place_) {
    out_.write(text + "\n");
    return;
  }
  // Drawn over the old line and its rest erased after, in one write: nothing flickers. Lines are not wrapped meanwhile,
  // so that one longer than the terminal is cut and not left behind.
  out_.write("\r\033[?7l" + text + "\033[K\033[?7h");
  drawn_ = true;
}

void RunProgress::keep(const std::string& lines) {
  clear();
  out_.write(lines);
}

void RunProgress::clear() {
  if (drawn_) out_.write("\r\033[K");
  drawn_ = false;
}

}  // namespace dl
