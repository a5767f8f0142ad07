// The command line: which command is meant, what its options are, and what is wrong with them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/base/error.h"

namespace dl {

// Runs the command that the arguments name and returns its exit code. Help is printed on standard output. A command or
// option that does not exist is an Error(Exit::usage) with the nearest one that does.
Exit run_command_line(int argc, const char* const* argv);

}  // namespace dl
