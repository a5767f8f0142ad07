// What the rows of ONNX's table of operations write with: nodes, constants, and the values of the graph in the order of
// axes that each node wants. A transposition is not written where it is met but where something needs it: images are
// [batch, height, width, channels] here and channels first in ONNX, and between two convolutions nothing is moved.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/interop/onnx/model.h"
#include "lib/interop/program/open_graph.h"
#include "lib/interop/program/steps.h"
#include "lib/interop/program/trained_network.h"

namespace dl::onnx {

// The value's axis i is the tensor's axis order[i].
using Order = std::vector<int>;
Order as_it_is(int rank);
Order channels_first(int rank);  // of [batch, spatial …, channels] in a tensor [batch, channels, spatial …]

class Writer {
 public:
  Writer(const TrainedNetwork& trained, const OpenGraph& open, Model& model)
      : trained_(trained), open_(open), model_(model) {}

  const OpenGraph& open() const { return open_; }
  const std::vector<WrittenTensor>& written() const { return written_; }

  // No node or constant takes the name.
  void reserve(const std::string& name) { names_[name] = 1; }
  // Names of nodes and of what they give begin with it: the path of a layer.
  void enter(const std::string& scope) { scope_ = scope; }
  std::vector<std::string> add_all(const std::string& op, std::vector<std::string> inputs, size_t outputs,
                                   std::map<std::string, Attribute> attributes = {});
  std::string add(const std::string& op, std::vector<std::string> inputs,
                  std::map<std::string, Attribute> attributes = {}) {
    return add_all(op, std::move(inputs), 1, std::move(attributes))[0];
  }

  // Constants, each written once: i64 [n]; f32 []; f32 of these sizes.
  std::string ints(const std::vector<int64_t>& values);
  std::string number(double value);
  std::string numbers(const std::string& name, const std::vector<float>& values, const Shape& shape);
  // The sizes as Reshape takes them, -1 where the batch is counted; as Expand does, where 1 leaves an axis as it is.
  std::string sizes_for_reshape(const Shape& shape);
  std::string sizes_for_expand(const Shape& from, const Shape& to);
  // A parameter or buffer: the initializer of its name.
  std::string tensor(const Tensor& tensor);
  // One made of parameters: `values` of `sizes`, for the tensors whose changes it is. Written once for all layers that
  // share these.
  std::string made_of(const std::vector<std::pair<const Tensor*, std::string>>& tensors, const std::string& name,
                      const std::vector<float>& values, const Shape& shape);
  std::vector<float> weights(const Tensor& tensor) const { return trained_.weights(tensor); }
  const Tensor* tensor_of(const Value& v) const { return dl::tensor_of(trained_.network, v); }

  // What a value is from now on: a tensor with its axes in this order; `boolean` where 1 and 0 stand for true and
  // false.
  void hold(const Value& v, std::string name, Order order, bool boolean = false);
  void hold(const Value& v, std::string name) { hold(v, std::move(name), as_it_is(v.shape().rank())); }
  // Another name of all that stands for `from`.
  void hold_as(const Value& v, const Value& from);
  // The tensor in this order, transposed if it must be; f32 where it was boolean.
  std::string in(const Value& v, const Order& order);
  std::string as_is(const Value& v) { return in(v, as_it_is(v.shape().rank())); }
  // One whose elements lie as the value's do, though axes of size 1 may stand elsewhere.
  std::string in_memory_order(const Value& v);
  // As f32, whatever its type.
  std::string as_float(const Value& v, const Order& order);
  std::string as_boolean(const Value& v, const Order& order);  // whether each element is not 0
  // The order that it is held in, the last made.
  Order order_of(const Value& v) const;
  // A tensor that broadcasts against ones of this order, which have as many axes as the value at least.
  std::string to_broadcast(const Value& v, const Order& order, bool boolean = false);

  Element element_of(DType type) const;

 private:
  struct Held {
    std::string name;
    Order order;
    bool boolean = false;
  };
  using Key = std::pair<int, int>;
  std::vector<Held>& held(const Value& v);
  const std::vector<Held>& held(const Value& v) const;
  std::string transposed(const Held& from, const Order& order);
  std::string unique(std::string name);
  std::string initializer(const std::string& name, Element type, std::vector<int64_t> sizes, std::string bytes);
  std::string constant(const std::string& name, Element type, std::vector<int64_t> sizes, std::string bytes);
  std::string samples();  // i64 [1]: how many there are

  const TrainedNetwork& trained_;
  const OpenGraph& open_;
  Model& model_;
  std::string scope_;
  std::map<Key, std::vector<Held>> held_;
  std::map<std::string, int> names_;
  std::map<std::string, std::string> constants_;  // by what they hold
  std::map<std::string, std::string> tensors_;    // by path
  std::map<std::string, std::string> made_;       // by what they are made of
  std::vector<WrittenTensor> written_;
  std::string samples_;
};

}  // namespace dl::onnx
