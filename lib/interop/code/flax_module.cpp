// Writing the classes, from the innermost block outwards.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/flax_module.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/graph/ops/leaf.h"
#include "lib/interop/code/assignments.h"
#include "lib/interop/code/class_table.h"
#include "lib/interop/code/ops.h"
#include "lib/interop/code/text.h"
#include "lib/interop/code/twin_text.h"
#include "lib/nn/layer.h"

namespace dl::code {
namespace {

constexpr const char* trains = "train";  // what modules are told that differ in training

struct LinenCode {
  std::string module;  // what makes it, without a name; empty where it is an expression
  std::string call;    // of {self}, {x}, {x1}, …
  Type output;         // of a sample
};

class LinenModules {
 public:
  LinenModules(const TrainedNetwork& trained, bool twins)
      : tensors(trained), model_input_(trained.network.inputs().at(0).type.shape), twins_(twins) {}

  LinenCode list(const std::vector<ModelItem>& items, const std::vector<Type>& inputs, const std::string& name,
                 const std::vector<std::string>& input_names, const std::optional<std::string>& output) {
    std::vector<LinenCode> codes;
    for (const ModelItem& item : items) {
      std::vector<Type> types;
      for (const int from : item.from)
        types.push_back(from < 0 ? inputs.at(ModelItem::input_number(from))
                                 : codes.at(static_cast<size_t>(from)).output);
      codes.push_back(item.is_layer() ? layer(item, types) : part(item, types));
    }
    const std::string body = body_of(items, codes, input_names, output);
    const bool differs = body.find(trains) != std::string::npos;
    const std::string text = "(nn.Module):\n    @nn.compact\n    def __call__(self, " + join(input_names) +
                             (differs ? ", train: bool = False" : "") + "):\n" + body;
    return {table_.make(name, text), call_with(inputs.size(), differs),
            codes.empty() ? inputs[0] : codes.back().output};
  }

  const ClassTable& table() const { return table_; }
  ForeignTensors tensors;

 private:
  static std::string call_with(size_t inputs, bool differs) {
    std::vector<std::string> names;
    for (size_t i = 0; i < inputs; ++i) names.push_back("{" + input_name(i) + "}");
    if (differs) names.emplace_back(trains);
    return "{self}(" + join(names) + ")";
  }

  LinenCode part(const ModelItem& item, const std::vector<Type>& inputs) {
    std::vector<std::string> names;
    for (size_t i = 0; i < inputs.size(); ++i) names.push_back(input_name(i));
    const std::string block = block_of(item);
    return list(item.children, inputs, class_of_block(block.empty() ? last_part(item.path) : block), names, {});
  }

  LinenCode layer(const ModelItem& item, const std::vector<Type>& inputs) {
    const TwinnedLayer made(item, inputs, model_input_, twins_);
    const Twin* twin = made.twins.find("flax");
    if (!twin) return as_operations(item, made);
    const auto is_buffer = [&](const std::string& name) {
      return std::ranges::any_of(made.lone.buffers, [&](const auto& buffer) { return buffer.first == name; });
    };
    for (const Twin::Place& place : twin->tensors) keep(item, place, is_buffer(place.ours));
    const std::map<std::string, std::string> values = made.values();
    return {fill_call(twin->module, values), fill_call(twin->call, values), made.lone.output};
  }

  void keep(const ModelItem& item, const Twin::Place& place, bool is_buffer) {
    tensors.keep(item, place, concat(is_buffer ? "batch_stats." : "params.", tensors_path(item), ".", place.theirs));
  }

