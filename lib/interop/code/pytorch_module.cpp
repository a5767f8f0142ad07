// Writing the classes, from the innermost block outwards.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/pytorch_module.h"

#include <algorithm>
#include <set>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/graph/ops/leaf.h"
#include "lib/interop/code/assignments.h"
#include "lib/interop/code/class_table.h"
#include "lib/interop/code/ops.h"
#include "lib/interop/code/python_files.h"
#include "lib/interop/code/text.h"
#include "lib/interop/code/twin_text.h"
#include "lib/nn/layer.h"

namespace dl::code {
namespace {

// How an item stands in the class of its list.
struct ItemCode {
  std::string key;     // in the class: the last part of its path
  std::string module;  // what makes its module; empty where it has none of its own
  std::string call;    // of {self}, {x}, {x1}, …
  std::string plain;   // the same without a module; empty where it needs one
  bool links = false;  // is a module, called with one tensor: it can stand in an nn.Sequential
  Type output;         // of a sample
};

// Images and volumes lie with their channels first, everything else as in dlcli.
bool held_first(const Shape& sample) { return sample.rank() >= 3; }

std::string moved(const std::string& x, const Shape& sample, Twin::Wants wants, bool back) {
  if (sample.rank() < 2 || wants == Twin::Wants::any || (wants == Twin::Wants::channels_first) == held_first(sample))
    return x;
  if (sample.rank() == 2) return x + ".transpose(1, 2)";
  return x + ((wants == Twin::Wants::channels_first) != back ? ".movedim(-1, 1)" : ".movedim(1, -1)");
}

std::string sizes_of(const Shape& shape) {
  std::vector<std::string> sizes;
  for (const int64_t n : shape.sizes()) sizes.push_back(std::to_string(n));
  return join(sizes);
}

// What modules of PyTorch have by these names: add_module() refuses them, and self.NAME is theirs.
bool is_of_modules(const std::string& name) {
  static constexpr std::string_view names =
      " T_destination add_module append apply bfloat16 buffers call_super_init children clear compile cpu cuda double "
      "dump_patches eval extend extra_repr float forward half insert ipu items keys load_state_dict modules mtia "
      "parameters pop requires_grad_ share_memory state_dict to to_empty train training type update values xpu "
      "zero_grad ";
  const auto begins = [&](const char* start) { return name.starts_with(start); };
  return names.find(" " + name + " ") != std::string_view::npos || begins("get_") || begins("named_") ||
         begins("register_") || begins("set_") || begins("_");  // __name would besides be _Class__name in a class
}
bool is_attribute(const std::string& name) { return is_identifier(name) && !is_of_modules(name); }

// The module of a path in a class. get_submodule() would find what modules have by the names of its parts.
std::string module_at(const std::string& path) {
  for (size_t begin = 0; begin != std::string::npos;) {
    const size_t dot = path.find('.', begin);
    if (is_of_modules(path.substr(begin, dot - begin))) return "dict(self.named_modules())['" + path + "']";
    begin = dot == std::string::npos ? dot : dot + 1;
  }
  return "self.get_submodule('" + path + "')";
}

// What has a tensor or a module of this path in a class, and the tensor itself: self.weight, self.proj.weight; parts
// that are no names are asked for, and so are those that modules have for something else.
std::string owner_of(const std::string& path) {
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos) return "self";
  const std::string owner = path.substr(0, dot);
  return is_attribute(last_part(owner)) ? owner_of(owner) + "." + last_part(owner) : module_at(owner);
}
std::string attribute_of(const LoneLayer& lone, const std::string& path) {
  const std::string name = last_part(path);
  if (is_attribute(name)) return owner_of(path) + "." + name;
  if (!is_of_modules(name)) return "getattr(" + owner_of(path) + ", '" + name + "')";
  const bool is_buffer = std::ranges::any_of(lone.buffers, [&](const auto& buffer) { return buffer.first == path; });
  return owner_of(path) + (is_buffer ? "._buffers['" : "._parameters['") + name + "']";
}

// Lines of __init__() that make a layer's tensors, with modules for the parts of their paths.
std::string declarations(const LoneLayer& lone) {
  std::string text;
  const auto add = [&](const std::string& path, const std::string& kind, const std::string& object) {
    const std::string name = last_part(path), owner = owner_of(path);
    text += "        ";
    if (is_of_modules(name))
      text += owner + "._" + kind + "s['" + name + "'] = " + object;
    else if (kind != "buffer" && is_identifier(name))
      text += owner + "." + name + " = " + object;
    else
      text += owner + (kind == "module" ? ".add_" : ".register_") + kind + "('" + name + "', " + object + ")";
    text += "\n";
  };
  std::set<std::string> parts;
  const auto add_parts = [&](const std::string& path) {
    for (size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1))
      if (parts.insert(path.substr(0, dot)).second) add(path.substr(0, dot), "module", "nn.Module()");
  };
  for (const auto& [path, shape] : lone.parameters) {
    add_parts(path);
    add(path, "parameter", "nn.Parameter(torch.zeros(" + sizes_of(shape) + "))");
  }
  for (const auto& [path, shape] : lone.buffers) {
    add_parts(path);
    add(path, "buffer", "torch.zeros(" + sizes_of(shape) + ")");
  }
  return text;
}

