// How a function of lib/device/cpu/simd is declared: its source is compiled once for each instruction set into the
// namespace dl::DL_ISA. No standard header with inline code may be reached from these sources.
#pragma once

// DL_PER_ISA(void f(float* x, int64_t n);) declares portable::f, avx2::f and avx512::f.
#define DL_PER_ISA(declaration) \
  namespace portable {          \
  declaration                   \
  }                             \
  namespace avx2 {              \
  declaration                   \
  }                             \
  namespace avx512 {            \
  declaration                   \
  }
