// What a kernel sees of its thread on a GPU. Kernels are templates over this class; the tests put EmulatedThread
// (tests/device/cuda/emulated_thread.h), which has the same functions, in its place. Compiled by NVRTC alone, with
// --device-as-default-execution-space, so that nothing carries __device__. Instructions: PTX ISA.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dl::cuda {

class CudaThread {
 public:
  int index() const { return static_cast<int>(threadIdx.x); }
  int count() const { return static_cast<int>(blockDim.x); }
  int lane() const { return index() % 32; }
  int warp() const { return index() / 32; }
  int block() const { return static_cast<int>(blockIdx.x); }
  int block_y() const { return static_cast<int>(blockIdx.y); }
  int block_z() const { return static_cast<int>(blockIdx.z); }
  int blocks() const { return static_cast<int>(gridDim.x); }

  // Until all threads of the block, or of the warp, are here; what they wrote to shared memory is seen afterwards.
  void sync() const { __syncthreads(); }
  void sync_warp() const { __syncwarp(); }

  // Another lane's x (float, int or unsigned); all lanes of the warp take part.
  template <class T>
  T shuffle_xor(T x, int mask) const {
    return __shfl_xor_sync(0xffffffffu, x, mask);
  }
  template <class T>
  T shuffle(T x, int lane) const {
    return __shfl_sync(0xffffffffu, x, lane);
  }
  // Bit i: what lane i says.
  unsigned ballot(bool x) const { return __ballot_sync(0xffffffffu, x); }
  // How many bits are 1.
  int ones(unsigned bits) const { return __popc(bits); }

  // The block's shared memory, from its byte offset * sizeof(T) on.
  template <class T>
  T* shared(int offset = 0) const {
    extern __shared__ __align__(128) unsigned char memory[];
    return reinterpret_cast<T*>(memory) + offset;
  }
  // A T that lies at p, aligned to its size, whatever p points to.
  template <class T, class A>
  T vector(const A* p) const {
    return *reinterpret_cast<const T*>(p);
  }
  template <class T, class A>
  void put_vector(A* p, const T& x) const {
    *reinterpret_cast<T*>(p) = x;
  }

  // 16 bytes from global to shared memory, both aligned to 16, without waiting: `bytes` of them, the rest zeros.
  // Copies belong to the group that end_copies() ends; after wait_copies<n>(), all of this thread's groups but the last
  // n are there, for other threads after a sync().
  template <class A, class B>
  void copy_16(A* to, const B* from, int bytes = 16) const {
    const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(to));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from), "r"(bytes) : "memory");
  }
  // The same of 4 bytes, or of none and a zero.
  template <class A, class B>
  void copy_4(A* to, const B* from, int bytes = 4) const {
    const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(to));
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(address), "l"(from), "r"(bytes) : "memory");
  }
  void end_copies() const { asm volatile("cp.async.commit_group;" ::: "memory"); }
  template <int n>
  void wait_copies() const {
    asm volatile("cp.async.wait_group %0;" ::"n"(n) : "memory");
  }

  // Four 8x8 matrices of 16-bit numbers from shared memory (ldmatrix.x4): lane i gives the address of row i % 8 of
  // matrix i / 8, 16 bytes, aligned; r[m] are elements 2 (lane % 4) and the next of row lane / 4 of matrix m, or, with
  // `transposed`, of column lane / 4.
  template <bool transposed, class A>
  void load_matrices(unsigned (&r)[4], const A* row) const {
    const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(row));
    if constexpr (transposed) {
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                   : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                   : "r"(address)
                   : "memory");
    } else {
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                   : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                   : "r"(address)
                   : "memory");
    }
  }

  // d += a b on the tensor cores, 16x16 by 16x8 in bf16 and 16x8 by 8x8 in tf32; fragments as mma.m16n8k16 and
  // mma.m16n8k8 have them: a's rows are lane / 4 and 8 more, b's column lane / 4, d[0..1] of row lane / 4, d[2..3] of
  // row lane / 4 + 8, columns 2 (lane % 4) and the next.
  void multiply_add(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) const {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
  void multiply_add_tf32(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) const {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
  // a b rounded to f32, also where something is added to it.
  float product(float a, float b) const { return __fmul_rn(a, b); }
  // a / b to 2 units in the last place for b of 2^-126 to 2^126, 0 beyond (div.approx.f32).
  float quotient(float a, float b) const {
    float y;
    asm("div.approx.f32 %0, %1, %2;" : "=f"(y) : "f"(a), "f"(b));
    return y;
  }
  // Two f32 as the nearest bf16, the first in the lower half; NaN becomes some NaN.
  unsigned bf16_pair(float low, float high) const {
    unsigned y;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(y) : "f"(high), "f"(low));
    return y;
  }
  // 2^x to about 2^-22 of it, 0 where that is below 2^-126 (ex2.approx.ftz.f32).
  float exp2(float x) const {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
  }
  // To the nearest number that tf32 has, ties away from 0 (cvt.rna.tf32.f32), as its bits.
  unsigned tf32(float x) const {
    unsigned y;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(x));
    return y;
  }
};

}  // namespace dl::cuda
