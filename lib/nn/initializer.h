// Initial values of a tensor, as a function of its shape, fans and a seed.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <string>

#include "lib/graph/type.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

struct Initializer : Described {
  static constexpr const char* kind = "initializer";
  // Fills `values` with the elements from `begin` on, a multiple of 64, of a tensor of this shape, so that several
  // threads may fill it. Fans are those of PyTorch: of a weight [out, in, …], in times the remaining sizes, and out
  // times them. The key seeds base/random.h.
  virtual void fill(std::span<float> values, const Shape& shape, uint64_t key, int64_t begin = 0) const = 0;
  // Whether it fills only all of a tensor at once.
  virtual bool whole() const { return false; }
};

struct Fans {
  double in = 1, out = 1;
};
Fans fans_of(const Shape& weight);

// Uniform in [-bound, bound), and normal with mean 0 (Box and Muller 1958): elements from `begin` on, a multiple of 64.
void fill_uniform(std::span<float> values, double bound, uint64_t key, int64_t begin);
void fill_normal(std::span<float> values, double std, uint64_t key, int64_t begin);
// Normal numbers of which those outside of [low, high] are drawn again.
struct TruncatedNormal {
  double mean = 0, std = 1, low = -2, high = 2;
};
void fill_truncated_normal(std::span<float> values, const TruncatedNormal& of, uint64_t key, int64_t begin);

std::shared_ptr<const Initializer> constant_initializer(double value);
std::shared_ptr<const Initializer> uniform_initializer(double bound);  // [-bound, bound)
std::shared_ptr<const Initializer> normal_initializer(double std);     // mean 0

}  // namespace dl

#define DL_INITIALIZER(Type, name) DL_REGISTER(::dl::Initializer, Type, name)
