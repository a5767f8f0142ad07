// The functions of cuBLASLt that products use, as cublasLt.h of version 12 and 13 has them, loaded where the program
// runs; and a product that it makes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "lib/device/cuda/driver.h"

namespace dl::cuda {

class Library;
struct ProductShape;

struct CublasLt {
  using Status = int;  // 0: done
  using Handle = struct CublasLtHandle*;
  using MatmulDesc = struct CublasLtMatmulDesc*;
  using Layout = struct CublasLtMatrixLayout*;
  using Preference = struct CublasLtPreference*;
  struct Algo {
    uint64_t data[8];
  };
  struct HeuristicResult {
    Algo algo;
    size_t workspace_bytes;
    Status state;
    float waves;
    int reserved[4];
  };

  // What of the header's enumerations is used.
  static constexpr int type_f32 = 0, type_bf16 = 14;              // cudaDataType
  static constexpr int compute_f32 = 68, compute_tf32 = 77;       // cublasComputeType_t
  static constexpr int transpose_a = 3, transpose_b = 4;          // cublasLtMatmulDescAttributes_t
  static constexpr int epilogue = 7, bias_pointer = 8;            // of it too
  static constexpr uint32_t adds_bias = 4;                        // cublasLtEpilogue_t
  static constexpr int batch_count = 5, batch_stride = 6;         // cublasLtMatrixLayoutAttribute_t
  static constexpr int max_workspace = 1, reduction_schemes = 3;  // cublasLtMatmulPreferenceAttributes_t
  static constexpr int alignment_of_a = 5, alignment_of_b = 6, alignment_of_c = 7, alignment_of_d = 8;
  static constexpr uint32_t reduces_in_compute_type = 2;    // cublasLtReductionScheme_t
  static constexpr int not_transposed = 0, transposed = 1;  // cublasOperation_t

  Status (*create)(Handle*) = nullptr;
  Status (*destroy)(Handle) = nullptr;
  Status (*matmul_desc_create)(MatmulDesc*, int compute_type, int scale_type) = nullptr;
  Status (*matmul_desc_destroy)(MatmulDesc) = nullptr;
  Status (*matmul_desc_set)(MatmulDesc, int attribute, const void* value, size_t bytes) = nullptr;
  Status (*layout_create)(Layout*, int type, uint64_t rows, uint64_t columns, int64_t leading_dimension) = nullptr;
  Status (*layout_destroy)(Layout) = nullptr;
  Status (*layout_set)(Layout, int attribute, const void* value, size_t bytes) = nullptr;
  Status (*preference_create)(Preference*) = nullptr;
  Status (*preference_destroy)(Preference) = nullptr;
  Status (*preference_set)(Preference, int attribute, const void* value, size_t bytes) = nullptr;
  Status (*heuristic)(Handle, MatmulDesc, Layout a, Layout b, Layout c, Layout d, Preference, int wanted,
                      HeuristicResult*, int* found) = nullptr;
  Status (*matmul)(Handle, MatmulDesc, const void* alpha, const void* a, Layout, const void* b, Layout,
                   const void* beta, const void* c, Layout, void* d, Layout, const Algo*, void* workspace,
                   size_t workspace_bytes, Stream) = nullptr;

  CublasLt() = default;
  CublasLt(const CublasLt&) = delete;
  ~CublasLt();
  // Made when first asked for, in the context of the GPU that is current then; null where the library refuses.
  Handle handle() const;
  // In the place of one that is created; the tests' own, not destroyed.
  void use(Handle handle) { given_ = handle; }

 private:
  Handle given_ = nullptr;
  mutable Handle own_ = nullptr;
  mutable bool asked_ = false;
};

// Throws Error naming a function that the library lacks.
std::shared_ptr<const CublasLt> load_cublas_lt(const Library& library);

// A product as cuBLASLt makes it: what is row-major here is its transpose in column-major order, so that the factors
// change places.
class CublasLtProduct {
 public:
  // Null where the library has no way for it that adds in a fixed order.
  static std::unique_ptr<CublasLtProduct> plan(const CublasLt& lt, const ProductShape& shape, bool tf32);
  ~CublasLtProduct();
  int64_t workspace_bytes() const;  // of any alignment
  // `bias`: f32 [n], where the shape has one; else null.
  void run(const void* a, const void* b, float* c, void* workspace, bool add, const float* bias, Stream stream) const;

 private:
  explicit CublasLtProduct(const CublasLt& lt) : lt_(lt) {}
  bool describe(const ProductShape& shape, bool tf32);
  bool choose(const ProductShape& shape);

  const CublasLt& lt_;
  CublasLt::MatmulDesc desc_ = nullptr;
  CublasLt::Layout left_ = nullptr, right_ = nullptr, c_ = nullptr;  // left: b, right: a
  CublasLt::Algo algo_ = {};
  size_t workspace_bytes_ = 0;
};

}  // namespace dl::cuda
