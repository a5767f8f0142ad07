// Runs the built dlcli as a user does: a process of its own, its output kept.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "tests/folder.h"
#include "tests/paths.h"

namespace dl::testing {

struct Finished {
  int exit = -1;  // 128 + the signal's number where one ended it
  std::string out, err;
};

// A running dlcli; its standard streams are files.
class Process {
 public:
  // `folder` is where it starts, with the source tree's data sets at hand; without one, the top of the source tree.
  // `environment` are "NAME=value" lines that are added.
  explicit Process(const std::vector<std::string>& arguments, const std::filesystem::path& folder = {},
                   const std::vector<std::string>& environment = {});
  ~Process();

  void signal(int number) const;
  std::string err() const;  // so far
  std::string out() const;
  Finished wait();

 private:
  Folder streams_;
  int id_ = -1;
};

Finished run_dlcli(const std::vector<std::string>& arguments, const std::filesystem::path& folder = {},
                   const std::vector<std::string>& environment = {});

// The commands that 'dlcli --help' lists, in its order.
std::vector<std::string> command_names();

// The same on a terminal of this many columns, in UTF-8 and with colours; `out` is all that it was sent, without \r.
Finished run_on_terminal(const std::vector<std::string>& arguments, const std::filesystem::path& folder,
                         unsigned short columns = 80, const std::vector<std::string>& environment = {});

}  // namespace dl::testing
