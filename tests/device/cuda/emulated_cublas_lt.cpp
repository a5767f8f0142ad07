// Descriptors as structs, products as loops.
// SPDX-License-Identifier: Apache-2.0
#include "tests/device/cuda/emulated_cublas_lt.h"

#include <cstring>
#include <deque>
#include <map>
#include <vector>

#include "lib/base/bf16.h"
#include "lib/base/error.h"
#include "tests/device/cuda/undefined.h"

namespace dl::cuda {

struct CublasLtHandle {
  EmulatedCublasLt how;
};
struct CublasLtMatmulDesc {
  int compute = 0, scale = 0;
  int32_t transpose_a = 0, transpose_b = 0;
  uint32_t epilogue = 1;
  const float* bias = nullptr;
};
struct CublasLtMatrixLayout {
  int type = 0;
  int64_t rows = 0, columns = 0, leading = 0;
  int32_t batch = 1;
  int64_t stride = 0;
};
struct CublasLtPreference {
  uint64_t workspace = 0;
  uint32_t reduction_schemes = 7;
  uint32_t alignment[4] = {256, 256, 256, 256};
};

namespace {

constexpr CublasLt::Status refused = 15, wrong_value = 7;
constexpr size_t workspace_bytes = 1024;

using Layout = CublasLtMatrixLayout;

template <class T>
T value_of(const void* value, size_t bytes) {
  if (bytes != sizeof(T)) throw Undefined(concat("an attribute of ", bytes, " bytes, not ", sizeof(T)));
  T x;
  std::memcpy(&x, value, sizeof x);
  return x;
}

template <class T>
CublasLt::Status destroy(T* made) {
  delete made;
  return 0;
}

CublasLt::Status desc_create(CublasLt::MatmulDesc* made, int compute, int scale) {
  *made = new CublasLtMatmulDesc{.compute = compute, .scale = scale};
  return 0;
}
CublasLt::Status desc_set(CublasLt::MatmulDesc desc, int attribute, const void* value, size_t bytes) {
  switch (attribute) {
    case 3: desc->transpose_a = value_of<int32_t>(value, bytes); return 0;
    case 4: desc->transpose_b = value_of<int32_t>(value, bytes); return 0;
    case 7: desc->epilogue = value_of<uint32_t>(value, bytes); return 0;
    case 8: desc->bias = value_of<const float*>(value, bytes); return 0;
  }
  return wrong_value;
}
CublasLt::Status layout_create(CublasLt::Layout* made, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  if (rows == 0 || columns == 0 || leading < static_cast<int64_t>(rows))
    throw Undefined(concat("a matrix of ", rows, " x ", columns, ", leading dimension ", leading));
  *made = new Layout{.type = type, .rows = static_cast<int64_t>(rows)};
  (*made)->columns = static_cast<int64_t>(columns);
  (*made)->leading = leading;
  return 0;
}
CublasLt::Status layout_set(CublasLt::Layout layout, int attribute, const void* value, size_t bytes) {
  switch (attribute) {
    case 5: layout->batch = value_of<int32_t>(value, bytes); return 0;
    case 6: layout->stride = value_of<int64_t>(value, bytes); return 0;
  }
  return wrong_value;
}
CublasLt::Status preference_create(CublasLt::Preference* made) {
  *made = new CublasLtPreference;
  return 0;
}
CublasLt::Status preference_set(CublasLt::Preference preference, int attribute, const void* value, size_t bytes) {
  if (attribute == 1) {
    preference->workspace = value_of<uint64_t>(value, bytes);
  } else if (attribute == 3) {
    preference->reduction_schemes = value_of<uint32_t>(value, bytes);
  } else if (attribute >= 5 && attribute <= 8) {
    preference->alignment[attribute - 5] = value_of<uint32_t>(value, bytes);
  } else {
    return wrong_value;
  }
  return 0;
}

// Of op(matrix).
int64_t rows(const Layout& m, bool turned) { return turned ? m.columns : m.rows; }
int64_t columns(const Layout& m, bool turned) { return turned ? m.rows : m.columns; }

CublasLt::Status heuristic(CublasLt::Handle handle, CublasLt::MatmulDesc desc, CublasLt::Layout a, CublasLt::Layout b,
                           CublasLt::Layout c, CublasLt::Layout d, CublasLt::Preference preference, int wanted,
                           CublasLt::HeuristicResult* result, int* found) {
  if (!handle || wanted < 1) return wrong_value;
  const bool ta = desc->transpose_a == 1, tb = desc->transpose_b == 1;
  if (c != d || rows(*a, ta) != c->rows || columns(*b, tb) != c->columns || columns(*a, ta) != rows(*b, tb))
    throw Undefined("a product of matrices that do not fit");
  if (a->batch != b->batch || a->batch != c->batch) throw Undefined("matrices of several batches");
  const bool types = a->type == b->type && (a->type == 0 || a->type == 14) && c->type == 0 && desc->scale == 0;
  if (!types || (desc->compute != 68 && desc->compute != 77)) return refused;
  if (desc->epilogue != 1 && (desc->epilogue != 4 || !handle->how.adds_bias)) return refused;
  if (preference->reduction_schemes & 1) throw Undefined("a reduction whose order nothing decides is allowed");
  *result = {};
  for (int i = 0; i < 4; ++i) result->algo.data[i] = preference->alignment[i];
  result->workspace_bytes = preference->workspace >= workspace_bytes ? workspace_bytes : 0;
  result->algo.data[4] = result->workspace_bytes;
  *found = 1;
  return 0;
}

double factor(const Layout& m, bool turned, bool tf32, const void* data, int product, int64_t row, int64_t column) {
  if (turned) std::swap(row, column);
  const int64_t at = product * m.stride + column * m.leading + row;
  if (m.type == 14) return float_of_bf16(static_cast<const uint16_t*>(data)[at]);
  const float x = static_cast<const float*>(data)[at];
  return tf32 ? __builtin_bit_cast(float, (__builtin_bit_cast(uint32_t, x) + 0x1000u) & 0xffffe000u) : x;
}

struct Call {
  CublasLtMatmulDesc desc;
  Layout left, right, result;
  const void *a, *b;
  float* c;
  float alpha, beta;
  void* workspace;
  size_t workspace_bytes;
};

void multiply(const Call& call) {
  if (call.workspace_bytes > 0) std::memset(call.workspace, 0xFF, call.workspace_bytes);
  const bool ta = call.desc.transpose_a == 1, tb = call.desc.transpose_b == 1, tf32 = call.desc.compute == 77;
  const int64_t depth = columns(call.left, ta);
  for (int q = 0; q < call.result.batch; ++q) {
    for (int64_t j = 0; j < call.result.columns; ++j) {
      for (int64_t i = 0; i < call.result.rows; ++i) {
        double sum = 0;
        for (int64_t l = 0; l < depth; ++l)
          sum += factor(call.left, ta, tf32, call.a, q, i, l) * factor(call.right, tb, tf32, call.b, q, l, j);
        float& c = call.c[q * call.result.stride + j * call.result.leading + i];
        const double bias = call.desc.epilogue == 4 ? call.desc.bias[i] : 0.0f;  // of c's rows, as it sees them
        c = static_cast<float>(call.alpha * sum + (call.beta != 0 ? double{call.beta} * c : 0) + bias);
      }
    }
  }
}

CublasLt::Status matmul(CublasLt::Handle handle, CublasLt::MatmulDesc desc, const void* alpha, const void* a,
                        CublasLt::Layout a_layout, const void* b, CublasLt::Layout b_layout, const void* beta,
                        const void* c, CublasLt::Layout c_layout, void* d, CublasLt::Layout d_layout,
                        const CublasLt::Algo* algo, void* workspace, size_t bytes, Stream stream) {
  if (!algo || c != d || c_layout != d_layout) return wrong_value;
  if (desc->epilogue == 4 && reinterpret_cast<uintptr_t>(desc->bias) % 16 != 0) throw Undefined("a bias not aligned");
  if (desc->epilogue == 4 && !desc->bias) throw Undefined("a bias that was not told");
  const void* pointers[] = {a, b, c, d};
  for (int i = 0; i < 4; ++i)
    if (reinterpret_cast<uintptr_t>(pointers[i]) % algo->data[i] != 0) throw Undefined("less aligned than was said");
  if (bytes < algo->data[4] || (bytes > 0 && reinterpret_cast<uintptr_t>(workspace) % 256 != 0))
    throw Undefined("a workspace that is too small or not aligned");
  const Call call{.desc = *desc,
                  .left = *a_layout,
                  .right = *b_layout,
                  .result = *c_layout,
                  .a = a,
                  .b = b,
                  .c = static_cast<float*>(d),
                  .alpha = *static_cast<const float*>(alpha),
                  .beta = *static_cast<const float*>(beta),
                  .workspace = workspace,
                  .workspace_bytes = bytes};
  if (handle->how.begin) {
    handle->how.begin(stream, [call] { multiply(call); });
  } else {
    multiply(call);
  }
  return 0;
}

struct Emulated {
  CublasLtHandle handle;
  CublasLt table;
};

}  // namespace

std::shared_ptr<const CublasLt> emulated_cublas_lt(EmulatedCublasLt how) {
  const auto made = std::make_shared<Emulated>();
  made->handle.how = std::move(how);
  CublasLt& lt = made->table;
  lt.use(&made->handle);
  lt.matmul_desc_create = desc_create;
  lt.matmul_desc_destroy = destroy<CublasLtMatmulDesc>;
  lt.matmul_desc_set = desc_set;
  lt.layout_create = layout_create;
  lt.layout_destroy = destroy<Layout>;
  lt.layout_set = layout_set;
  lt.preference_create = preference_create;
  lt.preference_destroy = destroy<CublasLtPreference>;
  lt.preference_set = preference_set;
  lt.heuristic = heuristic;
  lt.matmul = matmul;
  return {made, &lt};
}

}  // namespace dl::cuda
