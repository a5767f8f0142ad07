// The entry point of every test program.
// SPDX-License-Identifier: Apache-2.0
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "tests/paths.h"

namespace dl::testing {

std::string source_dir() { return DLCLI_SOURCE_DIR; }
std::string dlcli_binary() { return DLCLI_BINARY; }

}  // namespace dl::testing
