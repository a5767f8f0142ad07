// What a loss or a metric is computed from: outputs of the model and fields of the data, by the names its keys give.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/graph/ops.h"
#include "lib/spec/schema.h"

namespace dl {

// A field of the data, or a number that all targets are: `target: 1`.
struct TargetName : std::string {
  using std::string::string;
  TargetName(std::string name) : std::string(std::move(name)) {}
  std::optional<double> number() const;  // unset: it names a field
};

template <>
struct Codec<TargetName> {
  static bool read(const Node& node, TargetName& value, const Limits& limits, const Reading& r);
  static Node write(const TargetName& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
};

// The names, as they stand in the spec.
struct FieldNames {
  std::optional<std::string> output;  // of an item of the model; unset: what the model ends with
  TargetName target = "y";
  std::optional<std::string> lengths;  // of sequences that are padded: a field i32 []
  std::optional<std::string> group;    // of what is ranked together: a field i32 []
  struct Takes {
    bool target = true, group = false;
  };
  void describe(Schema& s, Takes takes);
};

// The values of a batch.
struct Fields {
  Value prediction;            // [batch, …]
  Value target;                // [batch, …]; unset where it takes none
  std::vector<Value> further;  // further outputs, in the order it names them
  Value group;                 // i32 [batch]: which samples are ranked together; unset where each is a ranking
  Value lengths;               // i32 [batch]: how many places of each sequence count; unset where all do
};

}  // namespace dl
