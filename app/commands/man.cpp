// dlcli man: the manual pages.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "app/command.h"
#include "app/console/output.h"
#include "app/help.h"
#include "app/man_page.h"
#include "app/options.h"
#include "lib/base/file.h"
#include "lib/base/folder.h"

namespace dl {
namespace {

// Today, or the day that SOURCE_DATE_EPOCH names, so that packages can be built again to the same bytes.
std::string date() {
  const char* set = std::getenv("SOURCE_DATE_EPOCH");
  const std::time_t time = set != nullptr ? std::strtoll(set, nullptr, 10) : std::time(nullptr);
  std::tm fields{};
  ::gmtime_r(&time, &fields);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &fields)};
}

class Man final : public Command {
 public:
  std::string summary() const override { return "the manual pages, for man(1)"; }

  void declare(CLI::App& app) override {
    app_ = &app;
    app.add_option("COMMAND", command_, "a command; if left out, the page of dlcli itself");
    app.add_option("--folder", folder_, "write the pages of all commands there: dlcli.1, dlcli-train.1, …")
        ->type_name("FOLDER");
    examples(app, {{"dlcli man train | man -l -", "read one"},
                   {"dlcli man --folder ~/.local/share/man/man1", "so that 'man dlcli-train' finds them"}});
  }

  Exit run() override {
    const CLI::App& all = *app_->get_parent();
    if (folder_.empty()) {
      print(man_page(command_.empty() ? all : named(all), date()));
      return Exit::done;
    }
    make_folders(folder_);
    const auto write = [&](const CLI::App& app) {
      write_file_atomic(std::filesystem::path(folder_) / (man_page_name(app) + ".1"), man_page(app, date()));
    };
    write(all);
    for (const CLI::App* command : shown_commands(all)) write(*command);
    return Exit::done;
  }

 private:
  const CLI::App& named(const CLI::App& all) const {
    for (const CLI::App* command : shown_commands(all))
      if (command->get_name() == command_) return *command;
    throw Error(
        Exit::usage,
        Problem{.path = "dlcli man", .what = "there is no command '" + command_ + "'", .help = "see 'dlcli --help'"});
  }

  const CLI::App* app_ = nullptr;
  std::string command_, folder_;
};

DL_COMMAND(Man, "man");

}  // namespace
}  // namespace dl
