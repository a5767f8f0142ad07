// Multi-label margin loss, as PyTorch's MultiLabelMarginLoss: the sum over the labels i that are there and those j that
// are not of max(0, 1 - (x[i] - x[j])) / labels, and the mean over the samples
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct MultilabelMargin final : Loss {
  void describe_keys(Schema& s) override {
    s.summary("labels that are there are to be ahead of all that are not by 1");
    s.details(
        "Targets are labels beside each other, 0 and 1, [labels]; PyTorch has the indices of those that are there.");
    s.also_known_as({"MultiLabelMarginLoss", "multilabel_margin_loss", "multi_label_margin"});
    s.example("multilabel_margin");
  }
  Reads reads() const override { return Reads::logit; }
  Value each(const Fields& f) const override {
    const Shape& shape = f.prediction.shape();
    if (shape.rank() != 2 || f.target.shape() != shape)
      throw ShapeError(concat("expected one value for each of the labels beside each other, got ",
                              shape.without_batch().text(), " and targets ", f.target.shape().without_batch().text()),
                       "end the model with 'linear: N', N the number of labels");
    const int64_t batch = shape[0], n = shape[1];
    const Value there = reshape(as_f32(f.target), {batch, n, 1}), others = 1 - reshape(as_f32(f.target), {batch, 1, n});
    const Value apart = reshape(f.prediction, {batch, n, 1}) - reshape(f.prediction, {batch, 1, n});
    return reshape(sum(maximum(1 - apart, 0) * there * others, {1, 2}), {batch}) * (1.0 / static_cast<double>(n));
  }
};
DL_LOSS(MultilabelMargin, "multilabel_margin");

}  // namespace
}  // namespace dl
