// What is to be entered next, as a shell takes it.
// SPDX-License-Identifier: Apache-2.0
#include "app/console/next_command.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace dl {

std::string shell_word(const std::string& text) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c > 127 || std::strchr("-_./=+:,@%", c); };
  if (!text.empty() && std::ranges::all_of(text, plain)) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string run_here(const std::filesystem::path& folder) {
  const std::filesystem::path name = folder.filename();
  return folder == "runs" / name ? name.string() : folder.string();
}

std::string command_of_run(const std::string& command, const std::filesystem::path& folder) {
  const std::string name = run_here(folder);
  return "dlcli " + command + (name.starts_with("-") ? " -- " : " ") + shell_word(name);
}

std::string eval_command(const std::filesystem::path& folder, const std::vector<std::string>& splits) {
  const auto has = [&](const char* split) { return std::ranges::count(splits, split) > 0; };
  return command_of_run(has("test") ? "eval" : has("val") ? "eval --split val" : "eval --split train", folder);
}

}  // namespace dl
