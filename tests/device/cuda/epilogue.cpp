// Loops behind a product: what cuBLASLt adds itself, and the rest as a kernel over the product, as the reference device
// says.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/device/cuda/loop_bias.h"
#include "lib/graph/ops/matmul.h"
#include "tests/device/cuda/run_kernel.h"
#include "tests/device/random_loop.h"

using namespace dl;
using namespace dl::testing;

namespace {

using Kind = Loop::Instruction::Kind;
using Extent = Loop::Extent;
using ResultKind = Loop::Result::Kind;

Loop::Instruction product(int64_t rows) {
  return {.kind = Kind::load, .extent = Extent::full, .input = 0, .access = {Extent::full, 1, rows}};
}
Loop::Instruction column(int input) {
  return {.kind = Kind::load, .extent = Extent::column, .input = input, .access = {Extent::column, 1, 1}};
}
Loop::Instruction mapped(Function f, int a, int b) {
  return {.kind = Kind::map, .function = f, .extent = Extent::full, .a = a, .b = b};
}

// Some loops of 5 rows and 8 columns behind a product, which read a bias as input 1.
Loop bias_alone() {
  return {.rows = 5,
          .cols = 8,
          .code = {product(5), column(1), mapped(Function::add, 1, 0)},
          .results = {{.kind = ResultKind::store, .source = 2}}};
}
Loop bias_and_square() {
  Loop loop = bias_alone();
  loop.code.push_back(mapped(Function::mul, 2, 2));
  loop.results.push_back({.kind = ResultKind::store, .source = 3});
  return loop;
}
Loop product_kept() {
  Loop loop = bias_alone();
  loop.results.push_back({.kind = ResultKind::store, .source = 0});
  return loop;
}
Loop read_twice() {
  Loop loop = bias_alone();
  loop.code.push_back(mapped(Function::mul, 2, 0));
  loop.results[0].source = 3;
  return loop;
}
Loop times_column() {
  Loop loop = bias_alone();
  loop.code[2].function = Function::mul;
  return loop;
}

struct Behind {
  std::vector<Type> types;  // of the product's factors, then of the loop's other inputs
  EpilogueOp op;
};

// A loop behind the product of [rows, 7] and [cols, 7], transposed.
Behind behind(const Loop& loop, std::vector<Type> more, std::vector<Type> outputs) {
  std::vector<Type> types{{DType::f32, {loop.rows, 7}}, {DType::f32, {loop.cols, 7}}};
  types.insert(types.end(), more.begin(), more.end());
  return {types, EpilogueOp(std::make_shared<MatMul>(false, true), 2, Type{DType::f32, {loop.rows, loop.cols}},
                            LoopOp(loop, std::move(outputs)))};
}
Behind behind(const Loop& loop, DType stored = DType::f32, DType bias = DType::f32) {
  std::vector<Type> outputs(loop.results.size(), {DType::f32, {loop.rows, loop.cols}});
  outputs[0].dtype = stored;
  return behind(loop, {{bias, {loop.cols}}}, std::move(outputs));
}

std::vector<Numbers> numbers_for(const std::vector<Type>& types) {
  std::vector<Numbers> numbers;
  for (const Type& type : types) numbers.push_back(random_numbers(type.shape.elements(), numbers.size() + 1));
  return numbers;
}

// As the reference device says, whether cuBLASLt adds a bias or not; `way` where it does.
void check(const Behind& b, const std::vector<Numbers>& inputs, const std::string& way = {}) {
  const std::vector<Type>& outputs = b.op.loop.outputs;
  const std::vector<Numbers> expected = cuda::outputs_of_op(*make_device("reference", {}), b.op, b.types, inputs);
  for (const bool adds_bias : {true, false}) {
    CAPTURE(adds_bias);
    const auto device = cuda::make_emulated_device({}, {}, {.adds_bias = adds_bias});
    const std::unique_ptr<Kernel> kernel = device->compile(b.op, b.types, outputs);
    if (!way.empty()) CHECK(kernel->way() == (adds_bias ? way : "cublaslt"));
    const std::vector<Numbers> found = cuda::outputs_of_kernel(*device, *kernel, b.types, inputs, outputs);
    for (size_t i = 0; i < outputs.size(); ++i) {
      const double allowed = outputs[i].dtype == DType::bf16 ? 0x1p-8 : 2e-5;
      CHECK_MESSAGE(difference(found[i], expected[i]) <= allowed, "output ", i, " of ", b.op.attributes());
    }
  }
}
void check(const Behind& b, const std::string& way = {}) { check(b, numbers_for(b.types), way); }

}  // namespace

