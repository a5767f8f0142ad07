// A layer's evaluation by itself, its parameters under the names that it gives them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "lib/interop/program/open_graph.h"
#include "lib/nn/layer.h"

namespace dl::code {

// What a layer asks for while it builds: parameters and buffers become variables of their own, which begin with zeros;
// nothing is carried from batch to batch.
class LoneBuilder final : public Builder {
 public:
  LoneBuilder(Graph& g, Shape model_input) : graph_(g), model_input_(std::move(model_input)) {}
  Graph& graph() override { return graph_; }
  bool training() const override { return false; }
  Value parameter(const std::string& name, Shape shape, std::shared_ptr<const Initializer>) override;
  Value buffer(const std::string& name, Shape shape, std::shared_ptr<const Initializer>) override;
  void assign(const std::string&, Value) override {}
  Value random(Shape shape) override;
  Shape model_input() const override { return model_input_; }

  std::vector<std::pair<std::string, Shape>> parameters, buffers;

 private:
  Graph& graph_;
  Shape model_input_;
};

// Inputs "x", "x1", … of the types of a sample; the output "y". `model_input` is that of the model that it stands in.
struct LoneLayer {
  LoneLayer(const Layer& layer, const std::vector<Type>& inputs, const Shape& model_input = {});

  std::vector<std::pair<std::string, Shape>> parameters, buffers;
  Type output;  // of a sample
  OpenGraph open;
};

// "x", "x1", "x2".
std::string input_name(size_t i);

}  // namespace dl::code
