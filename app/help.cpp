// The text of --help.
// SPDX-License-Identifier: Apache-2.0
#include "app/help.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "app/console/text.h"

namespace dl {
namespace {

using HelpRow = std::pair<std::string, std::string>;
constexpr size_t line_width = 80;

// Two columns; the second is wrapped.
std::string help_table(const std::string& title, const std::vector<HelpRow>& rows) {
  if (rows.empty()) return {};
  size_t width = 0;
  for (const HelpRow& row : rows) width = std::max(width, display_width(row.first));
  const std::string indent(width + 4, ' ');
  std::string out = "\n" + title + ":\n";
  for (const auto& [name, description] : rows)
    out += wrapped(description, line_width, indent, "  " + name + std::string(width - display_width(name) + 2, ' '));
  return out;
}

}  // namespace

std::string name_of(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(true);
  std::string text;
  for (const std::string& name : option.get_snames()) text += "-" + name + ", ";
  for (const std::string& name : option.get_lnames())
    text += (text.ends_with(", ") || text.empty() ? "--" : ", --") + name;
  // A type name in brackets is a value that may be left out: --resume[=RUN].
  std::string value = option.get_type_name();
  value.resize(std::min(value.find(':'), value.size()));  // behind it stand words, which the description tells
  if (value.empty() || (option.get_expected_max() == 0 && !value.starts_with("["))) return text;
  return text + (value.starts_with("[") ? "" : " ") + value;
}

std::string usage_of(const CLI::App& app) {
  std::string usage = app.get_parent() != nullptr ? "dlcli " + app.get_name() : "dlcli COMMAND";
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) continue;
    std::string name = option->get_name(true);
    if (option->get_expected_max() > 1) name += "...";
    usage += option->get_required() ? " " + name : " [" + name + "]";
  }
  return usage + " [OPTIONS]";
}

std::vector<const CLI::App*> shown_commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });
}

std::string HelpFormat::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  std::vector<HelpRow> arguments, options, subcommands;
  for (const CLI::Option* option : app->get_options())
    (option->get_positional() ? arguments : options).emplace_back(name_of(*option), option->get_description());
  for (const CLI::App* sub : shown_commands(*app)) subcommands.emplace_back(sub->get_name(), sub->get_description());
  std::rotate(options.begin(), options.begin() + 1, options.end());  // --help comes first from CLI11, and is known
  return wrapped(app->get_description(), line_width, "", "") + "\nusage: " + usage_of(*app) + "\n" +
         help_table("commands", subcommands) + help_table("arguments", arguments) + help_table("options", options) +
         app->get_footer();
}

}  // namespace dl
