// How --help looks: usage, arguments, options, examples; lines no longer than 100 columns.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace dl {

// "--threads N", "-q, --quiet", "--resume[=RUN]", "CONFIG".
std::string name_of(const CLI::Option& option);
std::string usage_of(const CLI::App& app);  // "dlcli train [CONFIG] [OPTIONS]"
std::vector<const CLI::App*> shown_commands(const CLI::App& app);

class HelpFormat final : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

}  // namespace dl
