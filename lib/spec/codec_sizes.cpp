// Codecs of sizes along several axes.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <span>

#include "lib/base/text.h"
#include "lib/spec/codec_parts.h"

namespace dl {
namespace {

// "224x224", "(3, 3)", [224, 224, 3] and {height: 3, width: 5} as so many sizes: "write [224, 224]". A last one more is
// the number of channels.
std::string sizes_help(const Node& node, size_t count) {
  std::vector<std::string> sizes;
  if (node.is_scalar()) {
    std::string text;
    for (const char c : node.text)
      if (std::string_view("()[] ").find(c) == std::string_view::npos) text += c;
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find_first_of("xX*,", begin), text.size());
      sizes.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  for (const Node& item : node.items) sizes.push_back(item.text);
  for (const char* key : {"depth", "height", "width"})
    if (const Node* size = node.find(key)) sizes.push_back(size->text);
  if (sizes.size() == count + 1) sizes.pop_back();
  const bool whole = std::ranges::all_of(
      sizes, [](const std::string& size) { return codec::whole_number(Node::scalar(size)).has_value(); });
  return whole && sizes.size() == count ? "write [" + join(sizes) + "]" : "";
}

// A number for all sizes, or a list of one for each.
bool read_sizes(const Node& node, std::span<int64_t> sizes, const std::string& type, const Limits& limits,
                const Reading& r) {
  if (node.is_list() && node.items.size() == sizes.size()) {
    bool all = true;
    for (size_t i = 0; i < sizes.size(); ++i) all &= Codec<int64_t>::read(node.items[i], sizes[i], limits, r.index(i));
    return all;
  }
  const auto number = codec::whole_number(node);
  if (!number || !codec::within(static_cast<double>(*number), limits)) {
    const std::string each = sizes_help(node, sizes.size());
    r.expected(node, type, help_of(node, limits, each.empty() ? codec::number_help(node, true) : each));
    return false;
  }
  std::fill(sizes.begin(), sizes.end(), *number);
  return true;
}

Node write_sizes(std::span<const int64_t> sizes) {
  if (std::all_of(sizes.begin(), sizes.end(), [&](int64_t size) { return size == sizes[0]; }))
    return Node::integer(sizes[0]);
  std::vector<Node> each;
  for (const int64_t size : sizes) each.push_back(Node::integer(size));
  return Node::list(std::move(each));
}

Node schema_of_sizes(int64_t count, const Limits& limits) {
  Node all = codec::schema_with_range("integer", limits);
  Node each = json_schema::list_of(all);
  each.set("minItems", Node::integer(count));
  each.set("maxItems", Node::integer(count));
  return codec::any_of({std::move(all), std::move(each)});
}

}  // namespace

bool Codec<Pair>::read(const Node& node, Pair& value, const Limits& limits, const Reading& r) {
  std::array<int64_t, 2> sizes{};
  if (!read_sizes(node, sizes, type(limits), limits, r)) return false;
  value = {sizes[0], sizes[1]};
  return true;
}
Node Codec<Pair>::write(const Pair& value) { return write_sizes(std::array{value.h, value.w}); }
std::string Codec<Pair>::type(const Limits& limits) {
  return codec::with_range("an integer", limits) + ", or [height, width]";
}
Node Codec<Pair>::json_schema(const Limits& limits) { return schema_of_sizes(2, limits); }

bool Codec<Triple>::read(const Node& node, Triple& value, const Limits& limits, const Reading& r) {
  std::array<int64_t, 3> sizes{};
  if (!read_sizes(node, sizes, type(limits), limits, r)) return false;
  value = {sizes[0], sizes[1], sizes[2]};
  return true;
}
Node Codec<Triple>::write(const Triple& value) { return write_sizes(std::array{value.d, value.h, value.w}); }
std::string Codec<Triple>::type(const Limits& limits) {
  return codec::with_range("an integer", limits) + ", or [depth, height, width]";
}
Node Codec<Triple>::json_schema(const Limits& limits) { return schema_of_sizes(3, limits); }

}  // namespace dl
