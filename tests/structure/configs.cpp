// Every run in configs/ is one that dlcli accepts.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdio>

#include "tests/structure/sources.h"

TEST_CASE("dlcli check accepts every run in configs/") {
  int runs = 0;
  for (const std::string& file : files_under("configs", {".yaml"})) {
    if (file.starts_with("configs/models/") || file.starts_with("configs/trainers/")) continue;  // parts of runs
    ++runs;
    FILE* pipe = ::popen((std::string(DLCLI_BINARY) + " check " + file + " 2>&1").c_str(), "r");
    REQUIRE(pipe);
    std::string output;
    char piece[4096];
    for (size_t got; (got = std::fread(piece, 1, sizeof piece, pipe)) > 0;) output.append(piece, got);
    const int status = ::pclose(pipe);
    CHECK_MESSAGE((WIFEXITED(status) && WEXITSTATUS(status) == 0), file, ":\n", output);
  }
  CHECK(runs >= 4);
}
