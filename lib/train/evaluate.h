// Trained weights put to use: figures of a data set, predictions for samples.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/train/checkpoint.h"
#include "lib/train/generation.h"
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
  std::span<const float> output;  // as Loss::told: probabilities of the classes under cross_entropy
  int64_t best = 0;               // the largest output's index
};

// A plan's network with a checkpoint's weights, on the plan's device.
class Inference {
 public:
  // `plan` must outlive it. A checkpoint of another model is an Error(Exit::usage).
  Inference(const Plan& plan, const Checkpoint& checkpoint);
  ~Inference();

  // Over a split, "train", "val" or "test"; Error(Exit::usage) lists the splits there are.
  Evaluation evaluate(const std::string& split);
  // Calls `each` for every sample of the data set, in its order; it must have the network's inputs. A network whose
  // prediction is no list of numbers is an Error(Exit::usage).
  void predict(const DatasetPointer& data, const std::function<void(const Prediction&)>& each);
  // Continues sequences with these weights; the inference must outlive it.
  Generation generation(bool cached = true);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dl
