// Sets that are streams: samples are found one behind another, without an index of all.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "lib/data/dataset.h"

namespace dl {

// One way through all samples. Not for several threads at once.
class Pass {
 public:
  virtual ~Pass() = default;
  // What Dataset::get() takes for the next sample; none behind the last.
  virtual std::optional<int64_t> next() = 0;
  // Numbers by which another pass of the same set, options and epoch goes on from here.
  virtual std::vector<int64_t> place() const = 0;
  virtual void go_to(const std::vector<int64_t>& place) = 0;
};

// What Dataset::get() takes are not 0 … size() - 1, but what a pass gives; it takes them at any time, in any order.
class Streamed {
 public:
  virtual ~Streamed() = default;
  // In an order that is a function of the data, the seed and the epoch; unshuffled, as the files have it.
  virtual std::unique_ptr<Pass> pass(bool shuffled, uint64_t seed, int64_t epoch) const = 0;
};

// What get() takes for each sample of any set, in the files' order.
void each_sample(const Dataset& data, const std::function<void(int64_t index)>& each);

}  // namespace dl
