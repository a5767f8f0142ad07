// A size, or a word.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/cache_spec.h"

namespace dl {

namespace {

constexpr const char* on_device = "device";

}  // namespace

bool Codec<CacheSpec>::read(const Node& node, CacheSpec& value, const Limits& limits, const Reading& r) {
  CacheSpec cache{.where = node.where};
  if (node.as_string() != on_device) {
    if (!node.is_scalar() || !Bytes::parse(node.text)) {
      r.expected(node, type(limits), "write '4 GiB', or 'device', which keeps the training set where it is trained on");
      return false;
    }
    cache.bytes = Bytes::parse(node.text);
  }
  value = std::move(cache);
  return true;
}

Node Codec<CacheSpec>::write(const CacheSpec& value) {
  return value.bytes ? Codec<Bytes>::write(*value.bytes) : Node::string(on_device);
}

std::string Codec<CacheSpec>::type(const Limits&) { return "a size in bytes, or 'device'"; }

Node Codec<CacheSpec>::json_schema(const Limits& limits) { return Codec<Bytes>::json_schema(limits); }

}  // namespace dl
