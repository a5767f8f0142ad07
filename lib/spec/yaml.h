// YAML text to Node, within bounds; the only user of yaml-cpp.
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

// One document. Throws Error(Exit::usage) at the first thing that cannot be read: a syntax error, an anchor, alias or
// merge key, a key twice in a map, a tag outside the core schema, a second document, bytes that are not UTF-8, or a
// limit passed. `file` is for places in messages. Empty text is a null node. ${…} may stand unquoted anywhere,
// inside [ ] and { } too.
Node parse_yaml(std::string_view text, const std::string& file, const YamlLimits& limits = {});

// The file's text parsed. A file that cannot be read is an Error too.
Node read_yaml(const std::filesystem::path& path, const YamlLimits& limits = {});

}  // namespace dl
