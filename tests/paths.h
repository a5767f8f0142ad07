// Where the tests find the project's own files; defined in main.cpp, so that no other object depends on the build's
// place.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace dl::testing {

std::string source_dir();    // the project's top folder
std::string dlcli_binary();  // the program under test; empty where it is not built

}  // namespace dl::testing
