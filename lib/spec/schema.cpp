// Schema: reading a map into members, and writing it back.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/schema.h"

#include <algorithm>
#include <unordered_set>

#include "lib/base/text.h"
#include "lib/spec/interpolate.h"
#include "lib/spec/write.h"
#include "lib/spec/yaml.h"

namespace dl {
namespace {

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& w) { return same_word(w, word); });
}

// Whether null is a value of the key; its own is kept then.
bool takes_nothing(const Field& field) {
  std::vector<Problem> problems;
  return field.value().is_null() || field.read(Node(), Reading(problems));
}

// What to write for a list, or a text, where a map is expected.
std::string map_help(const Node& node, const Schema& schema) {
  const bool of_maps = !node.items.empty() && std::all_of(node.items.begin(), node.items.end(),
                                                          [](const Node& item) { return item.is_map(); });
  if (of_maps) return "leave the dashes out: keys stand below each other without '- '";
  // "max_epochs 10", "max_epochs:10" and "max_epochs = 10", alone on their line.
  const std::string_view text = node.is_scalar() && !node.quoted ? std::string_view(node.text) : "";
  const size_t end = std::min(text.find_first_of(" :="), text.size());
  const size_t value = std::min(text.find_first_not_of(" :=", end), text.size());
  const Field* field = end == 0 || value == text.size() ? nullptr : schema.meant(text.substr(0, end));
  if (!field) return "";
  return concat("write '", field->key(), ": ", shortened(text.substr(value, text.find(' ', value) - value)), "'");
}

// What is said of a key, with the value that it is given in the place of the one that is shown.
std::string with_value(const std::string& help, const std::string& shown, const Node& value) {
  const size_t at = shown.empty() ? help.npos : help.find(shown);
  const bool fits = value.is_scalar() && !value.is_null() && !value.as_bool() &&
                    value.as_number().has_value() == Node::scalar(shown).as_number().has_value();
  if (at == help.npos || !fits) return help;
  return help.substr(0, at) + shortened(value.text) + help.substr(at + shown.size());
}

}  // namespace

Field& Field::at_least(double bound) { return limits_.at_least = bound, *this; }
Field& Field::at_most(double bound) { return limits_.at_most = bound, *this; }
Field& Field::above(double bound) { return limits_.above = bound, *this; }
Field& Field::below(double bound) { return limits_.below = bound, *this; }
Field& Field::one_of(std::vector<std::string> values) { return limits_.one_of = std::move(values), *this; }
Field& Field::positional() { return positional_ = true, *this; }
Field& Field::unit(Duration::Unit unit) { return limits_.unit = unit, *this; }
Field& Field::units(std::vector<Duration::Unit> units) { return limits_.units = std::move(units), *this; }
Field& Field::known_as(std::vector<std::string> names) { return foreign_ = std::move(names), *this; }
Field& Field::instead_of_value(std::string value, std::string help) {
  limits_.instead_of.emplace_back(std::move(value), std::move(help));
  return *this;
}
Field& Field::instead_of_values(std::vector<std::string> values, const std::string& help) {
  for (std::string& value : values) instead_of_value(std::move(value), help);
  return *this;
}
Field& Field::help(std::string help) { return limits_.help = std::move(help), *this; }
Field& Field::unless(std::vector<std::string> keys) {
  unless_ = std::move(keys);
  return *this;
}
Field& Field::of(std::string type) { return limits_.type = std::move(type), *this; }

bool Field::takes_text() const {
  return codec_ == &erased_codec<std::string> || codec_ == &erased_codec<std::optional<std::string>> ||
         codec_ == &erased_codec<std::vector<std::string>>;
}

std::shared_ptr<const OwnedSchema> by_name(std::shared_ptr<const OwnedSchema> schema) {
  auto out = std::make_shared<OwnedSchema>(*schema);
  out->by_name = true;
  return out;
}

// Compared without a copy: each start of the program asks it some ten thousand times.
bool same_word(std::string_view a, std::string_view b) {
  const auto skip_breaks = [](std::string_view word, size_t i) {
    while (i < word.size() && (word[i] == '-' || word[i] == '_' || word[i] == ' ')) ++i;
    return i;
  };
  const auto folded = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  for (size_t i = 0, j = 0;; ++i, ++j) {
    i = skip_breaks(a, i);
    j = skip_breaks(b, j);
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (folded(a[i]) != folded(b[j])) return false;
  }
}

void Report::operator()(std::string what, std::string help) const {
  reported_ = true;
  reading_.problem(node_.where, std::move(what), std::move(help));
}

void Report::at(const std::string& key, std::string what, std::string help) const {
  reported_ = true;
  const Node* value = node_.find(key);
  reading_.key(key).problem(value ? value->where : node_.where, std::move(what), std::move(help));
}

