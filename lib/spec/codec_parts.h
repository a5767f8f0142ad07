// What codecs of plain types share: ranges, numbers, and what to write in the place of a value.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/spec/codec.h"

namespace dl::codec {

std::string with_range(std::string type, const Limits& limits);  // "a number" -> "a number above 0 and at most 1"
bool within(double value, const Limits& limits);
std::optional<int64_t> whole_number(const Node& node);  // 12, and 1e5 too where it is whole
std::optional<double> number_in(std::string_view text);

// "0.1#later": a comment that became part of the value; empty where there is none.
std::string comment_help(const Node& node);
// What number is meant by a value that is none: "0,001", "60,000", "60_000", "10%", "10 epochs", "'3'", "1/3", [64].
std::string number_help(const Node& node, bool whole);
// Of a whole number in the place of a share from 0 to 1; empty where it is none.
std::string share_help(double number, const Limits& limits);

// JSON Schema.
Node schema_with_range(const char* type, const Limits& limits);
Node any_of(std::vector<Node> choices);
Node schema_of_type(const char* type);

}  // namespace dl::codec
