// The file that a run's config is: where it is, how it is read, and its text as the run keeps it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "lib/spec/load.h"
#include "lib/spec/node.h"

namespace dl {

// The file of that name, or one of those that come with the program: shared_file(). Error(Exit::usage) where there is
// none, but one of the program's configs is called so.
std::filesystem::path find_config(const std::filesystem::path& name);

// How load_spec() reads it: with these settings, what only the data tell left open.
LoadOptions config_options(const std::vector<std::string>& sets);

// The config, and before and after it what it was made of besides, as comments.
std::string config_text(const std::filesystem::path& config, const Node& spec, const std::vector<std::string>& sets);

}  // namespace dl
