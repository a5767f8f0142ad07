// A builder for a part of a layer: its tensors are named "PART.weight" within the layer.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/layer.h"

namespace dl {

class ScopedBuilder final : public Builder {
 public:
  ScopedBuilder(Builder& layer, std::string part) : layer_(layer), prefix_(std::move(part) + ".") {}

  Graph& graph() override { return layer_.graph(); }
  bool training() const override { return layer_.training(); }
  Value parameter(const std::string& name, Shape shape, std::shared_ptr<const Initializer> initial) override {
    return layer_.parameter(prefix_ + name, std::move(shape), std::move(initial));
  }
  Value buffer(const std::string& name, Shape shape, std::shared_ptr<const Initializer> initial) override {
    return layer_.buffer(prefix_ + name, std::move(shape), std::move(initial));
  }
  void assign(const std::string& name, Value value) override { layer_.assign(prefix_ + name, value); }
  Value carried(const std::string& name, Shape shape) override {
    return layer_.carried(prefix_ + name, std::move(shape));
  }
  void carry(const std::string& name, Value value) override { layer_.carry(prefix_ + name, value); }
  Value random(Shape shape) override { return layer_.random(std::move(shape)); }
  const Decoding* decoding() const override { return layer_.decoding(); }
  Shape model_input() const override { return layer_.model_input(); }

 private:
  Builder& layer_;
  const std::string prefix_;
};

}  // namespace dl
