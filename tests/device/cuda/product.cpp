// Products on the emulated device: how ours are cut, and what they make, of every kind of shape.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/product.h"

#include <doctest/doctest.h>

#include "lib/graph/ops/matmul.h"
#include "tests/device/cuda/run_kernel.h"

using namespace dl;
using namespace dl::cuda;
using dl::testing::Numbers;

namespace {

OwnPlan plan(DType factors, int64_t m, int64_t n, int64_t k, bool tf32 = false) {
  return plan_own_product({.factors = factors, .m = m, .n = n, .k = k}, tf32);
}

// A product as a kernel of its own: inputs a and b, output c, which begins as `before`.
class OneProduct final : public Kernel {
 public:
  OneProduct(CudaDevice& device, const ProductShape& shape, bool add, int64_t most_at_once = 65535)
      : device_(device), product_(device, shape, most_at_once), add_(add) {}
  int64_t scratch_bytes() const override { return product_.scratch_bytes(); }
  std::string way() const override { return product_.way(); }
  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    if (add_) device_.fill(out[0], std::byte{0}, add_bytes);
    product_.run(in[0], in[1], static_cast<float*>(out[0]), scratch);
    if (add_) product_.run(in[0], in[1], static_cast<float*>(out[0]), scratch, true);
  }
  int64_t add_bytes = 0;

 private:
  CudaDevice& device_;
  Product product_;
  const bool add_;
};

struct Made {
  Numbers c, expected;
  std::string way;
};

// c = a b, or twice that where `add`, with gaps between rows; `expected` has NaN where nothing is to be written.
Made make(const ProductShape& shape, bool add, EmulatedLibraries libraries, unsigned seed = 0, bool tf32 = false) {
  const ProductShape s = shape.with_strides();
  const auto device = make_emulated_device({.tf32 = tf32}, {.seed = seed}, libraries);
  OneProduct kernel(*device, shape, add);
  const auto size = [](int64_t batch, int64_t stride, int64_t rows, int64_t columns, int64_t row) {
    return (batch - 1) * stride + (rows - 1) * row + columns;
  };
  const int64_t of_a = size(s.batch, s.a_batch, s.a_rows(), s.a_columns(), s.a_row);
  const int64_t of_b = size(s.batch, s.b_batch, s.b_rows(), s.b_columns(), s.b_row);
  const int64_t of_c = size(s.batch, s.c_batch, s.m, s.n, s.c_row);
  const std::vector<Type> types = {{s.factors, {of_a}}, {s.factors, {of_b}}};
  // Whole numbers that bf16 and tf32 have, so that every sum is exact.
  const std::vector<Numbers> inputs = {testing::pattern(of_a, 7, 19), testing::pattern(of_b, 5, 23)};
  kernel.add_bytes = of_c * 4;
  Made made{.c = outputs_of_kernel(*device, kernel, types, inputs, {{DType::f32, {of_c}}})[0], .way = kernel.way()};
  made.expected.assign(static_cast<size_t>(of_c), add ? 0.0f : NAN);
  for (int64_t q = 0; q < s.batch; ++q) {
    for (int64_t i = 0; i < s.m; ++i) {
      for (int64_t j = 0; j < s.n; ++j) {
        double sum = 0;
        for (int64_t l = 0; l < s.k; ++l)
          sum +=
              double{
                  inputs[0][static_cast<size_t>(q * s.a_batch + (s.transpose_a ? l * s.a_row + i : i * s.a_row + l))]} *
              double{
                  inputs[1][static_cast<size_t>(q * s.b_batch + (s.transpose_b ? j * s.b_row + l : l * s.b_row + j))]};
        made.expected[static_cast<size_t>(q * s.c_batch + i * s.c_row + j)] = static_cast<float>(add ? 2 * sum : sum);
      }
    }
  }
  return made;
}

