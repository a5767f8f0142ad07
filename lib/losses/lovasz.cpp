// Lovasz losses (Berman et al. 2017, arXiv:1705.08790): the Lovasz extension of 1 - intersection / union at the errors
// of a sample's places, sum max(e, 0) g with g the slopes in the order of falling errors. Softmax: e = |y - p| of each
// class, the mean over the classes that the sample has; hinge: e = 1 - x s with s = 1 where y is 1, else -1
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/graph/ops/jaccard_slopes.h"
#include "lib/nn/class_target.h"
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct Lovasz final : Loss {
  std::string activation = "softmax", classes = "present";
  std::optional<int64_t> ignore_index;

  void describe_keys(Schema& s) override {
    s.summary("intersection over union made small place by place, the worst errors first: for masks");
    s.details(
        "Takes one value a class and place, before a softmax: [height, width, classes] against [height, width]; or one "
        "a "
        "place against 0 and 1, 'activation: sigmoid', the hinge. It is usually added to cross_entropy, or trains on "
        "after it.");
    s.also_known_as({"lovasz_loss", "LovaszLoss", "lovasz_softmax", "lovasz_hinge"});
    s.optional("activation", activation,
               "softmax: one value a class and place, against classes; sigmoid: one a place, against 0 and 1")
        .one_of({"softmax", "sigmoid"})
        .known_as({"mode"});
    s.optional("classes", classes, "whose mean it is: present, those that a sample has; all")
        .one_of({"present", "all"});
    s.optional("ignore_index", ignore_index, "places with this target count for nothing").known_as({"ignore"});
    s.example("lovasz");
    s.example("lovasz: {classes: all, ignore_index: 255}");
    s.example("lovasz: {activation: sigmoid}");
  }
  Reads reads() const override { return is_hinge() ? Reads::logit : Reads::logits; }
  bool takes_probabilities() const override { return is_hinge(); }
  std::optional<int64_t> ignored() const override { return ignore_index; }
  Value predicted(Value output) const override { return is_hinge() ? sigmoid(output) : softmax(output); }

  // f32 [batch]
  Value each(const Fields& f) const override {
    const int64_t batch = f.prediction.shape()[0];
    if (is_hinge()) {
      if (f.prediction.shape().elements() != f.target.shape().elements())
        throw ShapeError(concat("expected one value for each of the targets ", f.target.shape().without_batch().text(),
                                ", got ", f.prediction.shape().without_batch().text()),
                         "end the model with one channel, or write 'activation: softmax'");
      const Value x = reshape(f.prediction, {batch, -1}), y = reshape(as_f32(f.target), {batch, -1});
      return reshape(extension(1 - x * (2 * y - 1), y, counted_places(f, batch)), {batch});
    }
    expect_class_targets(f.prediction, f.target);
    const int64_t count = f.prediction.shape().last();
    const auto by_class = [&](Value x) {
      return reshape(transpose(reshape(x, {batch, -1, count}), {0, 2, 1}), {batch * count, -1});
    };
    const Value p = by_class(softmax(f.prediction)), y = by_class(hits(f.prediction, f.target));
    Value counts = counted_places(f, batch);
    if (counts) {
      const int64_t places = counts.shape()[1];
      counts = reshape(broadcast_to(reshape(counts, {batch, 1, places}), {batch, count, places}), p.shape());
    }
    const Value of_classes = reshape(extension(abs(y - p), y, counts), {batch, count});
    if (classes == "all") return reshape(mean(of_classes, {1}), {batch});
    const Value present = reshape(max(counts ? y * counts : y, {1}), {batch, count});
    return reshape(sum(of_classes * present, {1}) / maximum(sum(present, {1}), 1), {batch});
  }

 private:
  bool is_hinge() const { return activation == "sigmoid"; }

  // [batch, places], 1 where the target is not ignored; unset where all count.
  Value counted_places(const Fields& f, int64_t batch) const {
    if (!ignore_index) return {};
    return reshape(1 - equal(f.target, *ignore_index), {batch, -1});
  }

  // Of each row [rows, 1]; a place that does not count comes last, as one that is right.
  static Value extension(Value errors, Value y, Value counts) {
    if (counts) {
      errors = where(counts, errors, -1e30);
      y = where(counts, y, 0);
    }
    return sum(maximum(errors, 0) * jaccard_slopes(errors, y), {1});
  }
};
DL_LOSS(Lovasz, "lovasz");

}  // namespace
}  // namespace dl
