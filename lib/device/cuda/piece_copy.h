// Bytes copied from several places to several places in few launches.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/kernels/copy_rows.h"

namespace dl::cuda {

struct RowsOfBytes {
  const void* from = nullptr;  // null: zeros
  void* to = nullptr;
  int64_t rows = 1, bytes = 0;  // of a row
  int64_t from_step = 0, to_step = 0;
};

// In the widest units that its addresses allow; some are left to copy.
CopyPiece piece_of(const RowsOfBytes& rows);

class PieceCopy {
 public:
  explicit PieceCopy(CudaDevice& device);
  // Launched when there is no room for more.
  void add(const RowsOfBytes& rows);
  void launch();  // what is left

 private:
  CudaDevice& device_;
  Code* const code_;
  CopyPieces pieces_{};
  int blocks_ = 0;
};

}  // namespace dl::cuda