void Schema::summary(std::string text) { summary_ = std::move(text); }
void Schema::details(std::string text) { details_ = std::move(text); }
void Schema::example(std::string yaml) { examples_.push_back(std::move(yaml)); }
void Schema::also_known_as(std::vector<std::string> names) { foreign_ = std::move(names); }
void Schema::instead_of(std::string key, std::string help, std::string shown) {
  instead_of_.push_back({std::move(key), std::move(help), std::move(shown)});
}
void Schema::say_of_unknown(std::function<std::string(const Node&, const std::string&)> help) {
  of_unknown_ = std::move(help);
}
void Schema::stands_below(std::string key, std::string place, std::string ours) {
  elsewhere_.push_back({std::move(key), std::move(place), std::move(ours)});
}
void Schema::decided_by(std::vector<std::string> keys) { deciding_ = std::move(keys); }
void Schema::alternatives(std::vector<std::string> keys) { alternatives_.push_back(std::move(keys)); }
void Schema::check(std::function<void(const Report&)> check) { checks_.push_back(std::move(check)); }

Field& Schema::add(std::string key, void* member, const ErasedCodec& codec, std::string summary, bool required) {
  DL_CHECK(!field(key), "key ", key, " is described twice");
  Field& added = fields_.emplace_back();
  added.key_ = std::move(key);
  added.summary_ = std::move(summary);
  added.required_ = required;
  added.member_ = member;
  added.codec_ = &codec;
  return added;
}

const Field* Schema::field(std::string_view key) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const Field& f) { return f.key() == key; });
  return found == fields_.end() ? nullptr : &*found;
}

const Field* Schema::positional() const {
  const auto found = std::find_if(fields_.begin(), fields_.end(), [](const Field& f) { return f.is_positional(); });
  return found == fields_.end() ? nullptr : &*found;
}

std::vector<std::string> Schema::alternatives_to(std::string_view key) const {
  std::vector<std::string> others;
  for (const std::vector<std::string>& keys : alternatives_)
    if (std::ranges::count(keys, key) > 0)
      std::ranges::copy_if(keys, std::back_inserter(others), [&](const std::string& other) { return other != key; });
  return others;
}

std::string Schema::known_keys() const {
  std::vector<std::string> keys;
  for (const Field& f : fields_) keys.push_back(f.key());
  std::sort(keys.begin(), keys.end());
  return known_keys_text(keys);
}

const Field* Schema::meant(std::string_view key) const {
  std::vector<std::string> keys;
  for (const Field& f : fields_) {
    keys.push_back(f.key());
    if (contains(f.foreign_names(), key) || same_word(f.key(), key)) return &f;
  }
  if (const Field* near = field(closest(key, keys))) return near;
  // Half of a key's name: `hidden` for hidden_size, `smoothing` for label_smoothing.
  const Field* half = nullptr;
  for (const Field& f : fields_) {
    if (key.size() < 3 || !(f.key().starts_with(key) || f.key().ends_with("_" + std::string(key)))) continue;
    if (half) return nullptr;
    half = &f;
  }
  return half;
}

std::string Schema::advice(std::string_view key, const Node& value) const {
  std::string help;
  for (const Instead& other : instead_of_)
    if (same_word(other.key, key)) help = with_value(other.help, other.shown, value);
  for (const Elsewhere& other : elsewhere_)
    if (help.empty() && same_word(other.key, key)) help = "write '" + other.ours + "' below '" + other.place + "'";
  return help;
}

std::string Schema::help_of_unknown(const Node::Entry& entry, const Node& map, const Reading& r) const {
  if (of_unknown_)
    if (std::string help = of_unknown_(map, entry.key); !help.empty()) return help;
  const std::string help = advice(entry.key, entry.value);
  if (entry.value.origin != Node::Origin::option || !r.path().empty()) return help;
  for (const Elsewhere& other : elsewhere_)
    if (same_word(other.key, entry.key) && !other.ours.empty())
      return "write --set " + other.place + "." + other.ours + "=" + shortened(to_yaml_line(entry.value));
  return help;
}

bool Schema::has_required() const {
  return std::any_of(fields_.begin(), fields_.end(), [](const Field& f) { return f.is_required(); });
}

std::string Schema::shown_value(const std::string& key) const {
  for (const std::string& example : examples_) {
    Node shown = parse_yaml(example, "");
    if (shown.is_map() && shown.entries.size() == 1) shown = Node(shown.entries[0].value);  // behind the name
    if (const Node* value = shown.find(key)) return to_yaml_line(*value);
  }
  return "…";
}

