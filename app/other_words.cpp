// Commands by other names, and the keys of a config as options.
// SPDX-License-Identifier: Apache-2.0
#include "app/other_words.h"

#include <algorithm>
#include <vector>

#include "app/command.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/spec/load.h"
#include "lib/train/plan/run_spec.h"

namespace dl {
namespace {

// The key of this name, or of this name elsewhere.
const Field* exactly(const Schema& schema, const std::string& name) {
  for (const Field& field : schema.fields()) {
    const auto same = [&](const std::string& other) { return same_word(other, name); };
    if (same(field.key()) || std::ranges::any_of(field.foreign_names(), same)) return &field;
  }
  return nullptr;
}

// The optimizer that the config names and the path of its keys; adamw where it names none.
std::pair<std::string, std::string> optimizer_of(const std::string& config) {
  try {
    const Node spec = load_spec(config, {.later = data_value_names(), .schema = owned_schema<RunSpec>()});
    std::vector<Problem> later;
    UpdateChain chain;
    const Node* optimizer = spec.find("optimizer");
    if (optimizer && Codec<UpdateChain>::read(*optimizer, chain, {}, Reading(later, "optimizer")))
      return {chain->name, chain.place_of_optimizer(Reading(later, "optimizer")).path()};
  } catch (const Error&) {  // the option is what is wrong first
  }
  return {"adamw", "optimizer.adamw"};
}

}  // namespace

std::string command_meant(const std::string& word) {
  std::vector<std::string> names;
  for (const auto& [name, factory] : commands()) names.emplace_back(name);
  for (const std::string& name : names) {
    const std::vector<std::string> others = commands().at(name)()->other_names();
    if (std::ranges::any_of(others, [&](const std::string& other) { return same_word(other, word); })) return name;
  }
  return closest(word, names);
}

std::string help_for_option(const std::string& option, const std::string& value, const std::string& config) {
  const std::string name = option.substr(std::min(option.find_first_not_of('-'), option.size()));
  for (const char* file : {"config", "cfg", "config-file", "file", "c", "f"})
    if (name == file)
      return "leave it out: the file stands alone, 'dlcli train " + (value.empty() ? "my.yaml" : value) + "'";
  const auto set = [&](const std::string& key) {
    return "write '--set " + key + "=" + (value.empty() ? "…" : value) + "'";
  };
  if (name.find('.') != std::string::npos && !path_parts(name).empty()) return set(name);
  for (const char* setting : {"override", "overrides", "o", "s", "opt", "opts", "option", "param", "p", "x"})
    if (name == setting && !help_for_argument(value).empty()) return help_for_argument(value);
  if ((name == "data" || name == "dataset") && !value.empty()) return set("data.train");
  const auto [optimizer, place] = optimizer_of(config);
  const auto object = Registry<Optimizer>::make(optimizer);
  const Schema schema = schema_of(*object);  // the field is its own
  if (const Field* field = exactly(schema, name)) return set(place + "." + field->key());
  std::vector<std::pair<std::string, std::shared_ptr<const OwnedSchema>>> sections = {
      {"", owned_schema<RunSpec>()},
      {"trainer.", owned_schema<TrainerSpec>()},
      {"data.", owned_schema<DataSpec>()},
      {"trainer.checkpoint.", owned_schema<CheckpointSpec>()}};
  for (const Keyed<Controller>& own : TrainerSpec::every_controller())
    sections.emplace_back("trainer." + own.name + ".", Codec<Keyed<Controller>>::inner(own));
  for (const auto& [path, section] : sections)
    if (const Field* field = exactly(section->schema, name)) return set(path + field->key());
  return owned_schema<TrainerSpec>()->schema.advice(name, value.empty() ? Node() : Node::scalar(value));
}

std::string help_for_setting(const std::string& text) {
  const size_t equals = text.find('=');
  const std::string key = text.substr(0, equals), value = equals == text.npos ? "" : text.substr(equals);
  const auto write = [](const std::string& setting) { return "write '--set " + setting + "'"; };
  if (key.starts_with("~") && equals == text.npos) return write(key.substr(1) + "=null");
  if (const size_t begin = key.find_first_not_of('+'); begin != 0 && begin != key.npos)
    return write(key.substr(begin) + (equals == text.npos ? "=…" : value));
  if (key.ends_with("+")) return "write the whole list: --set '" + key.substr(0, key.size() - 1) + "=[…, …]'";
  if (key.find("[-") != key.npos) return "write an index from 0 on: 'dlcli summary CONFIG' numbers the layers";
  if (key.find('/') != key.npos && key.find('.') == key.npos) {
    std::string dotted = key;
    std::ranges::replace(dotted, '/', '.');
    return write(dotted + (equals == text.npos ? "=…" : value));
  }
  if (equals != text.npos) return "";
  const size_t colon = text.find(':');
  if (colon == text.npos || colon == 0) return write(text + "=…");
  return write(text.substr(0, colon) + "=" + std::string(trim(std::string_view(text).substr(colon + 1))));
}

std::string help_for_argument(const std::string& argument) {
  const size_t equals = argument.find('=');
  const bool path = equals != std::string::npos && !path_parts(argument.substr(0, equals)).empty();
  return path ? "write '--set " + argument + "'" : "";
}

}  // namespace dl
