// OpenBLAS, where it is installed: the peer that our matrix products are measured against.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>

namespace dl {

// Loaded when first asked for, on one thread, with the kernels that fit this processor: OpenBLAS falls back to those of
// a Prescott on processors newer than itself. OPENBLAS_CORETYPE, where the user set it, is kept.
class Blas {
 public:
  // null where the library does not load.
  static const Blas* find();
  // "OpenBLAS with SkylakeX kernels", or why there is none.
  static std::string description();
  // The kernels that OpenBLAS would choose by itself, for `doctor`: asked of a process of its own, so only before
  // find() and before threads are started. Empty where it cannot be told.
  static std::string own_choice();

  // C [m, n] = op(A) op(B), row-major with leading dimensions.
  void sgemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
             const float* b, int64_t ldb, float* c, int64_t ldc) const;
  // The kernels in use, as the library names them.
  const std::string& core() const { return core_; }

 private:
  struct Load;
  static const Load& load();
  void* sgemm_ = nullptr;
  std::string core_;
};

}  // namespace dl
