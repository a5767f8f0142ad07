// A folder's config.json put into the family's file.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/family.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lib/base/file.h"
#include "lib/base/shared_files.h"
#include "lib/base/text.h"
#include "lib/data/data_spec.h"
#include "lib/data/token_line.h"
#include "lib/spec/load.h"
#include "lib/spec/merge.h"
#include "lib/spec/path.h"
#include "lib/spec/yaml.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

// A list of config.json made so long, so that a family's file can name its elements.
struct Padding {
  int64_t to = 0;
  Node with;
  void describe(Schema& s) {
    s.required("to", to, "how long; longer ones are refused").at_least(1).at_most(64);
    s.required("with", with, "what is put behind");
  }
};

struct Family {
  std::vector<std::string> architectures;
  std::string prefix;
  std::vector<std::string> ignore;
  Node needs = Node::map(), defaults = Node::map(), choices = Node::map(), config = Node::map();
  std::map<std::string, Padding> pad;
  std::map<std::string, FamilyTensor> weights;

  void describe(Schema& s) {
    s.summary("a family of networks as another library saves them");
    s.required("architectures", architectures, "classes whose folders these are");
    s.optional("prefix", prefix, "of tensors' names, which the file may have or not");
    s.optional("ignore", ignore, "patterns of the file's tensors of which nothing is wanted");
    s.optional("needs", needs, "keys of config.json that must have these values, where it has them");
    s.optional("defaults", defaults, "values of keys that config.json does not have");
    s.optional("pad", pad, "lists of config.json that are made longer");
    s.optional("choices", choices, "names of values by what a key of config.json says: {NAME: {KEY: {VALUE: …}}}");
    s.required("config", config, "of a run, where ${hf.KEY} is a key of config.json or a choice");
    s.required("weights", weights, "where tensors come from that are not named as there");
  }
};

constexpr size_t most_config_bytes = 16 << 20;
// What is done to images before a network sees them: its file, and the key that holds it beside those of config.json.
constexpr const char *preprocessor_file = "preprocessor_config.json", *preprocessor = "preprocessor";

[[noreturn]] void refuse_folder(const fs::path& file, std::string what, std::vector<std::string> notes = {},
                                std::string help = {}) {
  throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                  .what = std::move(what),
                                  .notes = std::move(notes),
                                  .help = std::move(help)});
}

fs::path families_folder() {
  std::error_code unreadable;
  for (const fs::path& folder : shared_folders())
    if (fs::is_directory(folder / "configs/families", unreadable)) return folder / "configs/families";
  return "configs/families";
}

std::vector<std::string> known_families() {
  std::vector<std::string> names;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(families_folder(), unreadable))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem());
  std::ranges::sort(names);
  return names;
}

Family read_family(const fs::path& file) {
  Family family;
  std::vector<Problem> problems;
  read_object(read_yaml(file), family, Reading(problems, ""));
  if (!problems.empty()) throw Error(Exit::usage, std::move(problems));
  return family;
}

// Nulls are keys that say nothing.
void drop_nulls(Node& node) {
  std::erase_if(node.entries, [](const Node::Entry& entry) { return entry.value.is_null(); });
  for (Node::Entry& entry : node.entries) drop_nulls(entry.value);
}

std::string text_at(const Node& node, const std::string& key) {
  const Node* found = find_path(node, path_parts(key));
  return found && found->is_scalar() ? found->text : "";
}

// What config.json says, as the family's file names it: ${hf.…}.
class Settings {
 public:
  Settings(const Family& family, Node given, fs::path file) : family_(family), file_(std::move(file)) {
    drop_nulls(given);
    check_needs(given);
    add_labels(given);
    values_ = merged(family.defaults, std::move(given));
    for (const auto& [name, padding] : family.pad)
      if (Node* list = values_.find(name); list && list->is_list()) {
        if (std::ssize(list->items) > padding.to)
          refuse_folder(file_, concat("'", name, "' is ", list->described(), "; networks of this family are read with ",
                                      padding.to, " at most"));
        while (std::ssize(list->items) < padding.to) list->items.push_back(padding.with);
      }
    for (const Node::Entry& choice : family.choices.entries) values_.set(choice.key, chosen(choice));
    expect_keys();
  }

  // The run's config with all references to these resolved.
  Node config() const {
    Node tree = family_.config;
    tree.set("hf", values_);
    Node loaded = load_spec(std::move(tree), {.later = data_value_names()}, families_folder());
    loaded.erase("hf");
    return loaded;
  }

 private:
  void check_needs(const Node& given) const {
    for (const Node::Entry& need : family_.needs.entries) {
      const Node* found = find_path(given, path_parts(need.key));
      if (found && !means_the_same(*found, need.value))
        refuse_key(need.key, concat("is ", found->described(), "; networks of this family are read with ",
                                    need.value.described(), " alone"));
    }
  }
  static bool means_the_same(const Node& a, const Node& b) {
    const std::optional<double> one = a.as_number(), other = b.as_number();
    return one && other ? std::abs(*one - *other) <= 1e-6 * std::abs(*other) : same_value(a, b);
  }
  // A key by the file in which it stands.
  [[noreturn]] void refuse_key(const std::string& key, const std::string& what) const {
    const std::string within = concat(preprocessor, ".");
    if (key.starts_with(within))
      refuse_folder(file_.parent_path() / preprocessor_file, concat("'", key.substr(within.size()), "' ", what));
    refuse_folder(file_, concat("'", key, "' ", what));
  }

