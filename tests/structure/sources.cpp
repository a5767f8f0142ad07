// Reading of the repository's files.
// SPDX-License-Identifier: Apache-2.0
#include "tests/structure/sources.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/paths.h"

std::vector<std::string> files_under(const std::string& folder, const std::vector<std::string>& endings) {
  const std::filesystem::path top = dl::testing::source_dir();
  std::vector<std::string> files;
  if (!std::filesystem::exists(top / folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(top / folder))
    if (entry.is_regular_file() && std::ranges::count(endings, entry.path().extension().string()) > 0)
      files.push_back(std::filesystem::relative(entry.path(), top));
  std::ranges::sort(files);
  return files;
}

std::string text_of(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(std::filesystem::path(dl::testing::source_dir()) / file, std::ios::binary).rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& file) {
  std::istringstream text(text_of(file));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::vector<Include> includes_of(const std::string& file) {
  static const std::regex form(R"(\s*#\s*include\s*([<"])([^>"]+)[>"].*)");
  std::vector<Include> includes;
  int number = 0;
  for (const std::string& line : lines_of(file)) {
    ++number;
    if (std::smatch match; std::regex_match(line, match, form))
      includes.push_back({.file = file, .line = number, .name = match[2], .quoted = match[1] == "\""});
  }
  return includes;
}
