// The machine's BLAS libraries, one of which may make the products in f32: loaded where it lies, never linked.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace dl {

// A library of C BLAS (cblas.h, 32-bit indices) that makes each product on the thread that asks for it. Several threads
// may ask at once.
class Blas {
 public:
  // Those known by name: "openblas", "mkl", "blis". Any other name is a library's file.
  static std::span<const std::string> names();
  // Loaded at the first time, which sets the environment for it: one thread, and for OpenBLAS the kernels that fit this
  // processor, as it falls back to those of a Prescott on processors newer than itself; OPENBLAS_CORETYPE, where the
  // user set it, is kept. So this comes before threads that read the environment. Null where it does not load.
  static const Blas* find(const std::string& name = "openblas");
  // "OpenBLAS with SkylakeX kernels", or why there is none.
  static std::string description(const std::string& name = "openblas");
  // The kernels that OpenBLAS would choose by itself, for `doctor`: asked of a process of its own, so only before
  // find() and before threads are started. Empty where it cannot be told.
  static std::string own_choice();

  // C [m, n] = op(A) op(B), or += it; row-major with leading dimensions.
  void sgemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
             const float* b, int64_t ldb, float* c, int64_t ldc, bool accumulate = false) const;
  // What the library says of itself: of OpenBLAS the kernels in use, else its file.
  const std::string& core() const { return core_; }
  const std::string& title() const { return title_; }  // "OpenBLAS with Haswell kernels"
  const std::string& name() const { return name_; }    // "OpenBLAS"
  // Its version where it tells one, its kernels, its file and the size of that: what a measured speed is true for.
  const std::string& identity() const { return identity_; }

 private:
  struct Load;
  static const Load& load(const std::string& name);
  void* sgemm_ = nullptr;
  std::string name_, core_, title_, identity_;
};

}  // namespace dl
