// Commands that are printed for people to enter: `next: …`.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace dl {

// A word that a shell takes as it is.
std::string shell_word(const std::string& text);

// How commands that are started here name the run: one of `runs` by its name, another by its folder.
std::string run_here(const std::filesystem::path& folder);

// The command and a run as its argument, which may begin with a dash.
std::string command_of_run(const std::string& command, const std::filesystem::path& folder);

// How the run is evaluated: on the test set where its data have one, else on what there is.
std::string eval_command(const std::filesystem::path& folder, const std::vector<std::string>& splits);

}  // namespace dl
