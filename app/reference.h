// The reference of everything a config may hold, from the declarations of the types themselves.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <span>
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
  std::string place;  // of a section: what is before its keys in a config, "trainer.checkpoint."; "[]." within a list
};

// Sections first, then every registered type by kind and name.
std::vector<ReferenceEntry> reference();

std::string reference_text(const ReferenceEntry& entry, size_t columns);
std::string reference_markdown(const ReferenceEntry& entry);
Node reference_json(const ReferenceEntry& entry);

// What may stand beside a layer or a block of a model.
struct ItemKey {
  const char *key, *summary, *type;
};
std::span<const ItemKey> keys_beside_layers();

// A key that says the same in all of its places.
struct KeyUse {
  std::string key, summary, type;                          // "an integer at least 1; default 3"
  std::map<std::string, std::vector<std::string>> places;  // names by their kind
};
// All uses of a key, in every place or, where `owner` is not empty, in entries of that name; of keys with `value` among
// the words that they take.
std::vector<KeyUse> uses_of_key(const std::string& key, const std::string& owner = {});
std::vector<KeyUse> uses_of_value(const std::string& value);

// `what` is "key" or "value".
std::string uses_text(const std::string& name, const std::string& what, const std::vector<KeyUse>& uses,
                      size_t columns);
std::string uses_markdown(const std::string& name, const std::string& what, const std::vector<KeyUse>& uses);
Node uses_json(const std::vector<KeyUse>& uses);

// JSON Schema (draft 2020-12) of a whole config, for editors.
Node config_json_schema();

}  // namespace dl