// Where a module or a tensor here or in a part is named as the flag that train() and eval() set: that flag beside it.
constexpr const char* flag_beside =
    "\n    def train(self, mode=True):  # the flag is beside what has its name\n"
    "        for module in self.modules():\n"
    "            module.__dict__['training'] = mode\n"
    "        return self\n";

class Modules {
 public:
  Modules(const TrainedNetwork& trained, bool twins)
      : model_input_(trained.network.inputs().at(0).type.shape), twins_(twins) {}

  // The class of a list, or of a chain without a name the expression that makes it.
  ItemCode list(const std::vector<ModelItem>& items, const std::vector<Type>& inputs, const std::string& name,
                const std::vector<std::string>& input_names, const std::optional<std::string>& output) {
    std::vector<ItemCode> codes;
    for (const ModelItem& item : items) codes.push_back(item_code(item, items, types_of(item, inputs, codes)));
    ItemCode made{.key = {},
                  .module = {},
                  .call = call_with(inputs.size()),
                  .plain = {},
                  .links = inputs.size() == 1,
                  .output = inputs[0]};
    if (!codes.empty()) made.output = codes.back().output;
    if (!output && is_chain(items, codes)) {
      made.module = chain(items, codes, name);
    } else {
      made.module = table_.make(name.empty() ? "Part" : name, general(items, codes, input_names, output));
    }
    return made;
  }

  const ClassTable& table() const { return table_; }
  std::vector<std::string> tied;

 private:
  static std::string call_with(size_t inputs) {
    std::vector<std::string> names;
    for (size_t i = 0; i < inputs; ++i) names.push_back("{" + input_name(i) + "}");
    return "{self}(" + join(names) + ")";
  }

  static std::vector<Type> types_of(const ModelItem& item, const std::vector<Type>& inputs,
                                    const std::vector<ItemCode>& codes) {
    std::vector<Type> types;
    for (const int from : item.from)
      types.push_back(from < 0 ? inputs.at(ModelItem::input_number(from)) : codes.at(static_cast<size_t>(from)).output);
    return types;
  }

  ItemCode item_code(const ModelItem& item, const std::vector<ModelItem>& list, const std::vector<Type>& inputs) {
    ItemCode code = item.is_layer() ? layer(item, inputs) : part(item, inputs);
    code.key = last_part(item.path);
    if (item.tensors == item.path || item.tensors.empty()) return code;
    // It is the module of an item before.
    const auto first = std::ranges::find_if(list, [&](const ModelItem& other) { return other.path == item.tensors; });
    if (first != list.end()) {
      code.key = last_part(first->path);
      code.module.clear();
      code.links = false;
    }
    return code;
  }

  ItemCode part(const ModelItem& item, const std::vector<Type>& inputs) {
    std::vector<std::string> names;
    for (size_t i = 0; i < inputs.size(); ++i) names.push_back(input_name(i));
    const std::string block = block_of(item);
    return list(item.children, inputs, block.empty() ? "" : class_of_block(block), names, {});
  }

