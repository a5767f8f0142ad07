// What computes, as trainer.device names it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/spec/codec.h"

namespace dl {

// "auto", a registered device's name, or that of one of several GPUs: "cuda:1".
struct DeviceName {
  std::string name = "cpu";
  operator const std::string&() const { return name; }
};

template <>
struct Codec<DeviceName> {
  static bool read(const Node& node, DeviceName& value, const Limits& limits, const Reading& r);
  static Node write(const DeviceName& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
};

}  // namespace dl
