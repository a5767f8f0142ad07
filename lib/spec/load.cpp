// Loading: files included and extended, then --set, then references.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/load.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "lib/base/text.h"
#include "lib/spec/item_type.h"
#include "lib/spec/merge.h"
#include "lib/spec/registry.h"
#include "lib/spec/yaml.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

constexpr size_t deepest_include = 16;  // files in one another
constexpr int most_files = 256;         // read for one spec

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

bool names_a_file(const Node& node) {
  return node.is_scalar() && !node.quoted && (node.text.ends_with(".yaml") || node.text.ends_with(".yml"));
}

std::string folder_text(const fs::path& folder) { return folder.empty() ? "." : folder.string(); }

class Loader {
 public:
  explicit Loader(const LoadOptions& options)
      : options_(options),
        environment_(options.environment ? options.environment : process_environment),
        form_(form_of(options.schema)) {}

  Node load(const fs::path& path) {
    Node named = Node::scalar(path.string());
    Node spec = file(named, "", Reading(problems_), form_);
    return finish(std::move(spec));
  }

  Node load(Node spec, const fs::path& folder) {
    interpolate_environment(spec, environment_, Reading(problems_));
    return finish(complete(std::move(spec), folder, Reading(problems_), form_));
  }

 private:
  Node finish(Node spec) {
    stop_on_problems();
    for (const std::string& set : options_.sets) apply(set, spec);
    stop_on_problems();
    const std::set<std::string> later(options_.later.begin(), options_.later.end());
    spec = interpolate_references(spec, later, problems_);
    stop_on_problems();
    return spec;
  }

  void stop_on_problems() {
    if (!problems_.empty()) throw Error(Exit::usage, std::move(problems_));
  }

  // The path to open for a name that stands in a file of `folder`; empty, and a problem, where there is none.
  fs::path found(const Node& name, const fs::path& folder, const Reading& r) {
    const fs::path wanted(name.text);
    std::vector<fs::path> folders{folder};
    if (wanted.is_relative()) folders.insert(folders.end(), options_.search.begin(), options_.search.end());
    std::vector<std::string> looked_in, beside;  // beside: without extensions, which would make all names alike
    std::error_code ignored;
    for (const fs::path& candidate_folder : folders) {
      const fs::path candidate = (candidate_folder / wanted).lexically_normal();
      if (fs::exists(candidate, ignored)) return candidate;
      const auto is_there = [&](const std::string& other) {
        return fs::equivalent(other, candidate.parent_path(), ignored);
      };
      const bool adds = fs::is_directory(candidate.parent_path(), ignored) && std::ranges::none_of(looked_in, is_there);
      if (!looked_in.empty() && !adds) continue;
      looked_in.push_back(folder_text(candidate.parent_path()));
      for (const fs::directory_entry& entry : fs::directory_iterator(looked_in.back(), ignored))
        if (names_a_file(Node::scalar(entry.path().string())))
          beside.push_back((wanted.parent_path() / entry.path().stem()).string());
    }
    std::sort(beside.begin(), beside.end());
    fs::path stem = wanted;
    std::string meant = below(folders, wanted);
    if (meant.empty()) meant = closest(stem.replace_extension().string(), beside);
    if (!meant.empty() && !meant.ends_with(".yaml")) meant += ".yaml";
    r.problem(name.where, "no file '" + name.text + "'", meant.empty() ? "" : "write '" + meant + "'",
              {"looked in " + join(looked_in)});
    return {};
  }

  // The file of this name in a folder within one of `folders`: "models/resnet20.yaml" for resnet20.yaml; else empty.
  static std::string below(const std::vector<fs::path>& folders, const fs::path& wanted) {
    if (wanted.is_absolute() || wanted.has_parent_path()) return "";
    constexpr int most_entries = 1000;
    std::error_code ignored;
    for (const fs::path& folder : folders) {
      int seen = 0;
      for (const fs::directory_entry& entry : fs::directory_iterator(folder_text(folder), ignored)) {
        if (++seen > most_entries) break;
        if (entry.is_directory(ignored) && fs::exists(entry.path() / wanted, ignored))
          return (entry.path().filename() / wanted).string();
      }
    }
    return "";
  }

  // The file of a network that is named in the place of its layers, "ResNet-50": models/resnet50.yaml; else empty.
  std::string model_named(const Node& model, const fs::path& folder) const {
    const Node* named = model.is_map() ? named_by_key(model) : &model;
    std::string name = named && named->as_string() ? *named->as_string() : "";
    if (name.empty() && model.is_map() && model.entries.size() == 1 && !is_layer(model.entries[0].key))
      name = model.entries[0].key;
    for (const char* key : {"arch", "architecture", "backbone", "model_name", "pretrained_model_name_or_path"})
      if (const Node* other = name.empty() && model.is_map() ? model.find(key) : nullptr)
        name = other->as_string().value_or("");
    if (name.empty()) return "";
    const std::string whole = model_file(name, folder);
    // "torchvision.models.resnet18", "timm/resnet18"
    return whole.empty() ? model_file(name.substr(name.find_last_of("./") + 1), folder) : whole;
  }

