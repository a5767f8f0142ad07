// Which way a product goes, and its launches.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/product.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "lib/base/division.h"

namespace dl::cuda {

namespace {

// So many blocks keep the multiprocessors of a large GPU busy; a piece of the depth is worth a second kernel from here
// on.
constexpr int64_t enough_blocks = 128, least_piece = 256, most_pieces = 64;

struct TileKind {
  std::string_view call;
  int tile_m, tile_n, part_m, part_n, threads, blocks_per_sm, shared_bytes;
};

// stages x depth x (tile_m + tile_n), as the kernels have them, with what pads a row.
constexpr int ring_bf16(int m, int n) { return 4 * 32 * (m + n) * 2; }
constexpr int ring_f32(int m, int n, int pad) { return 3 * 16 * (m + n + 2 * pad) * 4; }

// The largest first.
constexpr TileKind bf16_tiles[] = {{"multiply_bf16", 128, 128, 64, 32, 256, 2, ring_bf16(128, 128)},
                                   {"multiply_bf16", 64, 64, 32, 32, 128, 4, ring_bf16(64, 64)},
                                   {"multiply_bf16", 32, 64, 16, 32, 128, 4, ring_bf16(32, 64)}};
constexpr TileKind f32_tiles[] = {{"multiply_f32", 128, 128, 8, 8, 256, 1, ring_f32(128, 128, 4)},
                                  {"multiply_f32", 64, 64, 8, 4, 128, 4, ring_f32(64, 64, 4)},
                                  {"multiply_f32", 32, 32, 4, 4, 64, 8, ring_f32(32, 32, 4)}};
constexpr TileKind tf32_tiles[] = {{"multiply_tf32", 128, 128, 64, 32, 256, 1, ring_f32(128, 128, 8)},
                                   {"multiply_tf32", 64, 64, 32, 32, 128, 4, ring_f32(64, 64, 8)}};

std::span<const TileKind> tiles_for(const ProductShape& s, bool tf32) {
  if (s.factors == DType::bf16) return bf16_tiles;
  return tf32 ? std::span<const TileKind>(tf32_tiles) : std::span<const TileKind>(f32_tiles);
}

int64_t tiles_of(const ProductShape& s, const TileKind& tile) {
  return ceil_div(s.m, int64_t{tile.tile_m}) * ceil_div(s.n, int64_t{tile.tile_n});
}

// Pieces of the depth that bring the blocks to what is enough.
int64_t pieces_of(const ProductShape& s, int64_t blocks) {
  const int64_t wanted = ceil_div(enough_blocks, std::max<int64_t>(blocks, 1));
  return std::max<int64_t>(1, std::min({wanted, s.k / least_piece, most_pieces}));
}

// The largest tile that is filled at least by half and gives enough blocks, in pieces of the depth where need be; else
// the smallest.
const TileKind& choose_tile(const ProductShape& s, bool tf32) {
  const auto tiles = tiles_for(s, tf32);
  for (const TileKind& tile : tiles) {
    const int64_t blocks = tiles_of(s, tile) * s.batch;
    const bool filled = 2 * s.m > tile.tile_m && 2 * s.n > tile.tile_n;
    if (filled && blocks * pieces_of(s, blocks) >= enough_blocks) return tile;
  }
  return tiles.back();
}

}  // namespace

ProductShape ProductShape::with_strides() const {
  ProductShape s = *this;
  if (s.a_row == 0) s.a_row = a_columns();
  if (s.b_row == 0) s.b_row = b_columns();
  if (s.c_row == 0) s.c_row = n;
  if (s.a_batch < 0) s.a_batch = a_rows() * s.a_row;
  if (s.b_batch < 0) s.b_batch = b_rows() * s.b_row;
  if (s.c_batch < 0) s.c_batch = m * s.c_row;
  return s;
}

OwnPlan plan_own_product(const ProductShape& shape, bool tf32) {
  const ProductShape s = shape.with_strides();
  constexpr int64_t most = std::numeric_limits<int>::max() - 256;
  DL_CHECK(s.m <= most && s.n <= most && s.k <= most, s.m, " x ", s.k, " x ", s.n);
  const TileKind& tile = choose_tile(s, tf32);
  OwnPlan plan{.call = tile.call, .tile_m = tile.tile_m, .tile_n = tile.tile_n, .part_m = tile.part_m};
  plan.part_n = tile.part_n;
  plan.threads = tile.threads, plan.blocks_per_sm = tile.blocks_per_sm, plan.shared_bytes = tile.shared_bytes;
  plan.blocks = tiles_of(s, tile);
  DL_CHECK(plan.blocks <= most, plan.blocks, " tiles");
  plan.piece = round_up(ceil_div(std::max<int64_t>(s.k, 1), pieces_of(s, plan.blocks * s.batch)), int64_t{32});
  plan.pieces = ceil_div(std::max<int64_t>(s.k, 1), plan.piece);
  const auto aligned = [&](int64_t to, int64_t element, std::initializer_list<int64_t> strides) {
    return s.alignment % (to * element) == 0 &&
           std::all_of(strides.begin(), strides.end(), [&](int64_t stride) { return stride % to == 0; });
  };
  const int64_t a_batch = s.batch > 1 ? s.a_batch : 0, b_batch = s.batch > 1 ? s.b_batch : 0;
  for (int to : s.factors == DType::bf16 ? std::vector<int>{8, 2} : std::vector<int>{4}) {
    if (plan.access == 1 && aligned(to, bytes_of(s.factors), {s.a_row, s.b_row, a_batch, b_batch})) plan.access = to;
  }
  const int64_t c_row = plan.pieces > 1 ? s.n : s.c_row;
  const int64_t c_batch = s.batch == 1 ? 0 : plan.pieces > 1 ? s.m * s.n : s.c_batch;
  const int64_t c_piece = plan.pieces > 1 ? s.batch * s.m * s.n : 0;
  for (int to : {4, 2})
    if (plan.c_vector == 1 && aligned(to, 4, {c_row, c_batch, c_piece})) plan.c_vector = to;
  return plan;
}

Product::Product(CudaDevice& device, const ProductShape& shape, int64_t most_at_once)
    : device_(&device),
      shape_(shape.with_strides()),
      most_at_once_(most_at_once),
      plan_(plan_own_product(shape, device.tf32())) {
  const ProductShape& s = shape_;
  if (s.m == 0 || s.n == 0 || s.batch == 0) return;
  const auto by_library = [&] { return CublasLtProduct::plan(*device.cublas_lt(), s, device.tf32()); };
  if (device.cublas_lt()) library_ = by_library();
  if (device.cublas_lt() && !library_ && std::exchange(shape_.bias, false)) library_ = by_library();
  if (library_) return;
  const OwnPlan& p = plan_;
  const std::string last = s.factors == DType::bf16 ? std::to_string(p.access) : p.access == 4 ? "true" : "false";
  KernelSource source{.header = "matmul.h", .arguments = "Multiply", .threads = p.threads};
  // What is copied number by number takes more registers.
  source.blocks_per_sm = p.access == 1 && p.threads == 256 ? 1 : p.blocks_per_sm;
  source.call = concat(p.call, "<", p.tile_m, ", ", p.tile_n, ", ", p.part_m, ", ", p.part_n, ", ",
                       s.transpose_a ? "true" : "false", ", ", s.transpose_b ? "true" : "false", ", ", last, ">");
  Grid grid{.x = static_cast<int>(p.blocks), .y = static_cast<int>(p.pieces), .threads = p.threads};
  grid.shared_bytes = p.shared_bytes;
  grid.z = static_cast<int>(std::min(s.batch, most_at_once_));
  multiply_.emplace(device, source, grid);
  grid.z = static_cast<int>(s.batch % most_at_once_);
  if (s.batch > most_at_once_ && grid.z > 0) rest_.emplace(device, source, grid);
  if (p.pieces == 1) return;
  const bool wide = s.n % 4 == 0 && s.c_row % 4 == 0 && (s.batch == 1 || s.c_batch % 4 == 0) && s.alignment % 16 == 0;
  add_width_ = wide ? 4 : 1;
  add_.emplace(
      device,
      KernelSource{.header = "matmul.h", .call = concat("add_pieces<", add_width_, ">"), .arguments = "AddPieces"},
      Grid{.x = static_cast<int>(ceil_div(s.batch * s.m * s.n / add_width_, int64_t{256})), .threads = 256});
}

int64_t Product::scratch_bytes() const {
  if (library_) return library_->workspace_bytes();
  return add_ ? plan_.pieces * shape_.batch * shape_.m * shape_.n * 4 : 0;
}

void Product::run(const void* a, const void* b, float* c, void* scratch, bool add, const float* bias) const {
  DL_CHECK(adds_bias() == (bias != nullptr), "a bias that the product does not add");
  if (library_) {
    library_->run(a, b, c, scratch, add, bias, device_->stream());
  } else if (add_) {
    run_own(a, b, static_cast<float*>(scratch), true, false);
    add_parts(static_cast<const float*>(scratch), c, add);
  } else if (multiply_) {
    run_own(a, b, c, false, add);
  }
}

void Product::run_own(const void* a, const void* b, float* c, bool in_parts, bool add) const {
  const ProductShape& s = shape_;
  Multiply p{.a = a, .b = b, .c = c};
  p.m = static_cast<int>(s.m), p.n = static_cast<int>(s.n), p.k = static_cast<int>(s.k);
  p.piece = static_cast<int>(plan_.piece), p.add = add, p.c_vector = plan_.c_vector;
  p.a_row = s.a_row, p.b_row = s.b_row, p.c_row = in_parts ? s.n : s.c_row;
  p.a_batch = s.a_batch, p.b_batch = s.b_batch, p.c_batch = in_parts ? s.m * s.n : s.c_batch;
  p.c_piece = in_parts ? s.batch * s.m * s.n : 0;
  const int64_t element = bytes_of(s.factors);
  for (int64_t first = 0; first < s.batch; first += most_at_once_) {
    const bool whole = s.batch - first >= most_at_once_ || !rest_;
    (whole ? *multiply_ : *rest_)(p);
    p.a = static_cast<const char*>(p.a) + most_at_once_ * s.a_batch * element;
    p.b = static_cast<const char*>(p.b) + most_at_once_ * s.b_batch * element;
    p.c += most_at_once_ * p.c_batch;
  }
}

void Product::add_parts(const float* parts, float* c, bool add) const {
  const ProductShape& s = shape_;
  AddPieces p{.parts = parts, .c = c, .pieces = static_cast<int>(plan_.pieces), .add = add};
  p.batch = s.batch, p.m = s.m, p.n = s.n, p.c_row = s.c_row, p.c_batch = s.c_batch;
  (*add_)(p);
}

}  // namespace dl::cuda