  // That there is all that the config refers to.
  void expect_keys() const {
    std::vector<std::string> missing;
    std::set<std::string> seen;
    add_missing(family_.config, seen, missing);
    if (!missing.empty())
      refuse_folder(file_,
                    concat("expected ", missing.size() == 1 ? "a key " : "the keys ", join(missing), ", found none"));
  }
  void add_missing(const Node& node, std::set<std::string>& seen, std::vector<std::string>& missing) const {
    for (const Node& item : node.items) add_missing(item, seen, missing);
    for (const Node::Entry& entry : node.entries) add_missing(entry.value, seen, missing);
    if (!node.is_scalar() || node.text.find("${") == std::string::npos) return;
    constexpr std::string_view before = "hf.";
    for (size_t at = node.text.find(before); at != std::string::npos; at = node.text.find(before, at)) {
      at += before.size();
      const auto end = std::find_if(node.text.begin() + static_cast<int64_t>(at), node.text.end(),
                                    [](unsigned char c) { return !std::isalnum(c) && c != '_' && c != '.'; });
      const std::string key(node.text.begin() + static_cast<int64_t>(at), end);
      if (!seen.insert(key).second) continue;
      if (const Node* found = find_path(values_, path_parts(key)))
        add_missing(*found, seen, missing);
      else
        missing.push_back(concat("'", key, "'"));
    }
  }

  // The classes: `num_labels`, and `labels` as the data's fit names them.
  static void add_labels(Node& given) {
    const Node* by_number = given.find("id2label");
    std::vector<std::string> labels;
    for (int64_t i = 0; by_number && i < std::ssize(by_number->entries); ++i) {
      const Node* label = by_number->find(std::to_string(i));
      labels.push_back(label && label->is_scalar() ? label->text : std::to_string(i));
    }
    if (labels.empty()) labels = {"LABEL_0", "LABEL_1"};  // what transformers takes where nothing is said
    given.set("num_labels", Node::integer(std::ssize(labels)));
    given.set("labels", Node::string(tokens_text(labels)));
  }

  // {KEY: {VALUE: …}}: the one that the key's value says.
  Node chosen(const Node::Entry& choice) const {
    DL_CHECK(choice.value.entries.size() == 1, "the choice ", choice.key, " is not of one key");
    const std::string& key = choice.value.entries[0].key;
    const Node& by_value = choice.value.entries[0].value;
    const std::string value = text_at(values_, key);
    if (const Node* found = by_value.find(value)) return *found;
    refuse_key(key, concat("is '", value, "', expected one of ", join(by_value.keys())));
  }

  const Family& family_;
  const fs::path file_;
  Node values_;
};

// Where the folder says it; in words, how images are given.
std::string add_preprocessor(const fs::path& folder, Node& given) {
  const fs::path file = folder / preprocessor_file;
  std::error_code unreadable;
  given.erase(preprocessor);
  if (!fs::is_regular_file(file, unreadable))
    return concat("the folder has no ", preprocessor_file,
                  ": images are normalized as most networks of this family have them, see 'data.transforms'");
  given.set(preprocessor, parse_yaml(read_file(file, most_config_bytes), file.string(), {.bytes = most_config_bytes}));
  return concat("images are normalized as ", preprocessor_file, " says");
}

}  // namespace

void FamilyTensor::describe(Schema& s) {
  s.required("from", from, "their names; several are put one behind the other").positional();
  s.optional("axes", axes, "of theirs in the order of ours: [1, 0] for a transposed matrix");
  s.optional("add_row", add_row, "a matrix whose first row is added to every row");
  s.optional("blocks", blocks, "of the first axis, in the order of ours");
  s.optional("row", row, "this one of the first axis alone");
  s.optional("reshaped", reshaped, "whether ours has other sizes for as many elements");
  s.optional("all", all, "what every element is, of one that has no counterpart there");
}

FamilyNetwork read_family_folder(const fs::path& folder) {
  const fs::path file = folder / "config.json";
  std::error_code unreadable;
  if (!fs::is_regular_file(file, unreadable))
    throw Error(Exit::usage, Problem{.path = folder.string(),
                                     .what = "expected a folder with config.json and weights, as save_pretrained of "
                                             "transformers writes it; there is no config.json"});
  Node given = parse_yaml(read_file(file, most_config_bytes), file.string(), {.bytes = most_config_bytes});
  const std::string type = text_at(given, "model_type");
  const std::vector<std::string> families = known_families();
  if (families.empty())
    throw Error(Exit::usage, Problem{.path = "configs/families",
                                     .what = "is not there: what families of networks are",
                                     .help = "put dlcli's share/dlcli beside the folder of its program"});
  if (std::ranges::count(families, type) == 0)
    refuse_folder(file, concat("'model_type' is '", type, "', which is no family of networks that is known"),
                  {"known: " + join(families)}, "write one as configs/families/gpt2.yaml is");
  const Family family = read_family(families_folder() / (type + ".yaml"));
  const std::string architecture = text_at(given, "architectures.0");
  if (std::ranges::count(family.architectures, architecture) == 0)
    refuse_folder(file,
                  concat("'architectures' is '", architecture, "', expected ", join(family.architectures, " or ")));
  if (const Node* labels = given.find("id2label");
      architecture.ends_with("Classification") && labels && labels->is_map() && labels->entries.size() == 1)
    refuse_folder(file, "'id2label' has one label: the network gives a number, not classes");
  std::vector<std::string> notes;
  if (family.defaults.find(preprocessor)) notes.push_back(add_preprocessor(folder, given));
  const Settings settings(family, std::move(given), file);
  return {.architecture = architecture,
          .config = settings.config(),
          .prefix = family.prefix,
          .ignore = family.ignore,
          .tensors = family.weights,
          .notes = std::move(notes)};
}

}  // namespace dl
