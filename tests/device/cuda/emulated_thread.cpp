// Emulated blocks: threads as fibers, what they wait for, and copies that are made late.
// SPDX-License-Identifier: Apache-2.0
#include "tests/device/cuda/emulated_thread.h"

#include <algorithm>
#include <array>
#include <deque>
#include <exception>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "tests/device/cuda/emulated_fibers.h"
#include "tests/device/cuda/emulated_shared_memory.h"
#include "tests/device/cuda/emulated_warp.h"
#include "tests/device/cuda/undefined.h"

namespace dl::cuda {
namespace {

enum class Wait { none, barrier, warp, done };

struct PendingCopy {
  int64_t to_byte;
  const void* from;
  int bytes, size;
};

struct Thread {
  Wait wait = Wait::none;
  int fiber = -1;
  std::vector<PendingCopy> open;                // of the group that is not ended
  std::deque<std::vector<PendingCopy>> groups;  // ended, not waited for
};

struct Abandoned {};  // thrown through a thread whose block has failed, so that its stack is unwound

class Block final : public EmulatedBlock {
 public:
  void run(const Grid& whole, int x, int y, int z, EmulatedEntry entry, const void* arguments, std::mt19937& order);

  void sync() override { yield(Wait::barrier, "sync"); }
  void sync_warp() override { yield(Wait::warp, "sync_warp"); }
  uint32_t shuffle(uint32_t bits, int from_lane) override;
  uint32_t ballot(bool x) override;
  void read_shared(int64_t byte, void* to, int bytes) override { shared_.read(byte, to, bytes, now()); }
  void write_shared(int64_t byte, const void* from, int bytes) override { shared_.write(byte, from, bytes, now()); }
  void copy(int64_t to_byte, const void* from, int bytes, int size) override;
  void end_copies() override;
  void wait_copies(int groups) override;
  void load_matrices(uint32_t (&r)[4], int64_t row_byte, bool transposed) override;
  void multiply_add(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], bool tf32) override;
  [[noreturn]] void undefined(const char* what) override { fail(what); }

 private:
  [[noreturn]] void fail(const std::string& what) const;
  Thread& thread(int t) { return threads_[static_cast<size_t>(t)]; }
  Thread& me() { return thread(current_); }
  WarpCall& call(int t) { return calls_[static_cast<size_t>(t)]; }
  WarpCall& my_call() { return call(current_); }
  int& warp_epoch() { return warp_epochs_[static_cast<size_t>(current_ / warp_lanes)]; }
  Accessor now() { return {current_, current_ / warp_lanes, epoch_, warp_epoch()}; }

  void reset(const Grid& whole, int x, int y, int z, std::mt19937& order);
  void work(int fiber);
  void yield(Wait wait, const char* what);
  void release();
  bool release_warp(int first);
  void perform(int first, int last);
  void load_rows(int first, std::span<WarpCall> lanes, bool transposed);
  void release_barrier();
  bool resume(std::mt19937& order);

