// The fingerprint of data that are not read whole in a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>

#include "lib/base/file.h"

namespace dl {

// A hash of all bytes up to 64 MiB; of a larger file one of its size and of 4,096 parts from all over it.
uint64_t file_fingerprint(const InputFile& file);

// The same of so many files as if they stood one behind another, and of the size of each, whatever they are called: all
// bytes where they have up to 64 MiB together, else 4,096 parts from all over them. One that cannot be read counts as
// such. Several threads ask for paths at once.
uint64_t files_fingerprint(int64_t files, const std::function<std::filesystem::path(int64_t)>& path);

}  // namespace dl
