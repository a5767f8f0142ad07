// Intersection over union (Jaccard 1901): of what is of a class or taken for it, the share that is both:
// hits / (predicted + actual - hits)
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/decisions.h"

namespace dl {
namespace {

struct Iou final : ClassScore {
  void describe_keys(Schema& s) override {
    s.summary("intersection over union of targets and predictions of a class");
    s.details("With 'average: macro', the mean IoU of segmentation; classes that are nowhere in the set do not count.");
    s.also_known_as({"jaccard", "jaccard_score", "jaccard_index", "JaccardIndex", "mean_iou", "MeanIoU", "miou",
                     "IntersectionOverUnion"});
    describe_score(s);
    s.example("iou");
    s.example("iou: {average: per_class}");
  }
  double score(const ClassCounts& c) const override {
    const double either = c.predicted + c.actual - c.hits;
    return either > 0 ? c.hits / either : 0;
  }
};
DL_METRIC(Iou, "iou");

}  // namespace
}  // namespace dl
