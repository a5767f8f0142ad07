// Help as roff.
// SPDX-License-Identifier: Apache-2.0
#include "app/man_page.h"

#include <algorithm>
#include <sstream>

#include "app/help.h"
#include "lib/base/error.h"
#include "lib/base/version.h"

namespace dl {
namespace {

// Text that roff takes as it is.
std::string escaped_roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out.starts_with(".") || out.starts_with("'") ? "\\&" + out : out;
}

std::string entry(const std::string& name, const std::string& what) {
  return concat(".TP\n\\fB", escaped_roff(name), "\\fR\n", escaped_roff(what), "\n");
}

// "\nexamples:\n  dlcli …  # …\n", as it stands.
std::string examples_of(const CLI::App& app) {
  std::istringstream lines(app.get_footer());
  std::string text;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("  ")) text += escaped_roff(line.substr(2)) + "\n";
  return text.empty() ? text : ".SH EXAMPLES\n.nf\n" + text + ".fi\n";
}

}  // namespace

std::string man_page_name(const CLI::App& app) {
  return app.get_parent() != nullptr ? "dlcli-" + app.get_name() : "dlcli";
}

std::string man_page(const CLI::App& app, const std::string& date) {
  const std::string name = man_page_name(app);
  std::string title = name;
  std::ranges::transform(title, title.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  std::string text =
      concat(".TH ", title, " 1 ", date, " \"dlcli ", version(), "\"\n.SH NAME\n", escaped_roff(name), " \\- ",
             escaped_roff(app.get_description()), "\n.SH SYNOPSIS\n.B ", escaped_roff(usage_of(app)), "\n");
  std::string arguments, options;
  for (const CLI::Option* option : app.get_options())
    (option->get_positional() ? arguments : options) += entry(name_of(*option), option->get_description());
  const auto section = [&](const char* heading, const std::string& entries) {
    if (!entries.empty()) text += concat(".SH ", heading, "\n", entries);
  };
  std::string subcommands;
  std::string pages = app.get_parent() != nullptr ? ".BR dlcli (1)" : "";
  for (const CLI::App* sub : shown_commands(app)) {
    subcommands += entry(sub->get_name(), sub->get_description());
    pages += concat(pages.empty() ? "" : ",\n", ".BR ", escaped_roff(man_page_name(*sub)), " (1)");
  }
  section("COMMANDS", subcommands);
  section("ARGUMENTS", arguments);
  section("OPTIONS", options);
  return text + examples_of(app) + ".SH SEE ALSO\n" + pages + "\n";
}

}  // namespace dl
