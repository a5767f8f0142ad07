// Fans, and the initializers that layers use by themselves.
#include "lib/nn/initializer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/base/random.h"

namespace dl {

namespace {

struct Constant final : Initializer {
  double value = 0;
  void describe(Schema& s) override {
    s.summary("every element the same");
    s.required("value", value, "the value").positional();
    s.example("constant: 0");
  }
  void fill(std::vector<float>& values, const Shape&, uint64_t) const override {
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
  void fill(std::vector<float>& values, const Shape&, uint64_t key) const override { fill_uniform(values, bound, key); }
};
DL_INITIALIZER(Uniform, "uniform");

struct Normal final : Initializer {
  double std = 1;
  void describe(Schema& s) override {
    s.summary("normal with mean 0");
    s.required("std", std, "standard deviation").at_least(0).positional();
    s.example("normal: 0.02");
  }
  void fill(std::vector<float>& values, const Shape&, uint64_t key) const override { fill_normal(values, std, key); }
};
DL_INITIALIZER(Normal, "normal");

}  // namespace

namespace {

// Calls f(i, u) with u = random_uniform(key, step, i) for i in [0, n).
template <class F>
void each_uniform(size_t n, uint64_t key, uint64_t step, F f) {
  uint32_t bits[64];
  for (size_t i = 0; i < n; ++i) {
    if (i % 64 == 0) random_bits_64(key, step, i / 64, bits);
    f(i, static_cast<double>(bits[i % 64] >> 8) * 0x1p-24);
  }
}

}  // namespace

void fill_uniform(std::vector<float>& values, double bound, uint64_t key) {
  each_uniform(values.size(), key, 0, [&](size_t i, double u) { values[i] = static_cast<float>((2 * u - 1) * bound); });
}

void fill_normal(std::vector<float>& values, double std, uint64_t key) {
  // The radius from one draw in (0, 1], the angle from another.
  each_uniform(values.size(), key, 0,
               [&](size_t i, double u) { values[i] = static_cast<float>(std * std::sqrt(-2 * std::log(1 - u))); });
  each_uniform(values.size(), key, 1,
               [&](size_t i, double u) { values[i] *= static_cast<float>(std::cos(2 * std::numbers::pi * u)); });
}

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
