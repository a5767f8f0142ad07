// dlcli describe: the reference of everything a config may hold.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/options.h"
#include "app/reference.h"
#include "lib/base/text.h"

namespace dl {
namespace {

class Describe final : public Command {
 public:
  std::string summary() const override { return "what layers, losses, optimizers, readers … there are and take"; }
  std::vector<std::string> other_names() const override {
    return {"man", "docs", "doc", "reference", "layers", "optimizers"};
  }

  void declare(CLI::App& app) override {
    app.add_option(
        "NAME", name_,
        "a name (conv2d), a kind (layer), a section of a config (trainer), a key (lr, trainer.precision), a value "
        "of one (bf16-mixed), or all");
    app.add_option("--format", format_, "text, markdown, or json-schema: of a whole config, for editors")
        ->type_name("FORMAT")
        ->check(one_of({"text", "markdown", "json-schema"}));
    declare_json(app, json_);
    examples(app, {{"dlcli describe", "everything there is, one line each"},
                   {"dlcli describe conv2d", "one layer"},
                   {"dlcli describe optimizer", "all optimizers"},
                   {"dlcli describe trainer", "a section of the config"},
                   {"dlcli describe momentum", "a key, wherever it is valid"},
                   {"dlcli describe all --format markdown > reference.md", "the whole reference"},
                   {"dlcli describe --format json-schema > dlcli.schema.json", "completion and checks in an editor"}});
  }

  std::vector<std::string> candidates(std::string_view option) const override {
    if (option != "NAME") return {};
    std::vector<std::string> names{"all"};
    for (const ReferenceEntry& entry : reference())
      for (const std::string& name : {entry.name, entry.kind})
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    return names;
  }

  // "layer conv2d", "early stopping", "adam lr"
  std::string help_for_more(const std::string& argument) const override {
    for (const ReferenceEntry& entry : reference()) {
      if (entry.kind == name_ || plural(entry.kind) == name_) return "write 'dlcli describe " + argument + "'";
      if (entry.name == name_ + "_" + argument) return "write 'dlcli describe " + entry.name + "'";
    }
    return "write the words as one, 'dlcli describe " + name_ + "." + argument + "' for a key of '" + name_ + "'";
  }

  Exit run() override {
    if (format_ == "json-schema") {
      print(to_json(config_json_schema()) + "\n");
      return Exit::done;
    }
    const std::vector<ReferenceEntry> entries = chosen();
    if (entries.empty())
      show_uses();
    else
      show(entries);
    return Exit::done;
  }

 private:
  // The entries of this name; where there is none, those of this kind. None where it is no name of either.
  std::vector<ReferenceEntry> chosen() const {
    std::vector<ReferenceEntry> all = reference(), named, kind;
    if (name_.empty() || name_ == "all") return all;
    for (const ReferenceEntry& entry : all) {
      if (entry.name == name_) named.push_back(entry);
      if (entry.kind == name_ || plural(entry.kind) == name_) kind.push_back(entry);
    }
    return named.empty() ? kind : named;
  }

  // What a key or a value says where it is valid, or the entry that a path ends with: optimizer.adamw.
  void show_uses() const {
    const std::string last = name_.substr(name_.rfind('.') + 1);
    if (const std::vector<ReferenceEntry> entries = at_path(); !entries.empty()) return show(entries);
    if (const std::vector<KeyUse> uses = uses_of_path(); !uses.empty()) return show(last, "key", uses);
    if (last != name_) {
      std::vector<ReferenceEntry> entries = reference();
      std::erase_if(entries, [&](const ReferenceEntry& entry) { return entry.name != last; });
      if (!entries.empty()) return show(entries);
      if (const std::vector<KeyUse> uses = uses_of_key(last); !uses.empty()) return show(last, "key", uses);
    }
    refuse_other_names();
    const std::vector<KeyUse> uses = uses_of_value(name_);
    if (uses.empty()) refuse_other_keys();
    show(name_, "value", uses);
  }

  // What stands at "trainer.checkpoint": a section, or a controller, which is a key of the trainer by its name.
  std::vector<ReferenceEntry> at_path() const {
    std::vector<ReferenceEntry> entries = reference();
    std::erase_if(entries, [&](const ReferenceEntry& entry) {
      const bool section = entry.place == name_ + "." || entry.place == name_ + "[].";
      return !section && !(entry.kind == "controller" && name_ == "trainer." + entry.name);
    });
    return entries;
  }

