// A transform of whole batches while training, as a part of the graph: samples of a batch are mixed with others of it.
// Leaves register as DL_BATCH_TRANSFORM(Mixup, "mixup").
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/graph/ops.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

// The random numbers of one batch, which depend on the seed, the transform's place and the batch's number only.
class BatchRandom {
 public:
  BatchRandom(uint64_t seed, uint64_t transform, int64_t batch)
      : key_(random_key(seed, random_stream("batch_transforms") + transform)), batch_(batch) {}
  virtual ~BatchRandom() = default;
  virtual double uniform();  // in [0, 1)
  double normal();
  double gamma(double shape);  // scale 1
  virtual double beta(double a, double b);

 private:
  uint64_t key_;
  int64_t batch_;
  uint64_t drawn_ = 0;
};

// Numbers that the host draws for each batch.
using Draw = std::function<std::vector<double>(BatchRandom& random)>;

// What a transform changes, by name: [batch, …] each. Classes are probabilities of the classes, f32 [batch, …,
// classes], or of the one class, f32 [batch, …]; of the latter metrics see `labels` in the target's place.
struct BatchFields {
  std::map<std::string, Value> inputs, targets, labels;
};

struct BatchTransform : Described {
  static constexpr const char* kind = "batch transform";
  // `drawn` takes what draws so many numbers, and gives them as f32 []. Types that do not fit are a ShapeError.
  using Drawn = std::function<std::vector<Value>(size_t count, Draw draw)>;
  virtual void build(BatchFields& fields, const Drawn& drawn) const = 0;
};

// Each sample's successor in the batch, the first for the last: of shuffled samples, as good as any other.
Value successors(Value batch);
// share * own + (1 - share) * the successor's.
Value mixed_with_successors(Value batch, Value share);
// Throws ShapeError for whole numbers.
void expect_numbers(const std::string& name, Value batch);

}  // namespace dl

#define DL_BATCH_TRANSFORM(Type, name) DL_REGISTER(::dl::BatchTransform, Type, name)
