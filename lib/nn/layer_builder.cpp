// Tensors found and taken, shared and tied; buffers, what is carried, and random numbers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer_builder.h"

#include <algorithm>
#include <utility>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {

LayerBuilder::LayerBuilder(Graph& g, ModelTensors& tensors, const Freezing& freezing, Shape model_input)
    : graph_(g),
      tensors_(tensors),
      learned_(&tensors),
      freezing_(freezing),
      model_input_(std::move(model_input)),
      options_{.training = true} {}

LayerBuilder::LayerBuilder(Graph& g, const ModelTensors& tensors, const Freezing& freezing, Shape model_input,
                           const BuildOptions& options)
    : graph_(g), tensors_(tensors), freezing_(freezing), model_input_(std::move(model_input)), options_(options) {
  if (tensors.arena_elements() > 0) flat_ = variable(g, tensors.flat());
}

void LayerBuilder::begin_layer(const ModelItem& item, const std::string& type) {
  layer_path_ = item.path;
  tensor_path_ = item.tensors.empty() ? item.path : item.tensors;
  layer_type_ = type;
  ties_ = &item.ties;
  names_.clear();
  own_parameters_ = 0;
  draws_ = 0;
}

void LayerBuilder::check_ties() const {
  for (const ModelItem::Tie& tie : *ties_) {
    if (std::ranges::count(names_, tie.parameter) > 0) continue;
    const std::string meant = closest(tie.parameter, names_);
    throw ShapeError(concat("'tie' names the parameter '", tie.parameter, "', which the layer does not have"),
                     meant.empty() ? "remove it" : "write '" + meant + "'");
  }
}

bool LayerBuilder::training() const {
  return options_.training && freezing_.layer_until(layer_path_) <= options_.updates;
}

Value LayerBuilder::parameter(const std::string& name, Shape shape, std::shared_ptr<const Initializer> initial) {
  names_.push_back(name);
  for (const ModelItem::Tie& tie : *ties_) {
    if (tie.parameter == name) return of_other("tie", name, tie.path, std::move(shape));
  }
  const std::string path = tensor_path_ + "." + name;
  if (shares()) return of_other("share", name, path, std::move(shape));
  if (learned_) {
    learned_->add_parameter(path, shape, layer_type_, std::move(initial));
    own_parameters_ += shape.elements();
    return dl::input(graph_, path, Type{DType::f32, std::move(shape)});
  }
  const Tensor* tensor = tensors_.parameter(path);
  DL_CHECK(tensor != nullptr, path, " was not learned");
  if (tensor->shape != shape)
    throw ShapeError(concat("'", path, "' is ", tensor->shape.text(), ", and would be ", shape.text(), " here"),
                     "take layers whose weights do not depend on the sequences' length");
  return view(flat_, tensor->offset, std::move(shape));
}

// The tensor of another layer, in the place of one of this layer's own, as the key `tie` or `share` has it.
Value LayerBuilder::of_other(const std::string& key, const std::string& name, const std::string& path, Shape shape) {
  const Tensor* tensor = tensors_.parameter(path);
  if (!tensor) {
    if (key == "share") fail_to_share(name, path);
    std::vector<std::string> known;
    for (const Tensor& each : tensors_.parameters()) known.push_back(each.path);
    const std::string meant = closest(path, known);
    throw ShapeError(concat("'tie' names '", path, "', which no layer before has"),
                     meant.empty() ? "write NAME.weight, with the 'name' of a layer before" : "write '" + meant + "'");
  }
  if (key == "share" && tensor->layer != layer_type_ && tensor->shape == shape)
    throw ShapeError(concat("shares '", name, "' with '", path, "', which '", tensor->layer, "' has made"),
                     "share an item that is the same layer or block with the same keys");
  if (tensor->shape != shape)
    throw ShapeError(concat("cannot ", key, " ", name, " ", shape.text(), key == "tie" ? " to " : " with ", path, " ",
                            tensor->shape.text()),
                     key == "tie" ? "tie parameters of one shape" : "give both items inputs of one shape");
  if (learned_) {
    learned_->add_other_name(concat(layer_path_, ".", name), path);
    return dl::input(graph_, path, Type{DType::f32, std::move(shape)});
  }
  return view(flat_, tensor->offset, std::move(shape));
}

void LayerBuilder::fail_to_share(const std::string& name, const std::string& path) const {
  throw ShapeError(concat("shares '", name, "' with '", path, "', which no layer before has"),
                   "share an item that is the same layer or block with the same keys");
}

Value LayerBuilder::buffer(const std::string& name, Shape shape, std::shared_ptr<const Initializer> initial) {
  const std::string path = tensor_path_ + "." + name;
  if (learned_ && shares()) {
    const Tensor* made = tensors_.buffer(path);
    if (!made || made->shape != shape) fail_to_share(name, path);
    learned_->add_other_name(concat(layer_path_, ".", name), path);
  } else if (learned_) {
    learned_->add_buffer(path, shape, layer_type_, std::move(initial));
  }
  const auto given = std::ranges::find(assigned_, path, &Assigned::path);
  return given != assigned_.end() ? given->value : variable(graph_, {path, Type{DType::f32, std::move(shape)}});
}

// Of a buffer that items share, the last value is kept.
void LayerBuilder::assign(const std::string& name, Value value) {
  if (!training() || learned_) return;
  const std::string path = tensor_path_ + "." + name;
  const auto given = std::ranges::find(assigned_, path, &Assigned::path);
  if (given != assigned_.end())
    given->value = value;
  else
    assigned_.push_back({path, value});
}

void LayerBuilder::assign_buffers() {
  for (const Assigned& each : assigned_) graph_.assign(each.path, each.value);
}

Value LayerBuilder::carried(const std::string& name, Shape shape) {
  if (learned_) return Builder::carried(name, std::move(shape));
  return variable(graph_, carried_variable(name, shape));
}

void LayerBuilder::carry(const std::string& name, Value value) {
  if (!learned_) graph_.assign(carried_variable(name, value.shape()).name, value);
}

// Batches of another size carry what is theirs.
Variable LayerBuilder::carried_variable(const std::string& name, const Shape& shape) const {
  const auto [use, role] = options_.decoding   ? std::pair("decoding", Role::carried_in_decoding)
                           : options_.training ? std::pair("carried", Role::carried_in_training)
                                               : std::pair("evaluating", Role::carried_in_evaluation);
  return {concat(use, "/", layer_path_, ".", name, "/", shape[0]), {DType::f32, shape}, role, Variable::Spread::cut};
}

Value LayerBuilder::random(Shape shape) {
  if (!options_.step) options_.step = dl::input(graph_, "step", Type{DType::i32, {}});
  return random_uniform(options_.step, std::move(shape), options_.seed, concat(layer_path_, "#", draws_++));
}

}  // namespace dl
