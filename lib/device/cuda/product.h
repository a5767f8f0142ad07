// A product of matrices, c = a b or c += a b, for kernels that contain one: made by cuBLASLt where it is there and
// takes it, else by kernels of ours. The same bits each time; which way it goes and how it is cut follows from the
// shape alone, or from the library's version.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/device/cuda/cublas_lt.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/kernels/matmul.h"

namespace dl::cuda {

// Matrices are row-major: a [m, k], or transposed [k, m]; b [k, n], or [n, k]; c [m, n].
struct ProductShape {
  DType factors = DType::f32;  // or bf16; c is f32
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  int64_t batch = 1;                                 // so many products at once
  int64_t a_row = 0, b_row = 0, c_row = 0;           // elements from a row, as it is stored, to the next; 0: no gap
  int64_t a_batch = -1, b_batch = -1, c_batch = -1;  // from a matrix to the next; -1: no gap, 0 (not of c): the same
  int64_t alignment = 16;                            // bytes of which the pointers given to run() are multiples
  int64_t b_alignment = 16;                          // b's, where it is less: a divisor of its rows' bytes
  bool bias = false;                                 // f32 [n] is to be added to each row, if cuBLASLt will

  int64_t a_rows() const { return transpose_a ? k : m; }
  int64_t a_columns() const { return transpose_a ? m : k; }
  int64_t b_rows() const { return transpose_b ? n : k; }
  int64_t b_columns() const { return transpose_b ? k : n; }
  ProductShape with_strides() const;  // with all of them told
};

// How kernels of ours make it.
struct OwnPlan {
  std::string_view call;       // "multiply_bf16"
  int tile_m = 0, tile_n = 0;  // of c, a block
  int part_m = 0, part_n = 0;  // of a warp, or in f32 of a thread
  int threads = 0, blocks_per_sm = 0, shared_bytes = 0;
  int64_t blocks = 0, pieces = 1, piece = 0;  // tiles; pieces of the depth, and how deep one is
  int access = 1;                             // elements that the factors' rows are aligned to: 8, 2, 1 in bf16; 4, 1
  int c_vector = 1;                           // the same of c: 4, 2, 1
};
OwnPlan plan_own_product(const ProductShape& shape, bool tf32);

class Product {
 public:
  // `most_at_once`: how many of the products a launch makes, at most 65535.
  Product(CudaDevice& device, const ProductShape& shape, int64_t most_at_once = 65535);
  int64_t scratch_bytes() const;
  std::string way() const { return library_ ? "cublaslt" : "own"; }
  // Whether run() adds the bias that the shape asks for; else it is left to whoever reads c.
  bool adds_bias() const { return shape_.bias && library_; }
  // Begins it on the device's stream. `scratch`: 16-byte aligned; in use until what is begun is done. `bias`: where
  // adds_bias().
  void run(const void* a, const void* b, float* c, void* scratch, bool add = false, const float* bias = nullptr) const;

 private:
  void run_own(const void* a, const void* b, float* c, bool in_parts, bool add) const;
  void add_parts(const float* parts, float* c, bool add) const;

  CudaDevice* device_;
  ProductShape shape_;
  int64_t most_at_once_;
  std::unique_ptr<CublasLtProduct> library_;
  OwnPlan plan_;
  std::optional<Launch<Multiply>> multiply_, rest_;  // of products as many as a grid has, and of those left over
  std::optional<Launch<AddPieces>> add_;
  int add_width_ = 1;
};

}  // namespace dl::cuda
