// A fresh temporary folder for one test, removed at its end, and the files in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/error_text.h"

namespace dl::testing {

// All of a file; empty where there is none.
inline std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The folders that it stands in are made.
inline void write(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

struct Folder {
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "dlcli-test-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  operator const std::filesystem::path&() const { return path; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path / name; }

  // The names in the folder, sorted, with spaces between.
  std::string names() const {
    std::vector<std::string> sorted;
    for (const auto& entry : std::filesystem::directory_iterator(path)) sorted.push_back(entry.path().filename());
    std::ranges::sort(sorted);
    std::string joined;
    for (const std::string& name : sorted) joined += (joined.empty() ? "" : " ") + name;
    return joined;
  }

  std::string text(const std::string& name) const { return text_of(path / name); }
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    dl::testing::write(path / name, text);
    return path / name;
  }
  // The text with DIR in the place of the folder's name.
  std::string placeless(const std::string& text) const { return replaced(text, {{path.string(), "DIR"}}); }

  std::filesystem::path path;
};

// With DIR in the place of the folder's name.
template <class Action>
std::string error_text(const Folder& folder, Action&& action) {
  return folder.placeless(error_text(action));
}

}  // namespace dl::testing
