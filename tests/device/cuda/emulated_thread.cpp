// Fibers, barriers, warps and shared memory of emulated blocks.
// SPDX-License-Identifier: Apache-2.0
#include "tests/device/cuda/emulated_thread.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifndef __x86_64__
#include <ucontext.h>
#endif
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <deque>
#include <exception>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "tests/device/cuda/undefined.h"

namespace dl::cuda {
namespace {

constexpr int warp_lanes = 32;
constexpr size_t stack_bytes = size_t{256} << 10;

// Mapped by itself, behind a page that nothing may touch, so that a stack that is too small shows.
class Stack {
 public:
  Stack()
      : mapped_(static_cast<std::byte*>(
            mmap(nullptr, guard_ + stack_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    DL_CHECK(mapped_ != MAP_FAILED && mprotect(get(), stack_bytes, PROT_READ | PROT_WRITE) == 0, "no stack");
  }
  ~Stack() { munmap(mapped_, guard_ + stack_bytes); }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  std::byte* get() const { return mapped_ + guard_; }

 private:
  static constexpr size_t guard_ = 64 << 10;  // as large as pages are anywhere
  std::byte* mapped_;
};

// A stack and where on it to go on.
#ifdef __x86_64__
// Callee-saved registers are kept on the stack that is left (System V ABI); control words are not changed by kernels.
extern "C" void dlcli_switch_stack(void** leave, void* enter);
asm(R"(
.text
.globl dlcli_switch_stack
.type dlcli_switch_stack, @function
dlcli_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size dlcli_switch_stack, .-dlcli_switch_stack
)");
class StackPointer {
 public:
  void start(std::byte* stack, void (*entry)()) {
    auto* top = reinterpret_cast<void**>(stack + stack_bytes);
    *--top = nullptr;  // so that the stack is aligned as after a call
    *--top = reinterpret_cast<void*>(entry);
    for (int saved = 0; saved < 6; ++saved) *--top = nullptr;
    at_ = top;
  }
  static void change(StackPointer& from, StackPointer& to) { dlcli_switch_stack(&from.at_, to.at_); }

 private:
  void* at_ = nullptr;
};
#else
class StackPointer {
 public:
  void start(std::byte* stack, void (*entry)()) {
    getcontext(&at_);
    at_.uc_stack.ss_sp = stack;
    at_.uc_stack.ss_size = stack_bytes;
    at_.uc_link = nullptr;
    makecontext(&at_, entry, 0);
  }
  static void change(StackPointer& from, StackPointer& to) { swapcontext(&from.at_, &to.at_); }

 private:
  ucontext_t at_;
};
#endif

// What happened to one byte of shared memory, and between which barriers.
struct Access {
  int thread = -1;  // several: any of them
  int warp = -1;    // several: -2
  int epoch = -1, warp_epoch = -1;
  bool several = false;  // threads
};
struct Byte {
  Access written, read;  // last
};

enum class Wait { none, barrier, warp, done };

// What a thread that waits in an operation of its warp gives and takes.
struct WarpCall {
  const char* name = "";
  uint32_t bits = 0;  // given, then taken
  int from_lane = 0;
  int64_t row_byte = 0;
  uint32_t matrices[4] = {};
  float* d = nullptr;
  const uint32_t *a = nullptr, *b = nullptr;
};

struct PendingCopy {
  int64_t to_byte;
  const void* from;
  int bytes, size;
};

struct Thread {
  Wait wait = Wait::none;
  int fiber = -1;
  WarpCall call;
  std::vector<PendingCopy> open;                // of the group that is not ended
  std::deque<std::vector<PendingCopy>> groups;  // ended, not waited for
};

// Runs threads one after another; a thread that waits keeps the stack, one that ends leaves it to the next.
struct Fiber {
  StackPointer context;
  Stack stack;
  void* fake_stack = nullptr;  // the address sanitizer's
};

class Block final : public EmulatedBlock {
 public:
  void run(const Grid& whole, int x, int y, int z, EmulatedEntry entry, const void* arguments, std::mt19937& order);

  void sync() override { yield(Wait::barrier, "sync"); }
  void sync_warp() override { yield(Wait::warp, "sync_warp"); }
  uint32_t shuffle(uint32_t bits, int from_lane) override;
  uint32_t ballot(bool x) override;
  void read_shared(int64_t byte, void* to, int bytes) override;
  void write_shared(int64_t byte, const void* from, int bytes) override;
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

  static void fiber_main();
  void work(int fiber);
  void start(int fiber);
  void enter(int fiber);
  void leave(int fiber, bool for_good);
  void entered(int fiber);
  void yield(Wait wait, const char* what);
  bool release_warp(int first);
  void perform(int first, int last);
  void product(int first, bool tf32);
  void matrices(int first, int last, bool transposed);
  void release_barrier();
  void touch(int64_t first, int bytes, bool write);
  int& warp_epoch() { return warp_epochs_[static_cast<size_t>(current_ / warp_lanes)]; }
  bool ordered_after(const Access& access);

  EmulatedEntry entry_ = nullptr;
  const void* arguments_ = nullptr;
  int current_ = -1;
  int epoch_ = 0;                 // barriers so far
  std::vector<int> warp_epochs_;  // of each warp: its sync_warp
  std::vector<unsigned char> shared_;
  std::vector<Byte> bytes_;
  std::vector<Thread> threads_;
  std::vector<int> begin_order_;
  size_t begun_ = 0;
  std::deque<Fiber> fibers_;
  std::vector<int> free_fibers_;
  int running_fiber_ = -1;
  StackPointer scheduler_;
  std::exception_ptr failure_;
  void* scheduler_fake_stack_ = nullptr;
  const void* scheduler_stack_ = nullptr;
  size_t scheduler_stack_bytes_ = 0;
};

thread_local Block* running = nullptr;

void Block::fail(const std::string& what) const {
  throw Undefined(
      concat("undefined on a GPU: ", what, ", thread ", current_, " of block ", block_x, ", ", block_y, ", ", block_z));
}

void Block::start(int fiber) {
  Fiber& f = fibers_[static_cast<size_t>(fiber)];
  f.fake_stack = nullptr;
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(f.stack.get(), stack_bytes);  // whose last frame was left without a return
#endif
  f.context.start(f.stack.get(), fiber_main);
}

void Block::enter(int fiber) {
  Fiber& f = fibers_[static_cast<size_t>(fiber)];
  running_fiber_ = fiber;
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(&scheduler_fake_stack_, f.stack.get(), stack_bytes);
#endif
  StackPointer::change(scheduler_, f.context);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(scheduler_fake_stack_, nullptr, nullptr);
#endif
}

void Block::leave(int fiber, [[maybe_unused]] bool for_good) {
  Fiber& f = fibers_[static_cast<size_t>(fiber)];
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(for_good ? nullptr : &f.fake_stack, scheduler_stack_, scheduler_stack_bytes_);
#endif
  StackPointer::change(f.context, scheduler_);
  entered(fiber);
}

void Block::entered([[maybe_unused]] int fiber) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fibers_[static_cast<size_t>(fiber)].fake_stack, &scheduler_stack_,
                                  &scheduler_stack_bytes_);
#endif
}

void Block::fiber_main() {
  Block& block = *running;
  const int fiber = block.running_fiber_;
  block.entered(fiber);
  block.work(fiber);
  block.leave(fiber, true);
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
  free_fibers_.push_back(fiber);
}

struct Abandoned {};  // thrown through a thread whose block has failed, so that its stack is unwound

void Block::yield(Wait wait, const char* what) {
  const int mine = current_;
  me().wait = wait;
  me().call.name = what;
  leave(me().fiber, false);
  current_ = mine;
  if (failure_) throw Abandoned{};
}

void Block::run(const Grid& whole, int x, int y, int z, EmulatedEntry entry, const void* arguments,
                std::mt19937& order) {
  grid = whole;
  block_x = x, block_y = y, block_z = z;
  entry_ = entry, arguments_ = arguments;
  epoch_ = 0;
  failure_ = nullptr;
  const auto n = static_cast<size_t>(whole.threads);
  shared_.assign(static_cast<size_t>(whole.shared_bytes), 0xFF);  // NaN
  bytes_.assign(shared_.size(), Byte{});
  threads_.assign(n, Thread{});
  warp_epochs_.assign((n + warp_lanes - 1) / warp_lanes, 0);
  begin_order_.resize(n);
  std::iota(begin_order_.begin(), begin_order_.end(), 0);
  std::shuffle(begin_order_.begin(), begin_order_.end(), order);
  begun_ = 0;
  running = this;
  std::vector<int> ready;
  for (;;) {
    while (begun_ < n && !failure_) {
      if (free_fibers_.empty()) {
        free_fibers_.push_back(static_cast<int>(fibers_.size()));
        fibers_.emplace_back();
      }
      const int fiber = free_fibers_.back();
      free_fibers_.pop_back();
      start(fiber);
      enter(fiber);
    }
    if (!failure_) {
      try {
        bool released = false;
        for (int first = 0; first < whole.threads; first += warp_lanes) released |= release_warp(first);
        if (!released) release_barrier();
      } catch (...) {
        failure_ = std::current_exception();
      }
    }
    ready.clear();
    for (int t = 0; t < whole.threads; ++t) {
      const Wait wait = thread(t).wait;
      if (thread(t).fiber >= 0 && (wait == Wait::none || (failure_ && wait != Wait::done))) ready.push_back(t);
    }
    if (ready.empty()) break;
    std::shuffle(ready.begin(), ready.end(), order);
    for (int t : ready) {
      current_ = t;
      enter(thread(t).fiber);
    }
  }
  if (failure_) std::rethrow_exception(failure_);
  for (const Thread& t : threads_)
    if (!t.open.empty() || !t.groups.empty()) fail("a thread that ends before its copies");
}

// Lets a warp go on if all its lanes wait in the same operation.
bool Block::release_warp(int first) {
  const int last = std::min(first + warp_lanes, grid.threads);
  for (int t = first; t < last; ++t)
    if (thread(t).wait != Wait::warp) return false;
  for (int t = first; t < last; ++t) {
    if (thread(t).call.name != thread(first).call.name) {
      current_ = t;
      fail(
          concat("lanes of one warp in different operations, ", thread(t).call.name, " and ", thread(first).call.name));
    }
  }
  if (thread(first).call.name != std::string_view("sync_warp") && last - first != warp_lanes)
    fail("an operation of a warp that is not whole");
  current_ = first;
  perform(first, last);
  for (int t = first; t < last; ++t) thread(t).wait = Wait::none;
  return true;
}

void Block::perform(int first, int last) {
  const std::string_view name = thread(first).call.name;
  if (name == "sync_warp") {
    ++warp_epoch();
  } else if (name == "shuffle") {
    std::array<uint32_t, warp_lanes> given;
    for (int t = first; t < last; ++t) given[static_cast<size_t>(t - first)] = thread(t).call.bits;
    for (int t = first; t < last; ++t) {
      const int from = thread(t).call.from_lane;
      if (from < 0 || from >= warp_lanes) fail(concat("a shuffle from lane ", from));
      thread(t).call.bits = given[static_cast<size_t>(from)];
    }
  } else if (name == "ballot") {
    uint32_t bits = 0;
    for (int t = first; t < last; ++t) bits |= thread(t).call.bits << (t - first);
    for (int t = first; t < last; ++t) thread(t).call.bits = bits;
  } else if (name == "load_matrices" || name == "load_matrices transposed") {
    matrices(first, last, name != "load_matrices");
  } else if (name == "multiply_add" || name == "multiply_add_tf32") {
    product(first, name != "multiply_add");
  }
}

void Block::release_barrier() {
  bool any = false;
  for (int t = 0; t < grid.threads; ++t) any |= thread(t).wait == Wait::barrier;
  for (int t = 0; t < grid.threads; ++t) {
    current_ = t;
    if (thread(t).wait == Wait::warp) fail(concat("not all lanes of a warp reach its ", thread(t).call.name));
    if (any && thread(t).wait != Wait::barrier) fail("not all threads reach a barrier");
  }
  if (!any) return;
  ++epoch_;
  for (Thread& t : threads_) t.wait = Wait::none;
}

uint32_t Block::shuffle(uint32_t bits, int from_lane) {
  me().call.bits = bits;
  me().call.from_lane = from_lane;
  yield(Wait::warp, "shuffle");
  return me().call.bits;
}

uint32_t Block::ballot(bool x) {
  me().call.bits = x ? 1 : 0;
  yield(Wait::warp, "ballot");
  return me().call.bits;
}

// Whether a barrier, or for threads of one warp sync_warp, lies between an access and what the current thread does now.
bool Block::ordered_after(const Access& access) {
  if (access.epoch != epoch_ || (access.thread == current_ && !access.several)) return true;
  return access.warp == current_ / warp_lanes && access.warp_epoch < warp_epoch();
}

void Block::touch(int64_t first, int size, bool write) {
  if (first < 0 || first + size > static_cast<int64_t>(shared_.size())) fail("shared memory past its end");
  if (first % size != 0) fail("an access to shared memory that is not aligned");
  const int warp = current_ / warp_lanes;
  for (int64_t at = first; at < first + size; ++at) {
    Byte& byte = bytes_[static_cast<size_t>(at)];
    if (!ordered_after(byte.written))
      fail(concat("a race at byte ", at, " of shared memory with thread ", byte.written.thread, ", which writes"));
    if (write && !ordered_after(byte.read))
      fail(concat("a race at byte ", at, " of shared memory with thread ", byte.read.thread, ", which reads"));
    if (!write && byte.written.thread < 0) fail(concat("a read of shared memory that nothing wrote, at byte ", at));
    Access now{current_, warp, epoch_, warp_epoch(), false};
    if (write) {
      byte.written = now;
    } else {
      if (byte.read.epoch == epoch_) {
        now.several = byte.read.several || byte.read.thread != current_;
        if (byte.read.warp != warp) now.warp = -2;
      }
      byte.read = now;
    }
  }
}

void Block::read_shared(int64_t byte, void* to, int size) {
  touch(byte, size, false);
  std::memcpy(to, shared_.data() + byte, static_cast<size_t>(size));
}

void Block::write_shared(int64_t byte, const void* from, int size) {
  touch(byte, size, true);
  std::memcpy(shared_.data() + byte, from, static_cast<size_t>(size));
}

// Copies are made as late as they may be: when they are waited for. What they write over must be free from now on.
void Block::copy(int64_t to_byte, const void* from, int bytes, int size) {
  if (bytes < 0 || bytes > size) fail(concat("a copy of ", bytes, " bytes"));
  if (to_byte % size != 0) fail("a copy that is not aligned");
  if (to_byte < 0 || to_byte + size > static_cast<int64_t>(shared_.size())) fail("shared memory past its end");
  for (int64_t at = to_byte; at < to_byte + size; ++at) {
    const Byte& byte = bytes_[static_cast<size_t>(at)];
    if (!ordered_after(byte.written) || !ordered_after(byte.read))
      fail(concat("a race at byte ", at, " of shared memory, to which a copy begins"));
  }
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
  me().call.row_byte = row_byte;
  yield(Wait::warp, transposed ? "load_matrices transposed" : "load_matrices");
  std::copy_n(me().call.matrices, 4, r);
}

// PTX ISA, "ldmatrix": the lane that names a row counts as its reader.
void Block::matrices(int first, int last, bool transposed) {
  uint16_t rows[warp_lanes][8];
  for (int t = first; t < last; ++t) {
    current_ = t;
    read_shared(thread(t).call.row_byte, rows[t - first], 16);
  }
  for (int t = first; t < last; ++t) {
    const int lane = t - first, group = lane / 4, pair = lane % 4 * 2;
    for (int m = 0; m < 4; ++m) {
      const auto element = [&](int i) {
        return static_cast<uint32_t>(transposed ? rows[m * 8 + pair + i][group] : rows[m * 8 + group][pair + i]);
      };
      thread(t).call.matrices[m] = element(0) | element(1) << 16;
    }
  }
}

void Block::multiply_add(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], bool tf32) {
  me().call.d = d, me().call.a = a, me().call.b = b;
  yield(Wait::warp, tf32 ? "multiply_add_tf32" : "multiply_add");
}

float half_of(uint32_t pair, int half) { return __builtin_bit_cast(float, half ? pair & 0xFFFF0000u : pair << 16); }
float tf32_of(uint32_t bits) { return __builtin_bit_cast(float, bits & 0xffffe000u); }

// PTX ISA, "Matrix fragments for mma.m16n8k16 with floating point type" and "… mma.m16n8k8".
void Block::product(int first, bool tf32) {
  const int depth = tf32 ? 8 : 16;
  float a[16][16], b[16][8];
  for (int lane = 0; lane < warp_lanes; ++lane) {
    const WarpCall& call = thread(first + lane).call;
    const int group = lane / 4, in_group = lane % 4;
    if (tf32) {
      for (int i = 0; i < 4; ++i) a[group + i % 2 * 8][in_group + i / 2 * 4] = tf32_of(call.a[i]);
      for (int i = 0; i < 2; ++i) b[in_group + i * 4][group] = tf32_of(call.b[i]);
    } else {
      for (int i = 0; i < 8; ++i)
        a[group + i / 2 % 2 * 8][in_group * 2 + i % 2 + i / 4 * 8] = half_of(call.a[i / 2], i % 2);
      for (int i = 0; i < 4; ++i) b[in_group * 2 + i % 2 + i / 2 * 8][group] = half_of(call.b[i / 2], i % 2);
    }
  }
  for (int lane = 0; lane < warp_lanes; ++lane) {
    const WarpCall& call = thread(first + lane).call;
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
      for (int k = 0; k < depth; ++k) call.d[i] += a[row][k] * b[k][column];
    }
  }
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