  EmulatedEntry entry_ = nullptr;
  const void* arguments_ = nullptr;
  int current_ = -1;
  int epoch_ = 0;                 // barriers so far
  std::vector<int> warp_epochs_;  // of each warp: its sync_warp
  SharedMemory shared_{*this};
  std::vector<Thread> threads_;
  std::vector<WarpCall> calls_;  // by thread
  std::vector<int> begin_order_;
  size_t begun_ = 0;
  std::vector<int> ready_;
  // A fiber runs threads one after another; a thread that waits keeps it, one that ends leaves it to the next.
  Fibers fibers_{[this](int fiber) { work(fiber); }};
  std::exception_ptr failure_;
};

void Block::fail(const std::string& what) const {
  throw Undefined(
      concat("undefined on a GPU: ", what, ", thread ", current_, " of block ", block_x, ", ", block_y, ", ", block_z));
}

// Threads that have not begun, one after another, until none is left or one has failed.
void Block::work(int fiber) {
  while (begun_ < begin_order_.size() && !failure_) {
    current_ = begin_order_[begun_++];
    const int mine = current_;
    thread(mine).fiber = fiber;
    try {
      entry_(*this, mine, arguments_);
    } catch (...) {
      if (!failure_) failure_ = std::current_exception();
    }
    thread(mine).wait = Wait::done;
  }
}

void Block::yield(Wait wait, const char* what) {
  const int mine = current_;
  me().wait = wait;
  my_call().name = what;
  fibers_.leave(me().fiber);
  current_ = mine;
  if (failure_) throw Abandoned{};
}

void Block::reset(const Grid& whole, int x, int y, int z, std::mt19937& order) {
  grid = whole;
  block_x = x, block_y = y, block_z = z;
  epoch_ = 0;
  failure_ = nullptr;
  const auto n = static_cast<size_t>(whole.threads);
  shared_.reset(whole.shared_bytes);
  threads_.assign(n, Thread{});
  calls_.assign(n, WarpCall{});
  warp_epochs_.assign((n + warp_lanes - 1) / warp_lanes, 0);
  begin_order_.resize(n);
  std::iota(begin_order_.begin(), begin_order_.end(), 0);
  std::shuffle(begin_order_.begin(), begin_order_.end(), order);
  begun_ = 0;
}

void Block::run(const Grid& whole, int x, int y, int z, EmulatedEntry entry, const void* arguments,
                std::mt19937& order) {
  entry_ = entry, arguments_ = arguments;
  reset(whole, x, y, z, order);
  do {
    while (begun_ < begin_order_.size() && !failure_) fibers_.begin();
    if (!failure_) release();
  } while (resume(order));
  if (failure_) std::rethrow_exception(failure_);
  for (const Thread& t : threads_)
    if (!t.open.empty() || !t.groups.empty()) fail("a thread that ends before its copies");
}

// Once all threads wait or have ended: those go on that have waited for one another.
void Block::release() {
  try {
    bool released = false;
    for (int first = 0; first < grid.threads; first += warp_lanes) released |= release_warp(first);
    if (!released) release_barrier();
  } catch (...) {
    failure_ = std::current_exception();
  }
}

// Threads that wait for nothing any more, or all where the block has failed. Whether there were any.
bool Block::resume(std::mt19937& order) {
  ready_.clear();
  for (int t = 0; t < grid.threads; ++t) {
    const Wait wait = thread(t).wait;
    if (thread(t).fiber >= 0 && (wait == Wait::none || (failure_ && wait != Wait::done))) ready_.push_back(t);
  }
  std::shuffle(ready_.begin(), ready_.end(), order);
  for (int t : ready_) {
    current_ = t;
    fibers_.enter(thread(t).fiber);
  }
  return !ready_.empty();
}

// Lets a warp go on if all its lanes wait in the same operation.
bool Block::release_warp(int first) {
  const int last = std::min(first + warp_lanes, grid.threads);
  for (int t = first; t < last; ++t)
    if (thread(t).wait != Wait::warp) return false;
  for (int t = first; t < last; ++t) {
    if (call(t).name != call(first).name) {
      current_ = t;
      fail(concat("lanes of one warp in different operations, ", call(t).name, " and ", call(first).name));
    }
  }
  if (call(first).name != std::string_view("sync_warp") && last - first != warp_lanes)
    fail("an operation of a warp that is not whole");
  current_ = first;
  perform(first, last);
  for (int t = first; t < last; ++t) thread(t).wait = Wait::none;
  return true;
}

void Block::perform(int first, int last) {
  const std::string_view name = call(first).name;
  const std::span<WarpCall> lanes =
      std::span(calls_).subspan(static_cast<size_t>(first), static_cast<size_t>(last - first));
  if (name == "sync_warp") {
    ++warp_epoch();
  } else if (name == "shuffle") {
    cuda::shuffle(lanes, *this);
  } else if (name == "ballot") {
    cuda::ballot(lanes);
  } else if (name == "load_matrices" || name == "load_matrices transposed") {
    load_rows(first, lanes, name != "load_matrices");
  } else if (name == "multiply_add" || name == "multiply_add_tf32") {
    cuda::multiply_add(lanes, name != "multiply_add");
  }
}

// PTX ISA, "ldmatrix": the lane that names a row counts as its reader.
void Block::load_rows(int first, std::span<WarpCall> lanes, bool transposed) {
  uint16_t rows[warp_lanes][8];
  for (int lane = 0; lane < warp_lanes; ++lane) {
    current_ = first + lane;
    read_shared(lanes[static_cast<size_t>(lane)].row_byte, rows[lane], 16);
  }
  deal_matrices(lanes, rows, transposed);
}

void Block::release_barrier() {
  bool any = false;
  for (int t = 0; t < grid.threads; ++t) any |= thread(t).wait == Wait::barrier;
  for (int t = 0; t < grid.threads; ++t) {
    current_ = t;
    if (thread(t).wait == Wait::warp) fail(concat("not all lanes of a warp reach its ", call(t).name));
    if (any && thread(t).wait != Wait::barrier) fail("not all threads reach a barrier");
  }
  if (!any) return;
  ++epoch_;
  for (Thread& t : threads_) t.wait = Wait::none;
}

uint32_t Block::shuffle(uint32_t bits, int from_lane) {
  my_call().bits = bits;
  my_call().from_lane = from_lane;
  yield(Wait::warp, "shuffle");
  return my_call().bits;
}

uint32_t Block::ballot(bool x) {
  my_call().bits = x ? 1 : 0;
  yield(Wait::warp, "ballot");
  return my_call().bits;
}

// Copies are made as late as they may be: when they are waited for.
void Block::copy(int64_t to_byte, const void* from, int bytes, int size) {
  if (bytes < 0 || bytes > size) fail(concat("a copy of ", bytes, " bytes"));
  shared_.begin_write(to_byte, size, now());
  me().open.push_back({to_byte, from, bytes, size});
}

void Block::end_copies() {
  me().groups.push_back(std::move(me().open));
  me().open.clear();
}

void Block::wait_copies(int groups) {
  while (static_cast<int>(me().groups.size()) > groups) {
    for (const PendingCopy& copy : me().groups.front()) {
      std::array<std::byte, 16> bytes{};
      std::memcpy(bytes.data(), copy.from, static_cast<size_t>(copy.bytes));
      write_shared(copy.to_byte, bytes.data(), copy.size);
    }
    me().groups.pop_front();
  }
}

void Block::load_matrices(uint32_t (&r)[4], int64_t row_byte, bool transposed) {
  if (row_byte % 16 != 0) fail("a row of a matrix that is not aligned");
  my_call().row_byte = row_byte;
  yield(Wait::warp, transposed ? "load_matrices transposed" : "load_matrices");
  std::copy_n(my_call().matrices, 4, r);
}

void Block::multiply_add(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], bool tf32) {
  my_call().d = d, my_call().a = a, my_call().b = b;
  yield(Wait::warp, tf32 ? "multiply_add_tf32" : "multiply_add");
}

}  // namespace

void run_blocks(const Grid& grid, EmulatedEntry entry, const void* arguments, unsigned seed) {
  if (grid.x < 1 || grid.y < 1 || grid.z < 1 || grid.y > 65535 || grid.z > 65535 || grid.threads < 1 ||
      grid.threads > 1024 || grid.shared_bytes > 99 << 10)
    throw Undefined(concat("a grid that no GPU has: ", grid.x, " x ", grid.y, " x ", grid.z, " blocks of ",
                           grid.threads, " threads, ", grid.shared_bytes, " bytes of shared memory"));
  std::mt19937 order(seed);
  std::vector<int64_t> blocks(static_cast<size_t>(int64_t{grid.x} * grid.y * grid.z));
  std::iota(blocks.begin(), blocks.end(), 0);
  std::shuffle(blocks.begin(), blocks.end(), order);
  Block block;
  for (int64_t i : blocks) {
    block.run(grid, static_cast<int>(i % grid.x), static_cast<int>(i / grid.x % grid.y),
              static_cast<int>(i / grid.x / grid.y), entry, arguments, order);
  }
}

}  // namespace dl::cuda
