// Walking a command line along CLI11's description of it.
// SPDX-License-Identifier: Apache-2.0
#include "app/completion.h"

#include <algorithm>
#include <optional>

#include "app/command.h"
#include "app/help.h"
#include "app/options.h"
#include "app/reference.h"
#include "app/run_info.h"
#include "lib/device/device.h"

namespace dl {
namespace {

const CLI::Option* option_named(const CLI::App& app, const std::string& written) {
  for (const CLI::Option* option : app.get_options())
    if (!option->get_positional() && option->check_name(written)) return option;
  return nullptr;
}

bool needs_value(const CLI::Option& option) { return option.get_expected_min() > 0; }

// The n-th argument; the last stands for all that follow where it takes several.
const CLI::Option* argument(const CLI::App& app, size_t n) {
  const CLI::Option* last = nullptr;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) continue;
    last = option;
    if (n-- == 0) return option;
  }
  return last != nullptr && last->get_expected_max() > 1 ? last : nullptr;
}

struct ConfigKey {
  std::string key;                  // "trainer.precision"
  std::vector<std::string> values;  // the words that it may be; none: anything
  std::string what;
};

// Where the keys of a section or of a type that a section names stand in a config; nothing where they may stand in many
// places, as a layer's.
std::optional<std::string> place_of(const ReferenceEntry& entry) {
  if (entry.kind == "optimizer" || entry.kind == "schedule" || entry.kind == "loss")
    return entry.kind + "." + entry.name + ".";
  if (entry.kind != "section" || entry.place.find("[]") != entry.place.npos) return {};
  return entry.place;
}

std::vector<ConfigKey> config_keys() {
  std::vector<ConfigKey> keys;
  for (const ReferenceEntry& entry : reference()) {
    const std::optional<std::string> place = place_of(entry);
    if (!place) continue;
    for (const Field& field : entry.schema.fields()) {
      ConfigKey key{.key = *place + field.key(), .values = {}, .what = field.summary()};
      const Node schema = field.json_schema();
      if (const Node* values = schema.find("enum"))
        for (const Node& value : values->items) key.values.push_back(value.text);
      if (schema.find("type") != nullptr && schema.find("type")->text == "boolean") key.values = {"true", "false"};
      if (key.key == "trainer.device") {
        key.values = device_names();
        key.values.insert(key.values.begin(), "auto");
      }
      keys.push_back(std::move(key));
    }
  }
  return keys;
}

class Completion {
 public:
  explicit Completion(std::string begun) : begun_(std::move(begun)) {}

  Candidates result;

  void add(const std::string& word, const std::string& what = {}) {
    if (word.starts_with(begun_)) result.words.push_back({word, what});
  }

  void commands(const CLI::App& app) {
    for (const CLI::App* command : shown_commands(app)) add(command->get_name(), command->get_description());
  }

  void options(const CLI::App& app) {
    for (const CLI::Option* option : app.get_options())
      for (const std::string& name : option->get_lnames()) add("--" + name, option->get_description());
  }

  // What may stand as the value of an option or for an argument, behind `before`.
  void values(const CLI::App& app, const CLI::Option& option, const std::string& before) {
    const std::string name = option.get_positional() ? option.get_name(true) : option.get_lnames().front();
    const std::string kind = option.get_positional() ? name : option.get_type_name();
    for (const std::string& word : words_of(option)) add(before + word);
    if (const auto command = dl::commands().find(app.get_name()); command != dl::commands().end())
      for (const std::string& word : command->second()->candidates(name)) add(before + word);
    const bool run = kind.find("RUN") != kind.npos || option.get_description().find(" run") != std::string::npos;
    if (run && (option.get_positional() || kind.find("RUN") != kind.npos)) runs(before);
    if (kind == "COMMAND" && app.get_parent() != nullptr) commands(*app.get_parent());
    if (kind == "KEY=VALUE") settings(before);
    if (kind == "KEY")
      for (const ConfigKey& key : config_keys()) add(before + key.key, key.what);
    for (const ConfigKey& key : config_keys())
      if (key.key == "trainer." + name)
        for (const std::string& word : key.values) add(before + word);
    if (kind == "CONFIG" || kind == "RUN")
      files({"yaml", "yml"});
    else if (kind.starts_with("FILE."))
      files({kind.substr(kind.find('.') + 1)});
    else if (kind == "FILE" || kind == "FOLDER" || kind == "INPUT" || kind == "PATH" || kind == "DATA" ||
             kind == "WHAT")
      files({});
  }

 private:
  void files(std::vector<std::string> extensions) {
    result.files = true;
    result.extensions = std::move(extensions);
  }

  void runs(const std::string& before) {
    std::vector<std::string> names;
    std::error_code unreadable;
    if (std::filesystem::directory_iterator("runs", unreadable); unreadable) return;
    for (const RunPaths& run : runs_in("runs").runs) {
      const std::string name = run.name();
      names.push_back(name);
      const std::string base = name.substr(0, name.rfind('-'));  // stands for its newest
      if (std::ranges::find(names, base) == names.end()) names.push_back(base);
    }
    for (const std::string& name : names) add(before + name);
  }

  // "trainer.max_epochs=", and its values where they are a few words.
  void settings(const std::string& before) {
    for (const ConfigKey& key : config_keys()) {
      const std::string whole = before + key.key + "=";
      if (!begun_.starts_with(whole))
        add(whole, key.what);
      else
        for (const std::string& value : key.values) add(whole + value);
    }
  }

  std::string begun_;
};

}  // namespace

Candidates candidates(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  const CLI::Option* waiting = nullptr;  // for its value
  size_t arguments = 0;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (waiting != nullptr) {
      waiting = nullptr;
    } else if (word.starts_with("-") && word.size() > 1) {
      const CLI::Option* option = option_named(*command, word.substr(0, word.find('=')));
      if (option != nullptr && needs_value(*option) && word.find('=') == word.npos) waiting = option;
    } else if (command == &app) {
      for (const CLI::App* sub : shown_commands(app))
        if (sub->get_name() == word) command = sub;
      if (command == &app) return {};  // no command of ours
    } else {
      ++arguments;
    }
  }
  const std::string begun = words.empty() ? "" : words.back();
  Completion completion(begun);
  const size_t equals = begun.find('=');
  if (waiting != nullptr) {
    completion.values(*command, *waiting, "");
  } else if (begun.starts_with("--") && equals != begun.npos) {
    if (const CLI::Option* option = option_named(*command, begun.substr(0, equals)))
      completion.values(*command, *option, begun.substr(0, equals + 1));
  } else if (begun.starts_with("-")) {
    completion.options(*command);
  } else if (command == &app) {
    completion.commands(app);
  } else if (const CLI::Option* option = argument(*command, arguments)) {
    completion.values(*command, *option, "");
  }
  return std::move(completion.result);
}

}  // namespace dl
