// Loading cuBLASLt, and its products.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/cublas_lt.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/device/cuda/library.h"
#include "lib/device/cuda/product.h"
#include "lib/device/cuda/scratch.h"

namespace dl::cuda {

namespace {

constexpr uint64_t most_workspace_bytes = uint64_t{32} << 20;

template <class T>
bool set(CublasLt::Status (*setter)(T, int, const void*, size_t), T of, int attribute, const auto& value) {
  return setter(of, attribute, &value, sizeof value) == 0;
}

}  // namespace

std::shared_ptr<const CublasLt> load_cublas_lt(const Library& library) {
  auto lt = std::make_shared<CublasLt>();
  library.load(lt->create, "cublasLtCreate");
  library.load(lt->destroy, "cublasLtDestroy");
  library.load(lt->matmul_desc_create, "cublasLtMatmulDescCreate");
  library.load(lt->matmul_desc_destroy, "cublasLtMatmulDescDestroy");
  library.load(lt->matmul_desc_set, "cublasLtMatmulDescSetAttribute");
  library.load(lt->layout_create, "cublasLtMatrixLayoutCreate");
  library.load(lt->layout_destroy, "cublasLtMatrixLayoutDestroy");
  library.load(lt->layout_set, "cublasLtMatrixLayoutSetAttribute");
  library.load(lt->preference_create, "cublasLtMatmulPreferenceCreate");
  library.load(lt->preference_destroy, "cublasLtMatmulPreferenceDestroy");
  library.load(lt->preference_set, "cublasLtMatmulPreferenceSetAttribute");
  library.load(lt->heuristic, "cublasLtMatmulAlgoGetHeuristic");
  library.load(lt->matmul, "cublasLtMatmul");
  return lt;
}

CublasLt::~CublasLt() {
  if (own_) destroy(own_);
}

CublasLt::Handle CublasLt::handle() const {
  if (given_) return given_;
  if (!asked_ && create(&own_) != 0) own_ = nullptr;
  asked_ = true;
  return own_;
}

std::unique_ptr<CublasLtProduct> CublasLtProduct::plan(const CublasLt& lt, const ProductShape& given, bool tf32) {
  const ProductShape shape = given.with_strides();
  if (shape.m == 0 || shape.n == 0 || shape.k == 0 || shape.batch == 0 || !lt.handle()) return nullptr;
  std::unique_ptr<CublasLtProduct> product(new CublasLtProduct(lt));
  return product->describe(shape, tf32) && product->choose(shape) ? std::move(product) : nullptr;
}

CublasLtProduct::~CublasLtProduct() {
  if (desc_) lt_.matmul_desc_destroy(desc_);
  for (CublasLt::Layout layout : {left_, right_, c_})
    if (layout) lt_.layout_destroy(layout);
}

bool CublasLtProduct::describe(const ProductShape& s, bool tf32) {
  const bool wide = s.factors == DType::f32;
  const int compute = wide && tf32 ? CublasLt::compute_tf32 : CublasLt::compute_f32;
  const int type = wide ? CublasLt::type_f32 : CublasLt::type_bf16;
  if (lt_.matmul_desc_create(&desc_, compute, CublasLt::type_f32) != 0) return false;
  const auto operation = [](bool turned) -> int32_t {
    return turned ? CublasLt::transposed : CublasLt::not_transposed;
  };
  if (!set(lt_.matmul_desc_set, desc_, CublasLt::transpose_a, operation(s.transpose_b))) return false;
  if (!set(lt_.matmul_desc_set, desc_, CublasLt::transpose_b, operation(s.transpose_a))) return false;
  if (s.bias && !set(lt_.matmul_desc_set, desc_, CublasLt::epilogue, CublasLt::adds_bias)) return false;
  // `columns`: of a row as it lies in memory.
  const auto layout = [&](CublasLt::Layout& made, int of, int64_t columns, int64_t rows, int64_t row, int64_t stride) {
    if (lt_.layout_create(&made, of, static_cast<uint64_t>(columns), static_cast<uint64_t>(rows), row) != 0)
      return false;
    return s.batch == 1 || (set(lt_.layout_set, made, CublasLt::batch_count, static_cast<int32_t>(s.batch)) &&
                            set(lt_.layout_set, made, CublasLt::batch_stride, stride));
  };
  return layout(left_, type, s.b_columns(), s.b_rows(), s.b_row, s.b_batch) &&
         layout(right_, type, s.a_columns(), s.a_rows(), s.a_row, s.a_batch) &&
         layout(c_, CublasLt::type_f32, s.n, s.m, s.c_row, s.c_batch);
}

bool CublasLtProduct::choose(const ProductShape& s) {
  CublasLt::Preference preference = nullptr;
  if (lt_.preference_create(&preference) != 0) return false;
  bool said = set(lt_.preference_set, preference, CublasLt::max_workspace, most_workspace_bytes) &&
              set(lt_.preference_set, preference, CublasLt::reduction_schemes, CublasLt::reduces_in_compute_type);
  const auto alignment = [&](int of, int64_t bytes) {
    said = said && set(lt_.preference_set, preference, of, static_cast<uint32_t>(bytes));
  };
  alignment(CublasLt::alignment_of_a, std::min(s.alignment, s.b_alignment));  // the factors change places
  alignment(CublasLt::alignment_of_b, s.alignment);
  alignment(CublasLt::alignment_of_c, s.alignment);
  alignment(CublasLt::alignment_of_d, s.alignment);
  CublasLt::HeuristicResult result = {};
  int found = 0;
  const bool chosen = said &&
                      lt_.heuristic(lt_.handle(), desc_, left_, right_, c_, c_, preference, 1, &result, &found) == 0 &&
                      found == 1 && result.state == 0 && result.workspace_bytes <= most_workspace_bytes;
  lt_.preference_destroy(preference);
  algo_ = result.algo;
  workspace_bytes_ = result.workspace_bytes;
  return chosen;
}

int64_t CublasLtProduct::workspace_bytes() const { return library_bytes(static_cast<int64_t>(workspace_bytes_)); }

void CublasLtProduct::run(const void* a, const void* b, float* c, void* workspace, bool add, const float* bias,
                          Stream stream) const {
  const float one = 1, old = add ? 1.0f : 0.0f;
  int status = bias ? lt_.matmul_desc_set(desc_, CublasLt::bias_pointer, &bias, sizeof bias) : 0;
  if (status == 0)
    status = lt_.matmul(lt_.handle(), desc_, &one, b, left_, a, right_, &old, c, c_, c, c_, &algo_,
                        workspace_bytes_ > 0 ? library_aligned(workspace) : nullptr, workspace_bytes_, stream);
  if (status != 0)
    throw Error(Exit::failed, Problem{.path = "trainer.device",
                                      .what = concat("cublasLtMatmul failed with status ", status),
                                      .help = "install another version of cuBLAS, or take cuBLAS away: products are "
                                              "then made by kernels of ours"});
}

}  // namespace dl::cuda
