// TensorBoard's events: the records of a file events.out.tfevents.…, each a protocol buffer of tensorflow.Event
// (event.proto, summary.proto and plugins/hparams of https://github.com/tensorflow/tensorboard). Each function gives
// one event's bytes, which tfrecord() makes a record; `wall_time` is in seconds since 1970.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace dl::tensorboard {

// What a file begins with.
std::string version(double wall_time);

// Numbers of a step, by their tags: "val/loss".
struct Scalar {
  std::string tag;
  double value = 0;
};
std::string scalars(double wall_time, int64_t step, std::span<const Scalar> values);

// Text in Markdown.
std::string text(double wall_time, int64_t step, const std::string& tag, const std::string& markdown);

// How the numbers are spread: over buckets whose limits grow by a tenth from 1e-12 to 1e20, both signs. What is not
// finite is left out.
std::string histogram(double wall_time, int64_t step, const std::string& tag, std::span<const float> values);

// A picture: `png` is a whole file of it, of 1, 3 or 4 channels.
struct Image {
  std::string tag;
  int64_t height = 0, width = 0, channels = 0;
  std::string png;
};
std::string images(double wall_time, int64_t step, std::span<const Image> pictures);

// What the plugin "hparams" compares runs by: values of a run, when it begins; and that it ended.
using HParam = std::pair<std::string, std::variant<bool, double, std::string>>;
std::string session_started(double wall_time, const std::string& group, std::span<const HParam> values);
enum class SessionStatus { success = 1, failure = 2 };
std::string session_ended(double wall_time, SessionStatus status);

}  // namespace dl::tensorboard
