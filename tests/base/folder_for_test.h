// A fresh temporary folder for one test, removed at its end, and the names in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

struct FolderForTest {
  std::filesystem::path path;

  FolderForTest() {
    std::string name = std::filesystem::temp_directory_path() / "dlcli-test-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~FolderForTest() { std::filesystem::remove_all(path); }
  FolderForTest(const FolderForTest&) = delete;
  FolderForTest& operator=(const FolderForTest&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path / name; }

  // The names in the folder, sorted, with spaces between.
  std::string names() const {
    std::vector<std::string> sorted;
    for (const auto& entry : std::filesystem::directory_iterator(path)) sorted.push_back(entry.path().filename());
    std::sort(sorted.begin(), sorted.end());
    std::string joined;
    for (const std::string& name : sorted) joined += (joined.empty() ? "" : " ") + name;
    return joined;
  }

  std::string text(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream(path / name, std::ios::binary).rdbuf();
    return out.str();
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name, std::ios::binary) << text;
  }
};

// The message of the Error that `action` throws; "" when it throws none.
template <class Error, class Action>
std::string message(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}
