// Sums, maxima and moments on emulated threads against plain loops, over every kind of axes.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "lib/base/bf16.h"
#include "lib/base/random.h"
#include "lib/device/cuda/blocks.h"
#include "lib/device/cuda/reduce_plan.h"
#include "tests/device/cuda/emulated_thread.h"

using namespace dl;
using namespace dl::cuda;

namespace {

using Floats = std::vector<float>;

// By plain loops, in double: sum, maximum, mean and variance of each result.
struct Expected {
  std::vector<double> sum, max, mean, variance;
};

template <class At>
Expected plainly(const Shape& x, const std::vector<int>& axes, const At& at) {
  int64_t results = 1, count = 1;
  for (int a = 0; a < x.rank(); ++a) (std::ranges::count(axes, a) ? count : results) *= x[a];
  std::vector<std::vector<double>> of(static_cast<size_t>(results));
  for (int64_t i = 0; i < x.elements(); ++i) {
    int64_t result = 0, rest = i, step = 1;
    for (int a = x.rank() - 1; a >= 0; rest /= x[a--]) {
      if (std::ranges::count(axes, a)) continue;
      result += rest % x[a] * step;
      step *= x[a];
    }
    of[static_cast<size_t>(result)].push_back(at(static_cast<size_t>(i)));
  }
  Expected e;
  for (const auto& numbers : of) {
    double sum = 0, squares = 0, max = -INFINITY;
    for (double v : numbers) sum += v, max = v > max || std::isnan(v) ? v : max;
    for (double v : numbers) squares += (v - sum / static_cast<double>(count)) * (v - sum / static_cast<double>(count));
    e.sum.push_back(sum);
    e.max.push_back(max);
    e.mean.push_back(sum / static_cast<double>(count));
    e.variance.push_back(squares / static_cast<double>(count));
  }
  return e;
}

struct Results {
  Floats y, variance;
  bool operator==(const Results&) const = default;
};

template <class Fold, class T>
Results folded(const Shape& shape, DType dtype, const std::vector<int>& axes, const T* x, unsigned seed) {
  ReducePlan plan({dtype, shape}, axes, Fold::words);
  Results results{Floats(static_cast<size_t>(plan.wide.results), NAN),
                  Floats(static_cast<size_t>(plan.wide.results), NAN)};
  Floats partial(static_cast<size_t>(plan.partial_bytes / 4), NAN);
  Reduction r = plan.alignment > 0 && is_aligned(x, plan.alignment) ? plan.wide : plan.narrow;
  r.x = x, r.y = results.y.data(), r.variance = results.variance.data(), r.partial = partial.data();
  if (plan.by_rows)
    run_emulated(
        plan.grid, [](const auto& t, const Reduction& p) { reduce_rows<Fold, T>(t, p); }, r, seed);
  else
    run_emulated(
        plan.grid, [](const auto& t, const Reduction& p) { reduce_columns<Fold, T>(t, p); }, r, seed);
  if (plan.partial_bytes > 0) {
    plan.merge.of = r;
    run_emulated(
        plan.merge_grid, [](const auto& t, const MergePieces& p) { merge_pieces<Fold>(t, p); }, plan.merge, seed);
  }
  return results;
}

void check_near(const Floats& found, const std::vector<double>& expected, double tolerance) {
  double worst = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const double difference = std::abs(found[i] - expected[i]) / std::max(1.0, std::abs(expected[i]));
    worst = difference <= worst ? worst : difference;
  }
  CHECK(worst <= tolerance);
}

template <class T>
void check_all(const Shape& shape, DType dtype, const std::vector<int>& axes, const T* x) {
  CAPTURE(shape.text());
  CAPTURE(axes.size());
  CAPTURE((axes.empty() ? -1 : axes[0]));
  const Expected expected = plainly(shape, axes, [&](size_t i) { return double{to_float(x[i])}; });
  const Results sum = folded<FoldSum>(shape, dtype, axes, x, 1), max = folded<FoldMax>(shape, dtype, axes, x, 1);
  const Results moments = folded<FoldMoments>(shape, dtype, axes, x, 1);
  check_near(sum.y, expected.sum, 1e-6);
  CHECK(std::equal(max.y.begin(), max.y.end(), expected.max.begin(), expected.max.end()));
  check_near(moments.y, expected.mean, 1e-6);
  check_near(moments.variance, expected.variance, 2e-6);
}

// From an address that allows no vectors.
void check_off(const Shape& shape, const std::vector<int>& axes, const Floats& x) {
  Floats off(x.size() + 1);
  std::copy(x.begin(), x.end(), off.begin() + 1);
  const Expected expected = plainly(shape, axes, [&](size_t i) { return double{x[i]}; });
  const Results moments = folded<FoldMoments>(shape, DType::f32, axes, off.data() + 1, 1);
  check_near(moments.y, expected.mean, 1e-6);
  check_near(moments.variance, expected.variance, 2e-6);
  CHECK(folded<FoldMoments>(shape, DType::f32, axes, off.data() + 1, 2) == moments);
}