  // Of "lr", or of "optimizer.adamw.lr" that of adamw.
  std::vector<KeyUse> uses_of_path() const {
    const size_t dot = name_.rfind('.');
    if (dot == std::string::npos) return uses_of_key(name_);
    const std::string key = name_.substr(dot + 1);
    for (std::string owner = name_.substr(0, dot); !owner.empty();) {
      if (std::vector<KeyUse> uses = uses_of_key(key, owner); !uses.empty()) return uses;
      const size_t begin = owner.find('.');
      owner = begin == std::string::npos ? "" : owner.substr(begin + 1);
    }
    return {};
  }

  void show(const std::string& name, const char* what, const std::vector<KeyUse>& uses) const {
    if (json_)
      print(json_line(json_object({{"keys", uses_json(uses)}})));
    else
      print(format_ == "text" ? uses_text(name, what, uses, standard_output().columns())
                              : uses_markdown(name, what, uses));
  }

  void show(const std::vector<ReferenceEntry>& entries) const {
    if (json_) {
      Node list = Node::list();
      for (const ReferenceEntry& entry : entries) list.items.push_back(reference_json(entry));
      print(json_line(json_object({{"entries", std::move(list)}})));
    } else if (name_.empty() && format_ == "text") {
      print(overview(entries));
    } else {
      std::string text;
      for (const ReferenceEntry& entry : entries)
        text += (text.empty() ? "" : "\n") +
                (format_ == "text" ? reference_text(entry, standard_output().columns()) : reference_markdown(entry));
      print(text);
    }
  }

  void refuse_other_names() const {
    const size_t dot = name_.rfind('.');  // "trainer.epochs"
    const std::string owner = dot == name_.npos ? "" : name_.substr(0, dot), last = owner.substr(owner.rfind('.') + 1);
    for (const ReferenceEntry& entry : reference())
      if (const Field* field = entry.schema.meant(name_.substr(dot + 1)); field && entry.name == last)
        throw unknown("write '" + owner + "." + field->key() + "'");
    for (const ReferenceEntry& entry : reference())
      for (const std::string& foreign : entry.schema.foreign_names())
        if (same_word(foreign, name_)) throw unknown("write '" + entry.name + "'");
    for (const AnyRegistry* registry : AnyRegistry::all())
      if (const AnyRegistry::Meant meant = registry->meant(name_); meant.name.empty() && !meant.help.empty())
        throw unknown("of " + with_article(registry->kind()) + ": " + meant.help);
  }

  [[noreturn]] void refuse_other_keys() const {
    const std::vector<ReferenceEntry> all = reference();
    for (const ReferenceEntry& entry : all)
      for (const Field& field : entry.schema.fields())
        for (const std::string& foreign : field.foreign_names())
          if (same_word(foreign, name_)) throw unknown("of " + entry.name + ": write '" + field.key() + "'");
    std::vector<std::string> known;
    for (const ReferenceEntry& entry : all) {
      if (const std::string advice = entry.schema.advice(name_); entry.kind == "section" && !advice.empty())
        throw unknown("of " + entry.name + ": " + advice);
      known.insert(known.end(), {entry.name, entry.kind});
      for (const Field& field : entry.schema.fields()) known.push_back(field.key());
    }
    throw unknown(spelling_help(name_, known, "see the names: 'dlcli describe'"));
  }

  Error unknown(const std::string& help) const {
    return {Exit::usage, Problem{.path = "dlcli describe", .what = "nothing is named '" + name_ + "'", .help = help}};
  }

  static std::string overview(const std::vector<ReferenceEntry>& entries) {
    std::vector<std::vector<std::string>> rows;
    std::string kind;
    for (const ReferenceEntry& entry : entries) {
      rows.push_back({entry.kind == kind ? "" : entry.kind, entry.name, entry.schema.summary()});
      kind = entry.kind;
    }
    return table(rows, standard_output().columns());
  }

  std::string name_, format_ = "text";
  bool json_ = false;
};

DL_COMMAND(Describe, "describe");

}  // namespace
}  // namespace dl
