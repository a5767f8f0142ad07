// SSD's loss (Liu et al. 2016, arXiv:1512.02325, equation 1) as torchvision's SSD has it: over the anchors with a box
// the smooth L1 distance of their offsets, the sum of four, and over these and the hardest others the cross-entropy of
// their classes; both divided by the number of anchors with a box
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/graph/ops/best_boxes.h"
#include "lib/graph/ops/match_boxes.h"
#include "lib/nn/detections.h"
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct Ssd final : Loss {
  MatchBoxes::Rule match;
  BestBoxes::Rule best;

  void describe_keys(Schema& s) override {
    s.summary("boxes and their classes by anchors, of those without a box the hardest: object detection");
    s.details(
        "Takes what 'ssd_head' gives against boxes, as the readers 'coco' and 'voc' have them. An anchor learns the "
        "box "
        "that it overlaps most; each box has an anchor at least. What 'predict' tells, and metrics measure, are the "
        "boxes that are left when those that overlap a better one of their class are removed.");
    s.also_known_as({"multibox", "multibox_loss", "MultiBoxLoss", "ssd_loss", "SSDLoss"});
    s.optional("negatives", match.negatives, "so many anchors without a box are learned for one that has a box")
        .at_least(0)
        .known_as({"neg_to_pos_ratio", "neg_pos", "negpos_ratio"});
    s.optional("iou_thresh", match.overlap, "the intersection over union from which on an anchor has a box")
        .above(0)
        .at_most(1);
    s.optional("score_thresh", best.least_score, "the probability above which a box is told").at_least(0).at_most(1);
    s.optional("nms_thresh", best.overlap,
               "the intersection over union above which, of two boxes of a class, the better alone is told")
        .at_least(0)
        .at_most(1);
    s.optional("detections_per_img", best.most, "the most boxes that are told of an image").at_least(1).at_most(1000);
    s.instead_of("positive_fraction", "write 'negatives: 3' for 0.25");
    s.example("ssd");
    s.example("ssd: {negatives: 3, iou_thresh: 0.5, nms_thresh: 0.45}");
  }
  Reads reads() const override { return Reads::boxes; }

  // f32 [batch, detections_per_img, 6]: rows as BoxRow has them (lib/graph/boxes.h).
  Value predicted(Value output) const override {
    const Anchored parts = anchored(output);
    const int64_t values = parts.scores.shape()[2];
    return best_boxes(boxes_at(parts), slice(softmax(parts.scores), 2, 1, values - 1), best);
  }

  // f32 [batch]: the sum over a sample's anchors
  Value each(const Fields& f) const override {
    const Learned l = learned(f);
    const Value apart = abs(l.parts.offsets - offsets_of(slice(l.rows, 2, 0, 4), l.parts.anchor));
    const Value smooth_l1 = where(apart < 1, 0.5 * apart * apart, apart - 0.5);
    const Value places = sum(smooth_l1 * l.has_box, {1, 2});
    const Value classes = iota(*f.prediction.graph, l.log_p.shape()[2]);
    const Value hit = equal(classes, slice(l.rows, 2, 4, 1) + 1) * l.log_p;  // the first is that there is none
    return reshape(places - sum(hit * slice(l.rows, 2, 5, 1), {1, 2}), {f.prediction.shape()[0]});
  }
  // The anchors with a box.
  Value weights(const Fields& f) const override {
    return reshape(sum(learned(f).has_box, {1, 2}), {f.prediction.shape()[0]});
  }

 private:
  struct Learned {
    Anchored parts;
    Value log_p;  // [batch, anchors, 1 + classes]
    Value rows,
        has_box;  // what each anchor learns, [batch, anchors, 6], and whether that is a box, [batch, anchors, 1]
  };
  Learned learned(const Fields& f) const {
    const Shape& boxes = f.target.shape();
    if (f.target.type().dtype != DType::f32 || boxes.rank() != 3 || boxes[2] != BoxRow::columns)
      throw ShapeError(concat("expected boxes as targets, f32 [boxes, ", BoxRow::columns, "], got ",
                              name_of(f.target.type().dtype), " ", boxes.without_batch().text()),
                       "read the data by 'format: coco' or 'format: voc'");
    Learned l{.parts = anchored(f.prediction)};
    l.log_p = log_softmax(l.parts.scores);
    const Value hardness = -reshape(slice(l.log_p, 2, 0, 1), {l.log_p.shape()[0], l.log_p.shape()[1]});
    l.rows = match_boxes(l.parts.anchor, f.target, hardness, match);
    l.has_box = slice(l.rows, 2, 4, 1) >= 0;
    return l;
  }
};
DL_LOSS(Ssd, "ssd");

}  // namespace
}  // namespace dl
