// Connectionist temporal classification (Graves et al. 2006, doi:10.1145/1143844.1143891) as PyTorch's CTCLoss: minus
// the logarithm of the probability of all ways in which a sequence's places can be its labels, each label held for one
// place or more, with blanks between and around; over the number of labels, and the mean over the samples
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/nn/lengths.h"
#include "lib/nn/loss.h"

namespace dl {
namespace {

struct Ctc final : Loss {
  void describe_keys(Schema& s) override {
    s.summary(
        "sequences of labels shorter than the model's, of which nobody says where they lie: for speech and writing");
    s.details(
        "Takes one value a class and place, before a softmax, [places, classes]; class 0 is the blank. Targets are "
        "labels, [labels], those behind the last being 0. 'lengths' says how many of the model's places count. Samples "
        "whose labels do not fit in their places cost nothing.");
    s.also_known_as({"CTCLoss", "ctc_loss", "CTC"});
    for (const char* key : {"blank", "zero_infinity", "reduction"})
      s.instead_of(key, "leave it out: class 0 is the blank, and samples that cannot be cost nothing");
    s.instead_of("target_lengths", "leave it out: labels of class 0 behind the last do not count");
    s.instead_of("input_lengths", "write 'lengths: FIELD'");
    s.example("ctc");
    s.example("ctc: {lengths: places}");
  }
  Reads reads() const override { return Reads::logits; }
  Value predicted(Value output) const override { return softmax(output); }
  bool counts_places() const override { return false; }

  // f32 [batch]
  Value each(const Fields& f) const override {
    const Shape &shape = f.prediction.shape(), &wanted = f.target.shape();
    if (shape.rank() != 3 || wanted.rank() != 2 || f.target.type().dtype != DType::i32)
      throw ShapeError(
          concat("expected one value a class for each place and a list of labels, got ", shape.without_batch().text(),
                 " and ", name_of(f.target.type().dtype), " ", wanted.without_batch().text()),
          "end the model with 'linear: ${data.classes}' on its sequence");
    const int64_t batch = shape[0], places = shape[1], labels = wanted[1], states = 2 * labels + 1;
    Graph& g = *f.prediction.graph;
    // A state is a label, or the blank before, between or behind labels.
    const Value blanks = broadcast_to(constant(g, 0), {batch, labels, 1});
    const Value own = reshape(f.target, {batch, labels, 1}) * 1.0;
    const Value state = concatenate(
        {reshape(concatenate({blanks, own}, 2), {batch, 2 * labels}), slice(reshape(blanks, {batch, labels}), 1, 0, 1)},
        1);
    const Value emitted = emissions(log_softmax(f.prediction), state);
    // From a label to the next without a blank between, where they differ.
    const Value before = shifted(state, 2, -1);
    const Value skips = (state > 0) * (1 - equal(state, before));
    const Value index = iota(g, states);
    const Value inside = f.lengths ? is_step(f.prediction, f.lengths, "name the field of lengths") : Value{};
    Value ways = where(index < 2, place_of(emitted, 0), none);
    for (int64_t t = 1; t < places; ++t) {
      const Value one = shifted(ways, 1, none), two = where(skips, shifted(ways, 2, none), none);
      const Value largest = stop_gradient(maximum(maximum(ways, one), two));
      const Value sum = exp(ways - largest) + exp(one - largest) + exp(two - largest);
      const Value next = largest + log(sum) + place_of(emitted, t);
      ways = inside ? where(reshape(slice(inside, 1, t, 1), {batch, 1}), next, ways) : next;
    }
    const Value count = sum(f.target > 0, {1});  // [batch, 1]
    const Value ends = maximum(equal(index, 2 * count), equal(index, 2 * count - 1));
    const Value last = where(ends, ways, none), largest = stop_gradient(max(last, {1}));
    const Value loss = -(largest + log(sum(exp(last - largest) * ends, {1}))) / maximum(count, 1);
    return reshape(where(loss < -none / 1e6, loss, 0), {batch});
  }

 private:
  static constexpr double none = -1e30;  // the logarithm of the probability of what cannot be

  // Of log probabilities [batch, places, classes] those of the states' classes: [batch, places, states].
  static Value emissions(Value log_p, Value state) {
    const int64_t batch = log_p.shape()[0], places = log_p.shape()[1], classes = log_p.shape()[2];
    const int64_t states = state.shape()[1];
    const Value is = equal(iota(*log_p.graph, classes), reshape(state, {batch, 1, states, 1}));
    return reshape(sum(is * reshape(log_p, {batch, places, 1, classes}), {3}), {batch, places, states});
  }
  static Value place_of(Value emitted, int64_t t) {
    return reshape(slice(emitted, 1, t, 1), {emitted.shape()[0], emitted.shape()[2]});
  }
  // Along the second axis, `first` in the place of what is before the beginning.
  static Value shifted(Value x, int64_t by, double first) {
    const int64_t batch = x.shape()[0], n = x.shape()[1];
    const Value begin = broadcast_to(constant(*x.graph, first), {batch, std::min(by, n)});
    return n > by ? concatenate({begin, slice(x, 1, 0, n - by)}, 1) : begin;
  }
};
DL_LOSS(Ctc, "ctc");

}  // namespace
}  // namespace dl
