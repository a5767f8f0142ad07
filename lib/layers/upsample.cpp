// Upsampling, as PyTorch has it. Along each axis output i is at place (i + 1/2) size / n - 1/2 of the input, or with
// align_corners at i (size - 1) / (n - 1): nearest takes the place floor(i size / n), linear the two around it by their
// distance, cubic the four around it by the polynomials of Keys 1981 with a = -3/4; places outside are the ends.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

#include "lib/graph/sizes.h"
#include "lib/nn/axes.h"
#include "lib/spec/one_or_more.h"

namespace dl {
namespace {

enum class Interpolation { nearest, nearest_exact, linear, cubic };

// Neighbouring places of the input, the first of them given, with the weights they have. Places are computed in single
// precision, as PyTorch does it.
struct Taps {
  int64_t first = 0;
  std::vector<float> weights;
};

std::vector<float> cubic_weights(float t) {
  constexpr float a = -0.75f;
  const auto near = [](float d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [](float d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

Taps taps_of(Interpolation how, int64_t i, float scale, bool align_corners) {
  const float at = static_cast<float>(i);
  if (how == Interpolation::nearest) return {static_cast<int64_t>(std::floor(at * scale)), {1}};
  if (how == Interpolation::nearest_exact) return {static_cast<int64_t>(std::floor((at + 0.5f) * scale)), {1}};
  float place = align_corners ? at * scale : (at + 0.5f) * scale - 0.5f;
  if (how == Interpolation::linear) place = std::max(place, 0.0f);
  const float before = std::floor(place), t = place - before;
  const auto first = static_cast<int64_t>(before);
  if (how == Interpolation::linear) return {first, {1 - t, t}};
  return {first - 1, cubic_weights(t)};
}

// n places of an axis made `factor` times as many: those of each phase are the same sum of neighbours.
Value by_phases(Value x, int axis, int64_t factor, Interpolation how) {
  const int64_t size = x.shape()[axis];
  const auto shifted = [&](int64_t by) {
    std::vector<int64_t> places;
    for (int64_t i = 0; i < size; ++i) places.push_back(std::clamp<int64_t>(i + by, 0, size - 1));
    return take(x, axis, places);
  };
  std::vector<int64_t> sizes = x.shape().sizes();
  sizes.insert(sizes.begin() + axis + 1, 1);
  std::vector<Value> phases;
  constexpr int64_t inside = 8;  // a place at which none is outside
  for (int64_t phase = 0; phase < factor; ++phase) {
    const Taps taps = taps_of(how, inside * factor + phase, 1 / static_cast<float>(factor), false);
    Value y;
    for (size_t k = 0; k < taps.weights.size(); ++k) {
      const Value part = shifted(taps.first - inside + static_cast<int64_t>(k)) * taps.weights[k];
      y = y ? y + part : part;
    }
    phases.push_back(reshape(y, Shape(sizes)));
  }
  Shape result = x.shape();
  result[axis] = times(size, factor);
  return reshape(concatenate(std::move(phases), axis + 1), result);
}

// Each place `factor` times.
Value repeated(Value x, int axis, int64_t factor) {
  std::vector<int64_t> sizes = x.shape().sizes();
  sizes.insert(sizes.begin() + axis + 1, 1);
  const Value one = reshape(x, Shape(sizes));
  sizes[static_cast<size_t>(axis) + 1] = factor;
  Shape result = x.shape();
  result[axis] = times(result[axis], factor);
  return reshape(broadcast_to(one, Shape(std::move(sizes))), result);
}

Value by_matrix(Value x, int axis, int64_t n, float scale, Interpolation how, bool align_corners) {
  const int64_t size = x.shape()[axis];
  std::vector<float> matrix(static_cast<size_t>(times(n, size)));
  for (int64_t i = 0; i < n; ++i) {
    const Taps taps = taps_of(how, i, scale, align_corners);
    for (size_t k = 0; k < taps.weights.size(); ++k) {
      const int64_t place = std::clamp<int64_t>(taps.first + static_cast<int64_t>(k), 0, size - 1);
      matrix[static_cast<size_t>(i * size + place)] += taps.weights[k];
    }
  }
  return along_axis(x, axis, n, std::move(matrix));
}

struct Upsample final : Layer {
  OneOrMore<int64_t> size;
  OneOrMore<double> scale_factor;
  std::string mode = "nearest";
  bool align_corners = false;

  void describe(Schema& s) override {
    s.summary("makes a sequence, an image or a volume larger, or gives it a size");
    s.also_known_as({"Upsample", "UpSampling1D", "UpSampling2D", "UpSampling3D", "upsampling2d", "interpolate",
                     "UpsamplingNearest2d", "UpsamplingBilinear2d"});
    s.optional("scale_factor", scale_factor, "how many times as large, of all axes or of each: 2, [2, 1.5]")
        .above(0)
        .at_most(1 << 20)
        .positional()
        .known_as({"scale", "factor"});
    s.optional("size", size, "the sizes that are wanted, of all axes or of each, in the place of scale_factor")
        .at_least(1)
        .at_most(1 << 20);
    s.optional("mode", mode,
               "the nearest place, or places around it by their distance: linear (bilinear of images, trilinear of "
               "volumes) or bicubic")
        .one_of({"nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic"})
        .known_as({"interpolation"});
    s.optional("align_corners", align_corners, "whether the first and last places stay where they are");
    s.example("upsample: 2");
    s.example("upsample: {scale_factor: 2, mode: bilinear}");
    s.example("upsample: {size: [7, 3], mode: bicubic, align_corners: true}");
    s.check([this](const Report& report) {
      if (size.empty() == scale_factor.empty())
        report("expected either scale_factor or size", "write 'upsample: 2' for twice the size");
      else if (align_corners && mode.starts_with("nearest"))
        report.at("align_corners", concat("mode '", mode, "' has no corners to align"),
                  "write mode: bilinear, or leave it out");
    });
  }

  Value build(Builder& b, Value x) const override {
    refuse_decoding(b, name);
    const int spatial = x.shape().rank() - 2;
    const size_t given = size.empty() ? scale_factor.size() : size.size();
    if (spatial < 1 || (given != 1 && static_cast<int>(given) != spatial)) {
      throw ShapeError(concat("expected a sequence, an image or a volume with ",
                              given == 1 ? "its channels" : concat("axes for ", given, " sizes and channels"),
                              ", got shape ", x.shape().without_batch().text()));
    }
    const int wanted = mode == "linear"                          ? 1
                       : mode == "bilinear" || mode == "bicubic" ? 2
                       : mode == "trilinear"                     ? 3
                                                                 : spatial;
    if (wanted != spatial) {
      constexpr std::array<const char*, 3> linear{"linear", "bilinear", "trilinear"};
      throw ShapeError(concat("mode '", mode, "' is of ", wanted, wanted == 1 ? " axis" : " axes", ", got shape ",
                              x.shape().without_batch().text()),
                       concat("write mode: ", linear[static_cast<size_t>(spatial - 1)]));
    }
    const Interpolation how = mode == "nearest"         ? Interpolation::nearest
                              : mode == "nearest-exact" ? Interpolation::nearest_exact
                              : mode == "bicubic"       ? Interpolation::cubic
                                                        : Interpolation::linear;
    for (int axis = 1; axis <= spatial; ++axis) x = along(x, axis, static_cast<size_t>(axis - 1), how);
    return x;
  }

 private:
  Value along(Value x, int axis, size_t at, Interpolation how) const {
    const int64_t places = x.shape()[axis];
    const double factor =
        size.empty() ? scale_factor.at(at) : static_cast<double>(size.at(at)) / static_cast<double>(places);
    const auto n = size.empty() ? static_cast<int64_t>(std::floor(static_cast<double>(places) * factor)) : size.at(at);
    if (n < 1) throw ShapeError(concat("nothing is left of ", places, " places times ", factor), "raise scale_factor");
    if (n == places) return x;
    const auto whole = n / places;
    const bool is_whole = n % places == 0 && (!size.empty() || static_cast<double>(whole) == factor);
    if (is_whole && (how == Interpolation::nearest || how == Interpolation::nearest_exact))
      return repeated(x, axis, whole);
    constexpr int64_t most_phases = 8;
    if (is_whole && !align_corners && whole <= most_phases) return by_phases(x, axis, whole, how);
    float scale = size.empty() ? static_cast<float>(1 / factor) : static_cast<float>(places) / static_cast<float>(n);
    if (align_corners) scale = n > 1 ? static_cast<float>(places - 1) / static_cast<float>(n - 1) : 0;
    return by_matrix(x, axis, n, scale, how, align_corners);
  }
};
DL_LAYER(Upsample, "upsample");

}  // namespace
}  // namespace dl
