// A fixed team of threads that run one function together, many times a second.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace dl {

// run(f) makes the calls f(0) … f(size() - 1). The caller makes f(0) and afterwards those that no thread has begun yet,
// so that a thread whose core is taken by another process holds up nobody; results cannot depend on it. The others are
// started once and wait between calls: they spin for a short while, then give their core away, then sleep. One run() at
// a time, and none inside another. All calculate in the caller's float mode. run() takes no heap memory and no lock.
class ThreadTeam {
 public:
  explicit ThreadTeam(int threads);  // at least 1
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  int size() const { return size_; }

  // Calls f(thread) once for each thread = 0 … size() - 1, side by side, and returns when all have returned. What they
  // wrote is visible to the caller. Of the exceptions thrown that of the lowest thread is rethrown here.
  template <class F>
  void run(F&& f) {
    if (size_ == 1) return f(0);
    using Function = std::remove_reference_t<F>;
    start([](const void* function, int thread) { (*static_cast<Function*>(const_cast<void*>(function)))(thread); }, &f);
  }

 private:
  using Call = void (*)(const void* function, int thread);
  struct alignas(64) Claim {
    std::atomic<uint32_t> epoch{0};  // the last run whose call was begun
  };
  void start(Call call, const void* function);
  void work(int thread);
  // Makes the call of a thread unless it has been begun.
  void call_once(int thread, uint32_t epoch);

  const int size_;
  const bool spins_;                 // each thread has a core; asked once, by the maker, as asking takes memory
  std::unique_ptr<Claim[]> claims_;  // one a thread
  std::unique_ptr<std::exception_ptr[]> errors_;  // one a thread
  std::atomic<bool> failed_{false};
  std::atomic<bool> stop_{false};
  alignas(64) std::atomic<uint32_t> epoch_{0};  // counts run() calls; workers wait for it to change
  Call call_ = nullptr;                         // changes before epoch_ does, as function_
  const void* function_ = nullptr;
  uint32_t float_mode_ = 0;
  alignas(64) std::atomic<int32_t> running_{0};  // calls that have not returned
  std::vector<std::thread> threads_;
};

// The part of [0, n) that falls to i of `parts`: contiguous, as even as it can be in multiples of `unit`, in order.
struct Range {
  int64_t begin = 0, end = 0;
  bool empty() const { return begin >= end; }
  bool operator==(const Range&) const = default;
};
constexpr Range split(int64_t n, int64_t parts, int64_t i, int64_t unit = 1) {
  const int64_t units = (n + unit - 1) / unit;
  const int64_t share = units / parts, more = units % parts;  // the first `more` parts take one unit more
  const int64_t first = i * share + (i < more ? i : more);
  const int64_t last = first + share + (i < more ? 1 : 0);
  const int64_t begin = first * unit, end = last * unit;
  return {begin < n ? begin : n, end < n ? end : n};
}

}  // namespace dl
