// Transforms inside of others, as random_apply has them, and what such ones draw: a key, from which each field of a
// sample gets the same numbers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "lib/data/scratch.h"
#include "lib/data/transform.h"

namespace dl {

// In training a key.
Drawn drawn_key(SampleRandom* random);
uint64_t key_of(const Drawn& drawn);
// The numbers by that key; none outside training.
std::optional<SampleRandom> random_by(const Drawn& drawn);

// Makes `out` of `in` by so many changes, one after another: change(i, in, out), none of which leaves more than
// `bytes`.
template <class Change>
void one_after_another(size_t count, size_t bytes, const std::byte* in, std::byte* out, const Change& change) {
  if (count == 0) {
    std::memcpy(out, in, bytes);
    return;
  }
  Scratch first(count > 1 ? bytes : 0), second(count > 2 ? bytes : 0);
  for (size_t i = 0; i < count; ++i) {
    std::byte* into = i + 1 == count ? out : i % 2 == 0 ? first.data() : second.data();
    change(i, in, into);
    in = into;
  }
}

// Transforms bound one after another.
class BoundTransforms {
 public:
  // Where one of them cannot take the fields, it throws Error(Exit::usage) with its place.
  BoundTransforms(std::span<const std::unique_ptr<Transform>> transforms, std::span<const SampleField> fields);
  const std::vector<SampleField>& fields() const { return fields_; }  // as they leave them
  bool changes(size_t field) const;
  // Null: outside training.
  void apply(size_t field, SampleRandom* random, const std::byte* in, std::byte* out) const;

 private:
  std::vector<SampleField> fields_;
  std::vector<TransformStep> steps_;
  std::vector<size_t> most_bytes_;  // of each field, in between
};

}  // namespace dl
