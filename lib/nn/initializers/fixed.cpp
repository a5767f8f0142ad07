// Initial values without chance: zeros, ones, the identity of a matrix and of a convolution.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/nn/initializer.h"

namespace dl {
namespace {

struct Zeros final : Initializer {
  void describe(Schema& s) override {
    s.summary("every element 0");
    s.also_known_as({"zeros_", "zero", "Zeros"});
    s.example("zeros");
  }
  void fill(std::span<float> values, const Shape&, uint64_t, int64_t) const override {
    std::ranges::fill(values, 0.0f);
  }
};
DL_INITIALIZER(Zeros, "zeros");

struct Ones final : Initializer {
  void describe(Schema& s) override {
    s.summary("every element 1");
    s.also_known_as({"ones_", "one", "Ones"});
    s.example("ones");
  }
  void fill(std::span<float> values, const Shape&, uint64_t, int64_t) const override {
    std::ranges::fill(values, 1.0f);
  }
};
DL_INITIALIZER(Ones, "ones");

struct Eye final : Initializer {
  double gain = 1;
  void describe(Schema& s) override {
    s.summary("gain where the first two indices are equal, else 0: a linear layer that gives what it is given");
    s.also_known_as({"eye", "eye_", "Identity", "IdentityInitializer"});
    s.optional("gain", gain, "the value").positional();
    s.example("identity");
  }
  void fill(std::span<float> values, const Shape& shape, uint64_t, int64_t begin) const override {
    const int64_t columns = shape.rank() > 1 ? shape[1] : 1,
                  each = shape.elements() / std::max<int64_t>(shape[0] * columns, 1);
    for (size_t i = 0; i < values.size(); ++i) {
      const int64_t at = (begin + static_cast<int64_t>(i)) / each;
      values[i] = at / columns == at % columns ? static_cast<float>(gain) : 0;
    }
  }
};
DL_INITIALIZER(Eye, "identity");

// Zagoruyko and Komodakis 2017, arXiv:1706.00388.
struct Dirac final : Initializer {
  int64_t groups = 1;
  void describe(Schema& s) override {
    s.summary(
        "1 in the middle of the kernel from each channel to itself, else 0: a convolution that gives what it is given");
    s.also_known_as({"dirac_"});
    s.optional("groups", groups, "of the convolution: filters of each group begin with the first channel").at_least(1);
    s.example("dirac");
  }
  void fill(std::span<float> values, const Shape& shape, uint64_t, int64_t begin) const override {
    const int64_t channels = shape.rank() > 1 ? shape[1] : 1,
                  each = shape.elements() / std::max<int64_t>(shape[0] * channels, 1);
    int64_t middle = 0;  // of the kernel, row by row
    for (int axis = 2; axis < shape.rank(); ++axis) middle = middle * shape[axis] + shape[axis] / 2;
    const int64_t in_group = std::max<int64_t>(shape[0] / groups, 1);
    for (size_t i = 0; i < values.size(); ++i) {
      const int64_t at = begin + static_cast<int64_t>(i), filter = at / (channels * each),
                    channel = at / each % channels;
      values[i] = at % each == middle && filter % in_group == channel ? 1 : 0;
    }
  }
};
DL_INITIALIZER(Dirac, "dirac");

}  // namespace
}  // namespace dl
