// A layer between an input and the gradient of its result.
// SPDX-License-Identifier: Apache-2.0
#include "app/measure/layer_trial.h"

#include "lib/base/cpu.h"
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

LayerTrial::LayerTrial(const Given& given) : LayerTrial(given, network_of(given)) {}

LayerTrial::LayerTrial(const Given& given, std::unique_ptr<Network> network)
    : Trial(make_device(given.device, given.options)), given_(given), network_(std::move(network)) {
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
  own_program_ =
      std::make_unique<Program>(g, *store_, PassOptions{.parameters = parameters, .precision = given.precision});
  parts_ = {own_program_.get()};
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
  feed_random("x", x.type(), given.tokens);
  feed_random("dy", dy.type(), 0);
}

int LayerTrial::threads() const { return given_.options.threads > 0 ? given_.options.threads : usable_cores(); }

std::vector<Program::KernelCall> LayerTrial::kernels() const {
  std::vector<Program::KernelCall> own;
  for (Program::KernelCall& call : own_program_->kernel_calls())
    if (!call.scope.empty()) own.push_back(std::move(call));
  return own;
}

}  // namespace dl
