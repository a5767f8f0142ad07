// Registries: types by name, and what is meant by names of others.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/registry.h"

#include <algorithm>
#include <cctype>

#include "lib/base/text.h"
#include "lib/spec/rewritten.h"
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

// Ours or another framework's, case, blanks, - and _ ignored.
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

// The words of a name that say what it is: "RandomFlip", "random_flip" -> flip.
std::vector<std::string> telling_words(const std::string& name) {
  static const std::vector<std::string> filling{"random", "layer", "loss", "metric", "score", "transform"};
  std::vector<std::string> words(1);
  for (size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    const bool begins = std::isupper(c) && i > 0 && std::islower(static_cast<unsigned char>(name[i - 1]));
    if ((begins || !std::isalnum(c)) && !words.back().empty()) words.emplace_back();
    if (std::isalnum(c)) words.back() += static_cast<char>(std::tolower(c));
  }
  std::erase_if(words, [](const std::string& w) { return w.empty() || std::ranges::count(filling, w) > 0; });
  return words;
}

// The names that have all words of this one: "flip" is horizontal_flip or vertical_flip. None where they are many.
std::vector<std::string> with_words_of(const std::string& name, const std::vector<std::string>& names) {
  constexpr size_t most = 3, shortest = 4;
  const std::vector<std::string> wanted = telling_words(name);
  if (wanted.empty() || std::ranges::any_of(wanted, [](const auto& word) { return word.size() < shortest; })) return {};
  std::vector<std::string> found;
  for (const std::string& known : names) {
    const std::vector<std::string> words = telling_words(known);
    if (std::ranges::all_of(wanted, [&](const auto& word) { return std::ranges::count(words, word) > 0; }))
      found.push_back(known);
  }
  // "accuracy_score" is accuracy, and not balanced_accuracy too.
  const auto same = std::ranges::find_if(found, [&](const auto& known) { return telling_words(known) == wanted; });
  if (same != found.end()) return {*same};
  return found.size() > most ? std::vector<std::string>() : found;
}

// Whether a text may be the value behind a name: "linear 10", "betas (0.9, 0.99)".
bool begins_a_value(std::string_view text) {
  text = trim(text);
  return !text.empty() && std::string_view("0123456789.([{-\"'").find(text[0]) != std::string_view::npos;
}

// "3 * conv", "3x conv": how often, and what.
std::optional<std::pair<std::string, std::string>> multiple(const std::string& text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const size_t sign = std::min(text.find_first_not_of(' ', digits), text.size());
  if (digits == 0 || sign == text.size() || (text[sign] != '*' && text[sign] != 'x')) return {};
  return std::pair(text.substr(0, digits), std::string(trim(std::string_view(text).substr(sign + 1))));
}

// "cross_entropy + dice", "adam, ema": the parts, where each is a name; else none.
std::vector<std::string> joined_names(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find_first_of("+,&", begin), text.size());
    parts.emplace_back(trim(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts.size() > 1 ? parts : std::vector<std::string>();
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
    if (sign == ':' && rest.starts_with(' ')) {
      r.problem(where, Node::string(name).described() + " is in quotes, which make one word of it",
                "write '" + before.name + ":" + shortened(rest) + "' without the quotes");
      return nullptr;
    }
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

void AnyRegistry::instead_of_keys(const std::vector<std::string>& keys, const std::string& help,
                                  const std::string& shown) {
  for (const std::string& key : keys) instead_of_keys_.push_back({key, help, shown});
}

const AnyRegistry::KeyHelp* AnyRegistry::of_key(const Schema& schema, const std::string& key) const {
  if (schema.meant(key) || !schema.advice(key).empty()) return nullptr;
  const auto same = [&](const KeyHelp& help) { return same_word(help.key, key); };
  const auto last = std::find_if(instead_of_keys_.rbegin(), instead_of_keys_.rend(), same);
  return last == instead_of_keys_.rend() ? nullptr : &*last;
}

std::string AnyRegistry::advice_on_key(const Schema& schema, const std::string& key) const {
  const KeyHelp* help = of_key(schema, key);
  return help ? help->help : schema.advice(key);
}

bool AnyRegistry::read_keys(const Node& node, Described& object, const Reading& r, References references) const {
  Schema schema = schema_of(object);
  for (const Node::Entry& entry : node.entries)
    if (const KeyHelp* help = of_key(schema, entry.key)) schema.instead_of(entry.key, help->help, help->shown);
  return schema.read(node, r, references);
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
    if (!inner.name.empty() && written.called)
      inner.help = help_for(*this, inner.name, call_arguments(written.arguments));
    if (!inner.name.empty() || !inner.help.empty()) return inner;
  }
  if (const size_t space = name.find(' ');
      space != std::string::npos && space > 0 && begins_a_value(std::string_view(name).substr(space)))
    if (Meant first = named(name.substr(0, space)); !first.name.empty())
      return {first.name, help_for(*this, first.name, call_arguments(name.substr(space)))};
  if (const auto several = multiple(name); several && kind_ == "layer")
    if (const Meant one = named(several->second); !one.name.empty())
      return {"", concat("write '- ", one.name, "', and 'repeat: ", several->first, "' beside it")};
  const std::vector<std::string> joined = joined_names(name);
  if (!joined.empty() && std::ranges::all_of(joined, [&](const auto& part) { return !named(part).name.empty(); })) {
    Node several = Node::list();
    for (const std::string& part : joined) several.items.push_back(Node::string(named(part).name));
    if (std::string help = help_of_several(kind_, several); !help.empty()) return {"", std::move(help)};
  }
  const std::vector<std::string> fitting = with_words_of(name, names());
  if (fitting.size() == 1) return {fitting[0], ""};
  if (fitting.size() > 1) return {"", "write '" + join(fitting, "' or '") + "'"};
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

std::string with_article(const std::string& noun) {
  const bool vowel = !noun.empty() && std::string_view("aeiou").find(noun[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + noun;
}

}  // namespace dl
