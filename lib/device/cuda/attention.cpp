// Attention on a GPU: tiles that fit a block's shared memory and a thread's registers, chosen by shapes alone.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "lib/base/division.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/kernels/attention.h"
#include "lib/device/cuda/kernels/attention_grad.h"
#include "lib/device/cuda/kernels/attention_parts.h"

namespace dl::cuda {
namespace {

constexpr int most_shared_bytes = 99 << 10;
constexpr int most_dim = 256;
constexpr int64_t many_blocks = 256, few_blocks = 128;  // for a GPU of some hundred multiprocessors

int as_int(int64_t n) { return static_cast<int>(std::min<int64_t>(n, std::numeric_limits<int>::max())); }

// What a kernel takes of a block with a tile.
struct Needs {
  int (*shared_bytes)(const AttentionTile&, int element_bytes);
  int (*floats)(const AttentionTile&);  // of a thread: sums and scores
  int most_floats, most_dropping;       // with which nothing is spilled to memory; the latter where dropout draws
};
constexpr Needs forward_needs{[](const AttentionTile& t, int bytes) { return attention_shared_bytes(t, bytes); },
                              [](const AttentionTile& t) { return t.m * (t.dim + t.n) / 2; }, 160, 136};
constexpr Needs grad_q_needs{[](const AttentionTile& t, int bytes) { return grad_q_shared_bytes(t, bytes); },
                             [](const AttentionTile& t) { return t.m * (t.dim + 2 * t.n) / 2; }, 144, 128};
constexpr Needs grad_keys_needs{[](const AttentionTile& t, int bytes) { return grad_keys_shared_bytes(t, bytes); },
                                [](const AttentionTile& t) { return t.m * (t.dim + t.n); }, 160, 144};

std::string text(const AttentionTile& t) {
  const auto word = [](bool x) { return x ? "true" : "false"; };
  return concat("AttentionTile{", t.dim, ", ", t.m, ", ", t.n, ", ", t.buffers, ", ", word(t.causal), ", ",
                word(t.grouped), ", ", word(t.aligned), ", ", word(t.wide), ", ", word(t.split), ", ", t.dropout, '}');
}

// Forward and backward: what follows from the operation and its types.
struct Shapes {
  const AttentionOp::Spec spec;
  const dl::AttentionParts parts;
  const bool bf16, tf32;

  Shapes(const AttentionOp::Spec& spec_, std::span<const Type> tensors, const CudaDevice& device)
      : spec(spec_), parts(spec_.parts(tensors)), bf16(tensors[0].dtype == DType::bf16), tf32(!bf16 && device.tf32()) {}

  int element_bytes() const { return bf16 ? 2 : 4; }
  const char* products() const { return bf16 ? "Bf16Products" : tf32 ? "Tf32Products" : "F32Products"; }
  const char* element() const { return bf16 ? "Bf16" : "float"; }
  int64_t groups() const { return parts.batch * spec.kv_heads; }
  int64_t rows_of_group() const { return parts.queries * (spec.heads / spec.kv_heads); }
  int64_t rows() const { return parts.batch * spec.heads * parts.queries; }

  AttentionTile tile() const {
    const auto whole = [&](int64_t elements) { return elements * element_bytes() % 16 == 0; };
    const bool aligned = whole(parts.head_dim) && whole(parts.q.stride) && whole(parts.k.stride) &&
                         whole(parts.v.stride) && whole(parts.q.offset) && whole(parts.k.offset) &&
                         whole(parts.v.offset);
    return {.causal = spec.causal,
            .grouped = spec.heads != spec.kv_heads,
            .aligned = aligned,
            .dropout = spec.dropout == 0      ? 0
                       : parts.keys % 64 == 0 ? 64
                                              : 1};
  }

  // The largest tile that fits, of no more than most_m and most_n; of wide heads a piece.
  AttentionTile fit(const Needs& needs, int most_m, int64_t most_n) const {
    AttentionTile t = tile();
    const int most_floats = spec.dropout > 0 ? needs.most_dropping : needs.most_floats;
    const int dims[] = {as_int(round_up(parts.head_dim, 16)), 128, 64};
    for (const int dim : dims) {
      t.dim = dim, t.wide = dim < parts.head_dim;
      if (dim > most_dim) continue;
      for (t.buffers = t.wide ? 1 : 2; t.buffers > 0; --t.buffers) {
        for (const auto& [m, n] : {std::pair{2, 64}, {2, 32}, {1, 64}, {1, 32}, {2, 16}, {1, 16}}) {
          t.m = m, t.n = n;
          if (m <= most_m && (n <= most_n || n == 16) && needs.floats(t) <= most_floats &&
              needs.shared_bytes(t, element_bytes()) <= most_shared_bytes)
            return t;
        }
      }
    }
    DL_CHECK(false, "no tile for heads of ", parts.head_dim);
    return t;
  }
  // Rows of 32 a warp where blocks are many all the same.
  int most_m(int64_t rows) const {
    const int64_t blocks = ceil_div(rows, 128) * groups();
    return rows > 64 && blocks >= many_blocks ? 2 : 1;
  }

