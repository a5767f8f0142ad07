// A command of dlcli: one file in app/commands/, which registers itself; nothing lists them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace CLI {
class App;
}

namespace dl {

class Command {
 public:
  virtual ~Command() = default;
  // One line for the list of commands.
  virtual std::string summary() const = 0;
  // Words that other programs have for it: the help of the error names this one.
  virtual std::vector<std::string> other_names() const { return {}; }
  // What to write for an argument more than it takes, and for an option that it does not have ("--label", which `value`
  // may follow); empty where nothing better is known.
  virtual std::string help_for_more(const std::string& /*argument*/) const { return {}; }
  virtual std::string help_for_other(const std::string& /*option*/, const std::string& /*value*/) const { return {}; }
  // Adds arguments, options bound to members, and examples (app/options.h).
  virtual void declare(CLI::App& app) = 0;
  // What an option or argument may be, beside what its kind of value says: for completion ("NAME" -> conv2d, …).
  virtual std::vector<std::string> candidates(std::string_view /*option*/) const { return {}; }
  // Does it, after the members were set. What goes wrong is thrown.
  virtual Exit run() = 0;
};

using CommandFactory = std::unique_ptr<Command> (*)();

// All commands by name.
std::map<std::string_view, CommandFactory>& commands();

struct CommandRegistration {
  CommandRegistration(const char* name, CommandFactory factory) { commands().emplace(name, factory); }
};

}  // namespace dl

// DL_COMMAND(Train, "train"); at the end of the command's file.
#define DL_COMMAND(Type, name)                              \
  static const ::dl::CommandRegistration Type##_registered( \
      name, []() -> std::unique_ptr<::dl::Command> { return std::make_unique<Type>(); })
