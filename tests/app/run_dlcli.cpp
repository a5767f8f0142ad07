// Starting dlcli and collecting what it says.
// SPDX-License-Identifier: Apache-2.0
#include "tests/app/run_dlcli.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>

#include "tests/paths.h"

namespace dl::testing {
namespace fs = std::filesystem;

Process::Process(const std::vector<std::string>& arguments, const fs::path& folder,
                 const std::vector<std::string>& environment) {
  id_ = fork();
  REQUIRE(id_ >= 0);
  if (id_ > 0) return;
  const auto onto = [&](const char* name, int descriptor) {
    dup2(open((streams_ / name).c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600), descriptor);
  };
  onto("out", STDOUT_FILENO);
  onto("err", STDERR_FILENO);
  dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
  if (chdir((folder.empty() ? source_dir() : folder.string()).c_str()) != 0) _exit(127);
  unsetenv("DLCLI_DATA");
  if (!folder.empty()) setenv("DLCLI_DATA", (source_dir() + "/datasets").c_str(), 1);
  unsetenv("NO_COLOR");
  for (const std::string& entry : environment) putenv(const_cast<char*>(entry.c_str()));
  const std::string binary = dlcli_binary();
  std::vector<char*> words{const_cast<char*>(binary.c_str())};
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  execv(binary.c_str(), words.data());
  _exit(127);
}

Process::~Process() {
  if (id_ > 0) {
    kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
  }
}

void Process::signal(int number) const { kill(id_, number); }
std::string Process::err() const { return text_of(streams_ / "err"); }
std::string Process::out() const { return text_of(streams_ / "out"); }

Finished Process::wait() {
  int status = 0;
  REQUIRE(waitpid(id_, &status, 0) == id_);
  id_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), out(), err()};
}

Finished run_dlcli(const std::vector<std::string>& arguments, const fs::path& folder,
                   const std::vector<std::string>& environment) {
  return Process(arguments, folder, environment).wait();
}

std::vector<std::string> command_names() {
  std::istringstream help(run_dlcli({"--help"}).out);
  std::vector<std::string> names;
  bool inside = false;
  for (std::string line; std::getline(help, line);) {
    if (line == "commands:") {
      inside = true;
    } else if (line.empty()) {
      inside = false;
    } else if (inside && line.starts_with("  ") && line[2] != ' ') {
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
  }
  return names;
}

}  // namespace dl::testing
