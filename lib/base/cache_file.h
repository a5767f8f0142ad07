// Small files in the user's folder of caches, $XDG_CACHE_HOME/dlcli or ~/.cache/dlcli (XDG Base Directory
// Specification): what is found out once and may be lost at any time.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace dl {

// Empty where the user has no such folder.
std::filesystem::path cache_folder();

// What write_cached() kept under this name; nothing where there is none or it is not whole.
std::optional<std::string> read_cached(const std::string& name);

// Appears complete or not at all. Where it cannot be written, nothing is said: it is made anew the next time.
void write_cached(const std::string& name, std::string_view text);

}  // namespace dl
