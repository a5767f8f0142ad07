// The options that commands share.
// SPDX-License-Identifier: Apache-2.0
#include "app/options.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <optional>
#include <sstream>

#include "app/console/text.h"
#include "app/other_words.h"
#include "lib/base/error.h"
#include "lib/base/lower.h"
#include "lib/base/text.h"
#include "lib/spec/node.h"

namespace dl {
namespace {

// The word that is meant: the nearest, one that has it as a part, as "pytorch" has "torch", or that it begins with.
std::string meant(const std::string& text, const std::vector<std::string>& words) {
  const std::string near = closest(text, words);
  if (!near.empty() || text.size() < 3) return near;
  const auto found = std::ranges::find_if(words, [&](const auto& word) {
    return word.find(text) != word.npos || (word.size() > 3 && text.starts_with(word));
  });
  return found == words.end() ? "" : *found;
}

constexpr const char* text_validator = "text";

const CLI::Validator* validator_of(const CLI::Option& option, std::string_view name) {
  try {
    // Only CLI11's accessor for changing it finds a validator by name.
    return const_cast<CLI::Option&>(option).get_validator(std::string(name));
  } catch (const CLI::OptionNotFound&) {  // it has no such validator
    return nullptr;
  }
}

}  // namespace

void examples(CLI::App& app, const std::vector<Example>& examples) {
  constexpr size_t columns = 80, most_command = 44;
  size_t width = 0;
  for (const Example& e : examples)
    if (e.command.size() <= most_command) width = std::max(width, e.command.size());
  const std::string indent(width + 4, ' ');
  std::string text = "\nexamples:\n";
  for (const Example& e : examples) {
    std::string first = "  " + e.command + "  ";
    if (e.command.size() > width) {  // what it is stands below
      text += "  " + e.command + "\n";
      first.clear();
    }
    first.resize(indent.size(), ' ');
    text += wrapped(e.what, columns, indent + "# ", first + "# ");
  }
  app.footer(text);
}

CLI::Validator whole_number(int64_t least, int64_t most) {
  return CLI::Validator(
      [=](std::string& text) {
        const std::optional<int64_t> value = integer_in(text);
        if (value && *value >= least && *value <= most) return std::string{};
        return concat("expected a whole number from ", least, " to ", most, ", got '", text, "'");
      },
      "");
}

CLI::Validator above_zero() {
  return CLI::Validator(
      [](std::string& text) {
        const std::optional<double> value = Node::scalar(text).as_number();
        return value && *value > 0 ? std::string{} : "expected a number above 0, got '" + text + "'";
      },
      "");
}

CLI::Validator number(double least, double most) {
  return CLI::Validator(
      [=](std::string& text) {
        const std::optional<double> value = Node::scalar(text).as_number();
        if (value && *value >= least && *value <= most) return std::string{};
        return concat("expected a number from ", number_text(least), " to ", number_text(most), ", got '", text, "'");
      },
      "");
}

CLI::Validator one_of(std::vector<std::string> words) {
  const std::string listed = join(words, " ");
  return CLI::Validator(
      [words = std::move(words)](std::string& text) {
        if (std::find(words.begin(), words.end(), text) != words.end()) return std::string{};
        const std::string help = meant(text, words);
        return "expected " + join(words) + ", got '" + text + "'" + (help.empty() ? "" : "\nwrite '" + help + "'");
      },
      listed, std::string(words_validator));
}

std::optional<std::vector<int64_t>> sizes_in(std::string_view text, char separator) {
  std::vector<int64_t> sizes;
  const char *at = text.data(), *end = at + text.size();
  while (at < end) {
    int64_t size = 0;
    const auto [next, error] = std::from_chars(at, end, size);
    if (error != std::errc() || size < 1 || (next < end && *next != separator) || next + 1 == end) return {};
    sizes.push_back(size);
    at = next < end ? next + 1 : next;
  }
  return sizes;
}

std::vector<std::string> words_of(const CLI::Option& option) {
  std::vector<std::string> words;
  const CLI::Validator* validator = validator_of(option, words_validator);
  std::istringstream listed(validator ? validator->get_description() : "");
  for (std::string word; listed >> word;) words.push_back(word);
  return words;
}

CLI::Validator file_of(const std::string& ending) {
  return CLI::Validator(
      [=](std::string& text) {
        if (lower(text).ends_with(ending)) return std::string{};
        const std::string other = std::filesystem::path(text).replace_extension(ending).string();
        return concat("expected a name that ends in ", ending, ", got '", text, "'\nwrite '", other, "'");
      },
      "");
}

CLI::Validator any_text() {
  return CLI::Validator([](std::string&) { return std::string(); }, "", text_validator);
}

bool takes_any_text(const CLI::Option& option) { return validator_of(option, text_validator) != nullptr; }

void expect_several(const std::string& command, const std::vector<std::string>& runs) {
  if (runs.size() > 1) return;
  throw Error(Exit::usage,
              Problem{.path = "dlcli " + command,
                      .what = "expected two runs or more, got one",
                      .help = "write 'dlcli " + command + " " + runs[0] + " RUN'; 'dlcli runs' lists them"});
}

void declare_json(CLI::App& app, bool& json) {
  app.add_flag("--json", json, "one JSON object on standard output and nothing else there");
}

void declare_runs(CLI::App& app, std::string& runs) {
  app.add_option("--runs", runs, "the folder of the runs (runs)")->type_name("FOLDER");
}

void Overrides::declare_set(CLI::App& app) {
  app.add_option("--set", sets_, "change a key of the config; may be given several times")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->take_all()
      ->check(CLI::Validator(
          [](std::string& text) {
            const std::string help = help_for_setting(text);
            if (text.find('=') != 0 && text.find('=') != std::string::npos && help.empty()) return std::string{};
            return "expected KEY=VALUE, as optimizer.adamw.lr=3e-4, got '" + text + "'" +
                   (help.empty() ? "" : "\n" + help);
          },
          ""));
}

void Overrides::declare_machine(CLI::App& app) {
  app.add_option("--threads", threads_, "compute threads; 0: as many as this process may use")
      ->type_name("N")
      ->check(whole_number(0, 1024));
  app.add_option("--precision", precision_, "as trainer.precision: 32-true, bf16-mixed, bf16-true")->type_name("NAME");
  app.add_option("--device", device_, "as trainer.device: cpu, cuda, auto, reference")->type_name("NAME");
}

std::vector<std::string> Overrides::sets() const {
  std::vector<std::string> all;
  if (!threads_.empty()) all.push_back("trainer.threads=" + threads_);
  if (!precision_.empty()) all.push_back("trainer.precision=" + precision_);
  if (!device_.empty()) all.push_back("trainer.device=" + device_);
  all.insert(all.end(), sets_.begin(), sets_.end());
  return all;
}

}  // namespace dl