  // The blocks of a kernel that goes over `rows` rows of each group.
  Grid grid(const AttentionTile& tile, int64_t rows, const Needs& needs) const {
    return {.x = as_int(groups() * ceil_div(rows, attention_rows(tile))),
            .y = tile.wide ? as_int(ceil_div(parts.head_dim, tile.dim)) : 1,
            .threads = attention_threads,
            .shared_bytes = needs.shared_bytes(tile, element_bytes())};
  }

  KernelSource source(const char* header, const char* name, const AttentionTile& tile, const char* arguments) const {
    return {.header = header,
            .call = concat(name, '<', products(), ", ", text(tile), '>'),
            .arguments = arguments,
            .threads = attention_threads,
            .blocks_per_sm = 2};
  }

  AttentionHeads heads(std::span<void* const> in) const {
    const auto at = [&](const dl::AttentionParts::Part& part) {
      return static_cast<const char*>(in[part.tensor]) + part.offset * element_bytes();
    };
    size_t next = static_cast<size_t>(spec.tensors);
    AttentionHeads h{};
    h.q = at(parts.q), h.k = at(parts.k), h.v = at(parts.v);
    if (spec.lengths) h.lengths = static_cast<const int*>(in[next++]);
    if (spec.dropout > 0) h.step = static_cast<const int*>(in[next]);
    h.key = spec.key;
    h.q_row = parts.q.stride, h.k_row = parts.k.stride, h.v_row = parts.v.stride;
    h.q_sample = parts.queries * h.q_row, h.k_sample = parts.keys * h.k_row, h.v_sample = parts.keys * h.v_row;
    h.queries = as_int(parts.queries), h.keys = as_int(parts.keys), h.head_dim = as_int(parts.head_dim);
    h.kv_heads = as_int(spec.kv_heads), h.group = as_int(spec.heads / spec.kv_heads);
    h.scale = static_cast<float>(spec.scale);
    // random_uniform(...) < dropout, in whole numbers.
    h.dropped = static_cast<unsigned>(std::ceil(static_cast<double>(static_cast<float>(spec.dropout)) * 0x1p24));
    h.kept = static_cast<float>(1 / (1 - spec.dropout));
    return h;
  }
};

// Where few queries meet many keys, as in generation, blocks have parts of the keys, whose results a second kernel
// joins.
class AttentionKernel final : public Kernel {
 public:
  AttentionKernel(const Shapes& shapes, CudaDevice& device) : shapes_(shapes) {
    const int64_t rows = shapes_.rows_of_group(), keys = shapes_.parts.keys;
    // Drawing takes so many instructions that rows of 32 a warp gain nothing.
    const int most_m = shapes_.spec.dropout > 0 ? 1 : shapes_.most_m(rows);
    AttentionTile tile = shapes_.fit(forward_needs, most_m, round_up(keys, 16));
    const int64_t blocks = shapes_.groups() * ceil_div(rows, attention_rows(tile)), tiles = ceil_div(keys, tile.n);
    Grid grid = shapes_.grid(tile, rows, forward_needs);
    if (blocks > 0 && blocks < few_blocks && tiles >= 4) {
      part_tiles_ = std::max<int64_t>(2, ceil_div(tiles, ceil_div(many_blocks, blocks)));
      parts_ = ceil_div(tiles, part_tiles_);
      tile.split = true;
      grid.z = as_int(parts_);
    }
    forward_.emplace(device, shapes_.source("attention.h", "attention", tile, "Attention"), grid);
    if (parts_ > 1)
      join_.emplace(device,
                    KernelSource{.header = "attention_parts.h",
                                 .call = concat("join_attention<", shapes_.element(), '>'),
                                 .arguments = "AttentionPieces",
                                 .threads = join_threads},
                    Grid{.x = as_int(ceil_div(shapes_.rows(), join_threads / 32)), .threads = join_threads});
  }

