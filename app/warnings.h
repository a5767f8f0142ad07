// What a config's plan warns of.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <CLI/CLI.hpp>
#include <vector>

#include "lib/base/error.h"
#include "lib/spec/node.h"

namespace dl {

// --strict: warnings are errors.
void declare_strict(CLI::App& app, bool& strict);

// Error(Exit::usage) with all warnings, if there are any.
void refuse(const std::vector<Problem>& warnings);

// Each on standard error.
void tell(const std::vector<Problem>& warnings);

// A list of texts.
Node json_warnings(const std::vector<Problem>& warnings);

}  // namespace dl
