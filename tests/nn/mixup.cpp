// mixup, on batches that can be checked by eye.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/transformed_batch.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("mixup mixes each sample and its target with the next of the batch, the last with the first") {
  const auto mixed = transformed("mixup", {3, 2}, {0, 1, 10, 11, 20, 21}, {1, 0, 0, 1, 1, 0}, {0.75});
  CHECK(mixed[0] == Numbers{2.5, 3.5, 12.5, 13.5, 15, 16});
  CHECK(mixed[1] == Numbers{0.75, 0.25, 0.25, 0.75, 1, 0});
}

TEST_CASE("a batch of one sample stays as it is") {
  const auto mixed = transformed("mixup", {1, 2}, {3, 4}, {0, 1}, {0.5});
  CHECK(mixed[0] == Numbers{3, 4});
  CHECK(mixed[1] == Numbers{0, 1});
}

TEST_CASE("mixup's shares are those of Beta(alpha, alpha), the larger of both") {
  double sum = 0, squares = 0;
  const auto all = draws("mixup: 2", {4, 2}, 4000);
  for (const auto& share : all) {
    CHECK(share[0] >= 0.5);
    CHECK(share[0] <= 1);
    sum += share[0];
    squares += (share[0] - 0.5) * (share[0] - 0.5);
  }
  CHECK(sum / 4000 == doctest::Approx(0.6875).epsilon(0.01));        // the integral of max(s, 1 - s) 6 s (1 - s)
  CHECK(squares / 4000 == doctest::Approx(1.0 / 20).epsilon(0.05));  // the variance, 1 / (4 (2 alpha + 1))
  int untouched = 0;
  for (const auto& share : draws("mixup: {probability: 0.25}", {4, 2}, 4000)) untouched += share[0] == 1;
  CHECK(std::abs(untouched - 3000) < 120);
}

TEST_CASE("mixup refuses what cannot be mixed") {
  CHECK(refusal_of("mixup", {DType::i32, {4, 7}}) ==
        "expected numbers to mix, 'x' holds whole numbers: i32; leave it out for tokens and categories");
}
