// Registries: types by name, and values of a kind read and written.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/registry.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/spec/several.h"

namespace dl {
namespace {

std::vector<const AnyRegistry*>& registries() {
  static std::vector<const AnyRegistry*> list;
  return list;
}

// A name as other programs write it, with what surrounds it: "nn.Conv2d(3, 16)" is Conv2d and "3, 16".
struct Call {
  std::string name, arguments;
  bool called = false;
};
Call call(const std::string& text) {
  Call out;
  const size_t open = text.find('(');
  out.called = open != std::string::npos && text.ends_with(")");
  out.name = std::string(trim(std::string_view(text).substr(0, open)));
  if (out.called) out.arguments = text.substr(open + 1, text.size() - open - 2);
  out.name.erase(0, out.name.rfind('.') + 1);  // npos + 1 is 0
  return out;
}

// "lr=0.1, momentum=0.9" -> "{lr: 0.1, momentum: 0.9}"; "784, 64", sizes of input and output, -> "64".
std::string value_of(std::string arguments) {
  if (arguments.find('=') == std::string::npos) {
    if (std::count(arguments.begin(), arguments.end(), ',') > 1) return "{…}";
    return std::string(trim(std::string_view(arguments).substr(arguments.find(',') + 1)));  // npos + 1 is 0
  }
  for (size_t at = 0; (at = arguments.find('=', at)) != std::string::npos; at += 2) arguments.replace(at, 1, ": ");
  return "{" + arguments + "}";
}

// Ours or another framework's, case, - and _ ignored.
AnyRegistry::Meant named(const AnyRegistry& registry,
                         const std::vector<std::pair<std::string, std::string>>& instead_of, const std::string& name) {
  const auto same = [&](const std::string& other) { return same_word(name, other); };
  for (const std::string& known : registry.names()) {
    const std::vector<std::string> foreign = schema_of(*registry.make(known)).foreign_names();
    if (same(known) || std::any_of(foreign.begin(), foreign.end(), same)) return {known, ""};
  }
  for (const auto& [foreign, help] : instead_of)
    if (same(foreign)) return {"", help};
  return {};
}

}  // namespace

const Node* named_by_key(const Node& node) {
  for (const char* key : {"type", "name", "class_name", "_target_", "layer", "module"})
    if (const Node* name = node.find(key); name && name->as_string()) return name;
  return nullptr;
}

AnyRegistry::AnyRegistry(std::string kind) : kind_(std::move(kind)) { registries().push_back(this); }

std::vector<std::string> AnyRegistry::names() const {
  std::vector<std::string> out;
  for (const auto& [name, make] : types_) out.push_back(name);
  return out;
}

bool AnyRegistry::add(const std::string& name, Make make) {
  const bool is_new = types_.emplace(name, std::move(make)).second;
  DL_CHECK(is_new, kind_, " ", name, " is registered twice");
  return is_new;
}

std::unique_ptr<Described> AnyRegistry::make(const std::string& name) const {
  const auto found = types_.find(name);
  DL_CHECK(found != types_.end(), "no ", kind_, " ", name);
  std::unique_ptr<Described> object = found->second();
  object->name = name;
  return object;
}

std::unique_ptr<Described> AnyRegistry::make(const std::string& name, const Where& where, const Reading& r) const {
  if (has(name)) return make(name);
  // Slips of YAML: a space that is missing makes one word of two.
  for (const auto& [sign, what] :
       {std::pair{'#', "a space is missing before '#' in "}, {':', "a space is missing after ':' in "}}) {
    const size_t at = name.find(sign);
    if (at == std::string::npos || at == 0) continue;
    const Meant before = meant(name.substr(0, at));
    if (before.name.empty()) continue;
    const std::string rest = name.substr(at + 1);
    r.problem(where, what + Node::string(name).described(),
              "write '" + before.name + (sign == '#' ? " #" : ": ") + shortened(rest) + "'");
    return nullptr;
  }
  const Meant meant = this->meant(name);
  std::string help = meant.help;
  if (help.empty() && !meant.name.empty()) help = "write '" + meant.name + "'";
  r.problem(where, "unknown " + kind_ + " " + Node::string(name).described(), help, {known()});
  return nullptr;
}

std::string AnyRegistry::known() const {
  constexpr size_t most_listed = 24;
  if (types_.empty()) return "none is built in";
  const std::string list = types_.size() <= most_listed
                               ? join(names())
                               : concat(types_.size(), ", which 'dlcli describe ", kind_, "' lists");
  return "known " + plural(kind_) + ": " + list;
}

void AnyRegistry::instead_of(const std::vector<std::string>& names, const std::string& help) {
  for (const std::string& name : names) instead_of_.emplace_back(name, help);
}

AnyRegistry::Meant AnyRegistry::meant(const std::string& name) const {
  if (has(name)) return {name, ""};
  const auto named = [&](const std::string& word) { return dl::named(*this, instead_of_, word); };
  if (name.size() > 1 && name[0] == '-')
    if (const Meant rest = named(name.substr(1)); !rest.name.empty())
      return {rest.name, "write '- " + rest.name + "', with a space after '-'"};
  if (Meant exact = named(name); !exact.name.empty() || !exact.help.empty()) return exact;
  if (const Call written = call(name); !written.name.empty() && written.name != name) {
    Meant inner = named(written.name);
    if (!inner.name.empty() && written.called && !trim(written.arguments).empty())
      inner.help = "write '" + inner.name + ": " + shortened(value_of(written.arguments)) + "'";
    if (!inner.name.empty() || !inner.help.empty()) return inner;
  }
  if (const size_t space = name.find(' '); space != std::string::npos && space > 0)
    if (Meant first = named(name.substr(0, space)); !first.name.empty())
      return {first.name, "write '" + first.name + ": " + shortened(trim(std::string_view(name).substr(space))) + "'"};
  return {closest(name, names()), ""};
}

Node AnyRegistry::json_schema() const {
  Node out = Node::map();
  out.set("$ref", Node::string("#/$defs/" + kind_));
  return out;
}

std::vector<const AnyRegistry*> AnyRegistry::all() {
  std::vector<const AnyRegistry*> out = registries();
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->kind() < b->kind(); });
  return out;
}

