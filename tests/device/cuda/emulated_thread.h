// A GPU's blocks on the processor: each thread of a block is a fiber, run until it waits for others. What is undefined
// on a GPU throws Undefined: a barrier that not all threads reach, a warp's operation that not all lanes reach or of
// which they do not agree, an access that is not aligned, a read of shared memory that nothing wrote, and two threads
// at one byte of shared memory, one of them writing, with no barrier between. Threads and blocks run in an order drawn
// from a seed, so that what depends on the order shows. Global memory is the heap's, so that the address sanitizer sees
// it. This header is compiled with every kernel, so it includes little; emulated_thread.cpp does the work.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#include "lib/base/bf16.h"
#include "lib/device/cuda/grid.h"

namespace dl::cuda {

// What the threads of a block share. Virtual, so that kernels in libraries that are loaded need no symbols.
class EmulatedBlock {
 public:
  virtual void sync() = 0;
  virtual void sync_warp() = 0;
  virtual uint32_t shuffle(uint32_t bits, int from_lane) = 0;
  virtual uint32_t ballot(bool x) = 0;
  virtual void read_shared(int64_t byte, void* to, int bytes) = 0;
  virtual void write_shared(int64_t byte, const void* from, int bytes) = 0;
  virtual void copy(int64_t to_byte, const void* from, int bytes, int size) = 0;
  virtual void end_copies() = 0;
  virtual void wait_copies(int groups) = 0;
  virtual void load_matrices(uint32_t (&r)[4], int64_t row_byte, bool transposed) = 0;
  virtual void multiply_add(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], bool tf32) = 0;
  [[noreturn]] virtual void undefined(const char* what) = 0;

  Grid grid;
  int block_x = 0, block_y = 0, block_z = 0;

 protected:
  ~EmulatedBlock() = default;
};

// A pointer into shared memory that shows every read and write.
template <class T>
class Shared {
 public:
  Shared(EmulatedBlock* block, int64_t byte) : block_(block), byte_(byte) {}
  class Element {
   public:
    Element(EmulatedBlock* block, int64_t byte) : block_(block), byte_(byte) {}
    operator T() const {
      T x;
      block_->read_shared(byte_, &x, sizeof x);
      return x;
    }
    Element& operator=(const T& x) {
      block_->write_shared(byte_, &x, sizeof x);
      return *this;
    }
    Element& operator=(const Element& e) { return *this = static_cast<T>(e); }
    Element& operator+=(const T& x) { return *this = static_cast<T>(*this) + x; }

   private:
    EmulatedBlock* block_;
    int64_t byte_;
  };
  Element operator[](int64_t i) const { return Element(block_, byte_ + i * static_cast<int64_t>(sizeof(T))); }
  Shared operator+(int64_t i) const { return Shared(block_, byte_ + i * static_cast<int64_t>(sizeof(T))); }
  int64_t byte() const { return byte_; }

 private:
  EmulatedBlock* block_;
  int64_t byte_;
};

// In the place of CudaThread (lib/device/cuda/kernels/thread.h).
class EmulatedThread {
 public:
  EmulatedThread(EmulatedBlock& block, int index) : block_(&block), index_(index) {}
  int index() const { return index_; }
  int count() const { return block_->grid.threads; }
  int lane() const { return index_ % 32; }
  int warp() const { return index_ / 32; }
  int block() const { return block_->block_x; }
  int block_y() const { return block_->block_y; }
  int block_z() const { return block_->block_z; }
  int blocks() const { return block_->grid.x; }

  void sync() const { block_->sync(); }
  void sync_warp() const { block_->sync_warp(); }
  template <class T>
  T shuffle_xor(T x, int mask) const {
    return shuffle(x, lane() ^ mask);
  }
  template <class T>
  T shuffle(T x, int lane) const {
    static_assert(sizeof(T) == 4);
    return __builtin_bit_cast(T, block_->shuffle(__builtin_bit_cast(uint32_t, x), lane));
  }
  unsigned ballot(bool x) const { return block_->ballot(x); }
  int ones(unsigned bits) const { return __builtin_popcount(bits); }

