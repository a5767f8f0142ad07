// Units: parsing and writing durations and sizes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/units.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/spec/node.h"

namespace dl {
namespace {

// "500 steps" -> 500, "steps"; the space may be missing; the unit may be empty.
struct Quantity {
  double number;
  std::string_view unit;
};
std::optional<Quantity> quantity(std::string_view text) {
  text = trim(text);
  size_t split = text.find_first_of(" \t");
  if (split == std::string_view::npos) {  // 10min, 1e3steps: the longest beginning that is a number
    split = text.find_last_of("0123456789.");
    split = split == std::string_view::npos ? 0 : split + 1;
  }
  const auto number = Node::scalar(std::string(text.substr(0, split))).as_number();
  if (!number || !std::isfinite(*number) || *number < 0) return {};
  return Quantity{*number, trim(text.substr(split))};
}

struct DurationUnit {
  std::string_view name;
  Duration::Unit unit;
  double factor;
};
constexpr std::array duration_units{
    DurationUnit{"steps", Duration::Unit::steps, 1},      DurationUnit{"step", Duration::Unit::steps, 1},
    DurationUnit{"epochs", Duration::Unit::epochs, 1},    DurationUnit{"epoch", Duration::Unit::epochs, 1},
    DurationUnit{"samples", Duration::Unit::samples, 1},  DurationUnit{"sample", Duration::Unit::samples, 1},
    DurationUnit{"s", Duration::Unit::seconds, 1},        DurationUnit{"sec", Duration::Unit::seconds, 1},
    DurationUnit{"seconds", Duration::Unit::seconds, 1},  DurationUnit{"second", Duration::Unit::seconds, 1},
    DurationUnit{"min", Duration::Unit::seconds, 60},     DurationUnit{"minutes", Duration::Unit::seconds, 60},
    DurationUnit{"minute", Duration::Unit::seconds, 60},  DurationUnit{"h", Duration::Unit::seconds, 3600},
    DurationUnit{"hours", Duration::Unit::seconds, 3600}, DurationUnit{"hour", Duration::Unit::seconds, 3600},
    DurationUnit{"d", Duration::Unit::seconds, 86400},    DurationUnit{"days", Duration::Unit::seconds, 86400},
    DurationUnit{"day", Duration::Unit::seconds, 86400},  DurationUnit{"ms", Duration::Unit::seconds, 1e-3},
    DurationUnit{"%", Duration::Unit::percent, 1},
};

struct ByteUnit {
  std::string_view name;
  double factor;
};
constexpr std::array byte_units{
    ByteUnit{"TiB", 0x1p40}, ByteUnit{"GiB", 0x1p30}, ByteUnit{"MiB", 0x1p20}, ByteUnit{"KiB", 0x1p10},
    ByteUnit{"TB", 1e12},    ByteUnit{"GB", 1e9},     ByteUnit{"MB", 1e6},     ByteUnit{"KB", 1e3},
    ByteUnit{"kB", 1e3},     ByteUnit{"B", 1},
};

constexpr double largest_whole = 0x1p53;  // doubles count exactly up to here

}  // namespace

int64_t whole_steps(const Duration& duration, int64_t steps_per_epoch) {
  DL_CHECK(duration.unit == Duration::Unit::steps || duration.unit == Duration::Unit::epochs, duration.text());
  const double factor = duration.unit == Duration::Unit::epochs ? static_cast<double>(steps_per_epoch) : 1;
  return std::llround(std::clamp(duration.value * factor, 1.0, 0x1p62));
}

std::optional<Duration> Duration::parse(std::string_view text, std::optional<Unit> bare) {
  const auto q = quantity(text);
  if (!q) return {};
  std::optional<Duration> duration;
  if (q->unit.empty() && bare) duration = Duration{q->number, *bare};
  for (const DurationUnit& known : duration_units)
    if (known.name == q->unit) duration = Duration{q->number * known.factor, known.unit};
  if (!duration) return {};
  const bool counted = duration->unit == Unit::steps || duration->unit == Unit::samples;
  if (counted && (duration->value != std::floor(duration->value) || duration->value > largest_whole)) return {};
  return duration;
}

std::string Duration::text() const {
  const auto with = [](double number, const char* word) { return number_text(number) + " " + word; };
  switch (unit) {
    case Unit::steps: return with(value, value == 1 ? "step" : "steps");
    case Unit::epochs: return with(value, value == 1 ? "epoch" : "epochs");
    case Unit::samples: return with(value, value == 1 ? "sample" : "samples");
    case Unit::percent: return number_text(value) + "%";
    case Unit::seconds: break;
  }
  for (const auto& [factor, word] : {std::pair{86400.0, "d"}, {3600.0, "h"}, {60.0, "min"}})
    if (value >= factor && std::fmod(value, factor) == 0) return with(value / factor, word);
  return with(value, "s");
}

std::optional<Bytes> Bytes::parse(std::string_view text) {
  const auto q = quantity(text);
  if (!q) return {};
  std::optional<double> count;
  if (q->unit.empty()) count = q->number;
  for (const ByteUnit& known : byte_units)
    if (known.name == q->unit) count = std::round(q->number * known.factor);
  if (!count || *count != std::floor(*count) || *count > largest_whole) return {};
  return Bytes{static_cast<int64_t>(*count)};
}

std::string Bytes::text() const {
  for (const ByteUnit& known : byte_units) {
    const auto factor = static_cast<int64_t>(known.factor);
    if (count != 0 && count % factor == 0) return std::to_string(count / factor) + " " + std::string(known.name);
  }
  return std::to_string(count) + " B";
}

}  // namespace dl
