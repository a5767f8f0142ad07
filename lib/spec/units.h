// Values with units: durations (steps, epochs, samples, time), sizes in bytes, pairs [height, width], triples [depth,
// height, width].
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dl {

// `500 steps`, `2 epochs`, `20000 samples`, `90 s`, `10 min`, `1.5 h`, `2 d`; `10%` of a run's steps. A step is one
// optimizer update.
struct Duration {
  enum class Unit { steps, epochs, samples, seconds, percent };  // of the run
  double value = 0;                                              // whole for steps and samples
  Unit unit = Unit::steps;

  static Duration steps(double n) { return {n, Unit::steps}; }
  static Duration epochs(double n) { return {n, Unit::epochs}; }
  static Duration samples(double n) { return {n, Unit::samples}; }
  static Duration seconds(double n) { return {n, Unit::seconds}; }
  static Duration percent(double n) { return {n, Unit::percent}; }

  std::string text() const;  // "500 steps", "1 epoch", "10 min"; parses to the same duration
  // Empty where it is none. A bare number has `bare` as unit, or is none where that is unset.
  static std::optional<Duration> parse(std::string_view text, std::optional<Unit> bare = {});
  bool operator==(const Duration&) const = default;
};

// Steps or epochs as steps: a part of an epoch is rounded to them, at least one.
int64_t whole_steps(const Duration& duration, int64_t steps_per_epoch);

// `512 MiB`, `1.5 GB`, `4096` (bytes). KiB MiB GiB TiB are powers of 1024; kB KB MB GB TB powers of 1000.
struct Bytes {
  int64_t count = 0;

  std::string text() const;  // parses to the same count
  static std::optional<Bytes> parse(std::string_view text);
  bool operator==(const Bytes&) const = default;
};

// `3` (both) or `[height, width]`.
struct Pair {
  int64_t h = 0, w = 0;

  constexpr Pair() = default;
  constexpr Pair(int64_t both) : h(both), w(both) {}  // implicit: Pair kernel_size = 3
  constexpr Pair(int64_t height, int64_t width) : h(height), w(width) {}
  bool operator==(const Pair&) const = default;
};

// `3` (all) or `[depth, height, width]`.
struct Triple {
  int64_t d = 0, h = 0, w = 0;

  constexpr Triple() = default;
  constexpr Triple(int64_t all) : d(all), h(all), w(all) {}  // implicit, as Pair's
  constexpr Triple(int64_t depth, int64_t height, int64_t width) : d(depth), h(height), w(width) {}
  bool operator==(const Triple&) const = default;
};

}  // namespace dl
