// Stacks, and going from one to another.
// SPDX-License-Identifier: Apache-2.0
#include "tests/device/cuda/emulated_fibers.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifndef __x86_64__
#include <ucontext.h>
#endif
#include <sys/mman.h>

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "lib/base/error.h"

namespace dl::cuda {
namespace {

constexpr size_t stack_bytes = size_t{256} << 10;

// Mapped by itself, behind a page that nothing may touch, so that a stack that is too small shows.
class Stack {
 public:
  Stack()
      : mapped_(static_cast<std::byte*>(
            mmap(nullptr, guard_ + stack_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    DL_CHECK(mapped_ != MAP_FAILED && mprotect(get(), stack_bytes, PROT_READ | PROT_WRITE) == 0, "no stack");
  }
  ~Stack() {
#ifdef __SANITIZE_ADDRESS__
    __asan_unpoison_memory_region(get(), stack_bytes);  // what is mapped here next has none of its frames
#endif
    munmap(mapped_, guard_ + stack_bytes);
  }
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

struct Fiber {
  StackPointer context;
  Stack stack;
  void* fake_stack = nullptr;  // the address sanitizer's
};

}  // namespace

struct Fibers::Impl {
  std::function<void(int)> work;
  std::deque<Fiber> fibers;
  std::vector<int> free;
  int running = -1;
  StackPointer scheduler;  // who begins and enters
  void* scheduler_fake_stack = nullptr;
  const void* scheduler_stack = nullptr;
  size_t scheduler_stack_bytes = 0;

  static thread_local Impl* beginning;
  static void run();
  void start(int fiber);
  void enter(int fiber);
  void leave(int fiber, bool for_good);
  void entered(int fiber);
};

thread_local Fibers::Impl* Fibers::Impl::beginning = nullptr;

void Fibers::Impl::start(int fiber) {
  Fiber& f = fibers[static_cast<size_t>(fiber)];
  f.fake_stack = nullptr;
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(f.stack.get(), stack_bytes);  // whose last frame was left without a return
#endif
  f.context.start(f.stack.get(), run);
}

void Fibers::Impl::enter(int fiber) {
  Fiber& f = fibers[static_cast<size_t>(fiber)];
  running = fiber;
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(&scheduler_fake_stack, f.stack.get(), stack_bytes);
#endif
  StackPointer::change(scheduler, f.context);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(scheduler_fake_stack, nullptr, nullptr);
#endif
}

void Fibers::Impl::leave(int fiber, [[maybe_unused]] bool for_good) {
  Fiber& f = fibers[static_cast<size_t>(fiber)];
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(for_good ? nullptr : &f.fake_stack, scheduler_stack, scheduler_stack_bytes);
#endif
  StackPointer::change(f.context, scheduler);
  entered(fiber);
}

void Fibers::Impl::entered([[maybe_unused]] int fiber) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fibers[static_cast<size_t>(fiber)].fake_stack, &scheduler_stack,
                                  &scheduler_stack_bytes);
#endif
}

void Fibers::Impl::run() {
  Impl& all = *beginning;
  const int fiber = all.running;
  all.entered(fiber);
  all.work(fiber);
  all.free.push_back(fiber);
  all.leave(fiber, true);
}

Fibers::Fibers(std::function<void(int fiber)> work) : impl_(std::make_unique<Impl>()) { impl_->work = std::move(work); }
Fibers::~Fibers() = default;

void Fibers::begin() {
  Impl& all = *impl_;
  if (all.free.empty()) {
    all.free.push_back(static_cast<int>(all.fibers.size()));
    all.fibers.emplace_back();
  }
  const int fiber = all.free.back();
  all.free.pop_back();
  Impl::beginning = &all;
  all.start(fiber);
  all.enter(fiber);
}

void Fibers::enter(int fiber) { impl_->enter(fiber); }
void Fibers::leave(int fiber) { impl_->leave(fiber, false); }

}  // namespace dl::cuda
