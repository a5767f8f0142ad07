// A loss: a value for each target, of which the mean over a batch is to be made small. The mean, ignored targets and
// the weights of samples are the same for all losses, and written here.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>

#include "lib/graph/ops.h"
#include "lib/nn/class_weights.h"
#include "lib/nn/fields.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

struct Loss : Described {
  static constexpr const char* kind = "loss";
  static void say_instead(AnyRegistry& registry);  // names of other frameworks that we have nothing for
  // What a prediction's values are, to the loss and to the metrics beside it.
  enum class Reads {
    numbers,            // what the targets are
    logit,              // one for each target, before a sigmoid: its class is 1 where the value is above 0
    logits,             // along the last axis one a class, before a softmax
    log_probabilities,  // the same, after it
    boxes,              // anchors with what is seen there: lib/nn/detections.h
  };

  FieldNames from;
  std::optional<std::string> sample_weight;  // the data's field with a weight f32 [] for each sample

  void describe(Schema& s) final;
  virtual void describe_keys(Schema& s) = 0;  // the loss's own
  virtual bool takes_target() const { return true; }
  bool reads_field() const { return takes_target() && !from.target.number(); }  // whether its targets are data
  // Whether Fields::lengths say which of its values count; false: each() goes by them itself.
  virtual bool counts_places() const { return true; }
  // Items of the model whose outputs it reads besides, as Fields::further.
  virtual std::vector<std::string> further_outputs() const { return {}; }

  // f32 [batch, …] or [batch, …, 1]: of each target, or sample where it takes no target. With weights of classes,
  // weighed. Types that do not fit are a ShapeError.
  virtual Value each(const Fields& fields) const = 0;
  // f32, of the same elements: what each target counts in the mean's divisor; unset: 1.
  virtual Value weights(const Fields& /*fields*/) const { return {}; }

  // The mean over the targets that count, f32 []: sum(each w) / sum(weights w), where w is 0 for ignored targets and
  // those behind the end of their sequence, and the weight of their sample, f32 [batch], for others; 0 where the
  // divisor is. The count is that divisor, so that means of batches add up.
  struct Mean {
    Value mean, count;
  };
  Mean over(const Fields& fields, Value sample_weight = {}) const;

  // As each(), against targets drawn by the probabilities that the prediction stands for: by `uniform` in [0, 1), of
  // the prediction's shape. Unset: it stands for none. Weights of classes are left out.
  virtual Value of_drawn(Value /*prediction*/, Value /*uniform*/) const { return {}; }
  // The mean of such losses over what over() counts; `losses` is what of_drawn() gave.
  Mean mean_of_drawn(Value losses, const Fields& fields, Value sample_weight = {}) const;

  virtual Reads reads() const = 0;
  // Whether numbers as targets may be shifted and scaled: those of which nothing counts but how far they are apart.
  virtual bool takes_scaled() const { return reads() == Reads::numbers; }
  // The key with the difference beyond which it is another function, and what it is; unset: there is none.
  struct Bend {
    const char* key;
    double at;
  };
  virtual std::optional<Bend> bend() const { return {}; }
  // Whether targets that are numbers, f32, are probabilities.
  virtual bool takes_probabilities() const { return false; }
  // Completes what the config left to the data (ClassWeights); called once, before anything is built. Data that do not
  // fit are a ShapeError.
  virtual void learn(const Labels& /*labels*/) {}
  // Whether a prediction's last axis holds one value a class.
  bool takes_classes() const { return reads() == Reads::logits || reads() == Reads::log_probabilities; }
  // A class that is none: targets of it count for nothing.
  virtual std::optional<int64_t> ignored() const { return {}; }
  // What the model predicts by an output that this loss reads: probabilities, where it takes what comes before a
  // softmax.
  virtual Value predicted(Value output) const { return output; }
  // What metrics see of it: the same of numbers and boxes, of classes what comes before a softmax.
  Value measured(Value output) const {
    return reads() == Reads::numbers || reads() == Reads::boxes ? predicted(output) : output;
  }

 private:
  Mean mean_of(Value losses, Value divided, const Fields& fields, Value sample_weight) const;
};

// "one value a class, before a softmax": what follows "takes".
std::string name_of(Loss::Reads reads);

// Throws ShapeError where the loss says nothing of predictions of this type, or of the data's classes (0: not known).
void expect_classes(const Loss& loss, const Type& prediction, int64_t classes);

}  // namespace dl

#define DL_LOSS(Type, name) DL_REGISTER(::dl::Loss, Type, name)
