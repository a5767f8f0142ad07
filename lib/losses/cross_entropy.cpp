// Cross-entropy of a softmax: the mean over the targets of -log(softmax(x)[y])
#include <optional>

#include "lib/nn/class_target.h"
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct CrossEntropy final : Loss {
  double label_smoothing = 0;
  std::optional<int64_t> ignore_index;

  void describe(Schema& s) override {
    s.summary("negative log-likelihood of the class under a softmax; takes values before softmax");
    s.details(
        "Predictions [batch, classes] against classes [batch], or [batch, length, classes] against sequences [batch, "
        "length]. With label_smoothing e the target is 1 - e + e/classes at the class and e/classes elsewhere (Szegedy "
        "et al. 2016, arXiv:1512.00567).");
    s.also_known_as({"CrossEntropyLoss", "sparse_categorical_crossentropy", "categorical_crossentropy",
                     "SparseCategoricalCrossentropy", "crossentropy"});
    s.optional("label_smoothing", label_smoothing, "share of the target spread over all classes").at_least(0).below(1);
    s.optional("ignore_index", ignore_index, "targets of this value count for nothing; 0 where all have it");
    s.example("cross_entropy");
    s.example("cross_entropy: {label_smoothing: 0.1}");
    s.example("cross_entropy: {ignore_index: -100}");
  }

  // prediction f32 [batch, …, classes], target i32 [batch, …]
  Value build(Value prediction, Value target) const override {
    expect_class_targets(prediction, target);
    const Value losses = cross_entropy(prediction, target, label_smoothing);
    if (!ignore_index) return sum(losses) * (1.0 / static_cast<double>(target.shape().elements()));
    return sum(losses * counted(target, *ignore_index)) / maximum(count(prediction, target), 1);
  }

  Value count(Value, Value target) const override { return count_targets(target, ignore_index); }
  bool takes_classes() const override { return true; }
  Value told(Value prediction) const override { return softmax(prediction); }
};
DL_LOSS(CrossEntropy, "cross_entropy");

}  // namespace
}  // namespace dl
