// The reference of everything a config may hold, from the declarations of the types themselves.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "lib/spec/schema.h"

namespace dl {

// A type that a config names (a layer, an optimizer, …), or a section of it ("data", "trainer").
struct ReferenceEntry {
  std::string kind;              // "layer"; "section"
  std::string name;              // "conv2d"
  std::shared_ptr<void> object;  // what the schema is bound to
  Schema schema;
};

// Sections first, then every registered type by kind and name.
std::vector<ReferenceEntry> reference();

std::string reference_text(const ReferenceEntry& entry, size_t columns);
std::string reference_markdown(const ReferenceEntry& entry);
Node reference_json(const ReferenceEntry& entry);

// JSON Schema (draft 2020-12) of a whole config, for editors.
Node config_json_schema();

}  // namespace dl
