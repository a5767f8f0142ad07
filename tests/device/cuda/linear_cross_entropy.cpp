// A linear layer with its cross-entropy on the emulated device against the reference device.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/linear_cross_entropy.h"

#include <doctest/doctest.h>

#include <cmath>

#include "lib/device/cuda/kernels/linear_cross_entropy.h"
#include "tests/device/cuda/emulated_thread.h"
#include "tests/device/cuda/run_kernel.h"

using namespace dl;
using namespace dl::cuda;
using dl::testing::Numbers;

namespace {

struct Case {
  int64_t rows, features, classes, chunk_rows;
  DType type = DType::f32;
  double smoothing = 0;
  bool bias = true, gradient = true;
};

void check(const Case& c) {
  CAPTURE(c.rows);
  CAPTURE(c.classes);
  CAPTURE(name_of(c.type));
  const LinearCrossEntropy op(c.smoothing, c.bias, c.gradient);
  std::vector<Type> types{{c.type, {c.rows, c.features}}, {c.type, {c.classes, c.features}}, {DType::i32, {c.rows}}};
  if (c.bias) types.push_back({DType::f32, {c.classes}});
  if (c.gradient) types.push_back({DType::f32, {c.rows}});
  std::vector<Numbers> inputs;
  for (size_t i = 0; i < types.size(); ++i) inputs.push_back(testing::random_numbers(types[i].shape.elements(), i));
  for (int64_t r = 0; r < c.rows; ++r)  // of the first row and another there is no class
    inputs[2][static_cast<size_t>(r)] = r == 0 ? -100.0f : static_cast<float>(r * 7919 % (c.classes + 1));
  const std::unique_ptr<Device> reference = make_device("reference", {});
  const std::vector<Numbers> expected = outputs_of_op(*reference, op, types, inputs);
  for (const bool libraries : {false, true}) {
    CAPTURE(libraries);
    std::vector<Numbers> made[2];
    for (unsigned seed = 0; seed < 2; ++seed) {
      const auto device = make_emulated_device({}, {.seed = seed}, {.cublas_lt = libraries});
      const auto kernel = make_linear_cross_entropy(op, types, *device, c.chunk_rows);
      made[seed] = outputs_of_kernel(*device, *kernel, types, inputs, op.infer(types));
    }
    CHECK(made[0] == made[1]);
    testing::check_agree({made[0][0]}, {expected[0]}, 2e-6);
    // With bf16 the gradient of the logits is rounded before it is multiplied.
    for (size_t i = 1; i < made[0].size(); ++i)
      testing::check_agree({made[0][i]}, {expected[i]}, c.type == DType::bf16 ? 6e-3 : 4e-6, 1e-2);
  }
}

}  // namespace

TEST_CASE("linear cross-entropy agrees with the reference device, in one chunk of rows and in several") {
  for (const DType type : {DType::f32, DType::bf16}) {
    check({.rows = 7, .features = 5, .classes = 131, .chunk_rows = 7, .type = type, .smoothing = 0.2});
    check({.rows = 19, .features = 6, .classes = 1100, .chunk_rows = 8, .type = type});
    check({.rows = 10, .features = 3, .classes = 600, .chunk_rows = 8, .type = type, .bias = false});
    check({.rows = 4, .features = 4, .classes = 9, .chunk_rows = 4, .type = type, .smoothing = 0.1, .gradient = false});
  }
  check({.rows = 1, .features = 1, .classes = 1, .chunk_rows = 1});
}

TEST_CASE("classes whose logits are -infinity take no part in a row's sum, wherever they stand") {
  constexpr int classes = 600, row = 600;
  for (const int first : {0, 96, 512}) {  // of a thread's first four, of others, of its next
    CAPTURE(first);
    std::vector<float> logits(row, 1.0f), losses(1, NAN);
    std::fill_n(logits.begin() + first, 8, -INFINITY);
    const std::vector<float> d{1};
    const std::vector<int> hits{classes - 1};
    run_emulated(
        {.threads = 128, .shared_bytes = 96 * 4},
        [](const auto& t, const CrossEntropyRows& a) { cross_entropy_rows<float>(t, a); },
        CrossEntropyRows{.logits = logits.data(),
                         .hits = hits.data(),
                         .d = d.data(),
                         .losses = losses.data(),
                         .classes = classes,
                         .row = row});
    CHECK(losses[0] == doctest::Approx(std::log(592.0)));
    CHECK(logits[static_cast<size_t>(first)] == 0);
    CHECK(logits[300] == doctest::Approx(1 / 592.0));
    CHECK(logits[classes - 1] == doctest::Approx(1 / 592.0 - 1));
  }
}

TEST_CASE("chunks of rows are as few and as equal as the memory for their logits allows") {
  CHECK(rows_of_logits_chunk(8192, 50257) == 1280);  // 7 of at most 1335
  CHECK(rows_of_logits_chunk(100, 50257) == 100);
  CHECK(rows_of_logits_chunk(8192, 2048) == 8192);
  CHECK(rows_of_logits_chunk(4096, 10'000'000) == 256);
}
