// Events as protocol buffers; the numbers are those of their fields.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/tensorboard_event.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <protozero/pbf_writer.hpp>

namespace dl::tensorboard {
namespace {

using Message = protozero::pbf_writer;

// An event with a summary, whose values `fill` writes.
template <class Fill>
std::string event(double wall_time, int64_t step, Fill fill) {
  std::string bytes;
  Message event(bytes);
  event.add_double(1, wall_time);
  event.add_int64(2, step);
  Message summary(event, 5);
  fill(summary);
  return bytes;
}

void write_plugin(Message& value, const std::string& name, const std::string& content = {}) {
  Message metadata(value, 9);
  Message plugin(metadata, 1);
  plugin.add_string(1, name);
  if (!content.empty()) plugin.add_bytes(2, content);
}

// The limits of buckets, in ascending order; the last is the largest double.
const std::vector<double>& bucket_limits() {
  static const std::vector<double> limits = [] {
    std::vector<double> above;
    for (double limit = 1e-12; limit < 1e20; limit *= 1.1) above.push_back(limit);
    above.push_back(std::numeric_limits<double>::max());
    std::vector<double> all;
    for (size_t i = above.size(); i-- > 0;) all.push_back(-above[i]);
    all.push_back(0);
    all.insert(all.end(), above.begin(), above.end());
    return all;
  }();
  return limits;
}

std::string hparams_event(double wall_time, const std::string& tag, const std::string& content) {
  return event(wall_time, 0, [&](Message& summary) {
    Message value(summary, 1);
    value.add_string(1, tag);
    write_plugin(value, "hparams", content);
  });
}

void write_value(Message& entry, const std::variant<bool, double, std::string>& of) {
  Message value(entry, 2);  // google.protobuf.Value
  if (const auto* number = std::get_if<double>(&of)) value.add_double(2, *number);
  if (const auto* words = std::get_if<std::string>(&of)) value.add_string(3, *words);
  if (const auto* flag = std::get_if<bool>(&of)) value.add_bool(4, *flag);
}

}  // namespace

std::string version(double wall_time) {
  std::string bytes;
  Message event(bytes);
  event.add_double(1, wall_time);
  event.add_string(3, "brain.Event:2");
  return bytes;
}

std::string scalars(double wall_time, int64_t step, std::span<const Scalar> values) {
  return event(wall_time, step, [&](Message& summary) {
    for (const Scalar& scalar : values) {
      Message value(summary, 1);
      value.add_string(1, scalar.tag);
      value.add_float(2, static_cast<float>(scalar.value));
    }
  });
}

std::string text(double wall_time, int64_t step, const std::string& tag, const std::string& markdown) {
  return event(wall_time, step, [&](Message& summary) {
    Message value(summary, 1);
    value.add_string(1, tag + "/text_summary");
    {
      constexpr int32_t type_string = 7;
      Message tensor(value, 8);
      tensor.add_enum(1, type_string);
      {
        Message shape(tensor, 2);
        Message dimension(shape, 2);
        dimension.add_int64(1, 1);
      }
      tensor.add_bytes(8, markdown);
    }
    write_plugin(value, "text");
  });
}

std::string histogram(double wall_time, int64_t step, const std::string& tag, std::span<const float> values) {
  const std::vector<double>& limits = bucket_limits();
  std::vector<double> counts(limits.size());
  double least = INFINITY, most = -INFINITY, sum = 0, squares = 0, number = 0;
  for (const float x : values) {
    if (!std::isfinite(x)) continue;
    const double value = x;
    least = std::min(least, value), most = std::max(most, value);
    sum += value, squares += value * value, ++number;
    ++counts[static_cast<size_t>(std::ranges::upper_bound(limits, value) - limits.begin())];
  }
  if (number == 0) least = most = 0;
  // Of empty buckets only the one before one that is not: it is where that one begins.
  std::vector<double> kept_limits, kept_counts;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0 && (i + 1 == counts.size() || counts[i + 1] == 0)) continue;
    kept_limits.push_back(limits[i]);
    kept_counts.push_back(counts[i]);
  }
  return event(wall_time, step, [&](Message& summary) {
    Message value(summary, 1);
    value.add_string(1, tag);
    Message histogram(value, 5);
    histogram.add_double(1, least);
    histogram.add_double(2, most);
    histogram.add_double(3, number);
    histogram.add_double(4, sum);
    histogram.add_double(5, squares);
    histogram.add_packed_double(6, kept_limits.begin(), kept_limits.end());
    histogram.add_packed_double(7, kept_counts.begin(), kept_counts.end());
  });
}

std::string images(double wall_time, int64_t step, std::span<const Image> pictures) {
  return event(wall_time, step, [&](Message& summary) {
    for (const Image& picture : pictures) {
      Message value(summary, 1);
      value.add_string(1, picture.tag);
      Message image(value, 4);
      image.add_int32(1, static_cast<int32_t>(picture.height));
      image.add_int32(2, static_cast<int32_t>(picture.width));
      image.add_int32(3, static_cast<int32_t>(picture.channels));
      image.add_bytes(4, picture.png);
    }
  });
}

std::string session_started(double wall_time, const std::string& group, std::span<const HParam> values) {
  std::string content;
  {
    Message data(content);
    Message started(data, 3);
    for (const auto& [name, of] : values) {
      Message entry(started, 1);
      entry.add_string(1, name);
      write_value(entry, of);
    }
    started.add_string(4, group);
    started.add_double(5, wall_time);
  }
  return hparams_event(wall_time, "_hparams_/session_start_info", content);
}

std::string session_ended(double wall_time, SessionStatus status) {
  std::string content;
  {
    Message data(content);
    Message ended(data, 4);
    ended.add_enum(1, static_cast<int32_t>(status));
    ended.add_double(2, wall_time);
  }
  return hparams_event(wall_time, "_hparams_/session_end_info", content);
}

}  // namespace dl::tensorboard
