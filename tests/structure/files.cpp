// What every file keeps: its first line, its names, its endings.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <regex>

#include "tests/structure/sources.h"

namespace {

std::vector<std::string> all_files(const std::vector<std::string>& endings) {
  std::vector<std::string> files;
  for (const std::string folder : {"lib", "app", "tests", "configs", "datasets", "scripts"}) {
    const std::vector<std::string> more = files_under(folder, endings);
    files.insert(files.end(), more.begin(), more.end());
  }
  return files;
}

}  // namespace

TEST_CASE("a file's first line says what it is") {
  struct Language {
    std::vector<std::string> endings, beginnings;
  };
  for (const Language& language : {Language{{".cpp", ".h"}, {"// "}}, Language{{".yaml"}, {"# ", "summary: "}},
                                   Language{{".py"}, {"# ", "\"\"\""}}, Language{{".cmake"}, {"# "}}})
    for (const std::string& file : all_files(language.endings)) {
      const std::vector<std::string> lines = lines_of(file);
      const size_t first = !lines.empty() && lines[0].starts_with("#!") ? 1 : 0;
      REQUIRE_MESSAGE(lines.size() > first, file, " is empty");
      const auto begins = [&](const std::string& beginning) { return lines[first].starts_with(beginning); };
      CHECK_MESSAGE(std::ranges::any_of(language.beginnings, begins), file, " begins with: ", lines[first]);
    }
}

TEST_CASE("every source says its licence where it says what it is") {
  std::vector<std::string> files = all_files({".cpp", ".h", ".py", ".cmake"});
  for (const std::string one : {"CMakeLists.txt", "tests/CMakeLists.txt", "scripts/setup"}) files.push_back(one);
  for (const std::string& file : files) {
    const std::string text = text_of(file);
    const bool slashes = file.ends_with(".cpp") || file.ends_with(".h");
    const size_t head = text.find(slashes ? "\n#" : "\n\n");
    const size_t said =
        text.find(slashes ? "// SPDX-License-Identifier: Apache-2.0\n" : "# SPDX-License-Identifier: Apache-2.0\n");
    CHECK_MESSAGE(said < std::min(head, size_t{2000}), file);
  }
}

TEST_CASE("no type's name leaves open what it does") {
  const std::regex vague(R"(\b(class|struct|enum|namespace)\s+\w*(Manager|Helper|Util|Utils|Context|Handler)\b)");
  for (const std::string& file : all_files({".cpp", ".h"}))
    for (const std::string& line : lines_of(file)) CHECK_MESSAGE(!std::regex_search(line, vague), file, ": ", line);
}

TEST_CASE("every header is guarded once, and text files end with a newline") {
  for (const std::string& file : all_files({".h"}))
    CHECK_MESSAGE(text_of(file).find("#pragma once\n") != std::string::npos, file);
  for (const std::string& file : all_files({".cpp", ".h", ".yaml", ".py", ".md", ".cmake", ".txt"})) {
    const std::string text = text_of(file);
    CHECK_MESSAGE((text.ends_with('\n') && !text.ends_with("\n\n")), file);
    CHECK_MESSAGE(text.find('\r') == std::string::npos, file);
  }
}
