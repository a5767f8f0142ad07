// A training step takes no heap memory: the trainer's loop, the loader and the programs together.
#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "tests/train/fixture.h"

namespace {

std::atomic<int64_t> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) noexcept {
  ++allocations;
  const std::size_t size = (bytes + alignment - 1) / alignment * alignment;
  return std::aligned_alloc(alignment, size > 0 ? size : alignment);
}

void* or_throw(void* memory) {
  if (!memory) throw std::bad_alloc();
  return memory;
}

constexpr std::size_t usual = alignof(std::max_align_t);

}  // namespace

// All forms, as what one of them gives another's delete may get.
void* operator new(std::size_t bytes) { return or_throw(counted(bytes, usual)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return counted(bytes, usual); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return or_throw(counted(bytes, static_cast<std::size_t>(alignment)));
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace {

using namespace dl;
using namespace dl::test;

// The allocations between one step and the next.
struct Count : Observer {
  void stepped(const StepDone& e) override {
    const int64_t now = allocations;
    if (e.step > 1) taken[static_cast<size_t>(e.step)] = now - last;
    last = allocations;
  }
  std::vector<int64_t> taken = std::vector<int64_t>(64, -1);
  int64_t last = 0;
};

}  // namespace

TEST_CASE("a training step takes no heap memory") {
  const Workplace place;
  for (const std::string window : {"1", "2"}) {
    CAPTURE(window);
    const auto plan =
        place.plan({"trainer.device=cpu", "trainer.log_every_n_steps=1000", "trainer.max_epochs=1", "data.batch_size=4",
                    "trainer.checkpoint.best=null", "trainer.accumulate_grad_batches=" + window, "data.workers=0"});
    Count count;
    Trainer(*plan, {.observers = {&count}}).fit();
    const int64_t epoch = plan->steps_per_epoch();
    for (int64_t step = 3; step < epoch; ++step) {
      CAPTURE(step);
      CHECK(count.taken[static_cast<size_t>(step)] == 0);
    }
  }
}
