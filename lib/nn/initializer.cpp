// Fans, and the initializers that layers use by themselves.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/initializer.h"

#include <algorithm>

namespace dl {

namespace {

struct Constant final : Initializer {
  double value = 0;
  void describe(Schema& s) override {
    s.summary("every element the same");
    s.required("value", value, "the value").positional();
    s.example("constant: 0");
  }
  void fill(std::span<float> values, const Shape&, uint64_t, int64_t) const override {
    std::fill(values.begin(), values.end(), static_cast<float>(value));
  }
};
DL_INITIALIZER(Constant, "constant");

struct Uniform final : Initializer {
  double bound = 1;
  void describe(Schema& s) override {
    s.summary("uniform in [-bound, bound)");
    s.required("bound", bound, "half the width").at_least(0).positional();
    s.example("uniform: 0.1");
  }
  void fill(std::span<float> values, const Shape&, uint64_t key, int64_t begin) const override {
    fill_uniform(values, bound, key, begin);
  }
};
DL_INITIALIZER(Uniform, "uniform");

struct Normal final : Initializer {
  double std = 1;
  void describe(Schema& s) override {
    s.summary("normal with mean 0");
    s.required("std", std, "standard deviation").at_least(0).positional();
    s.example("normal: 0.02");
  }
  void fill(std::span<float> values, const Shape&, uint64_t key, int64_t begin) const override {
    fill_normal(values, std, key, begin);
  }
};
DL_INITIALIZER(Normal, "normal");

}  // namespace

Fans fans_of(const Shape& weight) {
  double field = 1;
  for (int i = 2; i < weight.rank(); ++i) field *= static_cast<double>(weight[i]);
  return {static_cast<double>(weight.rank() > 1 ? weight[1] : weight[0]) * field,
          static_cast<double>(weight[0]) * field};
}

std::shared_ptr<const Initializer> constant_initializer(double value) {
  auto made = std::make_shared<Constant>();
  made->value = value;
  return made;
}

std::shared_ptr<const Initializer> uniform_initializer(double bound) {
  auto made = std::make_shared<Uniform>();
  made->bound = bound;
  return made;
}

std::shared_ptr<const Initializer> normal_initializer(double std) {
  auto made = std::make_shared<Normal>();
  made->std = std;
  return made;
}

}  // namespace dl
