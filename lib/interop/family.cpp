// A folder's config.json put into the family's file; tensors put together from theirs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/family.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "lib/base/file.h"
#include "lib/base/shared_files.h"
#include "lib/base/text.h"
#include "lib/data/data_spec.h"
#include "lib/data/token_line.h"
#include "lib/interop/weights/chosen_weights.h"
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
    s.required("to", to, "how long").at_least(1).at_most(64);
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
      if (Node* list = values_.find(name); list && list->is_list())
        while (std::ssize(list->items) < padding.to) list->items.push_back(padding.with);
    for (const Node::Entry& choice : family.choices.entries) values_.set(choice.key, chosen(choice));
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
      if (found && !same_value(*found, need.value))
        refuse_folder(file_, concat("'", need.key, "' is ", found->described(),
                                    "; networks of this family are read with ", need.value.described(), " alone"));
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
    refuse_folder(file_, concat("'", key, "' is '", value, "', expected one of ", join(by_value.keys())));
  }

  const Family& family_;
  const fs::path file_;
  Node values_;
};

// What the stars of a pattern stand for in `name`; unset where it does not fit. A star stands for no dots.
std::optional<std::vector<std::string>> stars(std::string_view pattern, std::string_view name) {
  std::vector<std::string> found;
  while (true) {
    const size_t star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == name ? std::optional(found) : std::nullopt;
    if (!name.starts_with(pattern.substr(0, star))) return std::nullopt;
    name.remove_prefix(star);
    pattern.remove_prefix(star + 1);
    const char next = pattern.empty() ? '.' : pattern[0];
    const size_t end = std::min({name.find(next), name.find('.'), name.size()});
    if (end == 0) return std::nullopt;
    found.emplace_back(name.substr(0, end));
    name.remove_prefix(end);
  }
}

std::string filled(std::string pattern, const std::vector<std::string>& with) {
  size_t at = 0;
  for (const std::string& part : with) {
    at = pattern.find('*', at);
    if (at == std::string::npos) break;
    pattern.replace(at, 1, part);
    at += part.size();
  }
  return pattern;
}

std::vector<float> permuted(const std::vector<float>& values, Shape& shape, const std::vector<int64_t>& axes) {
  std::vector<int64_t> strides(axes.size()), sizes;
  int64_t stride = 1;
  for (size_t i = axes.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[static_cast<int64_t>(i)];
  }
  for (const int64_t axis : axes) sizes.push_back(shape[axis]);
  std::vector<float> out;
  out.reserve(values.size());
  std::vector<int64_t> index(axes.size());
  for (size_t n = 0; n < values.size(); ++n) {
    int64_t at = 0;
    for (size_t i = 0; i < axes.size(); ++i) at += index[i] * strides[static_cast<size_t>(axes[i])];
    out.push_back(values[static_cast<size_t>(at)]);
    for (size_t i = axes.size(); i-- > 0 && ++index[i] == sizes[i];) index[i] = 0;
  }
  shape = Shape(std::move(sizes));
  return out;
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
  const Settings settings(family, std::move(given), file);
  return {.architecture = architecture,
          .config = settings.config(),
          .prefix = family.prefix,
          .ignore = family.ignore,
          .tensors = family.weights};
}

// As it is there: with the prefix or without. Norms had TensorFlow's names at first.
const std::string& FamilyWeights::name_there(const std::string& name) const {
  std::vector<std::string> candidates{network_.prefix + name, name};
  for (const auto& [now, before] : {std::pair<std::string, std::string>(".weight", ".gamma"), {".bias", ".beta"}})
    if (name.ends_with(now)) {
      const std::string old = name.substr(0, name.size() - now.size()) + before;
      candidates.insert(candidates.end(), {network_.prefix + old, old});
    }
  for (const std::string& candidate : candidates)
    for (const WeightsTable::Entry& entry : table_.tensors())
      if (entry.name == candidate) return entry.name;
  throw Error(Exit::data, Problem{.where = {.file = table_.path().string()},
                                  .what = concat("expected a tensor '", network_.prefix, name, "', found none")});
}

