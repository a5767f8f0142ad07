// Building one layer.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/lone_layer.h"

#include "lib/nn/network.h"

namespace dl::code {

Value LoneBuilder::parameter(const std::string& name, Shape shape, std::shared_ptr<const Initializer>) {
  parameters.emplace_back(name, shape);
  return variable(graph_, {name, Type{DType::f32, std::move(shape)}});
}

Value LoneBuilder::buffer(const std::string& name, Shape shape, std::shared_ptr<const Initializer>) {
  buffers.emplace_back(name, shape);
  return variable(graph_, {name, Type{DType::f32, std::move(shape)}});
}

Value LoneBuilder::random(Shape shape) {
  return random_uniform(input(graph_, "step", Type{DType::i32, {}}), std::move(shape), 0, "layer");
}

LoneLayer::LoneLayer(const Layer& layer, const std::vector<Type>& inputs, const Shape& model_input)
    : open([&](Graph& g, int64_t batch) {
        std::vector<Value> given;
        for (size_t i = 0; i < inputs.size(); ++i) given.push_back(input(g, input_name(i), batched(inputs[i], batch)));
        LoneBuilder b(g, model_input);
        const Value y = layer.build(b, given);
        parameters = b.parameters;
        buffers = b.buffers;
        output = {y.type().dtype, y.shape().without_batch()};
        g.output("y", y);
      }) {}

std::string input_name(size_t i) { return i == 0 ? "x" : "x" + std::to_string(i); }

}  // namespace dl::code
