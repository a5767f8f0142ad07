// What all losses share.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/nn/class_target.h"
#include "lib/nn/counted.h"
#include "lib/nn/detections.h"

namespace dl {
namespace {

// Values of samples [batch] beside values of targets [batch, …].
Value beside_targets(Value samples, const Shape& targets) {
  std::vector<int64_t> sizes(static_cast<size_t>(std::max(targets.rank(), 1)), 1);
  sizes[0] = samples.shape()[0];
  return reshape(samples, Shape(std::move(sizes)));
}

}  // namespace

void Loss::describe(Schema& s) {
  s.instead_of("reduction", "leave it out: a loss is the mean over its targets; below 'losses' it may have a 'weight'");
  for (const char* key : {"from_logits", "logits"})
    s.instead_of(key, "leave it out: losses of classes take values before a softmax or a sigmoid");
  describe_keys(s);
  if (!s.field("weight"))
    s.instead_of("weight", concat("write it beside the loss: 'losses: {NAME: {", name, ": {…}, weight: 0.5}}'"));
  from.describe(s, {.target = takes_target()});
  s.optional("sample_weight", sample_weight,
             "the data's field with a weight of each sample; the mean is sum(weight loss) / sum(weight)")
      .known_as({"sample_weights"});
}

Loss::Mean Loss::over(const Fields& fields, Value sample_weight) const {
  return mean_of(each(fields), weights(fields), fields, sample_weight);
}

Loss::Mean Loss::mean_of_drawn(Value losses, const Fields& fields, Value sample_weight) const {
  return mean_of(losses, {}, fields, sample_weight);
}

Loss::Mean Loss::mean_of(Value losses, Value divided, const Fields& fields, Value sample_weight) const {
  // A loss of whole samples, [batch], has left places out that are ignored.
  const bool ignores =
      ignored() && fields.target && fields.target.type().dtype == DType::i32 && losses.shape().rank() > 1;
  Value factor = counted(ignores ? with_class_axis(fields.target) : losses,  // on each target's loss
                         ignores ? ignored() : std::nullopt, counts_places() ? fields.lengths : Value{});
  if (sample_weight) {
    const Value own = beside_targets(sample_weight, losses.shape());
    factor = factor ? factor * own : own;
  }
  const double elements = static_cast<double>(losses.shape().elements());
  if (!factor && !divided) return {sum(losses) * (1.0 / elements), constant(*losses.graph, elements)};
  Value counts = divided ? (factor ? divided * factor : divided) : factor;
  if (counts.shape() != losses.shape()) counts = broadcast_to(counts, losses.shape());
  const Value count = sum(counts);
  return {sum(factor ? losses * factor : losses) / where(count > 0, count, 1), count};
}

std::string name_of(Loss::Reads reads) {
  switch (reads) {
    case Loss::Reads::numbers: return "the targets' numbers";
    case Loss::Reads::logit: return "one value a target, before a sigmoid";
    case Loss::Reads::logits: return "one value a class, before a softmax";
    case Loss::Reads::log_probabilities: return "one logarithm of a probability a class";
    case Loss::Reads::boxes: return "anchors with offsets and one value a class";
  }
  return "";
}

void expect_classes(const Loss& loss, const Type& prediction, int64_t classes) {
  if (loss.reads() == Loss::Reads::logit && classes > 2)
    throw ShapeError(concat("expected two classes, which one value tells apart, the data have ", classes),
                     "take 'cross_entropy', and end the model with 'linear: ${data.classes}'");
  if (const int64_t own = prediction.shape.last() - AnchorColumns::besides_classes;
      loss.reads() == Loss::Reads::boxes && classes > 0 && own != classes)
    throw ShapeError(concat("the model tells ", count_of(own, "class"), " apart, the data have ", classes),
                     "write 'classes: ${data.classes}' in 'ssd_head'");
  if (!loss.takes_classes()) return;
  if (prediction.shape.last() == 1)
    throw ShapeError("expected one value a class, got a single one: its probability is always 1",
                     "end the model with 'linear: ${data.classes}', or take 'bce_with_logits' for two classes");
}

}  // namespace dl
