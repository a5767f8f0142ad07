// The names of a model and what they stand for.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/onnx_layer/taken.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "lib/base/text.h"
#include "lib/graph/ops/generate.h"

namespace dl::onnx {
namespace {

constexpr const char* of_node = "ONNX node ";  // how what a node is refused for begins
constexpr const char* state_suffix = "\nstate";

// Initial values that stand in a file.
struct FileValues final : dl::Initializer {
  explicit FileValues(std::shared_ptr<const std::vector<float>> values) : values_(std::move(values)) {}
  void describe(Schema& s) override { s.summary("values of a file"); }
  void fill(std::span<float> values, const Shape&, uint64_t, int64_t begin) const override {
    std::copy_n(values_->begin() + begin, values.size(), values.begin());
  }

 private:
  const std::shared_ptr<const std::vector<float>> values_;
};

std::shared_ptr<const dl::Initializer> from_file(std::vector<float> values) {
  return std::make_shared<FileValues>(std::make_shared<const std::vector<float>>(std::move(values)));
}
std::shared_ptr<const dl::Initializer> from_file(const TensorPointer& tensor) {
  return std::make_shared<FileValues>(std::shared_ptr<const std::vector<float>>(tensor, &tensor->floats));
}

Value constant_values(Graph& g, const ReadTensor& tensor) {
  std::vector<float> values = tensor.floats;
  for (const int64_t x : tensor.integers) values.push_back(static_cast<float>(x));
  if (values.size() == 1) {
    const Value one = constant(g, static_cast<double>(values[0]));
    return tensor.sizes.empty() ? one : reshape(one, Shape(tensor.sizes));
  }
  // The same everywhere, as zeros for each sample: no numbers of a batch, which exports leave open.
  const auto is_first = [&](float x) { return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(values[0]); };
  if (!values.empty() && std::ranges::all_of(values, is_first))
    return broadcast_to(constant(g, static_cast<double>(values[0])), Shape(tensor.sizes));
  return reshape(numbers(g, std::move(values)), Shape(tensor.sizes));
}

}  // namespace

std::vector<int64_t> Taken::sizes() const {
  if (!value) return known->sizes;
  std::vector<int64_t> sizes(order.size());
  for (size_t i = 0; i < order.size(); ++i) sizes[static_cast<size_t>(order[i])] = value.shape()[static_cast<int>(i)];
  return sizes;
}

Taking::Taking(const ReadModel& model, Builder& builder) : model_(model), builder_(builder) {
  int64_t numbers_there = 0;
  for (const ReadNode& node : model.nodes)
    for (const auto& [name, attribute] : node.attributes)
      if (const auto* tensor = std::get_if<TensorPointer>(&attribute)) numbers_there += (*tensor)->count();
  for (const auto& [name, tensor] : model.initializers) {
    numbers_there += tensor->count();
    Taken taken{.known = tensor};
    // A single number without an axis is a constant of a formula, not a weight.
    if (tensor->is_float && !tensor->sizes.empty() && tensor->count() > 0) taken.parameter = name;
    taken_[name] = std::move(taken);
  }
  most_known_made_ = 16 * most_known + 4 * numbers_there;
}

void Taking::expect_sizes(const ReadNode& node, const Whole& sizes) const {
  if (sizes.size() > most_axes) fail(node, concat("gives a tensor of ", sizes.size(), " axes, more than ", most_axes));
  if (std::ranges::any_of(sizes, [](int64_t n) { return n < 0; }))
    fail(node, concat("gives a tensor ", Shape(sizes).text(), ", with a size below 0"));
}

void Taking::expect_known(const ReadNode& node, int64_t count, int64_t before) const {
  if (count > std::max(most_known, before))
    fail(node, concat("makes ", count, " numbers when the network is built, more than ", most_known));
}

// What an operation of ours says of sizes is said of the node.
void Taking::run_node(const ReadNode& node) {
  try {
    node_taker(node.op)(*this, node);
  } catch (const ShapeError& error) {
    if (std::string_view(error.what()).starts_with(of_node)) throw;
    fail(node, error.what(), error.help);
  }
}

void Taking::fail(const ReadNode& node, const std::string& what, const std::string& help) const {
  throw ShapeError(concat(of_node, node.op, node.name.empty() ? "" : " '" + shortened(node.name, 60) + "'", ": ", what),
                   help);
}

Taken Taking::run(const std::map<std::string, Taken>& inputs, const std::string& output) {
  for (const auto& [name, taken] : inputs) taken_[name] = taken;
  if (!model_.inputs.empty()) {
    const ReadInput& first = model_.inputs[0];
    if (!first.sizes.empty()) traced_batch_ = first.sizes[0];
    if (const auto given = inputs.find(first.name); given != inputs.end() && given->second.rank() > 0)
      batch_ = given->second.sizes()[0];
  }
  // Only what leads there.
  std::map<std::string, const ReadNode*> makers;
  for (const ReadNode& node : model_.nodes)
    for (const std::string& name : node.outputs)
      if (!name.empty() && !makers.emplace(name, &node).second)
        throw ShapeError(concat("the ONNX model makes '", shortened(name), "' twice"));
  std::set<const ReadNode*> needed;
  std::vector<std::string> open{output};
  while (!open.empty()) {
    const std::string name = std::move(open.back());
    open.pop_back();
    const auto maker = makers.find(name);
    if (inputs.contains(name) || maker == makers.end() || !needed.insert(maker->second).second) continue;
    open.insert(open.end(), maker->second->inputs.begin(), maker->second->inputs.end());
  }
  std::set<std::string> unknown;
  for (const ReadNode* node : needed)
    if (!node_taker(node->op) || !(node->domain.empty() || node->domain == "ai.onnx"))
      unknown.insert(node->domain.empty() ? node->op : node->domain + "." + node->op);
  const bool is_quantized = std::ranges::any_of(unknown, [](const std::string& op) {
    return op.find("uantize") != std::string::npos || op.find("QLinear") != std::string::npos;
  });
  if (!unknown.empty())
    throw ShapeError(concat("the ONNX model has operators that are not known here: ",
                            shortened(join(std::vector<std::string>(unknown.begin(), unknown.end())), 400)),
                     is_quantized ? "take the model as it was before it was quantized"
                                  : "name a tensor before them as 'output' (import: --output NAME), or export it "
                                    "without them");
  for (const ReadNode& node : model_.nodes)
    if (needed.contains(&node)) run_node(node);
  const auto found = taken_.find(output);
  if (found == taken_.end()) throw ShapeError(concat("the ONNX model has no tensor '", output, "'"));
  Taken result = found->second;
  if (!result.value) {
    result.order = natural_order(result.rank());
    result.value = as_value(result, output);
  }
  return result;
}

bool Taking::has(const ReadNode& node, size_t input) const {
  return input < node.inputs.size() && !node.inputs[input].empty();
}

const Taken& Taking::at(const ReadNode& node, size_t input) {
  if (!has(node, input)) fail(node, concat("input ", input, " is missing"));
  const auto found = taken_.find(node.inputs[input]);
  if (found == taken_.end())
    fail(node, concat("'", shortened(node.inputs[input], 60), "' is made by no node before it"));
  return found->second;
}

std::string Taking::name_for(const std::string& theirs) {
  const auto known = names_.find(theirs);
  if (known != names_.end()) return known->second;
  std::string name;
  for (const char c : theirs) {
    const bool kept =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    name += kept ? c : '_';
  }
  while (!name.empty() && name.front() == '.') name.erase(0, 1);
  if (name.empty()) name = "tensor";
  // Two that differ in what is replaced alone are two.
  const std::string first = name;
  for (int again = 1; !used_names_.insert(name).second; ++again) name = concat(first, "_", again);
  return names_[theirs] = name;
}

// Of one that has several names only once.
Value Taking::made(const Taken& taken, const std::string& name) {
  const std::string& key = taken.parameter.empty() ? name : taken.parameter;
  if (const auto found = made_.find(key); found != made_.end()) return found->second;
  if (made_.contains(key + state_suffix))
    throw ShapeError(concat("'", shortened(key), "' is a running average and a weight"));
  const Value value = taken.parameter.empty() ? constant_values(graph(), *taken.known)
                                              : builder_.parameter(name_for(taken.parameter), Shape(taken.known->sizes),
                                                                   from_file(taken.known));
  return made_[key] = value;
}

Value Taking::as_value(const Taken& taken, const std::string& name) {
  return taken.value ? taken.value : made(taken, name);
}

Value Taking::in_order(const ReadNode& node, size_t input, const AxisOrder& order) {
  const Taken& taken = at(node, input);
  const AxisOrder from = taken.value ? taken.order : natural_order(taken.rank());
  return transposed_to(as_value(taken, node.inputs[input]), from, order);
}

Value Taking::value(const ReadNode& node, size_t input) {
  return in_order(node, input, natural_order(at(node, input).rank()));
}

const ReadTensor* Taking::known(const ReadNode& node, size_t input) {
  const Taken& taken = at(node, input);
  return taken.value || !taken.parameter.empty() ? nullptr : taken.known.get();
}

std::vector<int64_t> Taking::integers(const ReadNode& node, size_t input) {
  const Taken& taken = at(node, input);
  if (taken.value)
    fail(node, concat("input ", input, " is computed of the data, but must be known when the network is built"));
  if (!taken.known->is_float) return taken.known->integers;
  std::vector<int64_t> whole;
  for (const float x : taken.known->floats) {
    if (!(std::abs(x) < 0x1p63f)) fail(node, concat("input ", input, " holds ", x, ", expected whole numbers"));
    whole.push_back(static_cast<int64_t>(x));
  }
  return whole;
}

std::vector<float> Taking::floats(const ReadNode& node, size_t input) {
  const Taken& taken = at(node, input);
  if (taken.value)
    fail(node, concat("input ", input, " is computed of the data, but must be known when the network is built"));
  if (taken.known->is_float) return taken.known->floats;
  return {taken.known->integers.begin(), taken.known->integers.end()};
}

double Taking::number(const ReadNode& node, size_t input) {
  const Taken& taken = at(node, input);
  if (!taken.value && !taken.known->is_float) return static_cast<double>(whole(node, input));
  const std::vector<float> numbers = floats(node, input);
  if (numbers.size() != 1) fail(node, concat("input ", input, " holds ", numbers.size(), " numbers, expected one"));
  if (!std::isfinite(numbers[0])) fail(node, concat("input ", input, " is ", numbers[0], ", expected a number"));
  return static_cast<double>(numbers[0]);
}

int64_t Taking::whole(const ReadNode& node, size_t input) {
  const Whole numbers = integers(node, input);
  if (numbers.size() != 1) fail(node, concat("input ", input, " holds ", numbers.size(), " numbers, expected one"));
  return numbers[0];
}

Value Taking::parameter(const ReadNode& node, size_t input, const std::string& suffix, Shape shape,
                        const std::function<std::vector<float>(const std::vector<float>&)>& made) {
  const Taken& taken = at(node, input);
  const std::string key = (taken.parameter.empty() ? node.inputs[input] : taken.parameter) + "\n" + suffix;
  if (const auto found = made_.find(key); found != made_.end()) {
    if (found->second.shape() != shape)
      fail(node,
           concat("input ", input, " is ", found->second.shape().text(), " to another node, expected ", shape.text()));
    return found->second;
  }
  std::vector<float> values = made(floats(node, input));
  if (static_cast<int64_t>(values.size()) != shape.elements())
    fail(node, concat("input ", input, " has ", values.size(), " values where ", shape.text(), " are expected"));
  const Value value = taken.parameter.empty()
                          ? reshape(numbers(graph(), std::move(values)), shape)
                          : builder_.parameter(name_for(taken.parameter + suffix), shape, from_file(std::move(values)));
  return made_[key] = value;
}

Value Taking::state(const ReadNode& node, size_t input) {
  const Taken& taken = at(node, input);
  if (taken.value) return value(node, input);
  const std::string key = node.inputs[input] + state_suffix;
  if (const auto found = made_.find(key); found != made_.end()) return found->second;
  if (made_.contains(node.inputs[input]))
    fail(node, concat("'", shortened(node.inputs[input]), "' is a running average and a weight"));
  return made_[key] =
             builder_.buffer(name_for(node.inputs[input]), Shape(taken.known->sizes), from_file(floats(node, input)));
}

void Taking::assign_state(const ReadNode& node, size_t input, Value value) {
  if (at(node, input).value) return;
  if (!assigned_.insert(node.inputs[input]).second)
    fail(node, concat("its running averages '", shortened(node.inputs[input]), "' are those of another node too"));
  builder_.assign(name_for(node.inputs[input]), value);
}

void Taking::give(const ReadNode& node, size_t output, Value value, AxisOrder order) {
  expect_sizes(node, value.shape().sizes());
  if (std::ssize(order) != value.shape().rank())
    fail(node, concat("gives ", value.shape().rank(), " axes, expected ", order.size()));
  if (output < node.outputs.size() && !node.outputs[output].empty())
    taken_[node.outputs[output]] = {.value = value, .order = std::move(order)};
}
void Taking::give(const ReadNode& node, size_t output, Value value) {
  give(node, output, value, natural_order(value.shape().rank()));
}
void Taking::give_known(const ReadNode& node, size_t output, ReadTensor tensor) {
  expect_sizes(node, tensor.sizes);
  known_made_ += tensor.count();
  if (known_made_ > most_known_made_)
    fail(node, concat("with the nodes before it makes ", known_made_, " numbers when the network is built, more than ",
                      most_known_made_));
  give_known(node, output, std::make_shared<const ReadTensor>(std::move(tensor)));
}
void Taking::give_known(const ReadNode& node, size_t output, TensorPointer tensor) {
  if (output < node.outputs.size() && !node.outputs[output].empty())
    taken_[node.outputs[output]] = {.known = std::move(tensor)};
}
void Taking::give_same(const ReadNode& node, size_t output, const Taken& taken) {
  if (output < node.outputs.size() && !node.outputs[output].empty()) {
    Taken same = taken;  // `taken` may be an element of the map
    taken_[node.outputs[output]] = std::move(same);
  }
}

TakeNode node_taker(const std::string& op) {
  for (const TakeTable* table : {&elementwise_nodes(), &view_nodes(), &part_nodes(), &join_nodes(), &number_nodes(),
                                 &window_nodes(), &product_nodes(), &recurrent_nodes()})
    if (const auto found = table->find(op); found != table->end()) return found->second;
  return nullptr;
}

}  // namespace dl::onnx