  std::string model_file(const std::string& name, const fs::path& folder) const {
    std::vector<fs::path> folders{folder};
    folders.insert(folders.end(), options_.search.begin(), options_.search.end());
    std::error_code ignored;
    for (const fs::path& one : folders)
      for (const fs::directory_entry& entry : fs::directory_iterator(one / "models", ignored))
        if (names_a_file(Node::scalar(entry.path().string())) && same_word(entry.path().stem().string(), name))
          return ("models" / entry.path().filename()).string();
    return "";
  }

  // What stands in the place of the layers and is none: a network's name, or the blocks of a file.
  void check_model(const Node& model, const fs::path& folder, const Reading& r) {
    if (model.is_list() || model.is_null() || model.find("layers")) return;
    const auto is_block = [](const Node::Entry& entry) { return entry.value.find("layers") != nullptr; };
    if (model.is_map() && !model.entries.empty() && std::ranges::all_of(model.entries, is_block))
      return r.problem(
          model.where, "expected layers, '" + model.where.file + "' holds blocks: " + join(model.keys()),
          "write it as 'blocks:', and the layers that use them as 'model: [" + join(model.keys()) + ", …]'");
    if (model.find("model") && model.find("data")) {
      const fs::path config = model.where.file;
      const std::string file = model_file(config.stem().string(), folder);
      return r.problem(model.where, "expected layers, '" + config.filename().string() + "' is a config of its own",
                       file.empty() ? "write 'extends: " + config.filename().string() + "' to take what it says"
                                    : "write 'model: " + file + "'");
    }
    if (const std::string file = model_named(model, folder); !file.empty())
      r.expected(model, "a list of layers and blocks, or a file's name", "write 'model: " + file + "'");
  }

  // The content of the file that `name` names, itself complete. Null where a problem was reported. `form` is that of
  // the place where the content will stand.
  Node file(const Node& name, const fs::path& folder, const Reading& r, const Form& form) {
    const fs::path path = found(name, folder, r);
    if (path.empty()) return {};
    std::error_code ignored;
    const std::string identity = fs::weakly_canonical(path, ignored).string();
    const auto earlier =
        std::find_if(open_.begin(), open_.end(), [&](const Open& o) { return o.identity == identity; });
    if (earlier != open_.end()) {
      std::vector<std::string> circle;
      for (auto at = earlier; at != open_.end(); ++at) circle.push_back(at->path);
      circle.push_back(path.string());
      r.problem(name.where, "files in a circle: " + join(circle, " -> "), "remove one of these references");
      return {};
    }
    if (open_.size() == deepest_include || ++files_ > most_files) {
      r.problem(name.where,
                open_.size() == deepest_include ? concat("more than ", deepest_include, " files in one another")
                                                : concat("more than ", most_files, " files in one spec"),
                "join some of them");
      return {};
    }
    Node content;
    try {
      content = read_yaml(path, options_.limits);
    } catch (const Error& error) {
      for (Problem problem : error.problems()) add_problem(problems_, std::move(problem));
      return {};
    }
    values_ += node_count(content);
    if (values_ > options_.limits.nodes) {
      r.problem(name.where, "more than " + count_of(options_.limits.nodes, "value") + " in one spec", "");
      return {};
    }
    interpolate_environment(content, environment_, r);
    open_.push_back({identity, path.string()});
    content = complete(std::move(content), path.parent_path(), r, form);
    open_.pop_back();
    return content;
  }

  // Includes put in, and laid over what it extends.
  Node complete(Node content, const fs::path& folder, const Reading& r, const Form& form) {
    Node extends;
    if (const Node* given = content.find("extends")) extends = *given;
    content.erase("extends");
    include(content, folder, r, form);
    if (const Node* model = r.path().empty() ? content.find("model") : nullptr)
      check_model(*model, folder, r.key("model"));
    Node out = Node::map();
    const std::vector<Node> bases = extends.is_list() ? extends.items : std::vector<Node>{extends};
    for (const Node& base : bases) {
      if (base.is_null()) continue;
      if (!base.as_string()) {
        r.key("extends").expected(base, "a file's name or a list of them");
        continue;
      }
      if (!names_a_file(Node::scalar(base.text))) {
        r.key("extends").problem(base.where, "'" + base.text + "' is no config by its name",
                                 "write '" + base.text + ".yaml'");
        continue;
      }
      Node under = file(base, folder, r.key("extends"), form);
      if (under.is_map())
        out = out.entries.empty() ? std::move(under) : merged(std::move(out), std::move(under), form);
      else if (!under.is_null())
        // What stands in a file that is no config is nobody's to read here.
        r.key("extends").problem(base.where, "'" + base.text + "' is no config: it holds " + kind_of(under),
                                 "name a YAML file of keys");
    }
    return out.entries.empty() ? content : merged(std::move(out), std::move(content), form);
  }