TEST_CASE("a bias is split from a loop where the product is read for nothing else") {
  const std::vector<Type> types{{DType::f32, {5, 8}}, {DType::f32, {8}}};
  const std::optional<cuda::BiasedLoop> alone = cuda::split_bias(bias_alone(), types);
  REQUIRE(alone);
  CHECK(alone->bias == 1);
  CHECK(alone->loop.code.size() == 1);
  CHECK(cuda::only_stores_product(alone->loop));
  const std::optional<cuda::BiasedLoop> more = cuda::split_bias(bias_and_square(), types);
  REQUIRE(more);
  CHECK(more->loop.code.size() == 2);
  CHECK(!cuda::only_stores_product(more->loop));
  CHECK(!cuda::split_bias(product_kept(), types));
  CHECK(!cuda::split_bias(read_twice(), types));
  CHECK(!cuda::split_bias(times_column(), types));
  CHECK(!cuda::split_bias(bias_alone(), std::vector<Type>{types[0], {DType::bf16, {8}}}));
}

TEST_CASE("cuBLASLt adds a bias to its product, and the loop is what is left") {
  check(behind(bias_alone()), "cublaslt with bias");
  check(behind(bias_alone(), DType::bf16), "cublaslt with bias");
  check(behind(bias_and_square()), "cublaslt with bias");
  check(behind(bias_and_square(), DType::bf16), "cublaslt with bias");
  check(behind(bias_alone(), DType::f32, DType::bf16), "cublaslt");
  check(behind(product_kept()), "cublaslt");
  check(behind(read_twice()), "cublaslt");
  check(behind(times_column()), "cublaslt");
}

TEST_CASE("random loops behind a product") {
  constexpr int64_t sizes[][2] = {{1, 1}, {9, 20}, {130, 4}, {3, 600}};
  uint32_t seed = 0;
  for (const auto& [rows, cols] : sizes) {
    for (int turn = 0; turn < 2; ++turn) {
      CAPTURE(++seed);
      RandomLoop random(seed, rows, cols, true);
      const std::vector<Type> more(random.types.begin() + 1, random.types.end());
      const Behind b = behind(random.loop, more, random.outputs);
      std::vector<Numbers> inputs = numbers_for({b.types[0], b.types[1]});
      for (size_t i = 1; i < random.types.size(); ++i)
        inputs.push_back(read_numbers(random.data[i].data(), random.types[i]));
      check(b, inputs);
    }
  }
}

TEST_CASE("a bias is added in whole programs, where a result lies over what it is made from too") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {6, 8}}), w = input(g, "w", {DType::f32, {8, 8}});
  const Value b = input(g, "b", {DType::f32, {8}});
  const Value first = matmul(x, w) + b, second = maximum(matmul(first, w) + b, 0) + first;
  const Feed feed{{"x", random_numbers(48, 1)}, {"w", random_numbers(64, 2)}, {"b", random_numbers(8, 3)}};
  const std::vector<Value> values{first, second, mean(matmul(second, w) * second)};
  const auto expected = evaluate(g, values, feed), found = evaluate(g, values, feed, "cuda (emulated)");
  for (size_t i = 0; i < values.size(); ++i) check_close(found[i], expected[i], 1e-5);
}
