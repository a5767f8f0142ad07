// How many threads run a kernel.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dl::cuda {

struct Grid {
  int x = 1, y = 1, z = 1;  // blocks; y and z at most 65535
  int threads = 32;         // of a block: at most 1024
  int shared_bytes = 0;     // of a block: at most 99 KiB, so that every GPU from sm_80 on has them
};

}  // namespace dl::cuda
