// Parsing by CLI11; what it finds wrong is said in the form of all other errors.
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

// An argument nothing took. A misspelt option hides what was meant by the arguments after it, so it is told first.
void refuse_unknown(const CLI::App& app, std::vector<std::string> unknown) {
  if (unknown.empty()) return;
  const auto option = std::find_if(unknown.begin(), unknown.end(), [](const auto& s) { return s.starts_with("-"); });
  if (option == unknown.end()) {
    if (app.get_parent()) throw usage_error(app, "unexpected argument '" + unknown.front() + "'");
    std::vector<std::string> names;
    for (const auto& [name, factory] : commands()) names.emplace_back(name);
    const std::string meant = closest(unknown.front(), names);
    const bool file = unknown.front().ends_with(".yaml") || unknown.front().ends_with(".yml");
    Problem problem{.path = "dlcli", .what = "unknown command '" + unknown.front() + "'"};
    problem.notes = {"commands: " + join(names)};
    problem.help = file            ? "write 'dlcli train " + unknown.front() + "'"
                   : meant.empty() ? "see 'dlcli --help'"
                                   : "write 'dlcli " + meant + "'";
    throw Error(Exit::usage, std::move(problem));
  }
  const std::string written = option->substr(0, option->find('='));
  const std::string meant = closest(written, option_names(app));
  throw usage_error(app, "unknown option '" + written + "'", meant.empty() ? "" : "write '" + meant + "'");
}

// "--threads: 1 required N missing" and the like, in our words.
Error reworded(const CLI::App& app, const CLI::ParseError& e) {
  const std::string text = e.what();
  const std::string name = text.substr(0, text.find(':'));
  if (e.get_name() == "RequiredError") {
    const std::string missing = text.substr(0, text.find(" is required"));
    return usage_error(app, missing + " is missing", "write 'dlcli " + app.get_name() + " " + missing + "'");
  }
  if (e.get_name() == "ArgumentMismatch") return usage_error(app, "option '" + name + "' needs a value");
  return usage_error(app, text);
}

}  // namespace

Exit run_command_line(int argc, const char* const* argv) {
  CLI::App app("Trains networks described in YAML: one file becomes one compiled program.", "dlcli");
  app.formatter(std::make_shared<HelpFormat>());
  app.set_help_flag("-h,--help", "this help");
  app.allow_extras();
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
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    print(chosen().help());
    return Exit::done;
  } catch (const CLI::ParseError& e) {
    refuse_unknown(chosen(), chosen().remaining());
    throw reworded(chosen(), e);
  }
  refuse_unknown(chosen(), chosen().remaining());
  if (version) return known.at(app.get_subcommand("version"))->run();
  if (&chosen() == &app) {
    standard_error().write(app.help());
    return Exit::usage;
  }
  return known.at(&chosen())->run();
}

}  // namespace dl