void Schema::expect_keys(const Node& node, const Reading& r, const std::string& help) const {
  const std::string known = map_help(node, *this);
  r.problem(node.where, "expected a map of keys, got " + node.described(), known.empty() ? help : known,
            {known_keys()});
}

const Field* Schema::unknown_key(const Node::Entry& entry, const Node& map, const Reading& r) const {
  const Field* meant = nullptr;
  std::string help = help_of_unknown(entry, map, r);
  if (help.empty()) meant = this->meant(entry.key);
  if (meant) help = "write '" + meant->key() + "'";
  if (help.empty() && fields_.empty()) help = "leave it out";
  r.problem(entry.key_where, "unknown key " + Node::string(entry.key).described(), help, {known_keys()});
  return meant;
}

bool Schema::read(const Node& node, const Reading& r, References references) const {
  const auto is_open = [&](const Node& value) { return references == References::left && has_references(value); };
  if (node.is_scalar() && is_open(node)) return true;
  bool good = true;
  std::unordered_set<const Field*> given;
  const auto is_required = [&](const Field& f) {
    const auto is_given = [&](const std::string& key) {
      const Node* other = node.is_map() ? node.find(key) : nullptr;
      return other && !other->is_null() && !(other->is_list() && other->items.empty());
    };
    return f.is_required() && std::ranges::none_of(f.unless_, is_given);
  };
  const auto read_field = [&](const Field& f, const Node& value) {
    given.insert(&f);
    if (is_open(value)) return;
    const Reading at = r.key(f.key());
    const auto inner = !value.is_map() && !value.is_null() && !f.limits_.help.empty() ? f.inner() : nullptr;
    if (inner && (inner->by_name || (value.is_scalar() && !inner->schema.positional()))) {
      const std::string known = inner->by_name ? "" : map_help(value, inner->schema);
      at.expected(value, inner->by_name ? "a map of keys by name" : "a map of keys",
                  known.empty() ? f.limits_.help : known);
      good = false;
    } else if (is_required(f) && value.is_null()) {
      at.expected(value, f.type(), f.limits_.help);
      good = false;
    } else if (value.is_null() && !takes_nothing(f)) {
      at.expected(value, f.type(),
                  "leave the key out, or write its default, '" + f.key() + ": " + to_yaml_line(f.value()) + "'");
      good = false;
    } else {
      good = f.read(value, at) && good;
    }
  };
  if (node.is_map()) {
    for (const Node::Entry& entry : node.entries) {
      if (const Field* f = field(entry.key)) {
        read_field(*f, entry.value);
      } else {
        const Field* meant = unknown_key(entry, node, r);
        given.insert(meant);  // one mistake, one message: what was meant is not missing too
        if (meant && !entry.value.is_null() && !is_open(entry.value)) meant->read(entry.value, r.key(meant->key()));
        good = false;
      }
    }
  } else if (const Field* f = positional(); f && !node.is_null()) {
    read_field(*f, node);
  } else if (!node.is_null()) {
    const auto shows_keys =
        std::ranges::find_if(examples_, [](const std::string& text) { return text.find('{') != text.npos; });
    const std::string* shown = shows_keys != examples_.end() ? &*shows_keys
                               : examples_.empty()           ? nullptr
                                                             : &examples_.front();
    expect_keys(node, r, shown ? "write '" + *shown + "'" : "");
    return false;
  }
  for (const Field& f : fields_) {
    if (!is_required(f) || given.contains(&f)) continue;
    r.problem(
        node.where, "key '" + f.key() + "' is missing",
        f.limits_.help.empty() ? "add '" + f.key() + ": " + shown_value(f.key()) + "', " + f.type() : f.limits_.help,
        {f.key() + ": " + f.summary()});
    good = false;
  }
  if (!good) return false;
  if (is_open(node)) return true;
  const Report report(node, r);
  for (const auto& check : checks_) check(report);
  return !report.reported();
}

Node Schema::write() const {
  Node out = Node::map();
  for (const Field& f : fields_) out.set(f.key(), f.value()).origin = Node::Origin::default_value;
  return out;
}

Node Schema::json_schema() const {
  Node out = Node::map();
  out.set("type", Node::string("object"));
  if (!summary_.empty()) out.set("description", Node::string(summary_));
  Node properties = Node::map(), required = Node::list();
  for (const Field& f : fields_) {
    Node property = f.json_schema();
    property.set("description", Node::string(f.summary()));
    if (f.is_required())
      required.items.push_back(Node::string(f.key()));
    else if (Node standard = f.value(); !standard.is_null())
      property.set("default", std::move(standard));
    properties.set(f.key(), std::move(property));
  }
  out.set("properties", std::move(properties));
  out.set("additionalProperties", Node::boolean(false));
  if (!required.items.empty()) out.set("required", std::move(required));
  return out;
}

}  // namespace dl
