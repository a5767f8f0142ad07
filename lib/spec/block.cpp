// Definitions of blocks read, and their params filled in.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/block.h"

#include <set>

#include "lib/base/text.h"
#include "lib/spec/codec.h"
#include "lib/spec/interpolate.h"
#include "lib/spec/item_inputs.h"
#include "lib/spec/item_type.h"
#include "lib/spec/reference.h"
#include "lib/spec/write.h"

namespace dl {
namespace {

void check_name(const Node::Entry& definition, const Reading& r) {
  if (stands_beside_a_layer(definition.key))
    r.problem(definition.key_where,
              "a block cannot be called '" + definition.key + "', which has a meaning beside a layer",
              "write another name");
}

void read_inputs(const Node& node, std::vector<std::string>& inputs, const Reading& r) {
  if (!Codec<std::vector<std::string>>::read(node, inputs, {}, r)) return;
  std::set<std::string> seen{block_input};
  for (const std::string& name : inputs)
    if (!seen.insert(name).second) r.problem(node.where, "'" + name + "' is an input already", "write another name");
}

// [width, p] as {width: , p: }.
std::string params_help(const Node& params) {
  std::vector<std::string> names;
  for (const Node& item : params.items)
    if (const auto name = item.as_string()) names.push_back(*name + ": ");
  return names.empty() ? "write '{NAME: DEFAULT}', without a value where it must be given"
                       : "write {" + join(names) + "}, with a value where there is a default";
}

ModelBlock read_block(const Node::Entry& definition, const Reading& r) {
  const Node& body = definition.value;
  ModelBlock block{definition.key, definition.key_where, r.path(), {}, {}, {}};
  if (!body.is_map()) {
    Node layers = Node::map();
    layers.set("layers", body);
    const std::string line = to_yaml_line(layers);
    r.expected(body, "a block",
               concat("write '", block.name, ": ",
                      body.is_list() && line.size() <= 120 ? line : "{params: {…}, layers: […]}", "'"));
    return block;
  }
  for (const Node::Entry& part : body.entries) {
    if (part.key == "params" && !part.value.is_null()) {
      block.params = part.value;
      if (!block.params.is_map())
        r.key("params").expected(block.params, "a map of parameters", params_help(block.params));
    } else if (part.key == "inputs" && !part.value.is_null()) {
      read_inputs(part.value, block.inputs, r.key("inputs"));
    } else if (part.key == "layers") {
      block.layers = part.value;
      if (!block.layers.is_list()) r.key("layers").expected(block.layers, "a list of layers and blocks");
    } else if (part.key != "params" && part.key != "inputs") {
      r.unknown_key(part, {"inputs", "layers", "params"});
    }
  }
  if (!body.find("layers"))
    r.problem(block.where, "key 'layers' is missing", "add 'layers: […]', a list of layers and blocks");
  check_name(definition, r);
  return block;
}

}  // namespace

std::vector<ModelBlock> read_blocks(const Node& blocks, const std::string& label, std::vector<Problem>& problems) {
  std::vector<ModelBlock> out;
  const Reading all(problems, label);
  if (!blocks.is_map() && !blocks.is_null())
    all.expected(blocks, "a map of blocks", "write 'blocks: {NAME: {params: {…}, layers: […]}}'");
  for (const Node::Entry& definition : blocks.entries) {
    const size_t before = problems.size();
    ModelBlock block = read_block(definition, all.key(definition.key));
    if (problems.size() == before) out.push_back(std::move(block));
  }
  return out;
}

bool ModelBlock::takes(const Node& given, const Where& used_at, const Reading& r) const {
  const std::vector<std::string> known = params.keys();
  if (!given.is_map() && !given.is_null()) {
    const bool has_one = known.size() == 1 && given.is_scalar();
    r.problem(given.where, "expected a map of params, got " + given.described(),
              has_one         ? "write '" + name + ": {" + known[0] + ": " + given.text + "}'"
              : known.empty() ? "write '" + name + "'"
                              : "write '" + name + ": {" + known[0] + ": …}'",
              {known_keys_text(known)});
    return false;
  }
  bool good = true;
  std::set<std::string> meant;  // by keys that are unknown: not missing too
  for (const Node::Entry& entry : given.entries) {
    if (params.find(entry.key)) continue;
    meant.insert(r.unknown_key(entry, known));
    good = false;
  }
  for (const Node::Entry& param : params.entries) {
    const Node* value = given.find(param.key);
    if ((value && !value->is_null()) || !param.value.is_null() || meant.contains(param.key)) continue;
    r.problem(used_at, "key '" + param.key + "' is missing", "add '" + param.key + ": …'",
              {"block '" + name + "' is defined at " + where.text()});
    good = false;
  }
  return good;
}

std::optional<BlockValues> ModelBlock::values(const Node& given, const Where& used_at, const Reading& r) const {
  if (!takes(given, used_at, r)) return std::nullopt;
  BlockValues values;
  for (const Node::Entry& param : params.entries) {
    const Node* value = given.find(param.key);
    values[param.key] = value && !value->is_null()
                            ? *value
                            : with_values(param.value, values, r.key(param.key));  // it may use those before it
  }
  return values;
}

Node with_values(const Node& layers, const BlockValues& values, const Reading& r) {
  if (layers.is_scalar()) {
    if (find_reference(layers.text) == std::string::npos) return layers;
    const NameLookup lookup = [&](const std::string& name) -> std::optional<Node> {
      if (const auto found = values.find(name); found != values.end()) return found->second;
      std::vector<std::string> known;
      for (const auto& [known_name, value] : values) known.push_back(known_name);
      throw ExpressionError{"unknown name '" + name + "' in ${}",
                            spelling_help(name, known),
                            {known.empty() ? "the block has no params" : "params of the block: " + join(known)}};
    };
    return interpolate(layers, lookup, {}, r);
  }
  Node out = layers;
  for (size_t i = 0; i < out.items.size(); ++i) out.items[i] = with_values(layers.items[i], values, r.index(i));
  for (Node::Entry& entry : out.entries) entry.value = with_values(entry.value, values, r.key(entry.key));
  return out;
}

}  // namespace dl
