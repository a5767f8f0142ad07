// Types by their names.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <map>
#include <regex>
#include <set>

#include "tests/structure/sources.h"

// Two types of one name in one namespace are one to the linker, which takes the functions of either for both.
TEST_CASE("no two types outside unnamed namespaces have one name") {
  const std::regex opened(R"(^(?:inline )?namespace ?([\w:]*) ?\{.*)"), closed(R"(^\}  // namespace.*)"),
      defined(R"(^(?:template <.*> )?(?:struct|class|enum class) (\w+)(?: final)?(?: :.*| \{.*)?$)");
  std::map<std::string, std::set<std::string>> files;  // by namespace and name
  for (const std::string folder : {"lib", "app"})
    for (const std::string& file : files_under(folder, {".h", ".cpp"})) {
      std::vector<std::string> inside;
      for (const std::string& line : lines_of(file)) {
        std::smatch match;
        if (std::regex_match(line, match, opened))
          inside.push_back(match[1]);
        else if (std::regex_match(line, closed) && !inside.empty())
          inside.pop_back();
        else if (std::ranges::count(inside, "") == 0 && std::regex_match(line, match, defined) && !inside.empty())
          files[inside.back() + "::" + match[1].str()].insert(file);
      }
    }
  CHECK(files.size() > 300);
  for (const auto& [name, where] : files) {
    std::string all;
    for (const std::string& file : where) all += " " + file;
    CHECK_MESSAGE(where.size() == 1, name, " is defined in", all);
  }
}
