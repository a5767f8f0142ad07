// Products by cuBLASLt: what it is told, by loops in its place; and that the real one, where it is found, takes it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/cublas_lt.h"

#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "lib/base/bf16.h"
#include "lib/base/random.h"
#include "lib/device/cuda/library.h"
#include "lib/device/cuda/product.h"
#include "tests/device/cuda/emulated_cublas_lt.h"

using namespace dl;
using namespace dl::cuda;

namespace {

ProductShape shape_of(DType factors, int64_t m, int64_t n, int64_t k) {
  return ProductShape{.factors = factors, .m = m, .n = n, .k = k};
}

// Numbers in memory that is aligned to 16 bytes.
struct Numbers {
  Numbers(DType type, int64_t count, uint64_t seed) : type(type), memory(static_cast<size_t>(count) / 4 + 1) {
    for (int64_t i = 0; i < count; ++i) set(i, 2 * random_uniform(seed, 0, static_cast<uint64_t>(i)) - 1);
  }
  struct alignas(16) Line {
    float at[4];
  };
  void set(int64_t i, float x) {
    if (type == DType::bf16) {
      reinterpret_cast<uint16_t*>(memory.data())[i] = bf16_of_float(x);
    } else {
      floats()[i] = x;
    }
  }
  double at(int64_t i) const {
    if (type == DType::bf16) return float_of_bf16(reinterpret_cast<const uint16_t*>(memory.data())[i]);
    return reinterpret_cast<const float*>(memory.data())[i];
  }
  float* floats() { return reinterpret_cast<float*>(memory.data()); }

