// The cache: each sample is read once where it fits, and comes out as it was.
#include "lib/data/cache.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

// A CountingSet that is not in memory and counts its readings.
class SlowSet final : public CountingSet {
 public:
  using CountingSet::CountingSet;
  bool in_memory() const override { return false; }
  void get(int64_t index, Sample& into) const override {
    ++readings;
    CountingSet::get(index, into);
  }
  mutable std::atomic<int> readings = 0;
};

constexpr int64_t sample_bytes = 12;

}  // namespace

TEST_CASE("what fits is read once, the rest each time") {
  const auto slow = std::make_shared<SlowSet>(10);
  const DatasetPointer data = cached(slow, 6 * sample_bytes + 5);
  for (int round = 0; round < 3; ++round)
    for (int64_t i = 0; i < 10; ++i) {
      const auto values = sample(*data, i);
      CHECK(floats(values[0]) == std::vector<float>{static_cast<float>(i), static_cast<float>(i + 1)});
      CHECK(label(*data, i) == i);
    }
  CHECK(slow->readings == 6 + 3 * 2 * 4);
}

TEST_CASE("a set in memory, and a limit below one sample, need no cache") {
  const DatasetPointer counting = std::make_shared<CountingSet>(4), slow = std::make_shared<SlowSet>(4);
  CHECK(cached(counting, 1 << 20) == counting);
  CHECK(cached(slow, 0) == slow);
  CHECK(cached(slow, sample_bytes - 1) == slow);
  CHECK(spare_memory_bytes() > 1 << 20);
}

TEST_CASE("threads that read the same samples at once all get them whole") {
  const DatasetPointer data = cached(std::make_shared<SlowSet>(2000), 1 << 20);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int64_t i = 0; i < 2000; ++i) wrong += label(*data, i) != i;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}
