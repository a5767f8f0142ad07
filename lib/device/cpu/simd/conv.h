// Weights of convolutions between the order they are stored in, [out, in / groups, height, width], and the one in which
// tiles read and write them: rows of neighbouring columns.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/device/cpu/simd/table.h"

namespace dl {

// Where the weights of one tap go: `depth` is the number of rows of the panels the tap belongs to, `offset` where these
// begin, `row` the first of the tap's rows.
struct TapPlace {
  int64_t offset = 0;
  int64_t depth = 0;
  int64_t row = 0;
};

// Panels lie one behind another: the one from column n on begins at offset + n * depth, and its row r holds the
// columns from n on, `vectors` vectors of them, the missing ones 0. strip.h's next_vectors(…, strip_rows) divides
// columns.
struct WeightPanels {
  int64_t out = 0, in = 0;           // of one group
  int64_t taps = 0;                  // height * width
  const TapPlace* places = nullptr;  // one a tap
  int64_t strip_rows = 0;
};

struct ConvKernels {
  // Packs the panels that begin at one of the columns [begin, end).
  // Columns out, rows (tap, in), of one group's weight:
  void (*pack_by_out)(const WeightPanels& p, const float* weight, int64_t begin, int64_t end, float* packed);
  // Columns in, rows (tap, out):
  void (*pack_by_in)(const WeightPanels& p, const float* weight, int64_t begin, int64_t end, float* packed);

  // weight[o][i][tap] = the sum over k < parts, in this order, of part[k * part_stride + (tap * in + i) * width + o],
  // for o in [out_begin, out_end); out_begin is a multiple of the lanes, width too.
  void (*merge_parts)(const float* part, int64_t parts, int64_t part_stride, int64_t width, int64_t in, int64_t taps,
                      int64_t out_begin, int64_t out_end, float* weight);
};

}  // namespace dl

DL_DECLARE_FOR_ISA(dl::ConvKernels, conv_kernels)
