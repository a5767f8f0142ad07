// A layer between an input and the gradient of its result.
// SPDX-License-Identifier: Apache-2.0
#include "app/layer_trial.h"

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/graph/ops.h"
#include "lib/spec/blocks.h"

namespace dl {
namespace {

std::unique_ptr<Network> network_of(const LayerTrial::Given& given) {
  std::vector<Problem> problems;
  Node model = Node::list();
  model.items.push_back(given.layer);
  const std::vector<ModelItem> items = expand_model(model, Node::null(), {"x"}, problems);
  std::unique_ptr<Network> network;
  const Type x{given.tokens > 0 ? DType::i32 : DType::f32, given.input};
  if (problems.empty()) network = std::make_unique<Network>(items, std::vector<Network::Input>{{"x", x}}, problems);
  if (!problems.empty()) throw Error(Exit::usage, problems);
  return network;
}

}  // namespace

LayerTrial::LayerTrial(const Given& given)
    : network_(network_of(given)),
      device_(make_device(given.device, given.options)),
      store_(std::make_unique<Store>(*device_)) {
  Graph g;
  const Value x = input(g, "x", batched(network_->inputs()[0].type, given.batch_size));
  const Value y = network_->build(g, std::span(&x, 1), true, input(g, "step", {DType::i32, {}}), 0).last;
  const Value dy = input(g, "dy", {DType::f32, y.shape()});
  const Variable parameters = network_->parameters();
  std::vector<Value> wrt;
  if (x.type().dtype == DType::f32) wrt.push_back(x);
  for (const Tensor& tensor : network_->tensors())
    if (tensor.trained) wrt.push_back(view(variable(g, parameters), tensor.offset, tensor.shape));
  g.output("y", y);
  if (!wrt.empty()) {
    const std::vector<Value> d = gradients(sum(y * dy), wrt);
    for (size_t i = 0; i < d.size(); ++i)
      if (d[i]) g.output(concat("d", i), d[i]);
  }
  program_ = std::make_unique<Program>(g, *store_, PassOptions{.parameters = parameters, .precision = given.precision});
  for (const Tensor& tensor : network_->tensors()) {
    std::vector<float> values(static_cast<size_t>(tensor.shape.elements()));
    tensor.initial->fill(values, tensor.shape, random_key(0, random_stream(tensor.path)));
    if (!tensor.trained) {
      store_->write(tensor.path, values.data(), static_cast<int64_t>(values.size()));
    } else {
      std::vector<float> all = store_->read("parameters");
      std::copy(values.begin(), values.end(), all.begin() + static_cast<std::ptrdiff_t>(tensor.offset));
      store_->write("parameters", all.data(), static_cast<int64_t>(all.size()));
    }
  }
  fill("x", given.tokens);
  fill("dy", 0);
}

void LayerTrial::fill(const std::string& input, int64_t tokens) {
  const Slot slot = program_->input(input);
  if (!slot) return;
  const Type type = program_->input_type(input);
  HostMemory memory(*device_, type.bytes());
  const uint64_t key = random_key(0, random_stream(input));
  for (int64_t i = 0; i < type.shape.elements(); ++i) {
    if (tokens > 0)
      memory.as<int32_t>()[static_cast<size_t>(i)] =
          static_cast<int32_t>(random_bits(key, 0, uint64_t(i)) % uint64_t(tokens));
    else
      memory.as<float>()[static_cast<size_t>(i)] = random_uniform(key, 0, uint64_t(i)) - 0.5f;
  }
  inputs_.emplace_back(slot, std::move(memory));
}

void LayerTrial::run_timed() {
  ++tick_;
  for (const auto& [input, memory] : inputs_) program_->feed(input, memory.as<std::byte>());
  if (const Slot step = program_->input("step")) program_->feed(step, std::span(&tick_, 1));
  program_->run_timed();
}

std::vector<Program::Step> LayerTrial::steps() const {
  std::vector<Program::Step> own;
  for (Program::Step& step : program_->steps())
    if (!step.scope.empty()) own.push_back(std::move(step));
  return own;
}

}  // namespace dl
