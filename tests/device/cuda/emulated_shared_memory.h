// Shared memory of an emulated block, which knows of each byte who was there last and between which barriers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <vector>

#include "tests/device/cuda/emulated_thread.h"

namespace dl::cuda {

// Who does something, and after how many barriers: of its block, and sync_warp of its warp.
struct Accessor {
  int thread = -1, warp = -1;
  int epoch = -1, warp_epoch = -1;
};

class SharedMemory {
 public:
  // What is undefined on a GPU is said by block.undefined(): a place past the end or not aligned, a read of what
  // nothing wrote, a race.
  explicit SharedMemory(EmulatedBlock& block) : block_(block) {}

  void reset(int64_t bytes);  // to NaN, which nothing wrote
  void read(int64_t byte, void* to, int size, const Accessor& who);
  void write(int64_t byte, const void* from, int size, const Accessor& who);
  // A write that begins now and is made later: what it writes over must be free from now on.
  void begin_write(int64_t byte, int size, const Accessor& who) const;

 private:
  struct Access : Accessor {
    bool several = false;  // threads: `thread` is any of them, and `warp` -2 where they are of several warps
  };
  struct Byte {
    Access written, read;  // last
  };

  void touch(int64_t first, int size, bool write, const Accessor& who);

  EmulatedBlock& block_;
  std::vector<unsigned char> values_;
  std::vector<Byte> bytes_;
};

}  // namespace dl::cuda
