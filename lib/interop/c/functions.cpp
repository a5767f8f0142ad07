// The functions that the C text calls.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/c/writer.h"

namespace dl::c {

const std::map<std::string_view, std::string_view>& functions() {
  static const std::map<std::string_view, std::string_view> table{
      {"larger", R"(static float larger(float a, float b) { return a > b ? a : b; })"},
      {"smaller", R"(static float smaller(float a, float b) { return a < b ? a : b; })"},
      {"rounded_to_bf16", R"(static float rounded_to_bf16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000u;
  memcpy(&x, &bits, 4);
  return x;
})"},
      {"uniform", R"(static float uniform(void) {  /* in [0, 1) */
  static uint32_t state = 1;
  state = state * 1664525u + 1013904223u;
  return (float)(state >> 8) / 16777216.0f;
})"},
      {"wide", R"(/* Rows of weights are filled up with zeros. */
static long wide(long n) { return (n + 7) / 8 * 8; })"},
      {"lay", R"(/* [a, b, inner] as [inner, b, wide(a)]. */
static void lay(const float *x, float *y, long a, long b, long inner) {
  for (long i = 0; i < a; ++i)
    for (long j = 0; j < b; ++j)
      for (long k = 0; k < inner; ++k) y[(k * b + j) * wide(a) + i] = x[(i * b + j) * inner + k];
})"},
      {"EACH", R"(/* Turns that do not depend on each other. */
#if defined(__GNUC__) && !defined(__clang__)
#define EACH(i, n) _Pragma("GCC ivdep") for (long i = 0; i < (n); ++i)
#else
#define EACH(i, n) for (long i = 0; i < (n); ++i)
#endif)"},
      {"MADE", R"(/* For processors with AVX2 and for others in one program, by its own level of optimization. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__)
#if __GNUC__ >= 12
#define MADE(level) __attribute__((optimize(level), target_clones("arch=x86-64-v3", "default")))
#else
#define MADE(level) __attribute__((optimize(level), target_clones("arch=haswell", "default")))
#endif
#else
#define MADE(level)
#endif)"},
      {"TILE",
       R"(/* Loops of few turns are unrolled, so that their sums stay in registers; -O3 would move these. */
#if defined(__GNUC__) && !defined(__clang__)
#define UNROLLED _Pragma("GCC unroll 32")
#else
#define UNROLLED
#endif

/* y [places, columns] += x w: x has `runs` of `count` numbers `run` apart, at places that lie `apart`; rows of w lie
 * `stride` apart, those of the next run `w_run` behind. */
#define TILE(name, places, columns)                                                                              \
  MADE("O2") static void name(float *restrict y, const float *restrict x, long apart, long run, long runs,       \
                              long count, const float *restrict w, long w_run, long stride) {                    \
    float sum[places][columns];                                                                                  \
    memcpy(sum, y, sizeof sum);                                                                                  \
    for (long r = 0; r < runs; ++r)                                                                              \
      for (long l = 0; l < count; ++l) {                                                                         \
        const float *from = x + r * run + l, *row = w + r * w_run + l * stride;                                  \
        UNROLLED for (int p = 0; p < places; ++p)                                                                \
            UNROLLED for (int j = 0; j < columns; ++j) sum[p][j] += from[p * apart] * row[j];                    \
      }                                                                                                          \
    memcpy(y, sum, sizeof sum);                                                                                  \
  })"},
      {"tile_of_one", "TILE(tile_of_one, 1, 8)"},
      {"tile_of_four", "TILE(tile_of_four, 4, 8)"},
      {"wide_tile_of_one", "TILE(wide_tile_of_one, 1, 32)"},
      {"wide_tile_of_four", "TILE(wide_tile_of_four, 4, 16)"},
      {"matmul", R"(/* y [m, n] = x w: x at i * row + l * column, w [k, n] in rows of `stride`. */
static void matmul(const float *x, const float *w, float *y, long m, long k, long n, long row, long column,
                   long stride) {
  const long tiled = column != 1 ? 0 : stride % 8 ? n / 8 * 8 : stride;
  for (long i = 0, rows; i < m; i += rows) {
    rows = m - i < 4 ? 1 : 4;
    const long widest = rows == 1 ? 32 : 16;
    for (long j = 0, columns; j < tiled; j += columns) {
      float sums[64] = {0};
      columns = tiled - j < widest ? 8 : widest;
      if (rows == 1 && columns == 8) tile_of_one(sums, x + i * row, row, 0, 1, k, w + j, 0, stride);
      if (rows == 1 && columns > 8) wide_tile_of_one(sums, x + i * row, row, 0, 1, k, w + j, 0, stride);
      if (rows == 4 && columns == 8) tile_of_four(sums, x + i * row, row, 0, 1, k, w + j, 0, stride);
      if (rows == 4 && columns > 8) wide_tile_of_four(sums, x + i * row, row, 0, 1, k, w + j, 0, stride);
      for (long p = 0; p < rows; ++p)
        memcpy(y + (i + p) * n + j, sums + p * columns, (n - j < columns ? n - j : columns) * sizeof(float));
    }
    for (long p = i; p < i + rows && tiled < n; ++p) {
      float *restrict to = y + p * n;
      memset(to + tiled, 0, (n - tiled) * sizeof(float));
      for (long l = 0; l < k; ++l) {
        const float a = x[p * row + l * column];
        const float *restrict from = w + l * stride;
        for (long j = tiled; j < n; ++j) to[j] += a * from[j];
      }
    }
  }
})"},
      {"first_inside",
       R"(/* The first of a kernel's places from `start` on that is no padding, and the first behind the last one. */
static long first_inside(long start, long dilation) { return start < 0 ? (dilation - 1 - start) / dilation : 0; }
static long end_inside(long start, long dilation, long size, long in) {
  const long end = start >= in ? 0 : (in - 1 - start) / dilation + 1;
  return end < size ? end : size;
})"},
      {"dense_convolution", R"(/* As convolution, of one group: one output's places by another. */
static void dense_convolution(const float *x, const float *w, float *y, long batch, const long *in, long channels,
                              const long *out, long outputs, const long *size, const long *stride, const long *pad,
                              const long *dilation) {
  const long row = wide(outputs), apart = stride[2] * channels, whole = dilation[2] == 1;
  for (long at = 0; at < batch * out[0] * out[1]; ++at) {
    const long h = at % out[1] * stride[1] - pad[1], d = at / out[1] % out[0] * stride[0] - pad[0],
               b = at / out[1] / out[0], h0 = first_inside(h, dilation[1]),
               h1 = end_inside(h, dilation[1], size[1], in[1]), d0 = first_inside(d, dilation[0]),
               d1 = end_inside(d, dilation[0], size[0], in[0]);
    for (long ow = 0, places; ow < out[2]; ow += places) {
      const long c = ow * stride[2] - pad[2];
      places = ow + 4 <= out[2] && c >= 0 && c + 3 * stride[2] + (size[2] - 1) * dilation[2] < in[2] ? 4 : 1;
      const long c0 = first_inside(c, dilation[2]), c1 = end_inside(c, dilation[2], size[2], in[2]),
                 widest = places == 1 ? 32 : 16;
      for (long j = 0, columns; j < row; j += columns) {
        float sums[64] = {0};
        columns = row - j < widest ? 8 : widest;
        for (long kd = d0; kd < d1; ++kd)
          for (long kh = h0; kh < h1; kh += whole ? size[1] : 1) {
            const float *from =
                x + (((b * in[0] + d + kd * dilation[0]) * in[1] + h + kh * dilation[1]) * in[2] + c + c0 * dilation[2]) * channels;
            const float *kernel = w + (((kd * size[1] + kh) * size[2] + c0) * channels) * row + j;
            /* Places beside each other are one run, and lines are runs; else each place is one. */
            const long runs = c1 <= c0 ? 0 : whole ? h1 - h0 : c1 - c0, count = whole ? (c1 - c0) * channels : channels,
                       run = whole ? dilation[1] * in[2] * channels : dilation[2] * channels,
                       w_run = (whole ? size[2] : 1) * channels * row;
            if (places == 1 && columns == 8) tile_of_one(sums, from, apart, run, runs, count, kernel, w_run, row);
            if (places == 1 && columns > 8) wide_tile_of_one(sums, from, apart, run, runs, count, kernel, w_run, row);
            if (places == 4 && columns == 8) tile_of_four(sums, from, apart, run, runs, count, kernel, w_run, row);
            if (places == 4 && columns > 8) wide_tile_of_four(sums, from, apart, run, runs, count, kernel, w_run, row);
          }
        for (long p = 0; p < places; ++p)
          memcpy(y + (at * out[2] + ow + p) * outputs + j, sums + p * columns,
                 (outputs - j < columns ? outputs - j : columns) * sizeof(float));
      }
    }
  }
})"},
      {"convolution", R"(/* Channels last; w [kernel ..., channels / groups, wide(outputs)]. */
MADE("O3") static void convolution(const float *x, const float *w, float *y, long batch, const long *in, long channels,
                                   const long *out, long outputs, const long *size, const long *stride, const long *pad,
                                   const long *dilation, long groups) {
  const long each = channels / groups, made = outputs / groups, row = wide(outputs);
  for (long b = 0; b < batch; ++b)
    for (long od = 0; od < out[0]; ++od)
      for (long oh = 0; oh < out[1]; ++oh)
        for (long ow = 0; ow < out[2]; ++ow) {
          float *restrict to = y + (((b * out[0] + od) * out[1] + oh) * out[2] + ow) * outputs;
          memset(to, 0, outputs * sizeof(float));
          for (long kd = 0; kd < size[0]; ++kd)
            for (long kh = 0; kh < size[1]; ++kh)
              for (long kw = 0; kw < size[2]; ++kw) {
                const long d = od * stride[0] - pad[0] + kd * dilation[0], h = oh * stride[1] - pad[1] + kh * dilation[1],
                           c = ow * stride[2] - pad[2] + kw * dilation[2];
                if (d < 0 || d >= in[0] || h < 0 || h >= in[1] || c < 0 || c >= in[2]) continue;
                const float *restrict from = x + (((b * in[0] + d) * in[1] + h) * in[2] + c) * channels;
                const float *restrict kernel = w + ((kd * size[1] + kh) * size[2] + kw) * each * row;
                if (each == 1 && made == 1) {
                  for (long i = 0; i < channels; ++i) to[i] += from[i] * kernel[i];
                  continue;
                }
                for (long g = 0; g < groups; ++g)
                  for (long i = 0; i < each; ++i) {
                    const float a = from[g * each + i];
                    const float *restrict line = kernel + i * row + g * made;
                    for (long o = 0; o < made; ++o) to[g * made + o] += a * line[o];
                  }
              }
        }
})"},
      {"transposed_convolution", R"(/* Channels last; w [channels, outputs / groups, kernel ...]. */
static void transposed_convolution(const float *x, const float *w, float *y, long batch, const long *in, long channels,
                                   const long *out, long outputs, const long *size, const long *stride,
                                   const long *pad, const long *dilation, long groups) {
  const long each = channels / groups, made = outputs / groups, places = size[0] * size[1] * size[2];
  memset(y, 0, batch * out[0] * out[1] * out[2] * outputs * sizeof(float));
  for (long b = 0; b < batch; ++b)
    for (long id = 0; id < in[0]; ++id)
      for (long ih = 0; ih < in[1]; ++ih)
        for (long iw = 0; iw < in[2]; ++iw) {
          const float *from = x + (((b * in[0] + id) * in[1] + ih) * in[2] + iw) * channels;
          for (long kd = 0; kd < size[0]; ++kd)
            for (long kh = 0; kh < size[1]; ++kh)
              for (long kw = 0; kw < size[2]; ++kw) {
                const long d = id * stride[0] - pad[0] + kd * dilation[0], h = ih * stride[1] - pad[1] + kh * dilation[1],
                           c = iw * stride[2] - pad[2] + kw * dilation[2];
                if (d < 0 || d >= out[0] || h < 0 || h >= out[1] || c < 0 || c >= out[2]) continue;
                float *to = y + (((b * out[0] + d) * out[1] + h) * out[2] + c) * outputs;
                const float *kernel = w + (kd * size[1] + kh) * size[2] + kw;
                for (long g = 0; g < groups; ++g)
                  for (long i = 0; i < each; ++i)
                    for (long o = 0; o < made; ++o)
                      to[g * made + o] += from[g * each + i] * kernel[((g * each + i) * made + o) * places];
              }
        }
})"},
      {"max_pool",
       R"(MADE("O3") static void max_pool(const float *x, float *y, long batch, long height, long width, long channels,
                                long rows, long columns, const long *size, const long *stride, const long *pad,
                                const long *dilation) {
  for (long b = 0; b < batch; ++b)
    for (long r = 0; r < rows; ++r)
      for (long q = 0; q < columns; ++q) {
        float *restrict to = y + ((b * rows + r) * columns + q) * channels;
        for (long i = 0; i < channels; ++i) to[i] = -INFINITY;
        for (long kh = 0; kh < size[1]; ++kh)
          for (long kw = 0; kw < size[2]; ++kw) {
            const long h = r * stride[1] - pad[1] + kh * dilation[1], w = q * stride[2] - pad[2] + kw * dilation[2];
            if (h < 0 || h >= height || w < 0 || w >= width) continue;
            const float *restrict from = x + ((b * height + h) * width + w) * channels;
            for (long i = 0; i < channels; ++i) to[i] = from[i] > to[i] ? from[i] : to[i];
          }
      }
})"},
      {"rows_of",
       R"(static int rows_of(const float *table, const int32_t *rows, float *y, long n, long count, long width) {
  for (long i = 0; i < n; ++i) {
    if (rows[i] < 0 || rows[i] >= count) return 1;
    memcpy(y + i * width, table + rows[i] * width, width * sizeof(float));
  }
  return 0;
})"},
      {"attention", R"(/* `sums` has room for a row of each head and query, `y` for the result. */
MADE("O3") static void attention(const float *q, long q_step, const float *k, long k_step, const float *v, long v_step,
                                 float *y, float *sums, long batch, long queries, long keys, long heads, long kv_heads,
                                 long dim, float scale, int causal, const int32_t *lengths) {
  const long width = heads * dim;
  for (long b = 0; b < batch; ++b)
    for (long h = 0; h < heads; ++h)
      for (long i = 0; i < queries; ++i) {
        const long shared = h / (heads / kv_heads);
        const float *query = q + (b * queries + i) * q_step + h * dim;
        float *restrict to = y + (b * queries + i) * width + h * dim;
        long seen = causal && i + 1 < keys ? i + 1 : keys;
        if (lengths && lengths[b] < seen) seen = lengths[b];
        float most = -INFINITY, sum = 0;
        memset(to, 0, dim * sizeof(float));
        for (long j = 0; j < seen; ++j) {  /* the largest so far is taken off, and what was made before scaled */
          const float *key = k + (b * keys + j) * k_step + shared * dim;
          const float *restrict value = v + (b * keys + j) * v_step + shared * dim;
          float score = 0;
          for (long d = 0; d < dim; ++d) score += query[d] * key[d];
          score *= scale;
          if (score > most) {
            const float less = expf(most - score);
            for (long d = 0; d < dim; ++d) to[d] *= less;
            sum *= less;
            most = score;
          }
          const float share = expf(score - most);
          sum += share;
          for (long d = 0; d < dim; ++d) to[d] += share * value[d];
        }
        for (long d = 0; d < dim && sum > 0; ++d) to[d] /= sum;
        sums[(b * heads + h) * queries + i] = most + logf(sum);
      }
})"},
      {"gates_of", R"(/* gates [width] = x + h w; w [hidden, wide(width)]. */
static void gates_of(const float *x, const float *h, const float *w, float *gates, long hidden, long width) {
  matmul(h, w, gates, 1, hidden, width, hidden, 1, wide(width));
  for (long j = 0; j < width; ++j) gates[j] += x[j];
})"},
      {"logistic", R"(static float logistic(float x) { return 1.0f / (1.0f + expf(-x)); })"},
      {"rnn_tanh",
       R"(static void rnn_tanh(const float *x, const float *w, const float *h0, float *y, float *h, float *gates, long batch,
                     long steps, long hidden, int reverse) {
  memcpy(h, h0, batch * hidden * sizeof(float));
  for (long b = 0; b < batch; ++b)
    for (long s = 0; s < steps; ++s) {
      const long at = b * steps + (reverse ? steps - 1 - s : s);
      gates_of(x + at * hidden, h + b * hidden, w, gates, hidden, hidden);
      for (long i = 0; i < hidden; ++i) y[at * hidden + i] = h[b * hidden + i] = tanhf(gates[i]);
    }
})"},
      {"rnn_relu",
       R"(static void rnn_relu(const float *x, const float *w, const float *h0, float *y, float *h, float *gates, long batch,
                     long steps, long hidden, int reverse) {
  memcpy(h, h0, batch * hidden * sizeof(float));
  for (long b = 0; b < batch; ++b)
    for (long s = 0; s < steps; ++s) {
      const long at = b * steps + (reverse ? steps - 1 - s : s);
      gates_of(x + at * hidden, h + b * hidden, w, gates, hidden, hidden);
      for (long i = 0; i < hidden; ++i) y[at * hidden + i] = h[b * hidden + i] = gates[i] > 0 ? gates[i] : 0;
    }
})"},
      {"lstm",
       R"(static void lstm(const float *x, const float *w, const float *h0, const float *c0, float *y, float *h, float *gates,
                 float *c, long batch, long steps, long hidden, int reverse) {
  memcpy(h, h0, batch * hidden * sizeof(float));
  memcpy(c, c0, batch * hidden * sizeof(float));
  for (long b = 0; b < batch; ++b)
    for (long s = 0; s < steps; ++s) {
      const long at = b * steps + (reverse ? steps - 1 - s : s);
      gates_of(x + at * 4 * hidden, h + b * hidden, w, gates, hidden, 4 * hidden);
      const float *input = gates, *forget = gates + hidden, *cell = gates + 2 * hidden, *output = gates + 3 * hidden;
      for (long i = 0; i < hidden; ++i) {
        float *kept = c + b * hidden + i;
        *kept = logistic(forget[i]) * *kept + logistic(input[i]) * tanhf(cell[i]);
        y[at * hidden + i] = h[b * hidden + i] = logistic(output[i]) * tanhf(*kept);
      }
    }
})"},
      {"gru",
       R"(static void gru(const float *x, const float *w, const float *h0, const float *bias, float *y, float *h, float *gates,
                long batch, long steps, long hidden, int reverse) {
  memcpy(h, h0, batch * hidden * sizeof(float));
  for (long b = 0; b < batch; ++b)
    for (long s = 0; s < steps; ++s) {
      const long at = b * steps + (reverse ? steps - 1 - s : s);
      const float *from = x + at * 3 * hidden;
      gates_of(bias, h + b * hidden, w, gates, hidden, 3 * hidden);
      for (long i = 0; i < hidden; ++i) {
        const float r = logistic(from[i] + gates[i]), z = logistic(from[hidden + i] + gates[hidden + i]);
        const float n = tanhf(from[2 * hidden + i] + r * gates[2 * hidden + i]);
        gates[i] = (1 - z) * n + z * h[b * hidden + i];
      }
      memcpy(h + b * hidden, gates, hidden * sizeof(float));
      memcpy(y + at * hidden, gates, hidden * sizeof(float));
    }
})"}};
  return table;
}

}  // namespace dl::c
