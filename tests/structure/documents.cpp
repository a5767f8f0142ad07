// What the documents name is there: files that are linked to, and the commands of README.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdlib>
#include <regex>
#include <set>
#include <sstream>

#include "tests/paths.h"
#include "tests/structure/sources.h"

namespace {

const std::filesystem::path top = dl::testing::source_dir();

std::vector<std::string> documents() {
  std::vector<std::string> files = {"README.md"};
  for (const std::string folder : {"docs", "lib", "app", "configs", "datasets", "tests", "benchmark"})
    for (const std::string& file : files_under(folder, {".md"}))
      if (file.find("/.") == std::string::npos) files.push_back(file);
  return files;
}

// The lines of the document's shell blocks that are commands, without what follows them.
std::vector<std::string> commands_in(const std::string& file) {
  std::vector<std::string> commands;
  bool inside = false;
  for (const std::string& line : lines_of(file)) {
    if (line.starts_with("```"))
      inside = !inside && (line == "```sh" || line == "```bash");
    else if (inside && !line.empty() && line[0] != ' ' && line[0] != '#')
      commands.push_back(line);
  }
  return commands;
}

}  // namespace

TEST_CASE("a link in a document leads to a file that is there") {
  const std::regex link(R"(\]\(([^)#: ]+)(#[^)]*)?\))");
  for (const std::string& file : documents()) {
    const std::string text = text_of(file);
    for (std::sregex_iterator match(text.begin(), text.end(), link), end; match != end; ++match) {
      const std::filesystem::path target = top / std::filesystem::path(file).parent_path() / (*match)[1].str();
      CHECK_MESSAGE(std::filesystem::exists(target), file, " links to ", (*match)[1].str());
    }
  }
}

TEST_CASE("the commands in README are there") {
  const std::string setup = text_of("scripts/setup");
  std::set<std::string> subcommands;
  int setups = 0;
  for (const std::string& command : commands_in("README.md")) {
    std::istringstream words(command);
    std::string program, first;
    words >> program >> first;
    if (program == "dlcli" || program == "build/dlcli" || program == "./build/dlcli") {
      subcommands.insert(first);
    } else if (program.find('/') != std::string::npos) {
      CHECK_MESSAGE(std::filesystem::exists(top / program), "README: ", command);
    }
    if (program == "./scripts/setup") {
      ++setups;
      CHECK_MESSAGE(setup.find("\n  " + first + ")") != std::string::npos, "README: ", command);
    }
    for (std::string word; words >> word;)
      if (word.starts_with("configs/")) CHECK_MESSAGE(std::filesystem::exists(top / word), "README: ", command);
    if (first.starts_with("configs/")) CHECK_MESSAGE(std::filesystem::exists(top / first), "README: ", command);
  }
  CHECK(setups == 2);
  for (const std::string& name : subcommands) {
    const std::string line = dl::testing::dlcli_binary() + " " + name + " --help > /dev/null";
    CHECK_MESSAGE(std::system(line.c_str()) == 0, "README uses dlcli ", name);
  }
}
