// random_choice: one of several transforms, drawn for each sample: torchvision's RandomChoice.
// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "lib/base/error.h"
#include "lib/data/nested.h"

namespace dl {
namespace {

struct RandomChoice final : Transform {
  std::vector<std::unique_ptr<Transform>> transforms;
  std::vector<double> p;
  void describe(Schema& s) override {
    s.summary("one of a list of transforms, drawn for each sample");
    s.details("Outside training it is what the first one is there.");
    s.required("transforms", transforms, "to choose from").positional();
    s.optional("p", p, "how likely each is, as a share of the sum; without it all alike")
        .at_least(0)
        .known_as({"weights"});
    s.also_known_as({"RandomChoice", "one_of", "OneOf"});
    s.example("random_choice: [gaussian_blur: 3, sharpness: {factor: 2, p: 1}]");
    s.example("random_choice: {transforms: [equalize: 1, autocontrast: 1], p: [0.25, 0.75]}");
    s.check([this](const Report& report) {
      if (transforms.empty()) report.at("transforms", "expected at least one");
      if (!p.empty() && p.size() != transforms.size())
        report.at("p",
                  concat("expected a probability for each of the ", transforms.size(), " transforms, got ", p.size()));
      else if (!p.empty() && std::accumulate(p.begin(), p.end(), 0.0) == 0)
        report.at("p", "expected one that is above 0");
    });
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    auto choices = std::make_shared<std::vector<BoundTransforms>>();
    for (const auto& transform : transforms) {
      choices->emplace_back(std::span(&transform, 1), fields);
      const auto &first = choices->front().fields(), &last = choices->back().fields();
      for (size_t field = 0; field < fields.size(); ++field)
        if (first[field].type != last[field].type)
          throw Error(Exit::usage, Problem{.where = transform->place,
                                           .what = concat("expected transforms that leave the same shape, the first ",
                                                          "leaves ", first[field].type.shape.text(), ", this one ",
                                                          last[field].type.shape.text())});
    }
    std::vector<double> until(transforms.size(), 1);
    std::partial_sum(p.begin(), p.end(), until.begin());
    if (p.empty()) std::iota(until.begin(), until.end(), 1.0);
    TransformStep step{.draw = drawn_key};
    for (size_t field = 0; field < fields.size(); ++field) {
      bool changed = false;
      for (const BoundTransforms& choice : *choices) changed |= choice.changes(field);
      if (!changed) continue;
      step.fields.push_back(
          {field, choices->front().fields()[field].type, [=](const std::byte* in, std::byte* out, const Drawn& drawn) {
             auto random = random_by(drawn);
             size_t chosen = 0;
             if (random) {
               const double at = static_cast<double>(random->uniform()) * until.back();
               while (at >= until[chosen]) ++chosen;
             }
             (*choices)[chosen].apply(field, random ? &*random : nullptr, in, out);
           }});
    }
    return step;
  }
};
DL_TRANSFORM(RandomChoice, "random_choice");

}  // namespace
}  // namespace dl