std::vector<float> FamilyWeights::read(const std::string& name, Shape& shape) {
  const std::string& there = name_there(name);
  shape = table_.find(there)->shape;
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  table_.floats(there).read_f32(0, values);
  taken_.insert(there);
  return values;
}

std::vector<float> FamilyWeights::row_of(const std::string& name, const std::vector<float>& values, Shape& shape,
                                         int64_t row) const {
  if (shape.rank() < 1 || row >= shape[0])
    refuse_weights(table_.path(), name, concat("expected a place ", row, ", found ", shape.text()));
  shape = shape.without_batch();
  const auto begin = values.begin() + row * shape.elements();
  return {begin, begin + shape.elements()};
}

std::vector<float> FamilyWeights::reordered(const std::string& name, const std::vector<float>& values,
                                            const Shape& shape, const std::vector<int64_t>& blocks) const {
  const int64_t count = std::ssize(blocks);
  if (shape.rank() < 1 || shape[0] % count != 0)
    refuse_weights(table_.path(), name, concat("expected ", count, " parts of one size, found ", shape.text()));
  const int64_t each = shape.elements() / count;
  std::vector<float> out;
  for (const int64_t block : blocks)
    out.insert(out.end(), values.begin() + block * each, values.begin() + (block + 1) * each);
  return out;
}

std::vector<float> FamilyWeights::values(const std::string& name, const Shape& shape) {
  FamilyTensor tensor{.from = {name}};
  for (const auto& [pattern, theirs] : network_.tensors)
    if (const auto parts = stars(pattern, name)) {
      tensor = theirs;
      for (std::string& from : tensor.from) from = filled(from, *parts);
      tensor.add_row = filled(tensor.add_row, *parts);
      break;
    }
  if (tensor.all) return std::vector<float>(static_cast<size_t>(shape.elements()), static_cast<float>(*tensor.all));
  std::vector<float> all;
  std::vector<int64_t> sizes;
  for (const std::string& from : tensor.from) {
    Shape part;
    std::vector<float> values = read(from, part);
    if (tensor.row) values = row_of(from, values, part, *tensor.row);
    if (!tensor.axes.empty() && std::ssize(tensor.axes) == part.rank()) values = permuted(values, part, tensor.axes);
    if (!tensor.blocks.empty()) values = reordered(from, values, part, tensor.blocks);
    if (sizes.empty())
      sizes.assign(part.sizes().begin(), part.sizes().end());
    else if (!sizes.empty() && part.rank() > 0)
      sizes[0] += part[0];
    all.insert(all.end(), values.begin(), values.end());
  }
  if ((!tensor.reshaped && Shape(sizes) != shape) || std::ssize(all) != shape.elements())
    throw Error(Exit::data, Problem{.where = {.file = table_.path().string()},
                                    .what = concat("'", join(tensor.from), "' give ", Shape(sizes).text(),
                                                   ", expected ", shape.text(), " for '", name, "'")});
  if (!tensor.add_row.empty()) {
    Shape rows;
    const std::vector<float> added = read(tensor.add_row, rows);
    const auto width = static_cast<size_t>(shape.last());
    if (rows.rank() != 2 || rows[1] != shape.last())
      refuse_weights(table_.path(), tensor.add_row, concat("expected rows of ", width, ", found ", rows.text()));
    for (size_t i = 0; i < all.size(); ++i) all[i] += added[i % width];
  }
  return all;
}

std::vector<std::string> FamilyWeights::left() const {
  std::vector<std::string> names;
  for (const WeightsTable::Entry& entry : table_.tensors()) {
    const auto ignored = [&](const std::string& pattern) {
      return stars(pattern, entry.name) || stars(network_.prefix + pattern, entry.name);
    };
    if (!taken_.contains(entry.name) && !is_beside_weights(entry.name) &&
        std::ranges::none_of(network_.ignore, ignored))
      names.push_back(entry.name);
  }
  return names;
}

}  // namespace dl
