// Fans, and the initializers that layers use by themselves.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/initializer.h"

#include <algorithm>

namespace dl {

namespace {

void move(std::span<float> values, double by) {
  if (by == 0) return;
  for (float& value : values) value = static_cast<float>(double{value} + by);
}

struct Constant final : Initializer {
  double value = 0;
  void describe(Schema& s) override {
    s.summary("every element the same");
    s.also_known_as({"constant_", "Constant"});
    s.required("value", value, "the value").positional();
    s.example("constant: 0");
  }
  void fill(std::span<float> values, const Shape&, uint64_t, int64_t) const override {
    std::fill(values.begin(), values.end(), static_cast<float>(value));
  }
};
DL_INITIALIZER(Constant, "constant");

struct Uniform final : Initializer {
  double bound = 1, mean = 0;
  void describe(Schema& s) override {
    s.summary("uniform in [mean - bound, mean + bound)");
    s.also_known_as({"uniform_", "RandomUniform", "random_uniform"});
    s.required("bound", bound, "half the width").at_least(0).positional();
    s.optional("mean", mean, "the middle");
    s.instead_of("a", "write 'bound', half the width, and 'mean', the middle");
    s.instead_of("minval", "write 'bound', half the width, and 'mean', the middle");
    s.example("uniform: 0.1");
    s.example("uniform: {bound: 0.5, mean: 0.5}");
  }
  void fill(std::span<float> values, const Shape&, uint64_t key, int64_t begin) const override {
    fill_uniform(values, bound, key, begin);
    move(values, mean);
  }
};
DL_INITIALIZER(Uniform, "uniform");

struct Normal final : Initializer {
  double std = 1, mean = 0;
  void describe(Schema& s) override {
    s.summary("normal, with mean 0 where no other is given");
    s.also_known_as({"normal_", "RandomNormal", "random_normal"});
    s.required("std", std, "standard deviation").at_least(0).positional().known_as({"stddev"});
    s.optional("mean", mean, "the mean");
    s.example("normal: 0.02");
  }
  void fill(std::span<float> values, const Shape&, uint64_t key, int64_t begin) const override {
    fill_normal(values, std, key, begin);
    move(values, mean);
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