  ItemCode layer(const ModelItem& item, const std::vector<Type>& inputs) {
    const TwinnedLayer made(item, inputs, model_input_, twins_);
    const Twin* twin = made.twins.find("pytorch");
    return twin ? as_twin(made, *twin) : as_operations(*made.layer, inputs, made.lone);
  }

  static ItemCode as_twin(const TwinnedLayer& made, const Twin& twin) {
    const std::map<std::string, std::string> values = made.values();
    const Twins& twins = made.twins;
    const LoneLayer& lone = made.lone;
    ItemCode code{
        .key = {}, .module = fill_call(twin.module, values), .call = twin.call, .links = false, .output = lone.output};
    std::map<std::string, std::string> wrapped;
    bool wraps = false;
    for (size_t i = 0; i < twins.inputs.size(); ++i) {
      const std::string x = "{" + input_name(i) + "}";
      wrapped[input_name(i)] = moved(x, twins.inputs[i].shape.without_batch(), twin.wants, false);
      wraps = wraps || wrapped[input_name(i)] != x;
    }
    const auto with_moves = [&](const std::string& text) {
      return moved(fill(fill_call(text, values), wrapped), lone.output.shape, twin.wants, true);
    };
    code.links = !code.module.empty() && twin.call == "{self}({x})" && !wraps && with_moves(twin.call) == twin.call;
    code.call = with_moves(twin.call);
    if (!twin.plain.empty()) code.plain = with_moves(twin.plain);
    return code;
  }

  ItemCode as_operations(const Layer& layer, const std::vector<Type>& inputs, const LoneLayer& lone) {
    std::string text = "    def __init__(self):\n        super().__init__()\n" + declarations(lone);
    const auto is_flag = [](const auto& tensor) {
      return ("." + tensor.first + ".").find(".training.") != std::string::npos;
    };
    if (std::ranges::any_of(lone.parameters, is_flag) || std::ranges::any_of(lone.buffers, is_flag))
      text += flag_beside;
    std::vector<std::string> arguments{"self"};
    for (size_t i = 0; i < inputs.size(); ++i) arguments.push_back(input_name(i));
    text += "\n    def forward(" + join(arguments) + "):\n";
    for (size_t i = 0; i < inputs.size(); ++i)
      if (held_first(inputs[i].shape))
        text += concat("        ", input_name(i), " = ", input_name(i), ".movedim(1, -1)\n");
    const OpsText ops = write_ops(lone.open, torch_dialect(), [&](const Value& v) {
      const GraphNode& node = v.graph->node(v.node);
      const auto* variable = dynamic_cast<const VariableOp*>(node.op.get());
      return variable ? attribute_of(lone, variable->variable.name) : node.op->attributes();
    });
    for (const std::string& line : ops.lines) text += "        " + line + "\n";
    const bool back = held_first(lone.output.shape);
    text += "        return " + (back ? "(" + ops.result + ").movedim(-1, 1)" : ops.result) + "\n";
    const std::string about = layer.name + ", as operations";
    return {.key = {},
            .module = table_.make(pascal_case(layer.name), "(nn.Module):\n    \"\"\"" + about + "\"\"\"\n\n" + text),
            .call = call_with(inputs.size()),
            .links = inputs.size() == 1,
            .output = lone.output};
  }

  static bool is_chain(const std::vector<ModelItem>& items, const std::vector<ItemCode>& codes) {
    for (size_t i = 0; i < items.size(); ++i)
      if (!codes[i].links || is_of_modules(codes[i].key) ||
          items[i].from != std::vector<int>{static_cast<int>(i) - 1} || !items[i].ties.empty())
        return false;
    return !items.empty();
  }

  static bool is_numbered(const std::vector<ItemCode>& codes) {
    for (size_t i = 0; i < codes.size(); ++i)
      if (codes[i].key != std::to_string(i)) return false;
    return true;
  }

