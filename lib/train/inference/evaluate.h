// Trained weights put to use: figures of a data set, predictions for samples.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/train/inference/generation.h"
#include "lib/train/kept/checkpoint.h"
#include "lib/train/kept/observer.h"
#include "lib/train/plan/plan.h"

namespace dl {

struct Evaluation {
  std::string split;
  int64_t samples = 0;
  std::vector<Measured> values;  // "test/loss", "test/accuracy"
  std::vector<MetricTable> tables;
  double seconds = 0;
};

// What the network says of one sample, beside what the data set says of it.
struct Prediction {
  int64_t index = 0;  // of the sample in its data set: what Dataset::get() takes
  std::span<const float>
      output;         // [positions…, width], as Loss::told: probabilities of the classes under cross_entropy
  int64_t width = 1;  // of the last axis
  // The target, empty where the samples have none: classes, i32 in the data; or numbers in the data's own units.
  std::span<const int32_t> target_classes;
  std::span<const double> target_values;

  int64_t positions() const { return static_cast<int64_t>(output.size()) / width; }
  std::span<const float> at(int64_t position) const {
    return output.subspan(static_cast<size_t>(position * width), static_cast<size_t>(width));
  }
  int64_t best(int64_t position = 0) const;  // the largest output's index
};

// The plan's recipe for programs that predict and evaluate: nothing is trained, so no state of an update takes memory.
Recipe inference_recipe(const Plan& plan);

// A plan's network with a checkpoint's weights, on the plan's device.
class Inference {
 public:
  // `plan` must outlive it. A checkpoint of another model is an Error(Exit::usage).
  Inference(const Plan& plan, const Checkpoint& checkpoint);
  // With the weights that a training begins with: of init_from, others by the seed.
  explicit Inference(const Plan& plan);
  ~Inference();

  // Over a split, "train", "val" or "test"; Error(Exit::usage) lists the splits there are. `each` is called for every
  // sample in order.
  using Each = std::function<void(const Prediction&)>;
  Evaluation evaluate(const std::string& split, const Each& each = {});
  // Calls `each` for every sample of the data set, or the `first` so many, in its order; it must have the network's
  // inputs.
  void predict(const DatasetPointer& data, const Each& each, int64_t first = 0);
  // An input of the network for a batch: its name, and values of its type [batch, …] in memory.
  struct Given {
    std::string name;
    Type type;
    std::vector<std::byte> values;
  };
  // Those of the first samples of a data set, as many as are wanted and the first batch has.
  std::vector<Given> inputs_of(const DatasetPointer& data, int64_t samples);
  // What the network gives for a batch: the output that predictions are of, as the model gives it, from all its inputs.
  std::vector<float> apply(const std::vector<Given>& inputs);
  // What every layer and block gives for a batch, in the order that they are computed.
  struct Activation {
    std::string path, type;  // "layer1.0.conv1", "conv2d"; a block has no type
    Shape shape;             // [batch, …]
    std::vector<float> values;
  };
  std::vector<Activation> activations(const std::vector<Given>& inputs);
  std::vector<float> weights(const Tensor& tensor);
  // Continues sequences with these weights; the inference must outlive it.
  Generation generation(bool cached = true);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dl
