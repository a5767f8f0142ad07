// Hashes of samples.
// SPDX-License-Identifier: Apache-2.0
#include "app/likeness.h"

#include <algorithm>

#include "lib/base/hash.h"
#include "lib/data/one_sample.h"
#include "lib/data/streamed.h"
#include "lib/data/targeted.h"

namespace dl {
namespace {

constexpr size_t most_examples = 3;

}  // namespace

void Likeness::add(const std::string& part, const Dataset& data) {
  parts_.push_back(part);
  OneSample sample(data);
  std::vector<Alike> alike;  // as in each part
  for (const std::string& other : parts_) alike.push_back({.part = part, .as_in = other});
  const std::vector<std::string> targets = target_names(data);
  std::vector<bool> is_target;
  for (const SampleField& field : data.fields()) is_target.push_back(std::ranges::count(targets, field.name) > 0);
  each_sample(data, [&](int64_t i) {
    sample.read(i);
    uint64_t inputs = 0, target = 0;
    for (size_t f = 0; f < data.fields().size(); ++f) {
      const std::string_view bytes(reinterpret_cast<const char*>(sample.bytes(f)), sample.size_bytes(f));
      uint64_t& hash = is_target[f] ? target : inputs;
      hash = xxh64(bytes, hash);
    }
    const auto [seen, is_new] = seen_.try_emplace(inputs, Seen{parts_.size() - 1, i, target});
    if (is_new) return;
    Alike& as = alike[seen->second.part];
    ++as.samples;
    as.other_targets += seen->second.target != target;
    if (as.examples.size() < most_examples) as.examples.emplace_back(i, seen->second.index);
  });
  std::ranges::copy_if(alike, std::back_inserter(found_), [](const Alike& a) { return a.samples > 0; });
}

}  // namespace dl
