// random_apply: a list of transforms done with probability p, or none of them: torchvision's RandomApply.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/data/nested.h"

namespace dl {
namespace {

struct RandomApply final : Transform {
  std::vector<std::unique_ptr<Transform>> transforms;
  double p = 0.5;
  void describe(Schema& s) override {
    s.summary("a list of transforms done one after another, or none of them, at random, in training only");
    s.required("transforms", transforms, "in this order").positional();
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"});
    s.also_known_as({"RandomApply", "sometimes"});
    s.example("random_apply: {transforms: [gaussian_blur: 3, grayscale: 1], p: 0.3}");
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const auto inner = std::make_shared<const BoundTransforms>(transforms, fields);
    TransformStep step{.draw = [p = p](SampleRandom* random) {
      const bool done = random && random->uniform() < p;
      return done ? drawn_key(random) : Drawn{};
    }};
    for (size_t field = 0; field < fields.size(); ++field) {
      const Type &before = fields[field].type, &after = inner->fields()[field].type;
      if (before != after)
        throw Error(Exit::usage,
                    Problem{.where = place,
                            .what = concat("expected transforms that keep samples as they are, of type ",
                                           name_of(before.dtype), " and shape ", before.shape.text(), "; these leave ",
                                           name_of(after.dtype), " ", after.shape.text()),
                            .help = "take those out that change the size, and 'normalize'"});
      if (!inner->changes(field)) continue;
      const auto bytes = static_cast<size_t>(before.bytes());
      step.fields.push_back({field, before, [=](const std::byte* in, std::byte* out, const Drawn& drawn) {
                               if (auto random = random_by(drawn))
                                 inner->apply(field, &*random, in, out);
                               else
                                 std::memcpy(out, in, bytes);
                             }});
    }
    return step;
  }
};
DL_TRANSFORM(RandomApply, "random_apply");

}  // namespace
}  // namespace dl
