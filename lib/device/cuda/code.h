// The text of a kernel, and the kernel that the compiler makes of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>

#include "lib/device/cuda/driver.h"
#include "lib/device/cuda/grid.h"

namespace dl::cuda {

// A template over the thread, `call`<Thread>-deducible as call(thread, arguments), that lies in a header of
// lib/device/cuda/kernels or in `text`.
struct KernelSource {
  std::string header;     // "embedding.h": lib/device/cuda/kernels/embedding.h; empty: none
  std::string text;       // generated templates, after the header; in namespace dl::cuda
  std::string call;       // "gather_rows<float>"
  std::string arguments;  // the struct of numbers and pointers that it takes, at most 4 KiB: "GatherRows"
  int threads = 256;      // of a block at most
  int blocks_per_sm = 1;  // how many blocks are to find room in a multiprocessor's registers
  bool operator==(const KernelSource&) const = default;
};

// One compiled kernel; filled when the program that it belongs to is linked.
struct Code {
  KernelSource source;
  std::string name;  // of the entry, from its source alone
  Function function = nullptr;
  int shared_bytes = 0;  // the most that a launch of it has
  int allowed_shared_bytes = 0;
};

}  // namespace dl::cuda
