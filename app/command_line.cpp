// Parsing by CLI11; what it finds wrong is said in the form of all other errors.
// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/command.h"
#include "app/console/output.h"
#include "app/help.h"
#include "app/options.h"
#include "app/other_words.h"
#include "app/trained.h"
#include "lib/base/text.h"

namespace dl {

std::map<std::string_view, CommandFactory>& commands() {
  static std::map<std::string_view, CommandFactory> all;
  return all;
}

namespace {

Error usage_error(const CLI::App& app, std::string what, std::string help = {}) {
  const std::string name = app.get_parent() ? "dlcli " + app.get_name() : "dlcli";
  if (help.empty()) help = "see '" + name + " --help'";
  return {Exit::usage, Problem{.path = name, .what = std::move(what), .help = std::move(help)}};
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

// A word in the place of a command; `rest` is what follows it.
Error unknown_command(const std::string& word, const std::vector<std::string>& rest) {
  std::vector<std::string> names;
  for (const auto& [name, factory] : commands()) names.emplace_back(name);
  const std::string meant = command_meant(word), arguments = rest.empty() ? "" : " " + join(rest, " ");
  Problem problem{.path = "dlcli", .what = "unknown command '" + word + "'"};
  problem.notes = {"commands: " + join(names)};
  const bool goes_on = word == "resume" || word == "continue" || word == "restart";
  problem.help = is_config(word) ? "write 'dlcli train " + word + arguments + "'"
                 : meant.empty() ? "see 'dlcli --help'"
                 : goes_on       ? "write 'dlcli train --resume" + (rest.empty() ? "=RUN" : "=" + rest[0]) + "'"
                                 : "write 'dlcli " + meant + arguments + "'";
  return {Exit::usage, std::move(problem)};
}

// The value that stands with an option as it was written: --lr=0.1, --lr 0.1.
std::string value_of(const std::string& option, const std::vector<std::string>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].starts_with(option + "=")) return arguments[i].substr(option.size() + 1);
    if (arguments[i] != option || i + 1 == arguments.size()) continue;
    const std::string& next = arguments[i + 1];
    const bool value = !next.starts_with("-") && (!is_config(next) || option == "--config");
    return value ? next : "";
  }
  return "";
}

// What nothing took of the arguments. A misspelt option hides what was meant by the arguments after it, so it is told
// first.
void refuse_unknown(const CLI::App& app, const Command* command, const std::vector<std::string>& arguments) {
  std::vector<std::string> unknown = app.remaining();
  if (app.get_parent()) {  // behind "--" where the command has all its arguments
    const std::vector<std::string> more = app.get_parent()->remaining();
    unknown.insert(unknown.end(), more.begin(), more.end());
  }
  const auto end_of_options = std::find(unknown.begin(), unknown.end(), "--");
  // The parser may have dropped the "--" itself.
  const auto mark = std::find(arguments.begin(), arguments.end(), "--");
  const auto option = std::find_if(unknown.begin(), end_of_options, [&](const std::string& s) {
    const bool behind =
        std::find(arguments.begin(), mark, s) == mark && std::find(mark, arguments.end(), s) != arguments.end();
    return s.starts_with("-") && !behind;
  });
  if (option != end_of_options) {
    const std::string written = option->substr(0, option->find('='));
    const bool takes_config = app.get_option_no_throw("--set") && app.get_option_no_throw("CONFIG");
    const auto config = std::find_if(arguments.begin(), arguments.end(), is_config);
    std::string help;
    if (takes_config)
      help = help_for_option(written, value_of(written, arguments), config == arguments.end() ? "" : *config);
    if (help.empty() && command) help = command->help_for_other(written, value_of(written, arguments));
    if (help.empty()) help = spelling_help(written, option_names(app));
    throw usage_error(app, "unknown option '" + written + "'", help);
  }
  if (end_of_options != unknown.end()) unknown.erase(end_of_options);
  if (unknown.empty()) return;
  if (!app.get_parent()) throw unknown_command(unknown.front(), {arguments.begin() + 1, arguments.end()});
  std::string help = app.get_option_no_throw("--set") ? help_for_argument(unknown.front()) : "";
  if (help.empty() && command) help = command->help_for_more(unknown.front());
  throw usage_error(app, "unexpected argument '" + unknown.front() + "'", help);
}

