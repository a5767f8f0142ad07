// The order of samples: one-to-one, and as random as a uniform shuffle by the frequencies that training can notice.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/order.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <set>
#include <vector>

using dl::Permutation;

namespace {

std::vector<int64_t> all(const Permutation& p, int64_t n) {
  std::vector<int64_t> order;
  for (int64_t i = 0; i < n; ++i) order.push_back(p(i));
  return order;
}

bool one_to_one(const Permutation& p, int64_t n) {
  std::vector<bool> seen(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    const int64_t x = p(i);
    if (x < 0 || x >= n || seen[static_cast<size_t>(x)]) return false;
    seen[static_cast<size_t>(x)] = true;
  }
  return true;
}

// (chi² - degrees) / sqrt(2 degrees): about standard normal for uniform counts.
double deviation(const std::vector<int64_t>& counts, double expected) {
  double chi2 = 0;
  for (int64_t c : counts) chi2 += (double(c) - expected) * (double(c) - expected) / expected;
  const double degrees = double(counts.size()) - 1;
  return (chi2 - degrees) / std::sqrt(2 * degrees);
}

}  // namespace

TEST_CASE("every sample occurs once in an epoch, whatever the size of the set") {
  for (int64_t n = 1; n <= 300; ++n)
    for (int64_t epoch = 0; epoch < 3; ++epoch) CHECK_MESSAGE(one_to_one(Permutation(n, 7, epoch), n), "n ", n);
  for (int64_t n : {1023, 1024, 1025, 32767, 32768, 32769, 50000, 55000, 60000, 65536, 65537, 100003})
    CHECK_MESSAGE(one_to_one(Permutation(n, 1, 2), n), "n ", n);
}

TEST_CASE("the order is a function of seed, epoch and position alone") {
  CHECK(all(Permutation(1000, 5, 3), 1000) == all(Permutation(1000, 5, 3), 1000));
  CHECK(all(Permutation(10, 0, 0), 10) == std::vector<int64_t>{8, 5, 3, 4, 0, 9, 7, 1, 6, 2});
}

TEST_CASE("the order stays what it was, for runs that go on") {
  const std::map<int64_t, std::vector<int64_t>> expected{
      {1, {0}},
      {5, {3, 1, 4, 2, 0}},
      {33, {2, 18, 14, 8, 22, 28}},
      {29305, {20365, 23700, 17484, 2087, 3938, 2928}},
      {(int64_t{1} << 40) + 3, {977715629672, 65287297433, 169265210370, 95751675474, 404978005699, 476805729501}}};
  for (const auto& [size, begin] : expected)
    CHECK(all(Permutation(size, 1, 2), static_cast<int64_t>(begin.size())) == begin);
}

TEST_CASE("several positions at once are what each is alone") {
  for (const int64_t size : {1, 2, 7, 8, 9, 64, 65, 1000})
    for (const int64_t first : {int64_t{0}, size / 2, size - 1, size}) {
      const Permutation p(size, 3, 1);
      std::vector<int64_t> filled(static_cast<size_t>(size - first), -1), alone;
      p.fill(first, filled);
      for (int64_t i = first; i < size; ++i) alone.push_back(p(i));
      CHECK(filled == alone);
    }
}

TEST_CASE("another epoch or another seed is another order") {
  const int64_t n = 1000;
  std::set<std::vector<int64_t>> orders;
  for (int64_t epoch = 0; epoch < 20; ++epoch)
    for (uint64_t seed = 0; seed < 20; ++seed) orders.insert(all(Permutation(n, seed, epoch), n));
  CHECK(orders.size() == 400);
}

TEST_CASE("sets beyond 32 bits are ordered too") {
  const int64_t n = int64_t{1} << 40;
  std::set<int64_t> seen;
  for (int64_t i = 0; i < 1000; ++i) {
    const int64_t x = Permutation(n, 3, 1)(i);
    CHECK((x >= 0 && x < n));
    seen.insert(x);
  }
  CHECK(seen.size() == 1000);
}

TEST_CASE("all orders of a small set are equally likely") {
  for (int64_t n : {2, 3, 4, 5}) {
    std::map<std::vector<int64_t>, int64_t> counts;
    const int64_t epochs = 40000;
    for (int64_t epoch = 0; epoch < epochs; ++epoch) ++counts[all(Permutation(n, 11, epoch), n)];
    int64_t factorial = 1;
    for (int64_t i = 2; i <= n; ++i) factorial *= i;
    CHECK(int64_t(counts.size()) == factorial);
    std::vector<int64_t> values;
    for (const auto& [order, count] : counts) values.push_back(count);
    CHECK_MESSAGE(std::abs(deviation(values, double(epochs) / double(factorial))) < 4, "n ", n);
  }
}

TEST_CASE("each sample is equally likely at each position, and after each other sample") {
  for (int64_t n : {7, 10, 16, 17, 33, 100}) {
    const int64_t epochs = 20000;
    std::vector<int64_t> at(size_t(n * n)), after(size_t(n * n));
    for (int64_t epoch = 0; epoch < epochs; ++epoch) {
      const auto order = all(Permutation(n, 2, epoch), n);
      for (int64_t i = 0; i < n; ++i) ++at[size_t(i * n + order[size_t(i)])];
      for (int64_t i = 0; i + 1 < n; ++i) ++after[size_t(order[size_t(i)] * n + order[size_t(i + 1)])];
    }
    CHECK_MESSAGE(std::abs(deviation(at, double(epochs) / double(n))) < 5, "n ", n);
    std::vector<int64_t> pairs;
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j)
        if (i != j) pairs.push_back(after[size_t(i * n + j)]);
    CHECK_MESSAGE(std::abs(deviation(pairs, double(epochs) / double(n))) < 5, "n ", n);
  }
}

TEST_CASE("a large set is spread evenly: the batches of an epoch hold all its parts alike") {
  const int64_t n = 60000, parts = 10, batch = 600;
  std::vector<int64_t> counts(size_t(parts * n / batch));
  const Permutation order(n, 4, 0);
  for (int64_t i = 0; i < n; ++i) ++counts[size_t(i / batch * parts + order(i) * parts / n)];
  CHECK(std::abs(deviation(counts, double(batch) / double(parts))) < 5);
}

TEST_CASE("an epoch has one fixed point and half its neighbours ascending, on average") {
  double fixed = 0, ascending = 0;
  const int64_t n = 1000, epochs = 400;
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    const auto order = all(Permutation(n, 9, epoch), n);
    for (int64_t i = 0; i < n; ++i) fixed += order[size_t(i)] == i;
    for (int64_t i = 0; i + 1 < n; ++i) ascending += order[size_t(i)] < order[size_t(i + 1)];
  }
  CHECK(fixed / double(epochs) == doctest::Approx(1.0).epsilon(0.2));
  CHECK(ascending / double(epochs * (n - 1)) == doctest::Approx(0.5).epsilon(0.005));
}
