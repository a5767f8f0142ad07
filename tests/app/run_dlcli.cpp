// Starting dlcli and collecting what it says.
// SPDX-License-Identifier: Apache-2.0
#include "tests/app/run_dlcli.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "tests/paths.h"

namespace dl::testing {
namespace fs = std::filesystem;

namespace {

// What the child does once its standard output and error are where they are to be.
[[noreturn]] void become_dlcli(const std::vector<std::string>& arguments, const fs::path& folder,
                               const std::vector<std::string>& environment) {
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

int exit_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

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
  become_dlcli(arguments, folder, environment);
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
  return {exit_of(status), out(), err()};
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

Finished run_on_terminal(const std::vector<std::string>& arguments, const fs::path& folder, unsigned short columns,
                         const std::vector<std::string>& environment) {
  const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  int master = -1;
  const pid_t id = forkpty(&master, nullptr, nullptr, &size);
  REQUIRE(id >= 0);
  if (id == 0) {
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    become_dlcli(arguments, folder, environment);
  }
  Finished finished;
  char part[4096];
  for (ssize_t got; (got = read(master, part, sizeof part)) > 0;)  // an error once the other end is closed
    for (const char c : std::string_view(part, static_cast<size_t>(got)))
      if (c != '\r') finished.out += c;
  close(master);
  int status = 0;
  REQUIRE(waitpid(id, &status, 0) == id);
  finished.exit = exit_of(status);
  return finished;
}

}  // namespace dl::testing
