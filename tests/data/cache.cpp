// The cache: each sample is read once where it fits, and comes out as it was.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/cache.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "lib/data/split.h"
#include "lib/data/windowed.h"
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
    if (index == broken) throw Error(Exit::data, Problem{.what = "cannot be read"});
    CountingSet::get(index, into);
  }
  mutable std::atomic<int> readings = 0;
  int64_t broken = -1;
};

// Images of 2 x 3 bytes, 0 … 5 plus the index, and how much of them was asked for.
class ImageSet final : public Dataset, public Windowed {
 public:
  int64_t size() const override { return 4; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return false; }
  uint64_t fingerprint() const override { return 0; }
  void get(int64_t index, Sample& into) const override {
    ++wholes;
    for (int i = 0; i < 6; ++i) into.fields[0][i] = static_cast<std::byte>(index + i);
    const auto y = static_cast<int32_t>(index);
    std::memcpy(into.fields[1], &y, sizeof y);
  }
  void get_window(int64_t index, const ImageWindow& window, Pair into_size, Sample& into) const override {
    ++windows;
    window_of_whole(*this, index, window, into_size, into);
    --wholes;
  }
  mutable int wholes = 0, windows = 0;

 private:
  const std::vector<SampleField> fields_{{"x", {DType::u8, {2, 3, 1}}}, {"y", {DType::i32, {}}}};
};

constexpr int64_t sample_bytes = 12;

}  // namespace

TEST_CASE("what fits is read once, the rest each time") {
  const auto slow = std::make_shared<SlowSet>(10);
  int64_t bytes_left = 6 * sample_bytes + 5;
  const DatasetPointer data = cached(slow, bytes_left);
  CHECK(bytes_left == 5);
  for (int round = 0; round < 3; ++round)
    for (int64_t i = 0; i < 10; ++i) {
      const auto values = sample(*data, i);
      CHECK(floats(values[0]) == std::vector<float>{static_cast<float>(i), static_cast<float>(i + 1)});
      CHECK(label(*data, i) == i);
    }
  CHECK(slow->readings == 6 + 3 * 2 * 4);
}

TEST_CASE("a sample that could not be read is read again") {
  const auto slow = std::make_shared<SlowSet>(2);
  int64_t bytes_left = 1 << 20;
  const DatasetPointer data = cached(slow, bytes_left);
  slow->broken = 1;
  for (int round = 0; round < 2; ++round) CHECK_THROWS_AS(sample(*data, 1), Error);
  slow->broken = -1;
  for (int round = 0; round < 2; ++round) CHECK(label(*data, 1) == 1);
  CHECK(slow->readings == 3);
}

TEST_CASE("values that are kept are found where they are, without a copy") {
  int64_t bytes_left = 1 << 20;
  const DatasetPointer data = selection(cached(std::make_shared<SlowSet>(3), bytes_left), {2, 1});
  std::vector<std::byte> x(8), y(4);
  Sample into;
  into.fields = {x.data(), y.data()};
  const std::byte* const place = data->get_in_place(0, 0, into);
  CHECK(place != x.data());
  CHECK(place == data->get_in_place(0, 0, into));
  CHECK(x == std::vector<std::byte>(8));
  float first;
  std::memcpy(&first, place, sizeof first);
  CHECK(first == 2);
  CHECK(y[0] == std::byte{2});  // other fields are written
  int64_t none = 0;
  CHECK(cached(std::make_shared<SlowSet>(3), none)->get_in_place(0, 0, into) == x.data());
}

TEST_CASE("images that are kept are read whole once, of the others only the window, and both give the same") {
  const auto images = std::make_shared<ImageSet>();
  int64_t bytes_left = 3 * 12 + 11;  // an image takes 8 bytes, for the label to lie straight, and the label 4
  const DatasetPointer data = cached(images, bytes_left);
  for (int round = 0; round < 2; ++round)
    for (int64_t i = 0; i < 4; ++i) {
      std::byte x[2] = {};
      int32_t y = -1;
      Sample into;
      into.fields = {x, reinterpret_cast<std::byte*>(&y)};
      get_window(*data, i, {0, 1, 2, 1}, {2, 1}, into);
      CHECK(static_cast<int64_t>(x[0]) == i + 1);
      CHECK(static_cast<int64_t>(x[1]) == i + 4);
      CHECK(y == i);
    }
  CHECK(images->wholes == 3);
  CHECK(images->windows == 2);
}

TEST_CASE("a set in memory, and a limit below one sample, need no cache") {
  const DatasetPointer counting = std::make_shared<CountingSet>(4), slow = std::make_shared<SlowSet>(4);
  int64_t much = 1 << 20, none = 0, too_little = sample_bytes - 1;
  CHECK(cached(counting, much) == counting);
  CHECK(cached(slow, none) == slow);
  CHECK(cached(slow, too_little) == slow);
  CHECK(spare_memory_bytes() > 1 << 20);
}

TEST_CASE("threads that read the same samples at once all get them whole") {
  int64_t bytes_left = 1 << 20;
  const DatasetPointer data = cached(std::make_shared<SlowSet>(2000), bytes_left);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int64_t i = 0; i < 2000; ++i) wrong += label(*data, i) != i;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}
