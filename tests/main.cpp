// The entry point of every test program.
// SPDX-License-Identifier: Apache-2.0
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/paths.h"

namespace dl::testing {

namespace {

// Where the build was, or where it was carried to.
std::string place(const char* variable, const char* built) {
  const char* elsewhere = std::getenv(variable);
  return elsewhere != nullptr ? elsewhere : built;
}

}  // namespace

std::string source_dir() { return place("DLCLI_SOURCE_DIR", DLCLI_SOURCE_DIR); }
std::string dlcli_binary() { return place("DLCLI_BINARY", DLCLI_BINARY); }

}  // namespace dl::testing
