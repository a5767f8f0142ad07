// Trained weights put to use: figures on a split, predictions for samples.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/train/checkpoint.h"
#include "lib/train/observer.h"
#include "lib/train/plan.h"

namespace dl {

struct Evaluation {
  std::string split;
  int64_t samples = 0;
  std::vector<Measured> values;  // "test/loss", "test/accuracy"
  double seconds = 0;
};

// What the network says of one sample.
struct Prediction {
  int64_t index = 0;              // of the sample in its data set
  std::span<const float> output;  // probabilities where the loss takes logits, else what the network gives
  int64_t best = 0;               // the largest output's index
};

// A network with a checkpoint's weights on a device.
class Inference {
 public:
  // `plan` must outlive it. The checkpoint must be of the plan's model (open_run makes both fit).
  Inference(const Plan& plan, const Checkpoint& checkpoint);
  ~Inference();

  // Mean loss and metrics over a split, "train", "val" or "test"; Error(Exit::usage) lists the splits there are.
  Evaluation evaluate(const std::string& split);
  // Calls `each` for every sample of the data set, in its order.
  void predict(const Dataset& data, const std::function<void(const Prediction&)>& each);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dl
