// JSON Schema of a config: the sections' own, the registered types as definitions, and what YAML files may hold
// besides (references, file names, blocks), which no section declares.
// SPDX-License-Identifier: Apache-2.0
#include "app/console/json.h"
#include "app/reference.h"
#include "lib/spec/registry.h"
#include "lib/train/plan/run_spec.h"

namespace dl {
namespace {

Node type(const char* name) { return json_object({{"type", Node::string(name)}}); }

Node any_of(std::vector<Node> schemas) { return json_object({{"anyOf", Node::list(std::move(schemas))}}); }

Node reference_to(const char* definition) {
  return json_object({{"$ref", Node::string(std::string("#/$defs/") + definition)}});
}

// `conv2d` or {conv2d: {…}}, for each type of the kind.
Node registered(const AnyRegistry& registry) {
  Node types = Node::map();
  for (const std::string& name : registry.names()) {
    const std::unique_ptr<Described> object = registry.make(name);
    const Schema schema = schema_of(*object);
    std::vector<Node> forms{schema.json_schema(), type("null")};
    if (const Field* positional = schema.positional()) forms.push_back(positional->json_schema());
    Node value = any_of(std::move(forms));
    value.set("description", Node::string(schema.summary()));
    types.set(name, std::move(value));
  }
  return any_of({json_object({{"enum", json_list(registry.names())}}),
                 json_object({{"type", Node::string("object")},
                              {"properties", std::move(types)},
                              {"additionalProperties", Node::boolean(false)},
                              {"minProperties", Node::integer(1)},
                              {"maxProperties", Node::integer(1)}})});
}

// An item of the model's list: a layer or a block of the user's, with what may stand beside it.
Node model_item(const Node& layer) {
  Node item = *layer.find("anyOf")->items[1].find("properties");
  item.set("name", type("string"));
  item.set("from", any_of({type("string"), json_object({{"type", Node::string("array")}}), type("object")}));
  item.set("tie", json_object({{"type", Node::string("object")}, {"additionalProperties", type("string")}}));
  item.set("share", type("string"));
  item.set("repeat", any_of({type("integer"), reference_to("reference")}));
  for (const ItemKey& own : keys_beside_layers()) item.find(own.key)->set("description", Node::string(own.summary));
  return any_of({type("string"), json_object({{"type", Node::string("object")}, {"properties", std::move(item)}})});
}

Node list_of(Node item) { return json_object({{"type", Node::string("array")}, {"items", std::move(item)}}); }

// Wherever a value may stand, a reference or a file's name may.
void allow_references(Node& schema) {
  for (Node::Entry& entry : schema.entries) {
    if (entry.key == "properties") {
      for (Node::Entry& property : entry.value.entries) {
        allow_references(property.value);
        Node description = Node::null(), standard = Node::null();
        if (const Node* found = property.value.find("description")) description = *found;
        if (const Node* found = property.value.find("default")) standard = *found;
        property.value.erase("description");
        property.value.erase("default");
        if (property.value.entries.empty()) continue;  // any value
        property.value = any_of({std::move(property.value), reference_to("reference")});
        if (!description.is_null()) property.value.set("description", std::move(description));
        if (!standard.is_null()) property.value.set("default", std::move(standard));
      }
    } else if (entry.value.is_map()) {
      allow_references(entry.value);
    } else if (entry.key == "anyOf") {
      for (Node& form : entry.value.items) allow_references(form);
    }
  }
}

}  // namespace

Node config_json_schema() {
  Node definitions = Node::map();
  for (const AnyRegistry* registry : AnyRegistry::all()) definitions.set(registry->kind(), registered(*registry));
  definitions.set("model_item", model_item(*definitions.find("layer")));
  RunSpec spec;
  Node schema = schema_of(spec).json_schema();
  Node& properties = *schema.find("properties");
  const Node layers = list_of(reference_to("model_item"));
  Node block =
      json_object({{"type", Node::string("object")},
                   {"properties",
                    json_object({{"params", type("object")}, {"inputs", list_of(type("string"))}, {"layers", layers}})},
                   {"required", json_list({"layers"})}});
  Node blocks = json_object({{"type", Node::string("object")}, {"additionalProperties", std::move(block)}});
  properties.set("model",
                 any_of({layers, json_object({{"type", Node::string("object")},
                                              {"properties", json_object({{"blocks", blocks}, {"layers", layers}})},
                                              {"required", json_list({"layers"})}})}));
  properties.set("blocks", std::move(blocks));
  properties.set("extends", any_of({type("string"), list_of(type("string"))}));
  allow_references(schema);
  allow_references(definitions);
  // A config that extends another may leave out what the other has.
  schema.erase("required");
  definitions.set("reference",
                  json_object({{"type", Node::string("string")}, {"pattern", Node::string("\\$\\{|\\.ya?ml$")}}));
  schema.set("$defs", std::move(definitions));
  schema.set("$schema", Node::string("https://json-schema.org/draft/2020-12/schema"));
  return schema;
}

}  // namespace dl
