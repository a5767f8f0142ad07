// Units, teams and grids of passes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/loop_layout.h"

#include <algorithm>
#include <bit>

#include "lib/base/division.h"

namespace dl::cuda {
namespace {

using Extent = Loop::Extent;
using Kind = LoopStep::Kind;
using ResultKind = Loop::Result::Kind;
using Layout = LoopPass::Layout;
using Types = std::span<const DType>;

constexpr int most_threads = 256;
constexpr int64_t wanted_blocks = 512;   // fill any GPU several times over
constexpr int64_t most_partials = 1024;  // blocks that have one result together
constexpr int64_t warp_row = 512;        // longer rows are a block's
constexpr int longest_block = 512;       // threads
constexpr int64_t most_in_row = 16;      // elements of a row that a thread has in registers
constexpr int64_t most_registers = 64;   // for what is kept or summed, about
constexpr int64_t small_group = 8;       // rows that are not worth sharing among teams
constexpr int64_t rows_of_piece = 8;     // of a team at least, of twice as many if there is but one piece
constexpr int64_t one_block = 4096;      // elements whose total a block makes as soon as several and a merge

int cost_of(const LoopStep& s) {
  if (s.kind != Kind::map) return 0;
  switch (s.function) {
    case Function::exp:
    case Function::log:
    case Function::sqrt:
    case Function::rsqrt:
    case Function::tanh:
    case Function::erf:
    case Function::sigmoid:
    case Function::sin:
    case Function::cos:
    case Function::gelu:
    case Function::gelu_slope:
    case Function::pow:
    case Function::div: return 8;
    default: return 1;
  }
}

bool columns_are_dear(const LoopSteps& code) {
  int cost = 0;
  for (const LoopStep& s : code.steps) cost += s.extent == Extent::column ? cost_of(s) : 0;
  return cost >= 6 && code.cols >= 16 && code.rows >= 64;
}

// ---- what a thread takes at a time

int bytes_of_tensor(Types types, int i) { return static_cast<int>(bytes_of(types[static_cast<size_t>(i)])); }

// Whether all that a pass reads and writes for each element takes at most two bytes.
bool is_narrow(const LoopSteps& code, Types types) {
  for (const LoopStep& s : code.steps)
    if (s.kind == Kind::load && s.extent == Extent::full && bytes_of_tensor(types, s.tensor) > 2) return false;
  for (const LoopResult& r : code.results) {
    const bool full = code.steps[static_cast<size_t>(r.source)].extent == Extent::full;
    if (r.kind == ResultKind::store && full && bytes_of_tensor(types, r.tensor) > 2) return false;
  }
  return true;
}

// The largest of 8, 4, 2 and 1 that divides n, and no more than `most`.
int unit_of(int64_t n, int most) {
  int unit = most;
  while (n % unit != 0) unit /= 2;
  return unit;
}

// How many chunks a thread loads before it goes on: so many that loads are under way at once, so few that registers
// hold them.
int chunks_of(const LoopSteps& code, Types types, int unit) {
  int bytes = 0;
  for (const LoopStep& s : code.steps)
    if (s.kind == Kind::load && s.extent == Extent::full) bytes += bytes_of_tensor(types, s.tensor) * unit;
  int chunks = std::min(4, 16 / unit);
  while (chunks > 1 && chunks * bytes > 128) chunks /= 2;
  return chunks;
}

int threads_of(int64_t wanted) { return static_cast<int>(std::clamp<int64_t>(round_up(wanted, 32), 32, most_threads)); }

// ---- a range of elements

LoopPass lay_out_flat(LoopSteps code, Types types, int unit) {
  LoopPass pass;
  const int64_t n = code.rows * code.cols;
  pass.unit = unit;
  pass.threads = threads_of(ceil_div(n, unit));
  pass.chunks = chunks_of(code, types, unit);
  const auto random = [](const LoopStep& s) { return s.kind == Kind::random; };
  const int64_t randoms = std::ranges::count_if(code.steps, random);
  pass.apart = (randoms == 1 || randoms == 2) && unit > 1 && n >= 64;
  if (pass.apart) pass.chunks = 4;
  while (!pass.apart && pass.chunks > 1 && n < int64_t{pass.threads} * unit * pass.chunks * wanted_blocks)
    pass.chunks /= 2;
  pass.blocks = ceil_div(n, int64_t{pass.threads} * unit * pass.chunks);
  if (std::ranges::any_of(code.results, is_total))
    pass.blocks = n <= one_block ? 1 : std::min(pass.blocks, most_partials);
  pass.levels = levels_of(code, false).levels;
  pass.code = std::move(code);
  return pass;
}

// ---- teams on rows

// A team for the row, and what it keeps.
bool share_row(LoopPass& pass, const LoopSteps& code) {
  pass.unit = unit_of(code.cols, 4);
  const int64_t units = code.cols / pass.unit;
  int64_t lanes = 0;
  if (code.cols <= warp_row) {
    lanes = pass.lanes = static_cast<int>(std::min<int64_t>(32, std::bit_ceil(uint64_t(units))));
  } else {
    pass.lanes = 0;
    lanes = pass.threads = static_cast<int>(std::min<int64_t>(longest_block, round_up(ceil_div(code.cols, 8), 32)));
  }
  const int64_t chunks = ceil_div(units, lanes), in_row = chunks * pass.unit;
  int64_t sums = 0;
  for (const LoopResult& r : code.results) sums += r.kind == ResultKind::moments ? 2 : r.kind == ResultKind::sum;
  const int64_t most_loaded = pass.threads > most_threads ? most_registers : 2 * most_registers;
  const auto fits = [&](const LoopLevels& levels) {
    return in_row <= most_in_row && in_row * (levels.live + sums) <= most_registers &&
           in_row * (levels.live + sums + levels.loads) <= most_loaded;
  };
  LoopLevels kept = levels_of(code, true), anew = levels_of(code, false);
  pass.whole_row = fits(kept) || (sums > 0 && fits(anew));
  if (sums > 0 && !pass.whole_row) return false;
  pass.levels = std::move(fits(kept) ? kept.levels : anew.levels);
  pass.chunks = static_cast<int>(pass.whole_row ? chunks : std::min<int64_t>(chunks, 8 / pass.unit));
  return true;
}

// A tile of columns for the team, where nothing is summed along the row.
void share_columns(LoopPass& pass, const LoopSteps& code, Types types) {
  pass.unit = unit_of(code.cols, is_narrow(code, types) ? 8 : 4);
  pass.lanes = static_cast<int>(std::min<int64_t>(32, std::bit_ceil(uint64_t(ceil_div(code.cols, pass.unit)))));
  pass.chunks = chunks_of(code, types, pass.unit);
  pass.tiles = ceil_div(code.cols, pass.tile_columns());
  pass.levels = levels_of(code, false).levels;
}

// The rows of a group in pieces, a block's each.
void cut_group(LoopPass& pass, bool sums) {
  const int64_t rows = pass.group, groups = pass.groups(), teams = pass.teams();
  const bool totals = std::ranges::any_of(pass.code.results, is_total);
  const int64_t step = pass.sums_rows ? teams : teams * pass.chunks;
  const int64_t blocks = std::min(most_partials, wanted_blocks * most_threads / pass.threads);
  if (sums) {
    const int64_t wanted = std::max<int64_t>(blocks / std::min(blocks, groups * pass.tiles), 1);
    const int64_t most = rows <= 2 * teams * rows_of_piece ? 1 : ceil_div(rows, teams * rows_of_piece);
    pass.piece = ceil_div(rows, std::min(wanted, most));
  } else if (totals && rows * pass.code.cols <= one_block) {
    pass.piece = rows;
  } else if (totals || !pass.sums_rows) {
    pass.piece = ceil_div(rows * pass.tiles, most_partials);
  }
  pass.piece = std::min(round_up(pass.piece, step), rows);
  pass.pieces = ceil_div(rows, pass.piece);
  pass.blocks = groups * pass.pieces * pass.tiles;
}

// Which rows a block has.
void cut_rows(LoopPass& pass) {
  const auto sum = std::ranges::find_if(pass.code.results, sums_groups);
  const bool sums = sum != pass.code.results.end();
  pass.group = sums ? sum->group : pass.code.rows;
  const int64_t rows = pass.group, groups = pass.groups();
  pass.team_groups = sums && pass.lanes > 0 && (rows <= small_group || pass.lanes * rows < 32);
  if (pass.lanes > 0) pass.threads = threads_of(pass.lanes * (pass.team_groups ? groups : rows));
  const int64_t teams = pass.teams();
  if (!pass.sums_rows) {
    const int64_t rows_of_team = pass.team_groups ? rows : ceil_div(rows, teams);
    pass.chunks = static_cast<int>(std::min<int64_t>(pass.chunks, rows_of_team));
  }
  if (pass.team_groups) {
    pass.piece = rows;
    pass.blocks = ceil_div(groups, teams) * pass.tiles;
  } else {
    cut_group(pass, sums);
  }
}

std::optional<LoopPass> lay_out_rows(const LoopSteps& code, Types types) {
  LoopPass pass;
  pass.layout = Layout::rows;
  pass.sums_rows = std::ranges::any_of(code.steps, reduces_row);
  if (!pass.sums_rows) {
    share_columns(pass, code, types);
  } else if (!share_row(pass, code)) {
    return std::nullopt;
  }
  pass.code = code;
  cut_rows(pass);
  return pass;
}

}  // namespace

std::optional<LoopPass> lay_out_pass(const LoopSteps& code, Types types) {
  std::optional<LoopPass> pass;
  if (is_flat(code)) {
    LoopSteps flat = flattened(code);
    const int unit = is_narrow(flat, types) ? 8 : 4;
    pass = lay_out_flat(std::move(flat), types, unit);
  } else if (std::ranges::any_of(code.steps, reduces_row) || std::ranges::any_of(code.results, sums_groups) ||
             columns_are_dear(code)) {
    pass = lay_out_rows(code, types);
  } else {
    pass = lay_out_flat(code, types, unit_of(code.cols, is_narrow(code, types) ? 8 : 4));
  }
  if (pass) pass->wide = pass->code.rows * pass->code.cols > (int64_t{1} << 31) - (int64_t{1} << 26);
  return pass;
}

}  // namespace dl::cuda
