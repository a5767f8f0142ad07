// How the kernels of lib/device/cpu/simd are found by the rest: each family is a struct of function pointers, of which
// every instruction set's namespace holds one object.
// SPDX-License-Identifier: Apache-2.0
#pragma once

// DL_DECLARE_FOR_ISA(GemmKernels, gemm_kernels); in a header declares the objects, the source defines
// `const GemmKernels gemm_kernels` in namespace dl::DL_ISA, and code compiled once reaches the one for `isa` by
// DL_FOR_ISA(isa, gemm_kernels).
#if defined(__x86_64__)
#define DL_DECLARE_FOR_ISA(type, name) \
  namespace dl::portable {             \
  extern const type name;              \
  }                                    \
  namespace dl::avx2 {                 \
  extern const type name;              \
  }                                    \
  namespace dl::avx512 {               \
  extern const type name;              \
  }
#define DL_FOR_ISA(isa, name) \
  ((isa) == ::dl::Isa::avx512 ? ::dl::avx512::name : (isa) == ::dl::Isa::avx2 ? ::dl::avx2::name : ::dl::portable::name)
#else
#define DL_DECLARE_FOR_ISA(type, name) \
  namespace dl::portable {             \
  extern const type name;              \
  }
#define DL_FOR_ISA(isa, name) (static_cast<void>(isa), ::dl::portable::name)
#endif

// The same for kernels of products in bf16 (simd/bf16): there is an emulation for each instruction set, and one more
// for processors whose vdpbf16ps is fast; the namespace is chosen by both. Matrix products have one more for tiles
// (simd/amx); what convolutions are made of has not: their windows are read in place, in strips of any height.
#if defined(__x86_64__)
#define DL_DECLARE_FOR_BF16(type, name) \
  DL_DECLARE_FOR_ISA(type, name)        \
  namespace dl::avx512_bf16 {           \
  extern const type name;               \
  }
#define DL_FOR_BF16(isa, unit, name) \
  ((unit) == ::dl::Bf16Unit::avx512_bf16 ? ::dl::avx512_bf16::name : DL_FOR_ISA(isa, name))
#define DL_DECLARE_FOR_BF16_TILES(type, name) \
  DL_DECLARE_FOR_BF16(type, name)             \
  namespace dl::amx {                         \
  extern const type name;                     \
  }
#define DL_FOR_BF16_TILES(isa, unit, name) \
  ((unit) == ::dl::Bf16Unit::amx ? ::dl::amx::name : DL_FOR_BF16(isa, unit, name))
#else
#define DL_DECLARE_FOR_BF16(type, name) DL_DECLARE_FOR_ISA(type, name)
#define DL_FOR_BF16(isa, unit, name) (static_cast<void>(unit), DL_FOR_ISA(isa, name))
#define DL_DECLARE_FOR_BF16_TILES(type, name) DL_DECLARE_FOR_ISA(type, name)
#define DL_FOR_BF16_TILES(isa, unit, name) DL_FOR_BF16(isa, unit, name)
#endif
