// Batches of an update, for what looks at them again: a loader's are gone when the next is fetched.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "lib/data/dataset.h"
#include "lib/data/loader.h"

namespace dl {

// Takes memory only where an update has more batches than any before it, or larger ones.
class KeptBatches {
 public:
  struct Kept {
    const Batch* batch;
    int64_t tick;  // which numbered its random draws
  };

  explicit KeptBatches(const Dataset& data) : data_(data) {}
  void clear() { kept_.clear(); }
  void add_copy(const Batch& batch, int64_t tick);
  void add(const Batch& batch, int64_t tick) { kept_.push_back({&batch, tick}); }  // which stays while it is here
  const std::vector<Kept>& all() const { return kept_; }

 private:
  struct Copy {
    BatchType type{0};
    std::vector<std::vector<std::byte>> fields;
    Batch batch;  // of them
  };
  const Dataset& data_;
  std::deque<Copy> copies_;  // as many as there were at most; those of the present update first
  std::vector<Kept> kept_;
};

}  // namespace dl