Floats random_floats(int64_t n, float low, float high) {
  Floats x(static_cast<size_t>(n));
  for (size_t i = 0; i < x.size(); ++i) x[i] = low + (high - low) * random_uniform(5, 0, i);
  return x;
}

}  // namespace

TEST_CASE("reductions over any axes agree with plain loops, with the same bits in any order of threads") {
  const std::pair<Shape, std::vector<int>> cases[] = {
      {{1}, {0}},
      {{7}, {0}},
      {{33000}, {0}},  // two pieces
      {{5, 1000}, {1}},
      {{300, 3}, {1}},
      {{2, 8201}, {1}},  // two pieces each
      {{1000, 5}, {0}},
      {{1100, 20}, {0}},  // two pieces
      {{70, 130}, {0}},
      {{5, 6, 7}, {1}},
      {{5, 6, 8}, {1}},
      {{5, 6, 7}, {0, 2}},
      {{4, 6, 8}, {0, 2}},
      {{6, 2, 300}, {0, 2}},
      {{2, 3, 2, 3, 4}, {0, 2, 4}},
      {{2, 3, 2, 3, 4}, {1, 3}},
      {{3, 4, 5}, {}},
      {{3, 1, 5}, {1}},
      {{1, 400}, {0}},
  };
  for (const auto& [shape, axes] : cases) {
    const Floats x = random_floats(shape.elements(), -1, 1.5f);
    check_all(shape, DType::f32, axes, x.data());
    check_off(shape, axes, x);
  }
}

TEST_CASE("reductions of bf16, bytes and whole numbers") {
  for (const auto& [shape, axes] :
       {std::pair<Shape, std::vector<int>>{{6, 160}, {1}}, {{100, 12}, {0}}, {{9, 7, 3}, {0, 2}}}) {
    const auto n = static_cast<size_t>(shape.elements());
    std::vector<Bf16> halves(n);
    std::vector<unsigned char> bytes(n);
    std::vector<int> whole(n);
    for (size_t i = 0; i < n; ++i) {
      halves[i].bits = bf16_of_float(random_uniform(6, 0, i));
      bytes[i] = static_cast<unsigned char>(random_bits(7, 0, i));
      whole[i] = static_cast<int>(random_bits(8, 0, i) % 21) - 10;
    }
    check_all(shape, DType::bf16, axes, halves.data());
    check_all(shape, DType::u8, axes, bytes.data());
    check_all(shape, DType::i32, axes, whole.data());
  }
}

TEST_CASE("a long sum loses no more than its last bits, and a variance far from zero keeps its digits") {
  const int64_t n = 40'000;
  const Floats tenths(static_cast<size_t>(n), 0.1f), far = random_floats(n, 10000, 10001);
  CHECK(std::abs(folded<FoldSum>({n}, DType::f32, {0}, tenths.data(), 1).y[0] - n * double{0.1f}) < 3e-4);
  const Expected expected = plainly({n}, {0}, [&](size_t i) { return double{far[i]}; });
  const Results moments = folded<FoldMoments>({n}, DType::f32, {0}, far.data(), 1);
  CHECK(std::abs(moments.variance[0] / expected.variance[0] - 1) < 1e-4);
}

TEST_CASE("what is not a number stays so, infinity too") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
  for (const size_t at : {size_t{0}, size_t{700}, size_t{1999}}) {
    Floats x(2000, -2.0f);
    x[at] = nan;
    CHECK(std::isnan(folded<FoldMax>({2000}, DType::f32, {0}, x.data(), 1).y[0]));
    CHECK(std::isnan(folded<FoldSum>({2000}, DType::f32, {0}, x.data(), 1).y[0]));
    CHECK(std::isnan(folded<FoldMoments>({2000}, DType::f32, {0}, x.data(), 1).variance[0]));
    x[at] = infinite;
    CHECK(folded<FoldSum>({2000}, DType::f32, {0}, x.data(), 1).y[0] == infinite);
    CHECK(folded<FoldMax>({100, 20}, DType::f32, {0}, x.data(), 1).y[at % 20] == infinite);
  }
}

TEST_CASE("of nothing the sum is 0, the maximum minus infinity, and there is no mean") {
  CHECK(folded<FoldSum>({3, 0}, DType::f32, {1}, static_cast<float*>(nullptr), 1).y == Floats{0, 0, 0});
  CHECK(folded<FoldSum>({0, 3}, DType::f32, {0}, static_cast<float*>(nullptr), 1).y == Floats{0, 0, 0});
  CHECK(folded<FoldMax>({3, 0}, DType::f32, {1}, static_cast<float*>(nullptr), 1).y[2] == -INFINITY);
  CHECK(std::isnan(folded<FoldMoments>({0, 3}, DType::f32, {0}, static_cast<float*>(nullptr), 1).y[1]));
}
