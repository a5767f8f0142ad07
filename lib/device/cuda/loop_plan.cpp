// Passes of a loop, their levels and their grids.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/loop_plan.h"

#include <algorithm>
#include <bit>

#include "lib/base/division.h"
#include "lib/base/error.h"

namespace dl::cuda {
namespace {

using Extent = Loop::Extent;
using Kind = LoopStep::Kind;
using ResultKind = Loop::Result::Kind;
using Layout = LoopPass::Layout;

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

bool sums_groups(const LoopResult& r) { return r.kind == ResultKind::sum || r.kind == ResultKind::moments; }
bool is_total(const LoopResult& r) { return r.kind == ResultKind::total; }

// What the levels of a pass do; how many elements a thread keeps for each of its elements of a row.
class Levels {
 public:
  Levels(const LoopSteps& code, bool keep) : code_(code), level_(code.steps.size()), made_(code.steps.size(), -1) {
    for (size_t i = 0; i < code.steps.size(); ++i) {
      for (int from : code.steps[i].from)
        if (from >= 0) level_[i] = std::max(level_[i], level_[static_cast<size_t>(from)]);
      if (reduces_row(code.steps[i])) ++level_[i];
      depth_ = std::max(depth_, level_[i]);
    }
    last_kept_.assign(code.steps.size(), -1);
    levels.resize(static_cast<size_t>(depth_) + 1);
    for (int level = 0; level <= depth_; ++level) make(level, keep);
    for (int level = 1; level <= depth_; ++level) {
      int64_t now = 0;
      for (size_t i = 0; i < made_.size(); ++i) now += made_[i] >= 0 && made_[i] < level && last_kept_[i] >= level;
      live = std::max(live, now);
    }
    for (const LoopLevel& level : levels)
      loads = std::max<int64_t>(
          loads, std::ranges::count_if(level.element_steps, [&](int i) { return step(i).kind == Kind::load; }));
  }

  std::vector<LoopLevel> levels;
  int64_t live = 0;   // the most steps that are kept at a time
  int64_t loads = 0;  // the most tensors of elements or columns that a level reads

 private:
  const LoopStep& step(int i) const { return code_.steps[static_cast<size_t>(i)]; }

  void make(int level, bool keep) {
    LoopLevel& l = levels[static_cast<size_t>(level)];
    std::vector<int> wanted;
    for (size_t i = 0; i < code_.steps.size(); ++i) {
      const LoopStep& s = code_.steps[i];
      if (reduces_row(s) && level_[i] == level + 1) {
        l.reductions.push_back(static_cast<int>(i));
        wanted.push_back(s.from[0]);
      } else if (s.extent == Extent::row && !reduces_row(s) && level_[i] == level) {
        l.row_steps.push_back(static_cast<int>(i));
      }
    }
    if (level == depth_)
      for (const LoopResult& r : code_.results) wanted.push_back(r.source);
    std::vector<char> seen(code_.steps.size(), 0);
    for (int i : wanted) visit(i, level, keep, seen, l);
    std::ranges::sort(l.element_steps);
    std::ranges::sort(l.kept);
  }

  void visit(int i, int level, bool keep, std::vector<char>& seen, LoopLevel& l) {
    const auto at = static_cast<size_t>(i);
    if (i < 0 || seen[at]++) return;
    const Extent e = step(i).extent;
    if (e == Extent::scalar || e == Extent::row) return;
    if (keep && e == Extent::full && made_[at] >= 0 && made_[at] < level) {
      last_kept_[at] = level;
      l.kept.push_back(i);
      return;
    }
    if (made_[at] < 0) made_[at] = level;
    l.element_steps.push_back(i);
    for (int from : step(i).from) visit(from, level, keep, seen, l);
  }

  const LoopSteps& code_;
  std::vector<int> level_;  // how many sums along the row lie before a step
  std::vector<int> made_, last_kept_;
  int depth_ = 0;
};

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

class Planner {
 public:
  Planner(const Loop& loop, std::span<const Type> inputs, std::span<const Type> outputs)
      : code_(steps_of(loop, static_cast<int>(inputs.size()))) {
    for (const Type& type : inputs) plan_.types.push_back(type.dtype);
    for (const Type& type : outputs) {
      DL_CHECK(type.dtype == DType::f32 || type.dtype == DType::bf16, name_of(type.dtype));
      plan_.types.push_back(type.dtype);
    }
    for (const LoopResult& r : code_.results)
      DL_CHECK(r.kind == ResultKind::store || plan_.types[static_cast<size_t>(r.tensor)] == DType::f32,
               "a sum in bf16");
  }

  LoopPlan run() {
    std::vector<int64_t> groups;
    bool others = false;
    for (const LoopResult& r : code_.results) {
      others |= !sums_groups(r);
      if (sums_groups(r) && !std::ranges::count(groups, r.group)) groups.push_back(r.group);
    }
    if (groups.empty()) groups.push_back(0);
    for (size_t i = groups.size(); i-- > 0;) {
      LoopSteps code = code_;
      std::erase_if(code.results,
                    [&](const LoopResult& r) { return sums_groups(r) ? r.group != groups[i] : i > 0 || !others; });
      if (!code.results.empty() && code.rows * code.cols > 0) add_pass(needed_steps(std::move(code)));
    }
    return std::move(plan_);
  }

