// An ONNX graph taken into ours, node by node. Shapes are known when a network is built, so that what a model computes
// of shapes is computed then and there; what is left are operations on values. A transposition is not made where it is
// met: each tensor is held by a value whose axes may stand in another order, so that images stay [batch, height, width,
// channels] from one convolution to the next.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/interop/onnx_layer/onnx_file.h"
#include "lib/nn/layer.h"

namespace dl::onnx {

// Sizes, places and other whole numbers in a row.
using Whole = std::vector<int64_t>;

// What leads on where a size holds the batch of the example that a model was written with.
inline constexpr const char* with_open_batch =
    "export it with an open batch: torch.onnx.export(…, input_names=[\"x\"], dynamic_axes={\"x\": {0: \"batch\"}})";

constexpr int64_t most_known = 1 << 24;  // numbers that a node may make when a network is built
constexpr int64_t few_known = 4096;      // floats that one is repeated to when it is; more, as of a batch, are a value

// The value's axis i is the tensor's axis order[i].
using AxisOrder = std::vector<int>;
AxisOrder natural_order(int rank);
AxisOrder channels_last_order(int rank);  // of a tensor [batch, channels, spatial …]

// What a name stands for: a value of the graph, or numbers that are known.
struct Taken {
  Value value;
  AxisOrder order;
  TensorPointer known;    // where `value` is unset
  std::string parameter;  // of numbers that are trained: the name
  bool is_state = false;  // … that are saved but not trained

  std::vector<int64_t> sizes() const;  // of the tensor
  int rank() const { return static_cast<int>(sizes().size()); }
};

class Taking {
 public:
  Taking(const ReadModel& model, Builder& builder);

  Builder& builder() { return builder_; }
  Graph& graph() { return builder_.graph(); }
  int64_t opset() const { return model_.opset; }
  // Of the first input: samples now, and those of the example that the model was written with, -1 where it is open.
  int64_t batch() const { return batch_; }
  int64_t traced_batch() const { return traced_batch_; }

  // Runs all nodes that lead to `output`. `inputs` are the model's. Throws ShapeError for what cannot be taken, naming
  // the node.
  Taken run(const std::map<std::string, Taken>& inputs, const std::string& output);

  // ---- for the rows of the table

  bool has(const ReadNode& node, size_t input) const;  // whether it is given
  const Taken& at(const ReadNode& node, size_t input);
  // As a value of this order, or of the natural one; a parameter where it is one.
  Value value(const ReadNode& node, size_t input);
  Value in_order(const ReadNode& node, size_t input, const AxisOrder& order);
  // Numbers that must be known when the network is built.
  std::vector<int64_t> integers(const ReadNode& node, size_t input);
  std::vector<float> floats(const ReadNode& node, size_t input);
  double number(const ReadNode& node, size_t input);            // one alone, finite
  int64_t whole(const ReadNode& node, size_t input);            // … one that is whole
  const ReadTensor* known(const ReadNode& node, size_t input);  // null where it is a value, or a parameter
  // A parameter of other values than the file's: rows in another order, for instance.
  Value parameter(const ReadNode& node, size_t input, const std::string& suffix, Shape shape,
                  const std::function<std::vector<float>(const std::vector<float>&)>& made);
  // Running averages: saved, not trained.
  Value state(const ReadNode& node, size_t input);
  void assign_state(const ReadNode& node, size_t input, Value value);

  void give(const ReadNode& node, size_t output, Value value, AxisOrder order);
  void give(const ReadNode& node, size_t output, Value value);
  void give_known(const ReadNode& node, size_t output, ReadTensor tensor);
  void give_known(const ReadNode& node, size_t output, TensorPointer tensor);  // that the file holds
  void give_same(const ReadNode& node, size_t output, const Taken& taken);

  template <class T>
  T attribute(const ReadNode& node, const std::string& name, T otherwise) const {
    const auto found = node.attributes.find(name);
    if (found == node.attributes.end()) return otherwise;
    if (const T* held = std::get_if<T>(&found->second)) return *held;
    fail(node, "the attribute '" + name + "' is of another kind");
  }
  bool has_attribute(const ReadNode& node, const std::string& name) const { return node.attributes.contains(name); }
  [[noreturn]] void fail(const ReadNode& node, const std::string& what, const std::string& help = {}) const;
  // That a tensor may be of these sizes: of few axes, none below 0.
  void expect_sizes(const ReadNode& node, const Whole& sizes) const;
  // That so many known numbers may be made of as many as there are `before`.
  void expect_known(const ReadNode& node, int64_t count, int64_t before) const;

 private:
  void run_node(const ReadNode& node);
  Value as_value(const Taken& taken, const std::string& name);
  Value made(const Taken& taken, const std::string& name);
  std::string name_for(const std::string& theirs);

  const ReadModel& model_;
  Builder& builder_;
  std::map<std::string, Taken> taken_;
  std::map<std::string, Value> made_;         // of known numbers
  std::map<std::string, std::string> names_;  // of parameters, by theirs
  std::set<std::string> used_names_;
  std::set<std::string> assigned_;                // running averages
  int64_t known_made_ = 0, most_known_made_ = 0;  // numbers of all nodes together
  int64_t batch_ = 1, traced_batch_ = -1;
};

// How a node is taken. Inputs, outputs and attributes are those of the operator's page,
// https://onnx.ai/onnx/operators.
using TakeNode = void (*)(Taking&, const ReadNode&);
using TakeTable = std::map<std::string_view, TakeNode>;
const TakeTable& elementwise_nodes();
const TakeTable& view_nodes();
const TakeTable& part_nodes();
const TakeTable& join_nodes();
const TakeTable& number_nodes();
const TakeTable& window_nodes();
const TakeTable& product_nodes();
const TakeTable& recurrent_nodes();
TakeNode node_taker(const std::string& op);  // null where there is none

// Of values whose tensors broadcast against each other: all in one order, which is returned.
AxisOrder align(Taking& t, const ReadNode& node, std::vector<Value>& values);
Value transposed_to(Value value, const AxisOrder& from, const AxisOrder& to);
int axis_in(const ReadNode& node, const Taking& t, int64_t axis, int rank);  // from 0 on

}  // namespace dl::onnx