  LinenCode as_operations(const ModelItem& item, const TwinnedLayer& made) {
    std::vector<std::string> arguments{"self"};
    for (size_t i = 0; i < made.twins.inputs.size(); ++i) arguments.push_back(input_name(i));
    std::string text = "(nn.Module):\n    \"\"\"" + made.layer->name + ", as operations\"\"\"\n\n    @nn.compact\n" +
                       "    def __call__(" + join(arguments) + "):\n";
    const auto add = [&](const std::string& name, const Shape& shape, bool is_buffer) {
      const std::string theirs = underscored(name);
      std::vector<std::string> sizes;
      for (const int64_t n : shape.sizes()) sizes.push_back(std::to_string(n));
      text += "        " + variable_of(theirs) + " = self." +
              (is_buffer ? "variable('batch_stats', '" + theirs + "', jnp.zeros, " + tuple(sizes) + ").value\n"
                         : "param('" + theirs + "', nn.initializers.zeros, " + tuple(sizes) + ")\n");
      keep(item, {.ours = name, .theirs = theirs, .arrow = {}, .seen = {}}, is_buffer);
    };
    for (const auto& [name, shape] : made.lone.parameters) add(name, shape, false);
    for (const auto& [name, shape] : made.lone.buffers) add(name, shape, true);
    const OpsText ops = write_ops(made.lone.open, jax_dialect(), [](const Value& v) {
      const GraphNode& node = v.graph->node(v.node);
      const auto* variable = dynamic_cast<const VariableOp*>(node.op.get());
      return variable ? variable_of(underscored(variable->variable.name)) : node.op->attributes();
    });
    for (const std::string& line : ops.lines) text += "        " + line + "\n";
    text += "        return " + ops.result + "\n";
    return {table_.make(pascal_case(made.layer->name), text), call_with(made.twins.inputs.size(), false),
            made.lone.output};
  }

  static std::string underscored(std::string name) {
    std::ranges::replace(name, '.', '_');
    return name;
  }
  // Of a tensor, in the body of a class; functions have other names.
  static std::string variable_of(const std::string& name) {
    return is_free_name(name) && !jax_dialect().functions.contains(name) && name.size() > 3 ? name : "p_" + name;
  }

  std::string body_of(const std::vector<ModelItem>& items, const std::vector<LinenCode>& codes,
                      const std::vector<std::string>& input_names, const std::optional<std::string>& output) const {
    if (!output && is_loop(items, codes)) {
      const std::string call = fill(codes[0].call, {{"self", named(codes[0].module, "f'{i}'")}, {"x", "x"}});
      return concat("        for i in range(", items.size(), "):\n            x = ", call, "\n        return x\n");
    }
    const auto shares = [](const ModelItem& item) { return tensors_path(item) != item.path; };
    std::vector<CallText> calls;
    std::string text;
    for (size_t i = 0; i < items.size(); ++i) {
      const ModelItem& item = items[i];
      std::string self = named(codes[i].module, "'" + last_part(tensors_path(item)) + "'");
      if (!codes[i].module.empty() && std::ranges::any_of(items, [&](const ModelItem& other) {
            return shares(other) && tensors_path(other) == tensors_path(item);
          })) {
        const auto first = std::ranges::find(items, tensors_path(item), &ModelItem::path);
        std::string variable = "the_" + last_part(tensors_path(item));
        if (!is_identifier(variable)) variable = concat("the_", first - items.begin());
        if (!shares(item)) text += "        " + variable + " = " + self + "\n";
        self = variable;
      }
      calls.push_back(call_of(item, fill(codes[i].call, {{"self", self}}), input_names.size()));
    }
    return text + method_body(items, input_names, calls, output);
  }

  // Copies of one module, one behind another.
  static bool is_loop(const std::vector<ModelItem>& items, const std::vector<LinenCode>& codes) {
    for (size_t i = 0; i < items.size(); ++i)
      if (codes[i].module.empty() || codes[i].module != codes[0].module || codes[i].call != codes[0].call ||
          items[i].from != std::vector<int>{static_cast<int>(i) - 1} || !items[i].ties.empty() ||
          tensors_path(items[i]) != items[i].path || last_part(items[i].path) != std::to_string(i))
        return false;
    return items.size() > 2;
  }

  static std::string named(const std::string& module, const std::string& name) {
    if (module.empty()) return module;
    return module.substr(0, module.size() - 1) + (module.ends_with("()") ? "" : ", ") + "name=" + name + ")";
  }

  Shape model_input_;

  const bool twins_;
  ClassTable table_{linen_classes()};
};

}  // namespace

FlaxModule flax_module(const TrainedNetwork& trained, bool twins) {
  LinenModules modules(trained, twins);
  std::vector<Type> inputs;
  for (const Network::Input& input : trained.network.inputs()) inputs.push_back(input.type);
  const LinenCode net = modules.list(trained.items, inputs, "Net", arguments_for(trained.network), trained.output);
  const std::string made = modules.table().resolved(net.module);
  return {modules.table().definitions(net.module), made.substr(0, made.size() - 2), std::move(modules.tensors)};
}

}  // namespace dl::code
