// Loops that follow a product, a convolution or a pooling gradient on rows in cache, against the two done apart.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/loop.h"
#include "lib/graph/ops/convolution.h"
#include "lib/graph/ops/matmul.h"
#include "lib/graph/ops/pool.h"
#include "tests/device/cpu_kernel.h"

namespace dl {
namespace {

using Kind = Loop::Instruction::Kind;
using Extent = Loop::Extent;

// z = max(product + bias, 0) and its sum over all rows; with `keep`, the product itself too.
Loop bias_relu_sum(int64_t rows, int64_t cols, bool keep) {
  Loop loop{.rows = rows, .cols = cols};
  loop.code.push_back({.kind = Kind::load, .extent = Extent::full, .input = 0, .access = {Extent::full, 1, rows}});
  loop.code.push_back({.kind = Kind::load, .extent = Extent::column, .input = 1, .access = {Extent::column, 1, 1}});
  loop.code.push_back({.kind = Kind::map, .function = Function::add, .extent = Extent::full, .a = 0, .b = 1});
  loop.code.push_back({.kind = Kind::constant, .value = 0});
  loop.code.push_back({.kind = Kind::map, .function = Function::maximum, .extent = Extent::full, .a = 2, .b = 3});
  loop.results.push_back({.kind = Loop::Result::Kind::store, .source = 4});
  loop.results.push_back({.kind = Loop::Result::Kind::sum, .source = 4, .group = rows});
  if (keep) loop.results.push_back({.kind = Loop::Result::Kind::store, .source = 0});
  return loop;
}

void check(std::shared_ptr<const Op> base, const std::vector<Type>& types) {
  const Type product = base->infer(types)[0];
  const int64_t cols = product.shape.last(), rows = product.shape.elements() / cols;
  std::vector<std::vector<float>> values;
  std::vector<const void*> inputs;
  for (size_t i = 0; i < types.size(); ++i) {
    values.push_back(testing::random_numbers(types[i].shape.elements(), i + 1, -0.5f, 0.5f));
    inputs.push_back(values.back().data());
  }
  const std::vector<uint8_t> places(types[1].dtype == DType::u8 ? values[1].size() : 0, 1);
  if (!places.empty()) inputs[1] = places.data();
  const std::vector<float> bias = testing::random_numbers(cols, 9, -0.5f, 0.5f);

  for (bool keep : {false, true}) {
    std::vector<Type> outputs{product, {DType::f32, {1, cols}}};
    if (keep) outputs.push_back(product);
    const EpilogueOp op(base, static_cast<int>(types.size()), product,
                        LoopOp(bias_relu_sum(rows, cols, keep), outputs));
    std::vector<Type> all_types = types;
    all_types.push_back({DType::f32, {cols}});
    std::vector<const void*> all_inputs = inputs;
    all_inputs.push_back(bias.data());
    for (Isa isa : supported_isas()) {
      std::vector<float> first_sum;
      for (int threads = 1; threads <= 3; ++threads) {
        CpuDevice device({.threads = threads}, isa);
        INFO(base->name(), " ", base->attributes(), " ", product.shape.text(), " on ", device.description());
        const std::vector<float> y = testing::run_kernel(*base, types, inputs, device)[0].values<float>();
        std::vector<testing::Buffer> out = testing::run_kernel(op, all_types, all_inputs, device);
        std::vector<double> sum(static_cast<size_t>(cols)), size(static_cast<size_t>(cols), 1.0);
        std::vector<float> z(y.size());
        for (size_t i = 0; i < y.size(); ++i) {
          const size_t c = i % static_cast<size_t>(cols);
          z[i] = std::max(y[i] + bias[c], 0.0f);
          sum[c] += z[i];
          size[c] += std::abs(z[i]);
        }
        CHECK(out[0].values<float>() == z);
        if (keep) CHECK(out[2].values<float>() == y);
        const std::vector<float> sums = out[1].values<float>();
        int64_t wrong = 0;
        for (size_t c = 0; c < sum.size(); ++c) wrong += !(std::abs(sums[c] - sum[c]) <= 1e-5 * size[c]);
        CHECK(wrong == 0);
        if (threads == 1) first_sum = sums;
        CHECK(sums == first_sum);
      }
    }
  }
}

Type floats(Shape shape) { return {DType::f32, std::move(shape)}; }

}  // namespace

TEST_CASE("a loop behind a matrix product sees every row once, whatever the number of threads") {
  check(std::make_shared<MatMul>(false, true), {floats({128, 60}), floats({40, 60})});
  check(std::make_shared<MatMul>(false, false), {floats({2100, 9}), floats({9, 33})});
  check(std::make_shared<MatMul>(true, false), {floats({17, 1030}), floats({17, 520})});
  check(std::make_shared<MatMul>(false, true), {floats({3, 50}), floats({7, 50})});
  check(std::make_shared<MatMul>(false, true), {floats({37, 5}), floats({3000, 5})});
  check(std::make_shared<MatMul>(false, true), {floats({1050, 40}), floats({700, 40})});  // blocks of several chunks
}

TEST_CASE("a loop behind a convolution sees every pixel once, whatever the number of threads") {
  const Window same{.size = {3, 3}, .pad_before = {1, 1}, .pad_after = {1, 1}};
  const Window strided{.size = {3, 3}, .stride = {2, 2}, .pad_before = {1, 1}, .pad_after = {1, 1}};
  check(std::make_shared<Convolution>(same, 1), {floats({5, 13, 9, 6}), floats({10, 6, 3, 3})});
  check(std::make_shared<Convolution>(strided, 1), {floats({40, 7, 7, 3}), floats({17, 3, 3, 3})});
  check(std::make_shared<Convolution>(Window{}, 1), {floats({30, 7, 7, 8}), floats({12, 8, 1, 1})});
  check(std::make_shared<ConvolutionGradInput>(strided, 1, Shape{3, 70, 11, 5}),
        {floats({3, 35, 6, 4}), floats({4, 5, 3, 3})});
  check(std::make_shared<Convolution>(same, 1), {floats({3, 16, 16, 20}), floats({33, 20, 3, 3})});  // by tiles
  check(std::make_shared<Convolution>(same, 1), {floats({5, 7, 7, 16}), floats({40, 16, 3, 3})});    // few tiles
  check(std::make_shared<ConvolutionGradInput>(same, 1, Shape{7, 14, 10, 24}),
        {floats({7, 14, 10, 17}), floats({17, 24, 3, 3})});
  check(std::make_shared<ConvolutionGradInput>(same, 1, Shape{3, 9, 8, 6}),
        {floats({3, 9, 8, 18}), floats({18, 6, 3, 3})});
  check(std::make_shared<ConvolutionGradInput>(same, 6, Shape{2, 9, 8, 6}),
        {floats({2, 9, 8, 6}), floats({6, 1, 3, 3})});
  check(std::make_shared<Convolution>(same, 1), {floats({50, 2, 2, 32}), floats({24, 32, 3, 3})});  // over images
  check(std::make_shared<ConvolutionGradInput>(strided, 1, Shape{37, 4, 4, 20}),
        {floats({37, 2, 2, 16}), floats({16, 20, 3, 3})});
  // Threads that share an image by its channels, one of them a block of three rows; and in groups.
  check(std::make_shared<Convolution>(strided, 1), {floats({1, 7, 7, 20}), floats({150, 20, 3, 3})});
  check(std::make_shared<Convolution>(strided, 1), {floats({1, 28, 27, 80}), floats({100, 80, 3, 3})});
  check(std::make_shared<Convolution>(strided, 3), {floats({1, 9, 9, 12}), floats({120, 4, 3, 3})});
  check(std::make_shared<ConvolutionGradInput>(strided, 1, Shape{1, 8, 8, 90}),
        {floats({1, 4, 4, 16}), floats({16, 90, 3, 3})});
}

TEST_CASE("a loop behind a pooling gradient sees every pixel once, whatever the number of threads") {
  const Window pairs{.size = {2, 2}, .stride = {2, 2}};
  check(std::make_shared<MaxPool2dGrad>(pairs, Shape{9, 24, 25, 20}),
        {floats({9, 12, 12, 20}), {DType::u8, {9, 12, 12, 20}}});
}

}  // namespace dl
