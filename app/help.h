// How --help looks: usage, arguments, options, examples; lines no longer than 100 columns.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

namespace dl {

class HelpFormat final : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

}  // namespace dl
