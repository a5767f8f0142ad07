// Products that one warp makes of tiles in shared memory and in its registers: on tensor cores in bf16 or in tf32, or
// in f32 by multiplying and adding. All lay a tile of 16 m rows and 8 n columns out as mma.m16n8 does: c[i][j][e] is of
// row 16 i + lane / 4 + e / 2 * 8 and column 8 j + 2 (lane % 4) + e % 2, so that four neighbouring lanes have a row.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda {

// Each has
//   by_rows<depth>(t, c, a, b, stride): c += a b^T of a [16 m, depth] and b [8 n, depth] in shared memory, rows
//   `stride`
//     elements apart; 16 bytes beside a multiple of 32 keep banks apart;
//   by_columns(t, c, p, v, stride): c += p v of p [16 m, 8 k] in registers, in the layout above, and v [8 k, 8 n] in
//     shared memory;
//   column(t, j): where columns c[i][j][0] and c[i][j][1] of by_columns lie.
// n is even, depth a multiple of 16.
struct Bf16Products {
  using Element = Bf16;

  template <int depth, int m, int n, class Thread, class A, class B>
  static void by_rows(const Thread& t, float (&c)[m][n][4], A a, B b, int stride) {
    const int lane = t.lane();
    const auto a_lane = a + (lane % 16 * stride + lane / 16 * 8);
    const auto b_lane = b + ((lane % 8 + lane / 16 * 8) * stride + lane / 8 % 2 * 8);
    for (int k = 0; k < depth; k += 16) {
      unsigned fa[m][4];
      DL_UNROLL
      for (int i = 0; i < m; ++i) t.template load_matrices<false>(fa[i], a_lane + (i * 16 * stride + k));
      DL_UNROLL
      for (int j = 0; j < n; j += 2) {
        unsigned fb[4];
        t.template load_matrices<false>(fb, b_lane + (j * 8 * stride + k));
        multiply_pair(t, c, fa, fb, j);
      }
    }
  }

  template <int m, int k, int n, class Thread, class V>
  static void by_columns(const Thread& t, float (&c)[m][n][4], const float (&p)[m][k][4], V v, int stride) {
    static_assert(k % 2 == 0);
    const auto v_lane = v + (t.lane() % 16 * stride + t.lane() / 16 * 8);
    DL_UNROLL
    for (int l = 0; l < k; l += 2) {
      unsigned fa[m][4];
      DL_UNROLL
      for (int i = 0; i < m; ++i)
        for (int e = 0; e < 4; ++e) fa[i][e] = t.bf16_pair(p[i][l + e / 2][e % 2 * 2], p[i][l + e / 2][e % 2 * 2 + 1]);
      DL_UNROLL
      for (int j = 0; j < n; j += 2) {
        unsigned fb[4];
        t.template load_matrices<true>(fb, v_lane + (l * 8 * stride + j * 8));
        multiply_pair(t, c, fa, fb, j);
      }
    }
  }

  template <class Thread>
  static int column(const Thread& t, int j) {
    return 8 * j + 2 * (t.lane() % 4);
  }

 private:
  template <int m, int n, class Thread>
  static void multiply_pair(const Thread& t, float (&c)[m][n][4], const unsigned (&a)[m][4], const unsigned (&b)[4],
                            int j) {
    const unsigned b0[2] = {b[0], b[1]}, b1[2] = {b[2], b[3]};
    DL_UNROLL
    for (int i = 0; i < m; ++i) {
      t.multiply_add(c[i][j], a[i], b0);
      t.multiply_add(c[i][j + 1], a[i], b1);
    }
  }
};

struct Tf32Products {
  using Element = float;

  template <int depth, int m, int n, class Thread, class A, class B>
  static void by_rows(const Thread& t, float (&c)[m][n][4], A a, B b, int stride) {
    const int lane = t.lane();
    const auto a_lane = a + (lane % 16 * stride + lane / 16 * 4);
    const auto b_lane = b + ((lane % 8 + lane / 16 * 8) * stride + lane / 8 % 2 * 4);
    for (int k = 0; k < depth; k += 8) {
      unsigned fa[m][4];
      DL_UNROLL
      for (int i = 0; i < m; ++i) {
        t.template load_matrices<false>(fa[i], a_lane + (i * 16 * stride + k));
        round(t, fa[i]);
      }
      DL_UNROLL
      for (int j = 0; j < n; j += 2) {
        unsigned fb[4];
        t.template load_matrices<false>(fb, b_lane + (j * 8 * stride + k));
        round(t, fb);
        const unsigned b0[2] = {fb[0], fb[1]}, b1[2] = {fb[2], fb[3]};
        DL_UNROLL
        for (int i = 0; i < m; ++i) {
          t.multiply_add_tf32(c[i][j], fa[i], b0);
          t.multiply_add_tf32(c[i][j + 1], fa[i], b1);
        }
      }
    }
  }