// `help train`, `train help`, -V and `train --resume RUN` as the parser takes them.
std::vector<std::string> as_parsed(std::vector<std::string> arguments) {
  if (arguments.empty()) return arguments;
  if (arguments[0] == "help") {
    arguments.erase(arguments.begin());
    arguments.resize(std::min<size_t>(arguments.size(), 1));
    if (arguments.empty() || commands().contains(arguments[0])) arguments.push_back("--help");
  }
  if (arguments.size() == 1 && (arguments[0] == "-V" || arguments[0] == "-v")) arguments[0] = "--version";
  if (arguments.size() == 2 && arguments[1] == "help" && commands().contains(arguments[0])) arguments[1] = "--help";
  for (size_t i = 1; i + 1 < arguments.size() && arguments[0] == "train"; ++i) {
    const std::string next = arguments[i + 1];
    if (arguments[i] != "--resume" || next.starts_with("-") || is_config(next)) continue;
    arguments[i] += "=" + next;
    arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
  return arguments;
}

// "--threads: 1 required N missing" and the like, in our words.
Error reworded(const CLI::App& app, const CLI::ParseError& e) {
  const std::string text = e.what();
  const std::string name = text.substr(0, text.find(':'));
  if (e.get_name() == "RequiredError") {
    const std::string missing = text.substr(0, text.find(" is required"));
    std::string help = "write 'dlcli " + app.get_name() + " " + missing + "'";
    if (const CLI::Option* option = app.get_option_no_throw(missing)) {
      if (!option->get_positional()) help = "add '" + name_of(*option) + "'";
      if (const auto words = words_of(*option); !words.empty()) help += ", one of " + join(words);
    }
    return usage_error(app, missing + " is missing", help);
  }
  if (e.get_name() == "ArgumentMismatch" && name.starts_with("-") && text.find("At Most") != text.npos)
    return usage_error(app, "option '" + name + "' is there more than once", "keep one of them");
  if (e.get_name() == "ArgumentMismatch") return usage_error(app, "option '" + name + "' needs a value");
  const size_t help = text.find('\n');  // behind what a check of ours says
  return usage_error(app, text.substr(0, help), help == std::string::npos ? "" : text.substr(help + 1));
}

// A variable of a script that is not set leaves "" behind: never taken for something that was left out. What is any
// text may be empty.
void refuse_empty(const CLI::App& app, const std::vector<std::string>& arguments) {
  const auto options_end = std::ranges::find(arguments, "--");
  for (const CLI::Option* option : app.get_options()) {
    const std::vector<std::string>& given = option->results();
    bool empty = std::ranges::find(given, "") != given.end();
    for (const std::string& name : option->get_lnames())  // a value that may be left out, as that of --resume
      empty |= std::find(arguments.begin(), options_end, "--" + name + "=") != options_end;
    if (takes_any_text(*option) || !empty) continue;
    const std::string name = option->get_positional() ? option->get_name(true) : "option '" + option->get_name() + "'";
    throw usage_error(app, name + " is empty", "give it a value, or leave it out");
  }
}

}  // namespace

Exit run_command_line(int argc, const char* const* argv) {
  CLI::App app("Trains networks described in YAML: one file becomes one compiled program.", "dlcli");
  app.formatter(std::make_shared<HelpFormat>());
  app.set_help_flag("-h,--help", "this help");
  app.allow_extras();
  app.require_subcommand(0, 1);  // the names of commands are arguments behind the first: dlcli man train
  bool version = false;
  app.add_flag("--version", version, "the version");
  examples(app, {{"dlcli train configs/quickstart.yaml", "train a network"},
                 {"dlcli eval quickstart", "its accuracy on the test set"},
                 {"dlcli check my.yaml", "every mistake in a config, before anything runs"},
                 {"dlcli describe conv2d", "what a layer, loss, optimizer … takes"},
                 {"dlcli train --help", "a command's options and examples"}});

  std::map<const CLI::App*, std::unique_ptr<Command>> known;
  for (const auto& [name, factory] : commands()) {
    std::unique_ptr<Command> command = factory();
    CLI::App* sub = app.add_subcommand(std::string(name), command->summary());
    sub->allow_extras();
    command->declare(*sub);
    known.emplace(sub, std::move(command));
  }

  auto chosen = [&]() -> CLI::App& { return app.get_subcommands().empty() ? app : *app.get_subcommands().front(); };
  const auto command = [&]() -> const Command* {
    const auto found = known.find(&chosen());
    return found == known.end() ? nullptr : found->second.get();
  };
  const std::vector<std::string> arguments = as_parsed({argv + 1, argv + std::max(argc, 1)});
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // it takes them from the end
  } catch (const CLI::CallForHelp&) {
    print(chosen().help());
    return Exit::done;
  } catch (const CLI::ParseError& e) {
    refuse_unknown(chosen(), command(), arguments);
    throw reworded(chosen(), e);
  }
  refuse_unknown(chosen(), command(), arguments);
  refuse_empty(chosen(), arguments);
  if (version) return known.at(app.get_subcommand("version"))->run();
  if (&chosen() == &app) {
    standard_error().write(app.help());
    return Exit::usage;
  }
  return known.at(&chosen())->run();
}

}  // namespace dl
