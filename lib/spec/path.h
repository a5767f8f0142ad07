// Paths into a spec: "optimizer.adamw.lr", "model[3].dropout.p", "model.3.dropout.p".
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/spec/node.h"

namespace dl {

// "a[3].b" -> "a", "3", "b". Empty where the text is no path.
std::vector<std::string> path_parts(std::string_view path);
std::string path_text(std::span<const std::string> parts);  // "a[3].b"

// A list's index, or empty where it is none or beyond the end.
std::optional<size_t> list_index(const Node& list, const std::string& part);

// The value at a path; null where there is none.
const Node* find_path(const Node& spec, std::span<const std::string> parts);
const Node* find_path(const Node& spec, const std::string& path);

}  // namespace dl
