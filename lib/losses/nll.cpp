// Negative log-likelihood: the mean over the targets of -x[y], where x are logarithms of probabilities
#include "lib/nn/class_target.h"
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct NegativeLogLikelihood final : Loss {
  std::optional<int64_t> ignore_index;
  void describe(Schema& s) override {
    s.summary("negative log-likelihood of the class; takes logarithms of probabilities");
    s.details("Behind 'linear', 'cross_entropy' is what is meant: it has the softmax in it.");
    s.also_known_as({"NLLLoss", "nll_loss"});
    s.optional("ignore_index", ignore_index, "targets of this value count for nothing; 0 where all have it");
    s.example("nll");
  }
  Value build(Value prediction, Value target) const override {
    expect_class_targets(prediction, target);
    const Value log_p = sum(hits(prediction, target) * prediction);
    if (!ignore_index) return log_p * (-1.0 / static_cast<double>(target.shape().elements()));
    const Value counts = counted(target, *ignore_index);
    return -sum(hits(prediction, target) * prediction * counts) / maximum(sum(counts), 1);
  }
  Value count(Value, Value target) const override { return count_targets(target, ignore_index); }
  Value told(Value prediction) const override { return exp(prediction); }
  bool takes_classes() const override { return true; }
};
DL_LOSS(NegativeLogLikelihood, "nll");

}  // namespace
}  // namespace dl