void check(const ProductShape& shape, bool add, bool tf32 = false) {
  CAPTURE(shape.m);
  CAPTURE(shape.n);
  CAPTURE(shape.k);
  for (const bool libraries : {false, true}) {
    CAPTURE(libraries);
    const Made made = make(shape, add, {.cublas_lt = libraries, .cudnn = false}, 0, tf32);
    CHECK(made.way == (libraries && shape.k > 0 ? "cublaslt" : "own"));
    bool same = made.c.size() == made.expected.size();
    for (size_t i = 0; same && i < made.c.size(); ++i)
      same = made.c[i] == made.expected[i] || (std::isnan(made.c[i]) && std::isnan(made.expected[i]));
    CHECK(same);
  }
}

}  // namespace

TEST_CASE("a product is cut into tiles and pieces of its depth by its shape alone") {
  const OwnPlan large = plan(DType::bf16, 4096, 4096, 4096);
  CHECK(large.tile_m == 128);
  CHECK(large.blocks == 1024);
  CHECK(large.pieces == 1);
  CHECK(large.access == 8);
  CHECK(large.c_vector == 4);
  const OwnPlan deep = plan(DType::f32, 256, 256, 65536);  // the gradient of a weight
  CHECK(deep.tile_m == 128);
  CHECK(deep.blocks == 4);
  CHECK(deep.pieces == 32);
  CHECK(deep.piece == 2048);
  const OwnPlan few_rows = plan(DType::f32, 20, 2600, 650);  // a step of an lstm
  CHECK(few_rows.tile_m == 32);
  CHECK(few_rows.blocks == 82);
  CHECK(few_rows.pieces == 2);
  CHECK(few_rows.piece == 352);
  CHECK(few_rows.access == 1);
  CHECK(plan(DType::bf16, 64, 50, 10).access == 2);
  CHECK(plan(DType::bf16, 64, 51, 8).access == 1);
  CHECK(plan(DType::f32, 512, 512, 512, true).call == "multiply_tf32");
  CHECK(plan(DType::f32, 512, 512, 512).call == "multiply_f32");
}

TEST_CASE("products by cuBLASLt and by us, of any shape") {
  for (const DType factors : {DType::f32, DType::bf16}) {
    CAPTURE(name_of(factors));
    check({.factors = factors, .m = 33, .n = 47, .k = 20}, false);
    check({.factors = factors, .m = 5, .n = 8, .k = 600, .transpose_a = true}, true);  // in pieces
    check({.factors = factors, .m = 9, .n = 6, .k = 0}, false);
    ProductShape batches{.factors = factors, .m = 8, .n = 12, .k = 16, .transpose_b = true, .batch = 3};
    batches.a_row = 24, batches.c_row = 13, batches.b_batch = 0;
    check(batches, true);
    batches.k = 520, batches.a_row = 520, batches.alignment = 4;
    check(batches, false);
  }
  check({.m = 70, .n = 66, .k = 24}, false, true);
}

TEST_CASE("a product of nothing writes nothing") {
  const auto device = make_emulated_device({});
  const Product product(*device, {.m = 0, .n = 4, .k = 4});
  product.run(nullptr, nullptr, nullptr, nullptr);
  CHECK(product.scratch_bytes() == 0);
}

TEST_CASE("more products than a grid has are the same in several launches") {
  const auto device = make_emulated_device({}, {}, {.cublas_lt = false});
  const ProductShape shape{.m = 2, .n = 3, .k = 4, .batch = 5};
  OneProduct at_once(*device, shape, false), in_turn(*device, shape, false, 2);
  const std::vector<Type> types{{DType::f32, {40}}, {DType::f32, {60}}}, output{{DType::f32, {30}}};
  const std::vector<Numbers> inputs{testing::pattern(40, 7, 19), testing::pattern(60, 5, 23)};
  const std::vector<Numbers> expected = outputs_of_kernel(*device, at_once, types, inputs, output);
  CHECK(outputs_of_kernel(*device, in_turn, types, inputs, output) == expected);
}
