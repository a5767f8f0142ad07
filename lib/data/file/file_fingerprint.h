// The fingerprint of data that are not read whole in a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/base/file.h"

namespace dl {

// A hash of all bytes up to 64 MiB; of a larger file one of its size and of 4,096 parts from all over it.
uint64_t file_fingerprint(const InputFile& file);

}  // namespace dl