 private:
  int add_area(int64_t floats) {
    plan_.area_floats.push_back(floats);
    plan_.types.push_back(DType::f32);
    return static_cast<int>(plan_.types.size()) - 1;
  }

  int bytes_of_tensor(int i) const { return static_cast<int>(bytes_of(plan_.types[static_cast<size_t>(i)])); }

  // Whether all that a pass reads and writes for each element takes at most two bytes.
  bool is_narrow(const LoopSteps& code) const {
    for (const LoopStep& s : code.steps)
      if (s.kind == Kind::load && s.extent == Extent::full && bytes_of_tensor(s.tensor) > 2) return false;
    for (const LoopResult& r : code.results) {
      const bool full = code.steps[static_cast<size_t>(r.source)].extent == Extent::full;
      if (r.kind == ResultKind::store && full && bytes_of_tensor(r.tensor) > 2) return false;
    }
    return true;
  }

  // The largest of 8, 4, 2 and 1 that divides n, and no more than `most`.
  static int unit_of(int64_t n, int most) {
    int unit = most;
    while (n % unit != 0) unit /= 2;
    return unit;
  }

  // How many chunks a thread loads before it goes on: so many that loads are under way at once, so few that registers
  // hold them.
  int chunks_of(const LoopSteps& code, int unit) const {
    int bytes = 0;
    for (const LoopStep& s : code.steps)
      if (s.kind == Kind::load && s.extent == Extent::full) bytes += bytes_of_tensor(s.tensor) * unit;
    int chunks = std::min(4, 16 / unit);
    while (chunks > 1 && chunks * bytes > 128) chunks /= 2;
    return chunks;
  }

  static int threads_of(int64_t wanted) {
    return static_cast<int>(std::clamp<int64_t>(round_up(wanted, 32), 32, most_threads));
  }

  void add_pass(LoopSteps code) {
    LoopPass pass;
    if (is_flat(code)) {
      code = flattened(std::move(code));
      const int unit = is_narrow(code) ? 8 : 4;
      lay_out_flat(pass, std::move(code), unit);
    } else if (std::ranges::any_of(code.steps, reduces_row) || std::ranges::any_of(code.results, sums_groups) ||
               columns_are_dear(code)) {
      if (!lay_out_rows(pass, code)) return add_in_two(std::move(code));
    } else {
      const int unit = unit_of(code.cols, is_narrow(code) ? 8 : 4);
      lay_out_flat(pass, std::move(code), unit);
    }
    pass.wide = pass.code.rows * pass.code.cols > (int64_t{1} << 31) - (int64_t{1} << 26);
    add(std::move(pass));
  }

  static bool columns_are_dear(const LoopSteps& code) {
    int cost = 0;
    for (const LoopStep& s : code.steps) cost += s.extent == Extent::column ? cost_of(s) : 0;
    return cost >= 6 && code.cols >= 16 && code.rows >= 64;
  }

  void lay_out_flat(LoopPass& pass, LoopSteps code, int unit) {
    const int64_t n = code.rows * code.cols;
    const bool totals = std::ranges::any_of(code.results, is_total);
    pass.unit = unit;
    pass.threads = threads_of(ceil_div(n, unit));
    pass.chunks = chunks_of(code, unit);
    const auto random = [](const LoopStep& s) { return s.kind == Kind::random; };
    const int64_t randoms = std::ranges::count_if(code.steps, random);
    pass.apart = (randoms == 1 || randoms == 2) && unit > 1 && n >= 64;
    if (pass.apart) pass.chunks = 4;
    while (!pass.apart && pass.chunks > 1 && n < int64_t{pass.threads} * unit * pass.chunks * wanted_blocks)
      pass.chunks /= 2;
    pass.blocks = ceil_div(n, int64_t{pass.threads} * unit * pass.chunks);
    if (totals) pass.blocks = n <= one_block ? 1 : std::min(pass.blocks, most_partials);
    pass.levels = Levels(code, false).levels;
    pass.code = std::move(code);
  }

  // False where sums along rows and over them do not fit into registers together.
  bool lay_out_rows(LoopPass& pass, const LoopSteps& code) {
    pass.layout = Layout::rows;
    pass.sums_rows = std::ranges::any_of(code.steps, reduces_row);
    if (pass.sums_rows) {
      if (!share_row(pass, code)) return false;
    } else {
      pass.unit = unit_of(code.cols, is_narrow(code) ? 8 : 4);
      pass.lanes = static_cast<int>(std::min<int64_t>(32, std::bit_ceil(uint64_t(ceil_div(code.cols, pass.unit)))));
      pass.chunks = chunks_of(code, pass.unit);
      pass.tiles = ceil_div(code.cols, pass.tile_columns());
      pass.levels = Levels(code, false).levels;
    }
    pass.code = code;
    cut_rows(pass);
    return true;
  }

