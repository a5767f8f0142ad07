// Where configs and descriptions that come with the program are found.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/shared_files.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "lib/base/error.h"
#include "tests/folder.h"

using namespace dl;
using namespace dl::testing;
namespace fs = std::filesystem;

namespace {

// An environment variable for as long as this lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() { before_.empty() ? ::unsetenv(name_) : ::setenv(name_, before_.c_str(), 1); }

 private:
  const char* name_;
  std::string before_;
};

}  // namespace

TEST_CASE("what comes with the program is looked for beside it, then in the user's and the system's folders of data") {
  const Folder folder;
  const Variable home("XDG_DATA_HOME", (folder / "own").string());
  const Variable system("XDG_DATA_DIRS", concat((folder / "a").string(), ":", (folder / "b").string()));
  const std::vector<fs::path> folders = shared_folders();
  const auto at = [&](const fs::path& path) { return std::ranges::find(folders, path) - folders.begin(); };
  const fs::path program = fs::read_symlink("/proc/self/exe").parent_path();
  CHECK(at(program.parent_path() / "share/dlcli") < at(folder / "own/dlcli"));
  CHECK(at(folder / "own/dlcli") < at(folder / "a/dlcli"));
  CHECK(at(folder / "a/dlcli") < at(folder / "b/dlcli"));
  CHECK(folders.back() == folder / "b/dlcli");
}

TEST_CASE("a file that is not there is the one that came with the program") {
  const Folder folder;
  const Variable system("XDG_DATA_DIRS", folder.path.string());
  fs::create_directories(folder / "dlcli/configs");
  folder.write("dlcli/configs/only-installed.yaml", "");
  CHECK(shared_file("configs/only-installed.yaml") == folder / "dlcli/configs/only-installed.yaml");
  CHECK(shared_file("configs/nowhere.yaml") == "configs/nowhere.yaml");
  CHECK(shared_file("/configs/only-installed.yaml") == "/configs/only-installed.yaml");
  folder.write("here.yaml", "");
  CHECK(shared_file(folder / "here.yaml") == folder / "here.yaml");
}
