// Where samples are kept, as data.cache says: so many bytes of memory, or all of the training set on the device.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>

#include "lib/spec/codec.h"

namespace dl {

// `4 GiB`, or `device`.
struct CacheSpec {
  std::optional<Bytes> bytes;  // for samples as they were read; unset: on the device
  Where where;
};

template <>
struct Codec<CacheSpec> {
  static bool read(const Node& node, CacheSpec& value, const Limits& limits, const Reading& r);
  static Node write(const CacheSpec& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
};

}  // namespace dl