  // Of each eight columns of p the even ones come first, as they lie in the registers; v's rows likewise.
  template <int m, int k, int n, class Thread, class V>
  static void by_columns(const Thread& t, float (&c)[m][n][4], const float (&p)[m][k][4], V v, int stride) {
    const auto v_lane = v + (t.lane() % 4 * 2 * stride + t.lane() / 4);
    DL_UNROLL
    for (int l = 0; l < k; ++l) {
      unsigned fa[m][4];
      DL_UNROLL
      for (int i = 0; i < m; ++i)
        for (int e = 0; e < 4; ++e) fa[i][e] = t.tf32(p[i][l][e % 2 * 2 + e / 2]);
      DL_UNROLL
      for (int j = 0; j < n; ++j) {
        const float even = v_lane[l * 8 * stride + j * 8], odd = v_lane[(l * 8 + 1) * stride + j * 8];
        const unsigned fb[2] = {t.tf32(even), t.tf32(odd)};
        DL_UNROLL
        for (int i = 0; i < m; ++i) t.multiply_add_tf32(c[i][j], fa[i], fb);
      }
    }
  }

  template <class Thread>
  static int column(const Thread& t, int j) {
    return 8 * j + 2 * (t.lane() % 4);
  }

 private:
  template <class Thread>
  static void round(const Thread& t, unsigned (&x)[4]) {
    for (int e = 0; e < 4; ++e) x[e] = t.tf32(float_of(x[e]));
  }
};

struct F32Products {
  using Element = float;

  template <int depth, int m, int n, class Thread, class A, class B>
  static void by_rows(const Thread& t, float (&c)[m][n][4], A a, B b, int stride) {
    using Four = Vector<float, 4>;
    const auto a_lane = a + t.lane() / 4 * stride, b_lane = b + t.lane() % 4 * 2 * stride;
    for (int k = 0; k < depth; k += 4) {
      Four x[m][2];
      DL_UNROLL
      for (int i = 0; i < m; ++i)
        for (int half = 0; half < 2; ++half)
          x[i][half] = t.template vector<Four>(a_lane + ((i * 16 + half * 8) * stride + k));
      DL_UNROLL
      for (int j = 0; j < n; ++j) {
        DL_UNROLL
        for (int e = 0; e < 2; ++e) {
          const Four y = t.template vector<Four>(b_lane + ((j * 8 + e) * stride + k));
          DL_UNROLL
          for (int i = 0; i < m; ++i)
            for (int half = 0; half < 2; ++half)
              for (int l = 0; l < 4; ++l) c[i][j][half * 2 + e] += x[i][half].at[l] * y.at[l];
        }
      }
    }
  }

  // Each lane gets the four lanes' columns of p in turn and has four neighbouring columns of v in two tiles.
  template <int m, int k, int n, class Thread, class V>
  static void by_columns(const Thread& t, float (&c)[m][n][4], const float (&p)[m][k][4], V v, int stride) {
    using Four = Vector<float, 4>;
    const auto v_lane = v + t.lane() % 4 * 4;
    DL_UNROLL
    for (int l = 0; l < k; ++l) {
      DL_UNROLL
      for (int owner = 0; owner < 4; ++owner) {
        DL_UNROLL
        for (int e = 0; e < 2; ++e) {
          float x[m][2];
          DL_UNROLL
          for (int i = 0; i < m; ++i)
            for (int half = 0; half < 2; ++half)
              x[i][half] = t.shuffle(p[i][l][half * 2 + e], t.lane() / 4 * 4 + owner);
          DL_UNROLL
          for (int j = 0; j < n; j += 2) {
            const Four y = t.template vector<Four>(v_lane + ((l * 8 + owner * 2 + e) * stride + j * 8));
            DL_UNROLL
            for (int i = 0; i < m; ++i)
              for (int half = 0; half < 2; ++half)
                for (int d = 0; d < 4; ++d) c[i][j + d / 2][half * 2 + d % 2] += x[i][half] * y.at[d];
          }
        }
      }
    }
  }

  template <class Thread>
  static int column(const Thread& t, int j) {
    return 16 * (j / 2) + 4 * (t.lane() % 4) + 2 * (j % 2);
  }
};

}  // namespace dl::cuda
