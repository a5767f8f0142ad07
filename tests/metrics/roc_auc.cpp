// roc_auc
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/measured.h"

using namespace dl;
using namespace dl::testing;

namespace {

double of(const Numbers& scores, const Numbers& labels, const std::string& yaml = "roc_auc") {
  const auto n = static_cast<int64_t>(scores.size());
  return measured(yaml, "bce_with_logits", {DType::f32, {n, 1}}, {DType::i32, {n}}, scores, labels)[0];
}

}  // namespace

TEST_CASE("roc_auc is the share of pairs in the right order, equal scores counting half") {
  CHECK(of({0.1f, 0.4f, 0.35f, 0.8f}, {0, 0, 1, 1}) == 0.75);
  CHECK(of({3, 2, 1}, {1, 1, 0}) == 1);
  CHECK(of({1, 1, 1, 1}, {1, 0, 1, 0}) == 0.5);
  CHECK(of({2, 1, 1}, {0, 1, 0}) == 0.25);
}

TEST_CASE("roc_auc says nothing where a class is missing or a score is no number") {
  CHECK(std::isnan(of({1, 2, 3}, {1, 1, 1})));
  CHECK(std::isnan(of({1, 2, std::nanf("")}, {1, 0, 1})));
}

TEST_CASE("roc_auc leaves ignored targets out") {
  CHECK(of({9, 3, 2, 1}, {-1, 1, 1, 0}, "roc_auc: {ignore_index: -1}") == 1);
}
