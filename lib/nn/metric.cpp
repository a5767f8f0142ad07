// What all metrics share.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/metric.h"

#include <algorithm>
#include <cctype>
#include <limits>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/nn/counted.h"

namespace dl {
namespace {

bool takes(const Metric& metric, Loss::Reads reads) { return std::ranges::count(metric.takes(), reads) > 0; }

}  // namespace

Kept& Kept::operator+=(const Kept& other) {
  for (const auto& [name, values] : other.sums) {
    std::vector<double>& own = sums[name];
    own.resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) own[i] += values[i];
  }
  for (const auto& [name, rows] : other.columns) {
    std::vector<float>& own = columns[name];
    own.insert(own.end(), rows.begin(), rows.end());
  }
  return *this;
}

void Metric::describe(Schema& s) {
  describe_keys(s);
  from.describe(s, {.group = takes_group()});
}

void expect_measurable(const Metric& metric, const Loss& loss) {
  if (takes(metric, loss.reads())) return;
  std::vector<std::string> wanted, others;
  for (Loss::Reads reads : metric.takes()) wanted.push_back(name_of(reads));
  for (const std::string& name : Registry<Metric>::instance().names())
    if (takes(*Registry<Metric>::make(name), loss.reads())) others.push_back("'" + name + "'");
  // Those that come to mind first are told first.
  constexpr std::string_view usual[] = {"'accuracy'", "'f_beta'", "'roc_auc'", "'mae'", "'rmse'", "'r2'"};
  std::ranges::stable_sort(others, {}, [&](const std::string& name) { return std::ranges::find(usual, name); });
  constexpr size_t told = 3;
  std::string help = "leave it out";
  if (others.size() > told) {
    others.resize(told);
    help += ", or write one that reads them: " + join(others) + ", …";
  } else if (!others.empty()) {
    help += ", or write " + join(others, " or ");
  }
  throw ShapeError(
      concat("takes ", join(wanted, "; or "), "; the loss (", loss.name, ") takes ", name_of(loss.reads())), help);
}

void keep_mean(Keep& keep, Value sum, Value count) {
  keep.sum("sum", sum);
  keep.sum("count", count);
}

void keep_mean_of(Keep& keep, Value values, Value lengths) {
  const Value counts = counted(values, {}, lengths);
  keep_mean(keep, sum(counts ? values * counts : values), count_targets(values, counts));
}

double mean_of(const Kept& kept) {
  const double count = kept.number("count");
  return count > 0 ? kept.number("sum") / count : std::numeric_limits<double>::quiet_NaN();
}

std::vector<std::string> figure_names(std::span<const std::string> classes) {
  std::vector<std::string> names;
  for (const std::string& written : classes) {
    std::string plain = "_";
    for (const char c : written)
      plain += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || (c & 0x80) ? c : '_';
    std::string name = plain;
    for (int n = 2; std::ranges::count(names, name) > 0; ++n) name = concat(plain, "_", n);
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace dl
