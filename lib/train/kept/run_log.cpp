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

// The last line of a file, without its end; empty where that is torn or longer than any that we write.
std::string last_line(const std::filesystem::path& path) {
  const InputFile file(path);
  std::string end(std::min<uint64_t>(file.size_bytes(), 1 << 20), '\0');
  file.read(file.size_bytes() - end.size(), end.data(), end.size());
  if (!end.ends_with('\n')) return "";
  end.pop_back();
  const size_t before = end.rfind('\n');
  if (before == end.npos && end.size() + 1 < file.size_bytes()) return "";
  return end.substr(before + 1);  // npos + 1 is 0
}

std::string first_line(const std::filesystem::path& path) {
  const InputFile file(path);
  std::string begin(std::min<uint64_t>(file.size_bytes(), 1 << 20), '\0');
  file.read(0, begin.data(), begin.size());
  return begin.substr(0, begin.find('\n'));
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
  if (csv_.size_bytes() == 0) append(csv_, csv_header() + "\n");
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
  bool records_are_whole = true;
  for (const auto& [file, whole] : kept_) {
    const auto recorded = bytes.find(file->path().filename().string());
    if (recorded == bytes.end()) continue;
    uint64_t wanted = recorded->second;
    if (file->size_bytes() < wanted) {
      warn_(concat(file->path(), " is shorter than at the checkpoint: records are missing"));
      wanted = whole(read_file(file->path(), max_log_bytes));
      if (file == &jsonl_) records_are_whole = false;
    }
    file->truncate(wanted);
  }
  if (!csv_goes_on(records_are_whole)) rewrite_csv();
}

// Whether the CSV file has columns for these figures, and the last record as its last row: a length that was recorded
// before the file was written anew cuts it elsewhere.
bool RunLog::csv_goes_on(bool records_are_whole) {
  const std::string header = first_line(csv_.path()), own = csv_header();
  if (header != own && !header.starts_with(own + ",")) return false;
  for (size_t at = own.size() + 1; at <= header.size();) {  // columns of other figures
    const size_t end = std::min(header.find(',', at), header.size());
    figures_.push_back(header.substr(at, end - at));
    at = end + 1;
  }
  if (!records_are_whole) return true;
  const auto record = nlohmann::json::parse(last_line(jsonl_.path()), nullptr, false);
  const std::string row = last_line(csv_.path());
  if (jsonl_.size_bytes() == 0) return row == header;
  try {
    return row.starts_with(concat(record.at("step").get<int64_t>(), ",", record.at("epoch").get<int64_t>(), ",",
                                  number_text(record.at("time_s").get<double>()), ","));
  } catch (const nlohmann::json::exception&) {
    return true;  // nothing can be made of it
  }
}

void RunLog::rewrite_csv() {
  const std::string records = read_file(jsonl_.path(), max_log_bytes);
  const auto each = [&](const auto& take) {
    for (size_t at = 0, end; (end = records.find('\n', at)) != records.npos; at = end + 1) {
      const auto json = nlohmann::ordered_json::parse(records.begin() + std::ptrdiff_t(at),
                                                      records.begin() + std::ptrdiff_t(end), nullptr, false);
      if (!json.is_object()) continue;
      Row row;
      for (const auto& [name, value] : json.items()) {
        if (!value.is_number() && !value.is_null()) continue;
        const double number = value.is_number() ? value.template get<double>() : std::nan("");
        if (name == "step")
          row.step = static_cast<int64_t>(number);
        else if (name == "epoch")
          row.epoch = static_cast<int64_t>(number);
        else if (name == "time_s")
          row.time_s = number;
        else
          row.values.push_back({name, number});
      }
      take(row);
    }
  };
  each([&](const Row& row) {
    for (const Measured& m : row.values)
      if (std::ranges::count(figures_, m.name) == 0) figures_.push_back(m.name);
  });
  csv_.truncate(0);
  std::string text = csv_header() + "\n";
  each([&](const Row& row) {
    text += csv_line(row);
    if (text.size() < (1 << 20)) return;
    append(csv_, text);
    text.clear();
  });
  append(csv_, text);
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
  // Of a disk that was full until now the columns' names are still to be written.
  append(csv_, (csv_.size_bytes() == 0 ? csv_header() + "\n" : "") + csv_line(row));
}

std::string RunLog::csv_header() const { return "step,epoch,time_s," + join(figures_, ","); }

std::string RunLog::csv_line(const Row& row) const {
  std::string line = concat(row.step, ",", row.epoch, ",", number_text(rounded(row.time_s, 1e3)));
  for (const std::string& figure : figures_) line += "," + csv_cell_of(row.values, figure);
  return line + "\n";
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
