// The forward part of a step as a graph: predictions, the losses that they make, and what metrics keep of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lib/data/batch_type.h"
#include "lib/data/dataset.h"
#include "lib/graph/graph.h"
#include "lib/nn/batch_transform.h"
#include "lib/nn/loss.h"
#include "lib/nn/metric.h"
#include "lib/nn/network.h"
#include "lib/train/programs/measures.h"

namespace dl {

struct ForwardParts {
  const Network* network = nullptr;
  // Of the data, that losses and metrics read.
  struct Field {
    std::string name;
    Type type;                     // of one sample
    std::vector<Scaling> scaling;  // of numbers; metrics and predictions are in the field's own units, the loss is not
  };
  std::vector<Field> fields;
  struct Term {
    const Loss* loss = nullptr;
    std::string name;  // of its figure: "loss", or "kind_loss" where there are several
    double weight = 1;
    size_t turn = 0;  // whose loss it is
  };
  std::vector<Term> losses;
  // What predictions are of: an item's output, or what the model ends with; and the loss that says what the values
  // mean, null where there is none.
  struct Predicted {
    std::optional<std::string> output;
    const Loss* by = nullptr;
  };
  Predicted predicted;
  struct Measured {
    const Metric* metric = nullptr;
    std::string name;  // unique
    size_t turn = 0;   // that measures it in training
  };
  std::vector<Measured> metrics;
  std::vector<const BatchTransform*> batch_transforms;  // of training
  // The training set's, where it lives on the device: training is given their numbers, "data/row" i32 [batch], and
  // gathers the fields from variables "data/NAME" [samples, …].
  std::optional<int64_t> resident_samples;
  uint64_t seed = 0;
  int64_t views = 1;           // outside training, of a sample's "x", f32 [views, …]: outputs are the mean over them
  bool draws_targets = false;  // in training: Forward::drawn, of losses that can (Loss::of_drawn)
  int64_t updates = 0;         // that were made before, which decides what of the network is still frozen in training
};

// Numbers that the host draws for each batch: an input f32 [] of the program for each.
struct BatchDraw {
  size_t transform = 0;  // its place in the list
  std::vector<std::string> inputs;
  Draw draw;
};

struct Forward {
  Value loss;        // f32 []: the sum of the losses' weighed means over the batch's targets
  Value count;       // f32 []: of the targets that this is a mean over; of several losses, the samples
  Loss::Mean drawn;  // the same against targets that are drawn, new ones each step, by what the model predicts; unset
                     // where it was not asked for
  Value predicted;   // the output that predictions are of, as Loss::predicted, in the target's own units
  MeasureLayout measures;
  std::vector<BatchDraw> draws;
};

// One turn's part of a training step: its losses and metrics, kept where they lie among all.
struct TurnPart {
  size_t turn = 0;
  const MeasureLayout& all;
};

// Inputs of the graph: the network's by their names and the fields, [batch, …] each, or the numbers of samples; "step"
// i32 [] where training, or where the network draws random numbers all the same. Outputs: "loss" and "loss/count". What
// is measured is added up.
Forward forward(Graph& g, const ForwardParts& parts, const BatchType& batch, bool training,
                const TurnPart* only = nullptr);

// Forward::predicted without any target.
Value predicted(Graph& g, const ForwardParts& parts, const BatchType& batch);

}  // namespace dl