  // A team for the row, and what it keeps.
  static bool share_row(LoopPass& pass, const LoopSteps& code) {
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
    const auto fits = [&](const Levels& levels) {
      return in_row <= most_in_row && in_row * (levels.live + sums) <= most_registers &&
             in_row * (levels.live + sums + levels.loads) <= most_loaded;
    };
    Levels kept(code, true), anew(code, false);
    pass.whole_row = fits(kept) || (sums > 0 && fits(anew));
    if (sums > 0 && !pass.whole_row) return false;
    pass.levels = std::move(fits(kept) ? kept.levels : anew.levels);
    pass.chunks = static_cast<int>(pass.whole_row ? chunks : std::min<int64_t>(chunks, 8 / pass.unit));
    return true;
  }

  // Which rows a block has.
  static void cut_rows(LoopPass& pass) {
    const LoopSteps& code = pass.code;
    const bool totals = std::ranges::any_of(code.results, is_total);
    const auto sum = std::ranges::find_if(code.results, sums_groups);
    const bool sums = sum != code.results.end();
    pass.group = sums ? sum->group : code.rows;
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
      return;
    }
    const int64_t step = pass.sums_rows ? teams : teams * pass.chunks;
    const int64_t blocks = std::min(most_partials, wanted_blocks * most_threads / pass.threads);
    if (sums) {
      const int64_t wanted = std::max<int64_t>(blocks / std::min(blocks, groups * pass.tiles), 1);
      const int64_t most = rows <= 2 * teams * rows_of_piece ? 1 : ceil_div(rows, teams * rows_of_piece);
      pass.piece = ceil_div(rows, std::min(wanted, most));
    } else if (totals && rows * code.cols <= one_block) {
      pass.piece = rows;
    } else if (totals || !pass.sums_rows) {
      pass.piece = ceil_div(rows * pass.tiles, most_partials);
    }
    pass.piece = std::min(round_up(pass.piece, step), rows);
    pass.pieces = ceil_div(rows, pass.piece);
    pass.blocks = groups * pass.pieces * pass.tiles;
  }

  // Sums along the rows go to memory first, where a second pass finds them.
  void add_in_two(LoopSteps code) {
    LoopSteps sums{.rows = code.rows, .cols = code.cols, .steps = code.steps, .results = {}};
    for (size_t i = 0; i < code.steps.size(); ++i) {
      LoopStep& s = code.steps[i];
      if (!reduces_row(s)) continue;
      const int area = add_area(code.rows);
      sums.results.push_back({.source = static_cast<int>(i), .tensor = area});
      s = {.kind = Kind::load, .extent = Extent::row, .tensor = area, .access = {Extent::row, 1, code.rows}};
    }
    add_pass(needed_steps(std::move(sums)));
    add_pass(needed_steps(std::move(code)));
  }

  // The pass, and the merging of what its blocks have one by one.
  void add(LoopPass pass) {
    const int index = static_cast<int>(plan_.passes.size());
    for (LoopResult& r : pass.code.results) {
      LoopMergeStep merge{.pass = index, .to = r.tensor};
      if (r.kind == ResultKind::total && pass.blocks > 1) {
        merge.pieces = pass.blocks;
        merge.sums = r.tensor = add_area(pass.blocks);
        plan_.merges.push_back(merge);
      } else if (sums_groups(r) && pass.pieces > 1) {
        merge.cols = pass.code.cols;
        merge.columns = pass.groups() * merge.cols;
        merge.group = pass.group, merge.piece = pass.piece, merge.pieces = pass.pieces;
        merge.sums = add_area(merge.columns * merge.pieces);
        if (r.kind == ResultKind::moments) {
          merge.squares = add_area(merge.columns * merge.pieces);
          merge.variance = r.tensor + 1;
        }
        r.tensor = merge.sums;
        plan_.merges.push_back(merge);
      }
    }
    plan_.passes.push_back(std::move(pass));
  }

  LoopSteps code_;
  LoopPlan plan_;
};

}  // namespace

bool LoopPlan::in_place(int input, int output) const {
  if (passes.empty()) return false;
  const LoopPass& last = passes.back();
  const auto inputs_and_outputs = static_cast<int>(types.size() - area_floats.size());
  bool writes = false;
  for (const LoopResult& r : last.code.results) {
    const bool full = last.code.steps[static_cast<size_t>(r.source)].extent == Extent::full;
    writes |= r.tensor < inputs_and_outputs && r.tensor == output && r.kind == ResultKind::store && full;
  }
  return writes && std::ranges::all_of(last.code.steps, [&](const LoopStep& s) {
           if (s.tensor != input) return true;
           return s.kind == Kind::load && s.extent == Extent::full && !s.scattered &&
                  is_identity(s.access, last.code.rows);
         });
}

LoopPlan plan_loop(const Loop& loop, std::span<const Type> inputs, std::span<const Type> outputs) {
  return Planner(loop, inputs, outputs).run();
}

}  // namespace dl::cuda
