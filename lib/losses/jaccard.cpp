// Soft Jaccard loss (Rahman and Wang 2016, doi:10.1007/978-3-319-50835-1_22): with the probabilities p and the targets
// y, 1 or 0, of each class 1 - (sum p y + smooth) / (sum p + sum y - sum p y + smooth) over a sample's places, and the
// mean over the classes
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/overlap_loss.h"

namespace dl {
namespace {

struct Jaccard final : OverlapLoss {
  void describe_keys(Schema& s) override {
    s.summary("1 - intersection over union of each class's places in a sample: for masks");
    s.details("Takes one value a class and place, before a softmax: [height, width, classes] against [height, width].");
    s.also_known_as({"jaccard_loss", "JaccardLoss", "iou", "iou_loss", "soft_iou"});
    describe_overlap(s);
    s.example("jaccard");
    s.example("jaccard: {activation: sigmoid, smooth: 1e-3}");
  }
  Value score(Value both, Value predicted, Value actual) const override {
    return (both + smooth) / (predicted + actual - both + smooth);
  }
};
DL_LOSS(Jaccard, "jaccard");

}  // namespace
}  // namespace dl