namespace {

std::map<std::string, SeveralHelp>& helps_of_several() {
  static std::map<std::string, SeveralHelp> all;
  return all;
}

// {type: mse, …}, or {loss: mse, …} where a loss is read.
const Node* named_in(const AnyRegistry& registry, const Node& node) {
  const Node* own = node.find(registry.kind());
  return own && own->as_string() ? own : named_by_key(node);
}

}  // namespace

void say_of_several(const std::string& kind, SeveralHelp help) { helps_of_several()[kind] = help; }

std::string help_of_several(const std::string& kind, const Node& several) {
  const auto found = helps_of_several().find(kind);
  return found == helps_of_several().end() ? "" : found->second(several);
}

std::unique_ptr<Described> read_registered(const AnyRegistry& registry, const Node& node, const Reading& r) {
  const std::string wanted = with_article(registry.kind());
  std::string name;
  const Node* config = nullptr;
  Where name_where = node.where;
  if (const auto text = node.as_string()) {
    name = *text;
  } else if (node.is_map() && node.entries.size() == 1) {
    name = node.entries[0].key;
    name_where = node.entries[0].key_where;
    config = &node.entries[0].value;
  } else if (const Node* given = named_in(registry, node)) {
    const std::string meant = registry.meant(given->text).name;
    r.expected(node, wanted, "write '" + (meant.empty() ? given->text : meant) + ": {…}', the name first");
    return nullptr;
  } else {
    const bool several = node.is_map() && node.entries.size() > 1;
    const std::string of_list = several || node.items.size() > 1 ? help_of_several(registry.kind(), node) : "";
    r.expected(node, wanted,
               !of_list.empty()                           ? of_list
               : several                                  ? "write one name, its keys in braces: 'NAME: {…}'"
               : node.is_list() && node.items.size() == 1 ? "leave the '-' or the brackets out: it is one, not a list"
                                                          : "write 'NAME' or 'NAME: {…}'");
    return nullptr;
  }
  std::unique_ptr<Described> object = registry.make(name, name_where, r);
  if (!object) {
    if (config) read_as_meant(registry, name, *config, r);
    return nullptr;
  }
  Node nothing;
  nothing.where = name_where;
  if (config && config->is_null()) config = nullptr;  // `relu:`
  if (!read_object(config ? *config : nothing, *object, r.registered(name))) return nullptr;
  object->place = name_where;
  return object;
}

void read_as_meant(const AnyRegistry& registry, const std::string& name, const Node& config, const Reading& r) {
  const std::string meant = registry.meant(name).name;
  if (!meant.empty() && config.is_map()) read_object(config, *registry.make(meant), r.registered(meant));
}

Node write_registered(const Described& object) {
  Node config = write_object(object);
  if (config.entries.empty()) return Node::string(object.name);
  Node out = Node::map();
  out.set(object.name, std::move(config));
  return out;
}

std::string with_article(const std::string& noun) {
  const bool vowel = !noun.empty() && std::string_view("aeiou").find(noun[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + noun;
}

}  // namespace dl