  std::string chain(const std::vector<ModelItem>&, const std::vector<ItemCode>& codes, const std::string& name) {
    const bool numbered = is_numbered(codes);
    std::vector<std::string> parts;
    for (const ItemCode& code : codes)
      parts.push_back(numbered ? code.module : "('" + code.key + "', " + code.module + ")");
    const bool same = std::ranges::count(parts, parts[0]) == std::ssize(parts);
    if (name.empty() && numbered && same && parts.size() > 2)
      return concat("nn.Sequential(*[", parts[0], " for _ in range(", parts.size(), ")])");
    const std::string indent = name.empty() ? " " : "\n            ";
    if (name.empty() && numbered) return "nn.Sequential(" + join(parts) + ")";
    if (name.empty()) return "nn.Sequential(OrderedDict([" + join(parts) + "]))";
    std::string body = "(nn.Sequential):\n    def __init__(self):\n        super().__init__(";
    if (!numbered) body += "OrderedDict([";
    for (const std::string& part : parts) body += indent + part + ",";
    return table_.make(name, body + (numbered ? ")\n" : "]))\n"));
  }

  // The class of items that branch: its forward() in the order of the list.
  std::string general(const std::vector<ModelItem>& items, std::vector<ItemCode> codes,
                      const std::vector<std::string>& input_names, const std::optional<std::string>& output) {
    for (ItemCode& code : codes) {
      if (code.plain.empty()) continue;
      code.call = code.plain;
      code.module.clear();
    }
    const auto all = [&](bool (*fits)(const std::string&)) {
      return std::ranges::all_of(codes, [&](const ItemCode& code) { return code.module.empty() || fits(code.key); });
    };
    const bool free = all([](const std::string& key) { return !is_of_modules(key); });
    const bool attributes = free && all(is_identifier);
    std::string text = attributes ? "(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
                       : free     ? "(nn.ModuleDict):\n    def __init__(self):\n        super().__init__({\n"
                                  : "(nn.ModuleDict):\n    def __init__(self):\n        super().__init__()\n"
                                    "        self._modules.update({  # also names of what modules have\n";
    for (const ItemCode& code : codes) {
      if (code.module.empty()) continue;
      text += attributes ? "        self." + code.key + " = " + code.module + "\n"
                         : "            '" + code.key + "': " + code.module + ",\n";
    }
    if (!attributes) text += "        })\n";
    text += tie_lines(items);
    if (!all([](const std::string& key) { return key != "training"; })) text += flag_beside;
    text += "\n    def forward(self, " + join(input_names) + "):\n";
    return text + forward(items, codes, input_names, attributes, output);
  }

  std::string tie_lines(const std::vector<ModelItem>& items) {
    std::string text;
    for (const ModelItem& item : items)
      for (const ModelItem::Tie& tie : item.ties) {
        const std::string prefix = item.path.substr(0, item.path.size() - last_part(item.path).size());
        const auto place = [&](const std::string& path) {
          const std::string within = path.substr(prefix.size());
          const size_t dot = within.rfind('.');
          return module_at(within.substr(0, dot)) + "." + within.substr(dot + 1);
        };
        const std::string own = item.path + "." + tie.parameter;
        text += "        " + place(own) + " = " + place(tie.path) + "\n";
        tied.push_back(own);
      }
    return text;
  }

  static std::string forward(const std::vector<ModelItem>& items, const std::vector<ItemCode>& codes,
                             const std::vector<std::string>& input_names, bool attributes,
                             const std::optional<std::string>& output) {
    std::vector<CallText> calls;
    for (size_t i = 0; i < items.size(); ++i) {
      const std::string self = attributes ? "self." + codes[i].key : "self['" + codes[i].key + "']";
      calls.push_back(call_of(items[i], fill(codes[i].call, {{"self", self}}), input_names.size()));
    }
    return method_body(items, input_names, calls, output);
  }

  Shape model_input_;

  const bool twins_;
  ClassTable table_{torch_classes()};
};

}  // namespace

PyTorchModule pytorch_module(const TrainedNetwork& trained, bool twins) {
  Modules modules(trained, twins);
  std::vector<Type> inputs;
  for (const Network::Input& input : trained.network.inputs()) inputs.push_back(input.type);
  const ItemCode net = modules.list(trained.items, inputs, "Net", arguments_for(trained.network), trained.output);
  const std::string made = modules.table().resolved(net.module);
  return {modules.table().definitions(net.module), made.substr(0, made.size() - 2), modules.tied};
}

}  // namespace dl::code
