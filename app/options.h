// What several commands' options have in common.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dl {

struct Example {
  std::string command;
  std::string what;
};
// The end of the command's help.
void examples(CLI::App& app, const std::vector<Example>& examples);

// A check that the option's value is a whole number in a range.
CLI::Validator whole_number(int64_t least, int64_t most);
// … a number above 0.
CLI::Validator above_zero();
// … a number in a range.
CLI::Validator number(double least, double most);
// … one of these words; the validator has this name, and the words with blanks between as its description.
CLI::Validator one_of(std::vector<std::string> words);
constexpr std::string_view words_validator = "words";
// Those of an option that has such a check.
std::vector<std::string> words_of(const CLI::Option& option);

// … the name of a file that ends so, ".png", in letters of any case.
CLI::Validator file_of(const std::string& ending);
// No check: the value may be any text, an empty one too.
CLI::Validator any_text();
bool takes_any_text(const CLI::Option& option);

// Refuses fewer than two where a command takes several.
void expect_several(const std::string& command, const std::vector<std::string>& runs);

// "32,32,64", or with another separator between: whole numbers above 0; nothing where the text is something else.
std::optional<std::vector<int64_t>> sizes_in(std::string_view text, char separator);

// --json: one JSON object on standard output and nothing else there.
void declare_json(CLI::App& app, bool& json);

// --runs FOLDER: where runs are, and new ones are made.
void declare_runs(CLI::App& app, std::string& runs);

// Changes to a config from the command line: --set, and options that stand for one.
class Overrides {
 public:
  void declare_set(CLI::App& app);
  void declare_machine(CLI::App& app);  // --threads, --precision, --device
  // "a.b=value" in order: the options first, so that --set has the last word.
  std::vector<std::string> sets() const;

 private:
  std::vector<std::string> sets_;
  std::string threads_, precision_, device_;
};

}  // namespace dl
