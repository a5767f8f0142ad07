// Transforms inside of others.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/nested.h"

#include <algorithm>

namespace dl {

Drawn drawn_key(SampleRandom* random) {
  if (!random) return {};
  const double high = random->bits(), low = random->bits();
  return {1, high, low};
}

uint64_t key_of(const Drawn& drawn) { return static_cast<uint64_t>(drawn[1]) << 32 | static_cast<uint64_t>(drawn[2]); }

std::optional<SampleRandom> random_by(const Drawn& drawn) {
  if (drawn[0] == 0) return {};
  return SampleRandom(key_of(drawn), 0, 0);
}

BoundTransforms::BoundTransforms(std::span<const std::unique_ptr<Transform>> transforms,
                                 std::span<const SampleField> fields)
    : fields_(fields.begin(), fields.end()) {
  for (const SampleField& field : fields_) most_bytes_.push_back(static_cast<size_t>(field.type.bytes()));
  for (const auto& transform : transforms) {
    steps_.push_back(transform->bind(fields_));
    for (const FieldStep& does : steps_.back().fields) {
      fields_[does.field].type = does.output;
      most_bytes_[does.field] = std::max(most_bytes_[does.field], static_cast<size_t>(does.output.bytes()));
    }
  }
}

bool BoundTransforms::changes(size_t field) const {
  return std::ranges::any_of(
      steps_, [&](const TransformStep& step) { return std::ranges::count(step.fields, field, &FieldStep::field) > 0; });
}

void BoundTransforms::apply(size_t field, SampleRandom* random, const std::byte* in, std::byte* out) const {
  struct Link {
    const FieldStep* does;
    Drawn drawn;
  };
  std::vector<Link> links;
  for (const TransformStep& step : steps_) {
    const Drawn drawn = step.draw ? step.draw(random) : Drawn{};  // also of those that leave this field
    for (const FieldStep& does : step.fields)
      if (does.field == field) links.push_back({&does, drawn});
  }
  one_after_another(links.size(), most_bytes_[field], in, out, [&](size_t i, const std::byte* from, std::byte* into) {
    links[i].does->apply(from, into, links[i].drawn);
  });
}

}  // namespace dl
