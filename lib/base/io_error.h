// The one form of a failed file operation: what was asked, what the system said, what is free and what to do about it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string_view>

#include "lib/base/error.h"

namespace dl {

// `attempt` names the call and its size ("write of 4096 bytes"); `error_number` is errno as the call left it.
// The free space and inodes of the file system are added where they ran out.
Error io_error(const std::filesystem::path& path, std::string_view attempt, int error_number);

}  // namespace dl