  DType type;
  std::vector<Line> memory;
};

// The largest error of c = a b, or of c += a b, with a bias where the shape has one, by the library.
double error(const ProductShape& shape, bool add, bool tf32 = false) {
  const ProductShape s = shape.with_strides();
  const auto lt = emulated_cublas_lt();
  const auto product = CublasLtProduct::plan(*lt, s, tf32);
  REQUIRE(product);
  Numbers a(s.factors, s.batch * s.a_rows() * s.a_row, 1), b(s.factors, s.batch * s.b_rows() * s.b_row, 2);
  Numbers c(DType::f32, s.batch * s.m * s.c_row, 3), workspace(DType::f32, product->workspace_bytes() / 4, 4);
  const Numbers before = c;
  Numbers bias(DType::f32, s.n, 5);
  product->run(a.memory.data(), b.memory.data(), c.floats(), workspace.memory.data(), add,
               s.bias ? bias.floats() : nullptr, nullptr);
  double worst = 0;
  for (int64_t q = 0; q < s.batch; ++q) {
    for (int64_t i = 0; i < s.m; ++i) {
      for (int64_t j = 0; j < s.c_row; ++j) {
        const int64_t to = q * s.c_batch + i * s.c_row + j;
        double sum = add || j >= s.n ? before.at(to) : 0;
        if (s.bias && j < s.n) sum += bias.at(j);
        for (int64_t l = 0; l < s.k && j < s.n; ++l)
          sum += a.at(q * s.a_batch + (s.transpose_a ? l * s.a_row + i : i * s.a_row + l)) *
                 b.at(q * s.b_batch + (s.transpose_b ? j * s.b_row + l : l * s.b_row + j));
        worst = std::max(worst, std::abs(sum - c.at(to)));
      }
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("cuBLASLt is told of a product's rows, layouts and batches") {
  for (const DType type : {DType::f32, DType::bf16}) {
    for (int turned = 0; turned < 4; ++turned) {
      CAPTURE(turned);
      ProductShape s = shape_of(type, 5, 7, 11);
      s.transpose_a = turned % 2 == 1, s.transpose_b = turned / 2 == 1;
      CHECK(error(s, false) < 1e-5);
      s.batch = 3;
      CHECK(error(s, true) < 1e-5);
      s.a_row = 16, s.b_row = 24, s.c_row = 8;
      CHECK(error(s, true) < 1e-5);
      s.b_batch = 0;
      CHECK(error(s, false) < 1e-5);
      s.bias = true;
      CHECK(error(s, false) < 1e-5);
      CHECK(error(s, true) < 1e-5);
    }
  }
}

TEST_CASE("factors are rounded to tf32 only where that is allowed") {
  const ProductShape s = shape_of(DType::f32, 8, 8, 64);
  CHECK(error(s, false) < 1e-5);
  CHECK(error(s, false, true) > 1e-5);
  CHECK(error(s, false, true) < 1e-2);
  CHECK(error(shape_of(DType::bf16, 8, 8, 64), false, true) < 1e-5);
}

TEST_CASE("a product of nothing is none of the library's") {
  const auto lt = emulated_cublas_lt();
  CHECK(!CublasLtProduct::plan(*lt, shape_of(DType::f32, 0, 4, 4), false));
  CHECK(!CublasLtProduct::plan(*lt, shape_of(DType::f32, 4, 4, 0), false));
}

TEST_CASE("a library that refuses leaves the product to us") {
  const std::shared_ptr<CublasLt> lt = std::const_pointer_cast<CublasLt>(emulated_cublas_lt());
  lt->heuristic = [](CublasLt::Handle, CublasLt::MatmulDesc, CublasLt::Layout, CublasLt::Layout, CublasLt::Layout,
                     CublasLt::Layout, CublasLt::Preference, int, CublasLt::HeuristicResult*, int*) { return 15; };
  CHECK(!CublasLtProduct::plan(*lt, shape_of(DType::f32, 4, 4, 4), false));
  lt->use(nullptr);
  lt->create = [](CublasLt::Handle*) { return 1; };
  CHECK(!CublasLtProduct::plan(*lt, shape_of(DType::f32, 4, 4, 4), false));
}

namespace {

// What the real library's descriptors, made by CublasLtProduct, say of themselves.
struct Told {
  int32_t transpose_a = -1, transpose_b = -1, type[3] = {}, batch[3] = {};
  uint32_t epilogue = 0;
  uint64_t rows[3] = {}, columns[3] = {};
  int64_t leading[3] = {}, stride[3] = {};
  uint64_t workspace = 0;
  uint32_t schemes = 0, alignment = 0;
};
Told told;
CublasLt::Status (*desc_get)(CublasLt::MatmulDesc, int, void*, size_t, size_t*);
CublasLt::Status (*layout_get)(CublasLt::Layout, int, void*, size_t, size_t*);
CublasLt::Status (*preference_get)(CublasLt::Preference, int, void*, size_t, size_t*);

CublasLt::Status ask(CublasLt::Handle, CublasLt::MatmulDesc desc, CublasLt::Layout a, CublasLt::Layout b,
                     CublasLt::Layout c, CublasLt::Layout, CublasLt::Preference preference, int,
                     CublasLt::HeuristicResult* result, int* found) {
  const auto get = [](auto getter, auto of, int attribute, auto& value) {
    size_t written = 0;
    CHECK(getter(of, attribute, &value, sizeof value, &written) == 0);
    CHECK(written == sizeof value);
  };
  get(desc_get, desc, 3, told.transpose_a);
  get(desc_get, desc, 4, told.transpose_b);
  get(desc_get, desc, 7, told.epilogue);
  const CublasLt::Layout layouts[] = {a, b, c};
  for (int i = 0; i < 3; ++i) {
    get(layout_get, layouts[i], 0, told.type[i]);
    get(layout_get, layouts[i], 2, told.rows[i]);
    get(layout_get, layouts[i], 3, told.columns[i]);
    get(layout_get, layouts[i], 4, told.leading[i]);
    get(layout_get, layouts[i], 5, told.batch[i]);
    get(layout_get, layouts[i], 6, told.stride[i]);
  }
  get(preference_get, preference, 1, told.workspace);
  get(preference_get, preference, 3, told.schemes);
  get(preference_get, preference, 7, told.alignment);
  *result = {};
  *found = 1;
  return 0;
}

}  // namespace

TEST_CASE("the real cuBLASLt, where it is found, takes the descriptors, and says of them what they were told") {
  const FoundLibrary found = LibraryFinder().find(cublas_lt_library(), 13);
  if (!found.library) {
    MESSAGE("no cuBLASLt is found");
    return;
  }
  const std::shared_ptr<CublasLt> lt = std::const_pointer_cast<CublasLt>(load_cublas_lt(*found.library));
  found.library->load(desc_get, "cublasLtMatmulDescGetAttribute");
  found.library->load(layout_get, "cublasLtMatrixLayoutGetAttribute");
  found.library->load(preference_get, "cublasLtMatmulPreferenceGetAttribute");
  lt->use(reinterpret_cast<CublasLt::Handle>(&told));
  lt->heuristic = ask;
  ProductShape s = shape_of(DType::bf16, 5, 7, 11);
  s.transpose_b = true, s.batch = 3, s.a_row = 16, s.alignment = 4, s.bias = true;
  const auto product = CublasLtProduct::plan(*lt, s, false);
  REQUIRE(product);
  CHECK(told.transpose_a == 1);
  CHECK(told.transpose_b == 0);
  CHECK(told.epilogue == 4);
  const uint64_t rows[] = {11, 11, 7}, columns[] = {7, 5, 5};
  const int64_t leading[] = {11, 16, 7}, stride[] = {77, 80, 35};
  const int32_t type[] = {14, 14, 0};
  for (int i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(told.rows[i] == rows[i]);
    CHECK(told.columns[i] == columns[i]);
    CHECK(told.leading[i] == leading[i]);
    CHECK(told.stride[i] == stride[i]);
    CHECK(told.type[i] == type[i]);
    CHECK(told.batch[i] == 3);
  }
  CHECK(told.workspace == uint64_t{32} << 20);
  CHECK(told.schemes == 2);
  CHECK(told.alignment == 4);
}