  int64_t scratch_bytes() const override {
    return parts_ > 1 ? part_rows() * (shapes_.parts.head_dim + 1) * static_cast<int64_t>(sizeof(float)) : 0;
  }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    Attention a{.heads = shapes_.heads(in), .y = out[0], .log_sums = static_cast<float*>(out[1])};
    a.part_log_sums = static_cast<float*>(scratch);
    a.part_y = a.part_log_sums + part_rows();
    a.part_tiles = as_int(part_tiles_);
    (*forward_)(a);
    if (!join_) return;
    (*join_)({.y = a.part_y,
              .log_sums = a.part_log_sums,
              .whole_y = out[0],
              .whole_log_sums = a.log_sums,
              .parts = as_int(parts_),
              .batch = as_int(shapes_.parts.batch),
              .heads = as_int(shapes_.spec.heads),
              .queries = a.heads.queries,
              .head_dim = a.heads.head_dim});
  }

 private:
  static constexpr int join_threads = 128;
  int64_t part_rows() const { return parts_ * shapes_.rows(); }

  const Shapes shapes_;
  int64_t parts_ = 1, part_tiles_ = 0;
  std::optional<Launch<Attention>> forward_;
  std::optional<Launch<AttentionPieces>> join_;
};

class AttentionGradKernel final : public Kernel {
 public:
  AttentionGradKernel(const Shapes& shapes, CudaDevice& device) : shapes_(shapes) {
    const int64_t rows = shapes_.rows_of_group(), keys = shapes_.parts.keys;
    slopes_.emplace(device,
                    KernelSource{.header = "attention_grad.h",
                                 .call = concat("attention_slopes<", shapes_.element(), ", ",
                                                shapes_.tile().aligned ? "true" : "false", '>'),
                                 .arguments = "AttentionSlopes",
                                 .threads = slope_threads},
                    Grid{.x = as_int(ceil_div(shapes_.rows(), slope_threads / 8)), .threads = slope_threads});
    const AttentionTile of_q = shapes_.fit(grad_q_needs, shapes_.most_m(rows), round_up(keys, 16));
    const AttentionTile of_keys = shapes_.fit(grad_keys_needs, shapes_.most_m(keys), round_up(rows, 16));
    const auto source = [&](const char* name, const AttentionTile& tile) {
      return shapes_.source("attention_grad.h", name, tile, "AttentionSlopes");
    };
    q_.emplace(device, source("attention_grad_q", of_q), shapes_.grid(of_q, rows, grad_q_needs));
    keys_.emplace(device, source("attention_grad_keys", of_keys), shapes_.grid(of_keys, keys, grad_keys_needs));
  }

  int64_t scratch_bytes() const override { return shapes_.rows() * static_cast<int64_t>(sizeof(float)); }

  void run(std::span<void* const> all, std::span<void* const> out, void* scratch) override {
    const auto at = [&](const dl::AttentionParts::Part& part) {
      return static_cast<char*>(out[part.tensor]) + part.offset * shapes_.element_bytes();
    };
    const AttentionSlopes a{.heads = shapes_.heads(all.subspan(3)),
                            .dy = all[0],
                            .y = all[1],
                            .log_sums = static_cast<const float*>(all[2]),
                            .slopes = static_cast<float*>(scratch),
                            .dq = at(shapes_.parts.q),
                            .dk = at(shapes_.parts.k),
                            .dv = at(shapes_.parts.v),
                            .batch = as_int(shapes_.parts.batch)};
    (*slopes_)(a);
    (*q_)(a);
    (*keys_)(a);
  }

 private:
  static constexpr int slope_threads = 256;

  const Shapes shapes_;
  std::optional<Launch<AttentionSlopes>> slopes_, q_, keys_;
};

std::unique_ptr<Kernel> make_attention(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                       CudaDevice& device) {
  return std::make_unique<AttentionKernel>(Shapes(dynamic_cast<const AttentionOp&>(op).spec, inputs, device), device);
}

std::unique_ptr<Kernel> make_attention_grad(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                            CudaDevice& device) {
  return std::make_unique<AttentionGradKernel>(
      Shapes(dynamic_cast<const AttentionGrad&>(op).spec, inputs.subspan(3), device), device);
}

DL_CUDA_KERNEL("attention", make_attention);
DL_CUDA_KERNEL("attention_grad", make_attention_grad);

}  // namespace
}  // namespace dl::cuda
