// Orders of axes, names and constants.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/onnx/writer.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl::onnx {
namespace {

template <class T>
std::string bytes_of_values(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::string joined(const std::vector<int64_t>& values) {
  std::string text;
  for (const int64_t n : values) text += concat(text.empty() ? "" : "_", n);
  return text;
}

}  // namespace

Order as_it_is(int rank) {
  Order order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

Order channels_first(int rank) {
  Order order(static_cast<size_t>(rank), 0);
  for (int axis = 1; axis + 1 < rank; ++axis) order[static_cast<size_t>(axis)] = axis + 1;
  order.back() = 1;
  return order;
}

std::string Writer::unique(std::string name) {
  const int before = names_[name]++;
  return before == 0 ? name : unique(concat(name, "_", before));
}

std::vector<std::string> Writer::add_all(const std::string& op, std::vector<std::string> inputs, size_t outputs,
                                         std::map<std::string, Attribute> attributes) {
  while (!inputs.empty() && inputs.back().empty()) inputs.pop_back();
  OnnxNode node{op, std::move(inputs), {}, std::move(attributes), unique((scope_.empty() ? "" : scope_ + "/") + op)};
  for (size_t i = 0; i < outputs; ++i) node.outputs.push_back(unique(node.name + (i == 0 ? ":0" : concat(":", i))));
  model_.nodes.push_back(node);
  return node.outputs;
}

std::string Writer::initializer(const std::string& name, Element type, std::vector<int64_t> sizes, std::string bytes) {
  model_.initializers.push_back({unique(name), type, std::move(sizes), std::move(bytes)});
  return model_.initializers.back().name;
}

std::string Writer::constant(const std::string& name, Element type, std::vector<int64_t> sizes, std::string bytes) {
  model_.constants.push_back({unique(name), type, std::move(sizes), std::move(bytes)});
  return model_.constants.back().name;
}

std::string Writer::ints(const std::vector<int64_t>& values) {
  std::string& name = constants_["ints " + joined(values)];
  if (name.empty())
    name = constant("sizes_" + joined(values), Element::i64, {static_cast<int64_t>(values.size())},
                    bytes_of_values(values));
  return name;
}

std::string Writer::number(double value) {
  const std::string text = number_text(as_written(value));
  std::string& name = constants_["number " + text];
  if (name.empty())
    name = constant("number_" + text, Element::f32, {}, bytes_of_values(std::vector<float>{static_cast<float>(value)}));
  return name;
}

std::string Writer::numbers(const std::string& name, const std::vector<float>& values, const Shape& shape) {
  return constant((scope_.empty() ? "" : scope_ + "/") + name, Element::f32, shape.sizes(), bytes_of_values(values));
}

std::string Writer::samples() {
  if (samples_.empty()) {
    const OpenValue& input = model_.inputs.at(0);
    const std::string shape = add("Shape", {input.name});
    samples_ = add("Slice", {shape, ints({0}), ints({1}), ints({0})});
  }
  return samples_;
}

std::string Writer::sizes_for_reshape(const Shape& shape) {
  std::vector<int64_t> sizes;
  for (const OpenSize& size : open_.shape(shape)) sizes.push_back(size.of_batch ? -1 : size.n);
  return ints(sizes);
}

std::string Writer::sizes_for_expand(const Shape& from, const Shape& to) {
  const int lead = to.rank() - from.rank();
  std::vector<std::string> parts;
  std::vector<int64_t> run;
  const auto end_run = [&] {
    if (!run.empty()) parts.push_back(ints(run));
    run.clear();
  };
  for (int axis = 0; axis < to.rank(); ++axis) {
    const OpenSize size = open_.size(to[axis]);
    const bool stays = axis >= lead && from[axis - lead] == to[axis];
    if (stays || !size.of_batch) {
      run.push_back(stays ? 1 : size.n);
      continue;
    }
    end_run();
    parts.push_back(size.n == 1 ? samples() : add("Mul", {samples(), ints({size.n})}));
  }
  end_run();
  if (parts.empty()) return ints({});
  return parts.size() == 1 ? parts[0] : add("Concat", parts, {{"axis", int64_t{0}}});
}

std::string Writer::tensor(const Tensor& tensor) {
  std::string& name = tensors_[tensor.path];
  if (name.empty()) {
    name = initializer(tensor.path, Element::f32, tensor.shape.sizes(), bytes_of_values(trained_.weights(tensor)));
    written_.push_back({tensor.path, name, tensor.shape, "as it is"});
  }
  return name;
}

std::string Writer::made_of(const std::vector<std::pair<const Tensor*, std::string>>& tensors, const std::string& name,
                            const std::vector<float>& values, const Shape& shape) {
  std::string what = name + " " + shape.text();
  for (const auto& [tensor, change] : tensors) what += concat(" ", tensor->path, " ", change);
  std::string& made = made_[what];
  if (made.empty()) {
    made = initializer(name, Element::f32, shape.sizes(), bytes_of_values(values));
    for (const auto& [tensor, change] : tensors) written_.push_back({tensor->path, made, shape, change});
  }
  return made;
}

std::vector<Writer::Held>& Writer::held(const Value& v) {
  auto& forms = held_[{v.node, v.output}];
  if (forms.empty()) {
    const Tensor* found = tensor_of(v);
    DL_CHECK(found, "nothing stands for ", v.graph->node(v.node).op->name(), " ", v.shape().text());
    forms.push_back({tensor(*found), as_it_is(v.shape().rank()), false});
  }
  return forms;
}

void Writer::hold(const Value& v, std::string name, Order order, bool boolean) {
  held_[{v.node, v.output}].push_back({std::move(name), std::move(order), boolean});
}

void Writer::hold_as(const Value& v, const Value& from) { held_[{v.node, v.output}] = held(from); }

std::string Writer::transposed(const Held& from, const Order& order) {
  std::vector<int64_t> perm(order.size());
  for (size_t i = 0; i < order.size(); ++i) perm[static_cast<size_t>(order[i])] = from.order[i];
  return add("Transpose", {from.name}, {{"perm", perm}});
}

std::string Writer::in(const Value& v, const Order& order) {
  std::vector<Held>& forms = held(v);
  for (const Held& form : forms)
    if (form.order == order && !form.boolean) return form.name;
  const auto number = std::ranges::find(forms, false, &Held::boolean);
  Held made{{}, order, false};
  if (number != forms.end()) {
    made.name = transposed(*number, order);
  } else {
    const std::string boolean = as_boolean(v, order);
    made.name = add("Cast", {boolean}, {{"to", static_cast<int64_t>(Element::f32)}});
  }
  held(v).push_back(made);
  return made.name;
}

std::string Writer::as_boolean(const Value& v, const Order& order) {
  for (const Held& form : held(v))
    if (form.order == order && form.boolean) return form.name;
  const std::vector<Held> forms = held(v);
  const auto boolean = std::ranges::find(forms, true, &Held::boolean);
  Held made{{}, order, true};
  made.name = boolean != forms.end() ? transposed(*boolean, order)
                                     : add("Cast", {in(v, order)}, {{"to", static_cast<int64_t>(Element::boolean)}});
  held(v).push_back(made);
  return made.name;
}

std::string Writer::in_memory_order(const Value& v) {
  for (const Held& form : held(v)) {
    if (form.boolean) continue;
    int last = -1;
    bool same = true;
    for (int axis = 0; axis < v.shape().rank(); ++axis) {
      if (v.shape()[axis] == 1) continue;
      const int at = form.order[static_cast<size_t>(axis)];
      same = same && at > last;
      last = at;
    }
    if (same) return form.name;
  }
  return as_is(v);
}

std::string Writer::as_float(const Value& v, const Order& order) {
  const std::string name = in(v, order);
  return v.type().dtype == DType::f32 ? name : add("Cast", {name}, {{"to", static_cast<int64_t>(Element::f32)}});
}

Order Writer::order_of(const Value& v) const {
  const auto found = held_.find({v.node, v.output});
  return found == held_.end() ? as_it_is(v.shape().rank()) : found->second.back().order;
}

std::string Writer::to_broadcast(const Value& v, const Order& order, bool boolean) {
  const auto made = [&](const Order& wanted) { return boolean ? as_boolean(v, wanted) : as_float(v, wanted); };
  const int rank = v.shape().rank(), wanted = static_cast<int>(order.size());
  if (rank == wanted) return made(order);
  const std::string name = made(as_it_is(rank));
  if (rank == 0 || order == as_it_is(wanted)) return name;
  // Where its axes stand in the tensor; where they keep their order, axes of size 1 are put between them.
  std::vector<int> at(order.end() - rank, order.end());
  if (std::ranges::is_sorted(at)) {
    std::vector<int64_t> more;
    const int first = at[0], axes = wanted - first;
    for (int axis = first; axis < wanted; ++axis)
      if (std::ranges::count(at, axis) == 0) more.push_back(axis - first);
    return more.empty() || axes == 1 ? name : add("Unsqueeze", {name, ints(more)});
  }
  std::vector<int64_t> lead;
  for (int axis = 0; axis < wanted - rank; ++axis) lead.push_back(axis);
  return transposed({add("Unsqueeze", {name, ints(lead)}), as_it_is(wanted), boolean}, order);
}

Element Writer::element_of(DType type) const {
  switch (type) {
    case DType::f32: return Element::f32;
    case DType::i32: return Element::i64;
    case DType::u8: return Element::u8;
    case DType::bf16: return Element::bf16;
  }
  return Element::f32;
}

}  // namespace dl::onnx
