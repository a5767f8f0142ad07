// The repository's own files, as the tests of its structure read them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

// Files under a folder of the repository with one of the endings (".cpp"), as paths relative to the repository, sorted.
std::vector<std::string> files_under(const std::string& folder, const std::vector<std::string>& endings);

std::string text_of(const std::string& file);
std::vector<std::string> lines_of(const std::string& file);

struct Include {
  std::string file;  // who includes
  int line = 0;
  std::string name;     // what stands between the brackets or quotes
  bool quoted = false;  // "…": one of our own headers
  std::string place() const { return file + ":" + std::to_string(line); }
};
std::vector<Include> includes_of(const std::string& file);
