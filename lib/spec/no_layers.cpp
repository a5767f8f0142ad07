// What to write in the place of what is no list of layers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/no_layers.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/spec/item_type.h"
#include "lib/spec/write.h"

namespace dl {
namespace {

// Whether a value is a list of layers, or the keys of a block.
bool is_block_body(const Node& value) {
  return (value.is_list() && !value.items.empty() && !value.items[0].as_number()) || value.find("layers");
}

// What to write for a word in the place of the layers.
std::string named_help(const std::string& word) {
  const auto ends_with_one_of = [&](std::initializer_list<const char*> endings) {
    return std::ranges::any_of(endings, [&](const char* ending) { return word.ends_with(ending); });
  };
  if (ends_with_one_of({".onnx", ".keras", ".h5"}))
    return "leave this config, and write 'dlcli import " + word + "', which makes a run of the file";
  if (ends_with_one_of({".pt", ".pth", ".ckpt", ".bin", ".safetensors"}))
    return "write the layers, or a file of them, here, and the weights as 'init_from: " + word + "'";
  if (word.find_first_of("./") != word.npos)
    return "write the layers, '[flatten, linear: 10]', or the name of a YAML file of them";
  return "write [" + word + "], or the name of a file: 'models/" + word + ".yaml'";
}

}  // namespace

std::string items_help(const Node& given) {
  constexpr const char* any = "write 'model: [flatten, linear: 10]', or the layers below each other, each behind '- '";
  const ItemTypes types({});
  if (!given.entries.empty() && std::ranges::none_of(given.entries, [&](const Node::Entry& entry) {
        return is_block_body(entry.value) || !types.meant(entry.key).empty();
      }))
    return any;  // sizes of a network by words of their own
  if (!given.entries.empty() && std::ranges::all_of(given.entries, [](const Node::Entry& entry) {
        return is_block_body(entry.value) && !is_layer(entry.key);
      })) {
    const std::string& first = given.entries[0].key;
    return concat("write each below 'blocks', as '", first, ": {layers: […]}', and what the model does with them, '[",
                  join(given.keys()), "]' one after another, in 'model'");
  }
  std::vector<std::string> items;
  for (const Node::Entry& entry : given.entries) {
    if (items.size() == 2) break;
    Node item = Node::map();
    item.entries.push_back(entry);
    std::string text = entry.value.is_null() ? entry.key : to_yaml(item);
    if (text.find('\n') < text.size() - 1) text = entry.key + ": {…}";
    items.push_back("'- " + std::string(trim(text)) + "'");
  }
  if (!items.empty()) return "write each layer as an item: " + join(items);
  if (given.is_scalar() && given.text.starts_with("-")) return "write a space after each '-'";
  if (given.is_scalar() && given.text.find(' ') == std::string::npos) return named_help(given.text);
  return any;
}

}  // namespace dl
