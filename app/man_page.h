// Manual pages, from the same descriptions as --help.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <CLI/CLI.hpp>
#include <string>

namespace dl {

// The page of a command, or with the app of all commands that of dlcli, in the macros of man(7). `date` is
// "2026-11-27".
std::string man_page(const CLI::App& app, const std::string& date);

std::string man_page_name(const CLI::App& app);  // "dlcli-train"

}  // namespace dl
