// The lines of a run's files.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/run_log.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "lib/base/csv_cell.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/folder.h"
#include "lib/base/text.h"
#include "lib/base/version.h"

namespace dl {
namespace {

constexpr uint64_t max_log_bytes = uint64_t{1} << 32;

// To a multiple of 1/parts: the nearest number that prints in few digits.
double rounded(double value, double parts) { return std::round(value * parts) / parts; }

// "metric 0.5, other 1": figures for a reader.
std::string sentence(const std::vector<Measured>& values) {
  std::vector<std::string> parts;
  for (const Measured& m : values) parts.push_back(m.name + " " + number_text(rounded(m.value, 1e6)));
  return join(parts);
}

std::string csv_cell_of(const std::vector<Measured>& values, const std::string& name) {
  const auto found = std::ranges::find(values, name, &Measured::name);
  return found == values.end() ? "" : csv_number(found->value);
}

}  // namespace

RunLog::RunLog(const RunPaths& run, std::vector<std::string> figures, std::function<void(const std::string&)> warn)
    : tables_(run.tables()),
      jsonl_(run.metrics_jsonl()),
      csv_(run.metrics_csv()),
      text_(run.log()),
      lines_([this](std::string_view line) { append(text_, line); }),
      figures_(std::move(figures)),
      warn_(std::move(warn)) {
  const auto whole_lines = [](std::string_view content) { return content.rfind('\n') + 1; };  // npos + 1 is 0
  for (AppendFile* file : {&jsonl_, &csv_, &text_}) keep_too(*file, whole_lines);
  fsync_folder(run.folder);
  if (csv_.size_bytes() == 0) append(csv_, "step,epoch,time_s," + join(figures_, ",") + "\n");
}

void RunLog::append(AppendFile& file, std::string_view text) {
  try {
    file.append(text);
  } catch (const Error& error) {
    if (!std::exchange(failed_, true)) warn_(concat("a record is lost: ", error.what()));
  }
}

void RunLog::keep_too(AppendFile& file, std::function<uint64_t(std::string_view content)> whole) {
  kept_.push_back({&file, std::move(whole)});
}

void RunLog::cut(const std::map<std::string, uint64_t>& bytes) {
  for (const auto& [file, whole] : kept_) {
    const auto recorded = bytes.find(file->path().filename().string());
    if (recorded == bytes.end()) continue;
    uint64_t wanted = recorded->second;
    if (file->size_bytes() < wanted) {
      warn_(concat(file->path(), " is shorter than at the checkpoint: records are missing"));
      wanted = whole(read_file(file->path(), max_log_bytes));
    }
    file->truncate(wanted);
  }
}

std::map<std::string, uint64_t> RunLog::sync() {
  std::map<std::string, uint64_t> bytes;
  for (const Kept& kept : kept_) {
    AppendFile* const file = kept.file;
    file->sync();
    bytes[file->path().filename().string()] = file->size_bytes();
  }
  return bytes;
}

void RunLog::record(const Row& row) {
  nlohmann::ordered_json json = {{"step", row.step}, {"epoch", row.epoch}, {"time_s", rounded(row.time_s, 1e3)}};
  for (const Measured& m : row.values) json[m.name] = m.value;
  append(jsonl_, json.dump() + "\n");
  std::string line = concat(row.step, ",", row.epoch, ",", number_text(rounded(row.time_s, 1e3)));
  for (const std::string& figure : figures_) line += "," + csv_cell_of(row.values, figure);
  append(csv_, line + "\n");
}

void RunLog::started(const RunStarted& e) {
  if (e.resumed_from.empty())
    lines_.line(concat("started ", e.name, ": ", e.parameters, " parameters, ", e.train_samples,
                       " training samples, batch ", e.batch_size, ", ", e.device));
  else
    lines_.line(concat("resumed ", e.name, " from ", e.resumed_from.string(), ": step ", e.step, ", epoch ",
                       e.epoch + 1, ", ", e.device));
  lines_.line(concat("dlcli ", version_text(), " on ", e.host, e.job ? ", " + e.job->text() : "", ", ",
                     count_of(e.threads, "thread")));
  if (!e.resumed_from.empty()) return;
  if (!e.initial.taken.empty()) lines_.line(concat("begun with ", source_in_words(e.initial)));
  for (const auto& [what, names] : {std::pair("from init_from", &e.initial.taken),
                                    {"begun anew", &e.initial.fresh},
                                    {"left in init_from's file", &e.initial.left}})
    if (!e.initial.taken.empty() && !names->empty()) lines_.line(concat(what, ": ", join(*names)));
}

void RunLog::logged(const StepRecord& e) {
  Row row{e.step, e.epoch, e.time_s, e.values};
  row.values.push_back({"samples_per_s", rounded(e.samples_per_s, 10)});
  row.values.push_back({"input_wait", rounded(e.input_wait, 1e4)});
  record(row);
}

void RunLog::validated(const ValidationRecord& e) {
  record({e.step, e.epoch, e.time_s, e.values});
  lines_.line(concat("step ", e.step, ": ", sentence(e.values), e.best ? ", the best so far" : ""));
  for (const MetricTable& table : e.tables) write_table(table);
}

// tables/val_confusion_matrix.csv
void RunLog::write_table(const MetricTable& table) {
  std::string text;
  for (size_t i = 0; i < table.columns.size(); ++i) text += (i ? "," : "") + csv_cell(table.columns[i]);
  text += "\n";
  const size_t width = table.columns.size() - (table.rows.empty() ? 0 : 1);
  for (size_t row = 0; row * width < table.values.size(); ++row) {
    if (!table.rows.empty()) text += csv_cell(table.rows[row]);
    for (size_t i = 0; i < width; ++i)
      text += (i || !table.rows.empty() ? "," : "") + csv_number(table.values[row * width + i]);
    text += "\n";
  }
  try {
    make_folders(tables_);
    write_file_atomic(tables_ / ("val_" + table.name + ".csv"), text);
  } catch (const Error& error) {
    if (!std::exchange(failed_, true)) warn_(concat("a table is lost: ", error.what()));
  }
}

void RunLog::epoch_ended(const EpochRecord& e) {
  Row row{e.step, e.epoch, e.time_s, {}};
  for (const Measured& m : e.values)
    if (m.name.starts_with("train/")) row.values.push_back({m.name + "_epoch", m.value});
  record(row);
  lines_.line(concat("epoch ", e.epoch + 1, " ended at step ", e.step, ": ", sentence(e.values), " in ",
                     seconds_text(e.seconds)));
}

void RunLog::saved(const CheckpointSaved& e) {
  lines_.line(concat("saved ", e.folder.filename().string(), ": ", bytes_text(static_cast<double>(e.size_bytes)),
                     " in ", seconds_text(e.seconds)));
}

void RunLog::warned(const std::string& text) { lines_.line("warning: " + text); }

void RunLog::finished(const RunFinished& e) {
  lines_.line(concat(e.exit == Exit::diverged ? "failed: " : "ended: ", e.reason, "; step ", e.step, " after ",
                     seconds_text(e.time_s)));
}

}  // namespace dl
