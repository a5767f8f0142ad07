// Lines of JSON to curves.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/run_history.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "lib/base/file.h"

namespace dl {
namespace {

constexpr uint64_t max_metrics_bytes = uint64_t{1} << 32;

class HistoryReader {
 public:
  void line(std::string_view text) {
    const auto record = nlohmann::ordered_json::parse(text, nullptr, false);
    const auto step = record.is_object() ? record.find("step") : record.end();
    if (!record.is_object() || step == record.end() || !step->is_number_integer() || step->get<int64_t>() < 0) {
      ++history.damaged_lines;
      return;
    }
    history.step = step->get<int64_t>();
    number(record, "epoch", history.epoch);
    number(record, "time_s", history.time_s);
    bool epoch_ended = false;
    for (const auto& [name, value] : record.items()) {
      if (name == "step" || name == "epoch" || name == "time_s" || !(value.is_number() || value.is_null())) continue;
      epoch_ended = epoch_ended || name.ends_with("_epoch");
      const auto [at, is_new] = places_.try_emplace(name, history.curves.size());
      if (is_new) history.curves.push_back({.figure = name});
      Curve& curve = history.curves[at->second];
      curve.steps.push_back(history.step);
      curve.times_s.push_back(history.time_s);
      curve.values.push_back(value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>());
    }
    const bool after = history.epoch_ends.empty() || history.epoch_ends.back().first < history.step;
    if (epoch_ended && after) history.epoch_ends.emplace_back(history.step, history.epoch + 1);
  }

  RunHistory history;

 private:
  template <class T>
  static void number(const nlohmann::ordered_json& record, const char* name, T& into) {
    if (const auto found = record.find(name); found != record.end() && found->is_number()) into = found->get<T>();
  }

  std::map<std::string, size_t> places_;
};

}  // namespace

int64_t Curve::best(bool higher_is_better) const {
  int64_t best = -1;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    const double least = best < 0 ? 0 : values[static_cast<size_t>(best)];
    if (best < 0 || (higher_is_better ? values[i] > least : values[i] < least)) best = static_cast<int64_t>(i);
  }
  return best;
}

const Curve* RunHistory::find(const std::string& figure) const {
  const auto found = std::ranges::find(curves, figure, &Curve::figure);
  return found == curves.end() ? nullptr : &*found;
}

RunHistory read_history(const std::filesystem::path& metrics_jsonl) {
  std::error_code error;
  if (!std::filesystem::exists(metrics_jsonl, error)) return {};
  const std::string text = read_file(metrics_jsonl, max_metrics_bytes);
  HistoryReader reader;
  for (size_t at = 0, end; (end = text.find('\n', at)) != text.npos; at = end + 1)
    reader.line(std::string_view(text).substr(at, end - at));
  return std::move(reader.history);
}

}  // namespace dl
