// Every run in configs/ is one that dlcli accepts, or whose data are not here and it says how to get them.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdio>

#include "tests/paths.h"
#include "tests/structure/sources.h"

TEST_CASE("dlcli check accepts every run in configs/ without a warning, or says how to get its data") {
  int runs = 0, accepted = 0;
  for (const std::string& file : files_under("configs", {".yaml"})) {
    if (file.starts_with("configs/models/") || file.starts_with("configs/trainers/") ||
        file.starts_with("configs/families/"))
      continue;  // parts of runs
    ++runs;
    FILE* pipe = ::popen((dl::testing::dlcli_binary() + " check " + file + " 2>&1").c_str(), "r");
    REQUIRE(pipe);
    std::string output;
    char piece[4096];
    for (size_t got; (got = std::fread(piece, 1, sizeof piece, pipe)) > 0;) output.append(piece, got);
    const int status = ::pclose(pipe);
    const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    const bool lacks_data = output.find("is not there; looked in") != std::string::npos &&
                            output.find("help: get it with: ") != std::string::npos;
    CHECK_MESSAGE((good || lacks_data), file, ":\n", output);
    CHECK_MESSAGE(output.find("warning: ") == std::string::npos, file, ":\n", output);
    accepted += good;
  }
  CHECK(runs >= 4);
  CHECK(accepted >= 4);
}
