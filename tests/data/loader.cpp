// Batches: what is in them, in which order, whoever assembles them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/loader.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>
#include <set>
#include <thread>

#include "lib/data/split.h"
#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::atomic<int64_t> allocations = 0;

}  // namespace

// Also the form that std::stable_partition takes, which a sanitizer would replace by its own. What frees is not
// inlined: GCC would miss the allocation of the same kind.
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(bytes);
}
void* operator new(size_t bytes) {
  if (void* memory = operator new(bytes, std::nothrow)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace {

struct Copy {
  int64_t epoch, index, count;
  bool last;
  std::vector<float> x;
  std::vector<int32_t> y;
  bool operator==(const Copy&) const = default;
};

Copy copy(const Batch& batch) {
  const auto* x = reinterpret_cast<const float*>(batch.fields[0]);
  const auto* y = reinterpret_cast<const int32_t*>(batch.fields[1]);
  return {batch.epoch, batch.index, batch.count, batch.last, {x, x + 2 * batch.count}, {y, y + batch.count}};
}

std::vector<Copy> take(Loader& loader, int count) {
  std::vector<Copy> batches;
  for (int i = 0; i < count; ++i) batches.push_back(copy(loader.next()));
  return batches;
}

std::vector<Copy> batches(const LoaderOptions& options, int count, int64_t size = 10) {
  Loader loader(std::make_shared<CountingSet>(size), options);
  return take(loader, count);
}

// "x" gets a random number added: what an augmentation would do.
class AugmentedSet final : public CountingSet {
 public:
  using CountingSet::CountingSet;
  void get(int64_t index, Sample& into) const override {
    CountingSet::get(index, into);
    const float added = into.random ? into.random->uniform() : 0;
    std::memcpy(into.fields[0], &added, sizeof added);
  }
};

// Sample 25 cannot be read until it is mended.
class BrokenSet final : public CountingSet {
 public:
  using CountingSet::CountingSet;
  std::atomic<bool> mended = false;
  void get(int64_t index, Sample& into) const override {
    if (index == 25 && !mended)
      throw Error(Exit::data, Problem{.where = {.file = "sample-25"}, .what = "it is broken"});
    CountingSet::get(index, into);
  }
};

}  // namespace

TEST_CASE("batches follow one another in order, the last of an epoch is short, and epochs have no end") {
  const auto all = batches({.batch_size = 4}, 4);
  CHECK(all[0] == Copy{0, 0, 4, false, {0, 1, 1, 2, 2, 3, 3, 4}, {0, 1, 2, 3}});
  CHECK(all[2] == Copy{0, 2, 2, true, {8, 9, 9, 10}, {8, 9}});
  CHECK(all[3] == Copy{1, 0, 4, false, {0, 1, 1, 2, 2, 3, 3, 4}, {0, 1, 2, 3}});
}

TEST_CASE("drop_last leaves the short batch out") {
  const auto all = batches({.batch_size = 4, .drop_last = true}, 3);
  CHECK(all[1].last);
  CHECK(all[2].epoch == 1);
  CHECK(all[2].count == 4);
}

TEST_CASE("a shuffled epoch holds every sample once, in another order than the epoch before") {
  const auto all = batches({.batch_size = 32, .shuffle = true, .seed = 3}, 8, 100);
  std::vector<int32_t> epochs[2];
  for (const Copy& batch : all) epochs[batch.epoch].insert(epochs[batch.epoch].end(), batch.y.begin(), batch.y.end());
  for (const auto& order : epochs) CHECK(std::set<int32_t>(order.begin(), order.end()).size() == 100);
  CHECK(epochs[0] != epochs[1]);
}

TEST_CASE("batches do not depend on the number of threads, nor on how far they run ahead") {
  const auto data = std::make_shared<AugmentedSet>(1000);
  const LoaderOptions options{.batch_size = 7, .shuffle = true, .augment = true, .seed = 5};
  Loader alone(data, options);
  const auto expected = take(alone, 400);
  for (const int threads : {1, 2, 3, 8})
    for (const int prefetch : {1, 2, 5}) {
      LoaderOptions ahead = options;
      ahead.threads = threads;
      ahead.prefetch = prefetch;
      Loader loader(data, ahead);
      CHECK(take(loader, 400) == expected);
    }
}

TEST_CASE("a loader started anywhere continues as if it had run until there") {
  const auto data = std::make_shared<AugmentedSet>(100);
  for (const int threads : {0, 3}) {
    const LoaderOptions options{.batch_size = 8, .shuffle = true, .augment = true, .seed = 6, .threads = threads};
    Loader whole(data, options);
    const auto all = take(whole, 40);  // 13 an epoch
    for (const int64_t at : {0, 1, 12, 13, 20, 39}) {
      Loader loader(data, options);
      loader.seek({at / 13, at % 13, {}});
      CHECK(copy(loader.next()) == all[static_cast<size_t>(at)]);
      loader.seek({0, 3, {}});
      CHECK(copy(loader.next()) == all[3]);
      CHECK(copy(loader.next()) == all[4]);
    }
  }
}

TEST_CASE("another epoch or seed augments otherwise") {
  const auto data = std::make_shared<AugmentedSet>(4);
  Loader a(data, {.batch_size = 4, .augment = true, .seed = 1}), b(data, {.batch_size = 4, .augment = true, .seed = 2});
  const auto first = take(a, 2);
  CHECK(first[0].x != first[1].x);
  CHECK(copy(b.next()).x != first[0].x);
  Loader plain(data, {.batch_size = 4, .seed = 1});
  CHECK(copy(plain.next()).x == std::vector<float>{0, 1, 0, 2, 0, 3, 0, 4});
}

TEST_CASE(
    "an error in a loader thread is thrown where its batch is due, after those before it, and may be tried again") {
  for (const int threads : {0, 1, 3}) {
    const auto data = std::make_shared<BrokenSet>(100);
    Loader loader(data, {.batch_size = 10, .threads = threads});
    CHECK(copy(loader.next()).index == 0);
    CHECK(copy(loader.next()).index == 1);
    CHECK_THROWS_WITH_AS(loader.next(), "error: sample-25: it is broken", Error);
    CHECK_THROWS_WITH_AS(loader.next(), "error: sample-25: it is broken", Error);
    data->mended = true;
    CHECK(copy(loader.next()).index == 2);
    CHECK(copy(loader.next()).index == 3);
  }
}

TEST_CASE("after the first batches nothing is allocated") {
  for (const int threads : {0, 2}) {
    Loader loader(std::make_shared<AugmentedSet>(1000),
                  {.batch_size = 16, .shuffle = true, .augment = true, .threads = threads});
    for (int i = 0; i < 20; ++i) loader.next();
    const int64_t before = allocations;
    for (int i = 0; i < 500; ++i) loader.next();
    CHECK(allocations == before);
  }
}

TEST_CASE("memory is that of the ring, and aligned") {
  Loader loader(std::make_shared<CountingSet>(1000), {.batch_size = 100, .threads = 1, .prefetch = 3});
  CHECK(loader.memory_bytes() == 4 * (832 + 448));  // 800 and 400 bytes, rounded up to 64
  for (int i = 0; i < 10; ++i)
    for (const std::byte* field : loader.next().fields) CHECK(reinterpret_cast<uintptr_t>(field) % 64 == 0);
}

TEST_CASE("a batch stays as it is until the next is asked for") {
  Loader loader(std::make_shared<CountingSet>(100000), {.batch_size = 4, .threads = 2, .prefetch = 1});
  for (int i = 0; i < 50; ++i) {
    const Batch& batch = loader.next();
    const Copy before = copy(batch);
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    CHECK(copy(batch) == before);
  }
}

TEST_CASE("threads that fell asleep are woken in time, whatever the ring's size and their number") {
  for (const int threads : {1, 2, 5})
    for (const int prefetch : {1, 2, 3, 4, 7}) {
      CAPTURE(threads);
      CAPTURE(prefetch);
      Loader loader(std::make_shared<CountingSet>(100), {.batch_size = 10, .threads = threads, .prefetch = prefetch});
      for (int i = 0; i < 60; ++i) {
        if (i % 7 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // until the ring is full
        CHECK(loader.next().index == i % 10);
        if (i == 30) loader.seek({3, 1, {}});
        if (i == 40) loader.seek({7, 1, {}});  // elsewhere
      }
    }
}

TEST_CASE("the time that the caller waited is counted") {
  class SlowSet final : public CountingSet {
   public:
    using CountingSet::CountingSet;
    void get(int64_t index, Sample& into) const override {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      CountingSet::get(index, into);
    }
  };
  for (const int threads : {0, 1}) {
    Loader loader(std::make_shared<SlowSet>(100), {.batch_size = 2, .threads = threads});
    loader.next();
    CHECK(loader.waited_seconds() >= 0.005);
    CHECK(loader.waited_seconds() < 10);
  }
}

TEST_CASE("batches larger than the machine are refused, with what to lower") {
  const auto data = std::make_shared<CountingSet>(int64_t{1} << 50);
  const std::string text =
      error_text([&] { Loader(data, {.batch_size = int64_t{1} << 50, .threads = 1, .prefetch = 1}); });
  CHECK(
      text.starts_with("error: data.batch_size: 2 batches of 1125899906842624 samples take 27021597764222976 bytes, "
                       "the machine has "));
  CHECK(text.ends_with("\n  help: lower data.batch_size or data.prefetch"));
  CHECK(error_text([&] {
          Loader(std::make_shared<CountingSet>(INT64_MAX), {.batch_size = INT64_MAX, .threads = 1});
        }).starts_with("error: data.batch_size: 5 batches of 9223372036854775807 samples take "));
}

TEST_CASE("a value that is no finite number is found with its sample, and its file where one is known") {
  struct Broken final : CountingSet {
    Broken() : CountingSet(10) {}
    void get(int64_t index, Sample& into) const override {
      CountingSet::get(index, into);
      const float nan = NAN;
      if (index == 7) std::memcpy(into.fields[0] + sizeof nan, &nan, sizeof nan);
    }
    Where place(int64_t index) const override { return {.file = concat("x", index, ".npy")}; }
  };
  for (const bool shuffle : {false, true}) {
    Loader loader(slice(std::make_shared<Broken>(), 1, 9),
                  {.batch_size = 4, .shuffle = shuffle, .seed = 3, .threads = 2});
    int found = 0;
    for (int i = 0; i < 3; ++i) {
      loader.next();
      if (const auto said = loader.non_finite()) {
        CHECK(*said == "x7.npy: sample 6: value 1 of 'x' is .nan");
        ++found;
      }
    }
    CHECK(found == 1);
  }
}
