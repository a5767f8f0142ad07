// The team's waiting: spin, then yield, then sleep on a futex.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/thread_team.h"

#include <chrono>

#include "lib/base/cpu.h"
#include "lib/base/error.h"
#include "lib/base/float_mode.h"
#include "lib/base/start_threads.h"

namespace dl {

namespace {

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Most gaps between two runs, and between the first and the last thread of a run, are a few microseconds: a sleeping
// thread would take longer to wake. Beyond that another process may need the core, and in the end nobody works. A long
// spin beside busy neighbours was measured to cost milliseconds a second: the scheduler punishes it.
constexpr std::chrono::microseconds spin_time(5), yield_time(150);

// Returns once done(value). Without `spin` it yields from the start.
template <class T, class Done>
void wait_for(const std::atomic<T>& value, bool spin, Done done) {
  const auto begin = std::chrono::steady_clock::now();
  for (bool yield = !spin;;) {
    for (int i = 0; i < 32; ++i) {
      if (done(value.load(std::memory_order_acquire))) return;
      yield ? std::this_thread::yield() : pause();
    }
    const auto waited = std::chrono::steady_clock::now() - begin;
    if (waited > spin_time + yield_time) break;
    yield = yield || waited > spin_time;
  }
  for (T now = value.load(std::memory_order_acquire); !done(now); now = value.load(std::memory_order_acquire)) {
    value.wait(now, std::memory_order_acquire);
  }
}

// Lets workers return.
void end(std::atomic<bool>& stop, std::atomic<uint32_t>& epoch) {
  stop = true;
  epoch.fetch_add(1, std::memory_order_release);
  epoch.notify_all();
}

}  // namespace

ThreadTeam::ThreadTeam(int threads)
    : size_(threads),
      spins_(threads <= allowed_cores()),
      claims_(new Claim[static_cast<size_t>(threads > 0 ? threads : 1)]),
      errors_(new std::exception_ptr[static_cast<size_t>(threads > 0 ? threads : 1)]) {
  DL_CHECK(threads >= 1, "threads ", threads);
  start_threads(
      threads_, threads - 1, [this](int i) { work(i + 1); }, [this] { end(stop_, epoch_); }, "trainer.threads");
}

ThreadTeam::~ThreadTeam() {
  end(stop_, epoch_);
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::start(Call call, const void* function) {
  DL_CHECK(running_.load(std::memory_order_relaxed) == 0, "a run of the team inside another");
  call_ = call;
  function_ = function;
  float_mode_ = float_mode();
  running_.store(size_, std::memory_order_relaxed);
  const uint32_t epoch = epoch_.fetch_add(1, std::memory_order_release) + 1;
  epoch_.notify_all();
  for (int i = 0; i < size_; ++i) call_once(i, epoch);
  wait_for(running_, spins_, [](int32_t running) { return running == 0; });
  if (!failed_.exchange(false, std::memory_order_relaxed)) return;
  std::exception_ptr first;
  for (int i = size_ - 1; i >= 0; --i) {
    if (errors_[static_cast<size_t>(i)]) first = std::move(errors_[static_cast<size_t>(i)]);
    errors_[static_cast<size_t>(i)] = nullptr;
  }
  std::rethrow_exception(first);
}

void ThreadTeam::call_once(int thread, uint32_t epoch) {
  uint32_t before = epoch - 1;
  if (!claims_[static_cast<size_t>(thread)].epoch.compare_exchange_strong(before, epoch, std::memory_order_acq_rel))
    return;
  set_float_mode(float_mode_);
  try {
    call_(function_, thread);
  } catch (...) {
    errors_[static_cast<size_t>(thread)] = std::current_exception();
    failed_.store(true, std::memory_order_relaxed);
  }
  if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_one();
}

void ThreadTeam::work(int thread) {
  for (uint32_t seen = 0;;) {
    wait_for(epoch_, spins_, [seen](uint32_t epoch) { return epoch != seen; });
    seen = epoch_.load(std::memory_order_acquire);
    if (stop_) return;
    call_once(thread, seen);  // another run may have begun and ended since: then its call was made too
  }
}

}  // namespace dl
