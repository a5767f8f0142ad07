// What layers of a network are built with: their tensors and random numbers by the paths that they have in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <string>
#include <vector>

#include "lib/nn/freezing.h"
#include "lib/nn/layer.h"
#include "lib/nn/model_tensors.h"
#include "lib/spec/blocks.h"

namespace dl {

// A program to be built, as Network::build() is asked for it.
struct BuildOptions {
  bool training = false;
  Value step;
  uint64_t seed = 0;
  const Decoding* decoding = nullptr;
  int64_t updates = 0;
};

// Serves two passes: the first (learning) finds the tensors and shapes, later ones build programs.
class LayerBuilder final : public Builder {
 public:
  // Learns: what layers ask for is added to `tensors`.
  LayerBuilder(Graph& g, ModelTensors& tensors, const Freezing& freezing, Shape model_input);
  // Takes from "parameters" what was learned before, and from variables.
  LayerBuilder(Graph& g, const ModelTensors& tensors, const Freezing& freezing, Shape model_input,
               const BuildOptions& options);

  // Before a layer of that registered name is built; `item` outlives it.
  void begin_layer(const ModelItem& item, const std::string& type);
  // Once it is built: a tie that names none of its parameters is a mistake.
  void check_ties() const;
  int64_t own_parameters() const { return own_parameters_; }  // elements that the layer has added while learning
  // Once all layers are built: buffers take their last values.
  void assign_buffers();

  Graph& graph() override { return graph_; }
  bool training() const override;
  Value parameter(const std::string& name, Shape shape, std::shared_ptr<const Initializer> initial) override;
  Value buffer(const std::string& name, Shape shape, std::shared_ptr<const Initializer> initial) override;
  void assign(const std::string& name, Value value) override;
  Value carried(const std::string& name, Shape shape) override;
  void carry(const std::string& name, Value value) override;
  Value random(Shape shape) override;
  const Decoding* decoding() const override { return options_.decoding; }
  Shape model_input() const override { return model_input_; }

 private:
  struct Assigned {
    std::string path;
    Value value;
  };

  bool shares() const { return tensor_path_ != layer_path_; }
  Value of_other(const std::string& key, const std::string& name, const std::string& path, Shape shape);
  [[noreturn]] void fail_to_share(const std::string& name, const std::string& path) const;
  Variable carried_variable(const std::string& name, const Shape& shape) const;

  Graph& graph_;
  const ModelTensors& tensors_;
  ModelTensors* const learned_ = nullptr;  // the same while learning
  const Freezing& freezing_;
  const Shape model_input_;
  BuildOptions options_;
  Value flat_;
  std::vector<Assigned> assigned_;  // buffers, in the order first assigned to

  // Of the layer that is being built:
  std::string layer_path_, layer_type_;
  std::string tensor_path_;  // its tensors are named by: layer_path_, or that of the item it shares them with
  const std::vector<ModelItem::Tie>* ties_ = nullptr;
  std::vector<std::string> names_;  // of its parameters so far
  int64_t own_parameters_ = 0;
  int draws_ = 0;
};

}  // namespace dl