  static std::string kind_of(const Node& node) { return node.is_list() ? "a list" : "one value"; }

  void include(Node& node, const fs::path& folder, const Reading& r, const Form& form) {
    if (form.text) return;
    if (names_a_file(node)) {
      const Node name = node;
      node = file(name, folder, r, form);
      return;
    }
    for (size_t i = 0; i < node.items.size(); ++i) include(node.items[i], folder, r.index(i), form.below(node, ""));
    for (Node::Entry& entry : node.entries) include(entry.value, folder, r.key(entry.key), form.below(node, entry.key));
  }

  // Of the value that --set puts at a path of the spec, as it is now.
  Form form_at(const Node& spec, const std::vector<std::string>& path) const {
    Form form = form_;
    const Node nothing;
    const Node* node = &spec;
    for (const std::string& part : path) {
      form = form.below(*node, part);
      const std::vector<std::string> step{part};
      node = find_path(*node, step);
      if (!node) node = &nothing;
    }
    return form;
  }

  // --set a.b=value
  void apply(const std::string& set, Node& spec) {
    const Where where{"--set " + set};
    const Reading r(problems_);
    const size_t equals = set.find('=');
    const std::vector<std::string> path = path_parts(trim(std::string_view(set).substr(0, equals)));
    if (equals == std::string::npos || path.empty()) {
      r.problem(where, "expected 'path=value'", "write --set optimizer.adamw.lr=0.001 or --set model[3].dropout.p=0.2");
      return;
    }
    Node value;
    try {
      value = parse_yaml(std::string_view(set).substr(equals + 1), where.file);
    } catch (const Error& error) {
      for (Problem problem : error.problems()) {
        problem.where = where;
        add_problem(problems_, std::move(problem));
      }
      return;
    }
    mark_as_option(value, where);
    if (const std::string help = below_another_key(path, spec, set.substr(equals + 1)); !help.empty())
      return r.problem(where, "unknown key '" + path[0] + "'", help);
    interpolate_environment(value, environment_, r);
    include(value, "", r, form_at(spec, path));
    set_path(spec, path, std::move(value), r, form_);
  }

  // What to write for --set KEY=…, where the config has such a key below others and none at its top.
  std::string below_another_key(const std::vector<std::string>& path, const Node& spec,
                                const std::string& value) const {
    if (path.size() != 1 || !form_.object || form_.object->schema.field(path[0]) || spec.find(path[0])) return "";
    std::vector<std::string> found, at;
    find_keys(spec, path[0], at, found);
    if (found.empty()) return "";
    constexpr size_t most = 3;
    if (found.size() > most) found.resize(most);
    for (std::string& place : found) place = "--set " + place + "=" + shortened(value);
    return "write " + join(found, " or ");
  }

  static void find_keys(const Node& node, const std::string& key, std::vector<std::string>& at,
                        std::vector<std::string>& found) {
    for (const Node::Entry& entry : node.entries) {
      at.push_back(entry.key);
      if (entry.key == key) found.push_back(path_text(at));
      find_keys(entry.value, key, at, found);
      at.pop_back();
    }
    for (size_t i = 0; i < node.items.size(); ++i) {
      at.push_back(std::to_string(i));
      find_keys(node.items[i], key, at, found);
      at.pop_back();
    }
  }

  static void mark_as_option(Node& node, const Where& where) {
    node.where = where;
    node.origin = Node::Origin::option;
    for (Node& item : node.items) mark_as_option(item, where);
    for (Node::Entry& entry : node.entries) {
      entry.key_where = where;
      mark_as_option(entry.value, where);
    }
  }

  struct Open {
    std::string identity, path;
  };

  const LoadOptions& options_;
  const Environment environment_;
  const Form form_;  // of the whole
  std::vector<Problem> problems_;
  std::vector<Open> open_;  // files being read, outermost first
  int files_ = 0;
  int64_t values_ = 0;
};

}  // namespace

Node load_spec(const fs::path& path, const LoadOptions& options) { return Loader(options).load(path); }

Node load_spec(Node spec, const LoadOptions& options, const fs::path& folder) {
  return Loader(options).load(std::move(spec), folder);
}

Node provide(const Node& spec, const std::map<std::string, Node>& values) {
  std::vector<Problem> problems;
  Node out = interpolate_values(spec, values, problems);
  if (!problems.empty()) throw Error(Exit::usage, std::move(problems));
  return out;
}

}  // namespace dl
