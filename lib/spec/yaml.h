// YAML text to Node, within bounds; the only user of yaml-cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "lib/spec/node.h"

namespace dl {

struct YamlLimits {
  size_t bytes = 1 << 20;
  int64_t nodes = 100'000;
  int depth = 64;
};

// One document. Throws Error(Exit::usage): at once for a syntax error, bytes that are not UTF-8 or a limit passed;
// with all of them for what YAML has and a spec does not take: anchors, aliases, merge keys, a key twice in a map, tags
// outside the core schema, a second document. `file` is for places in messages. Empty text is a null node. ${…} may
// stand unquoted anywhere, inside [ ] and { } too.
Node parse_yaml(std::string_view text, const std::string& file, const YamlLimits& limits = {});

// The file's text parsed. A file that cannot be read is an Error too.
Node read_yaml(const std::filesystem::path& path, const YamlLimits& limits = {});

}  // namespace dl