  template <class T>
  Shared<T> shared(int offset = 0) const {
    return Shared<T>(block_, offset * static_cast<int64_t>(sizeof(T)));
  }
  template <class T, class A>
  T vector(const A* p) const {
    if (reinterpret_cast<uintptr_t>(p) % sizeof(T) != 0) block_->undefined("an access that is not aligned");
    T x;
    std::memcpy(&x, p, sizeof x);
    return x;
  }
  template <class T, class A>
  T vector(const Shared<A>& p) const {
    return Shared<T>(block_, p.byte())[0];
  }
  template <class T, class A>
  void put_vector(A* p, const T& x) const {
    if (reinterpret_cast<uintptr_t>(p) % sizeof(T) != 0) block_->undefined("an access that is not aligned");
    std::memcpy(p, &x, sizeof x);
  }
  template <class T, class A>
  void put_vector(const Shared<A>& p, const T& x) const {
    Shared<T>(block_, p.byte())[0] = x;
  }

  template <class A, class B>
  void copy_16(const Shared<A>& to, const B* from, int bytes = 16) const {
    copy(to.byte(), from, bytes, 16);
  }
  template <class A, class B>
  void copy_4(const Shared<A>& to, const B* from, int bytes = 4) const {
    copy(to.byte(), from, bytes, 4);
  }
  void end_copies() const { block_->end_copies(); }
  template <int n>
  void wait_copies() const {
    block_->wait_copies(n);
  }
  template <bool transposed, class A>
  void load_matrices(unsigned (&r)[4], const Shared<A>& row) const {
    block_->load_matrices(r, row.byte(), transposed);
  }
  void multiply_add(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) const {
    block_->multiply_add(d, a, b, false);
  }
  void multiply_add_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) const {
    block_->multiply_add(d, a, b, true);
  }
  float product(float a, float b) const { return a * b; }  // C++ of a standard joins nothing (-ffp-contract)
  float quotient(float a, float b) const { return a / b; }
  unsigned bf16_pair(float low, float high) const {
    return static_cast<unsigned>(bf16_of_float(low)) | static_cast<unsigned>(bf16_of_float(high)) << 16;
  }
  float exp2(float x) const {
    const float y = std::exp2(x);
    return y < 0x1p-126f ? 0 : y;
  }
  unsigned tf32(float x) const {
    const uint32_t bits = __builtin_bit_cast(uint32_t, x);
    return (bits & 0x7fffffffu) >= 0x7f800000u ? bits : (bits + 0x1000u) & 0xffffe000u;
  }

 private:
  void copy(int64_t to_byte, const void* from, int bytes, int size) const {
    if (reinterpret_cast<uintptr_t>(from) % static_cast<unsigned>(size) != 0)
      block_->undefined("a copy that is not aligned");
    block_->copy(to_byte, from, bytes, size);
  }

  EmulatedBlock* block_;
  int index_;
};

// One thread's run of a kernel with its arguments.
using EmulatedEntry = void (*)(EmulatedBlock& block, int thread, const void* arguments);

// Every thread of every block, in an order drawn from the seed. Throws Undefined, or what the kernel throws.
void run_blocks(const Grid& grid, EmulatedEntry entry, const void* arguments, unsigned seed = 0);

// The same of kernel(const EmulatedThread&, const Arguments&), a lambda that captures nothing: run_emulated(grid,
// [](const auto& t, const GatherRows& a) { gather_rows<float>(t, a); }, arguments).
template <class Arguments, class Kernel>
void run_emulated(const Grid& grid, Kernel, const Arguments& arguments, unsigned seed = 0) {
  run_blocks(
      grid,
      [](EmulatedBlock& block, int thread, const void* a) {
        Kernel{}(EmulatedThread(block, thread), *static_cast<const Arguments*>(a));
      },
      &arguments, seed);
}

}  // namespace dl::cuda
