// Blocks, tiles, phases, and the order of steps among them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/loop_order.h"

#include <utility>

#include "lib/base/division.h"

namespace dl {

namespace {

using Extent = Loop::Extent;
using Kind = LoopStep::Kind;

// Floats of a block: few enough that the blocks in use fit the first-level cache together, also where two threads share
// one, and enough that the calls cost little.
constexpr int64_t block_floats = 1024;
constexpr int64_t longest_row = 4096;  // longer ones are cut into tiles
// Rows at least this long are worth a call each; for shorter ones a number a row is spread over its row first.
constexpr int64_t row_call = 256;

void choose_block(LoopOrder& o) {
  const int64_t rows = o.steps.rows, cols = o.steps.cols;
  if (cols > longest_row) {
    const int64_t tiles = ceil_div(cols, block_floats);
    o.tile = round_up(ceil_div(cols, tiles), 16);
    o.block_rows = 1;
  } else {
    o.tile = cols;
    o.block_rows = std::clamp<int64_t>(block_floats / cols, 1, std::max<int64_t>(rows, 1));
  }
}

// Gives every step on the whole space whole blocks for operands.
LoopSteps with_spread_rows(const LoopSteps& steps) {
  LoopSteps out{.rows = steps.rows, .cols = steps.cols, .steps = {}, .results = steps.results};
  std::vector<int> now(steps.steps.size()), wide(steps.steps.size(), -1);
  for (size_t i = 0; i < steps.steps.size(); ++i) {
    LoopStep s = steps.steps[i];
    for (int& from : s.from) {
      if (from < 0) continue;
      const size_t f = static_cast<size_t>(from);
      from = now[f];
      if (s.kind != Kind::map || s.extent != Extent::full || steps.steps[f].extent != Extent::row) continue;
      if (wide[f] < 0) {
        wide[f] = static_cast<int>(out.steps.size());
        out.steps.push_back({.kind = Kind::spread, .extent = Extent::full, .from = {now[f], -1, -1, -1}});
      }
      from = wide[f];
    }
    now[i] = static_cast<int>(out.steps.size());
    out.steps.push_back(s);
  }
  for (Loop::Result& r : out.results) r.source = now[static_cast<size_t>(r.source)];
  return out;
}

void find_phases(LoopOrder& o) {
  const size_t count = o.steps.steps.size();
  o.phase.assign(count, 0);
  if (!o.tiled()) return;
  for (size_t i = 0; i < count; ++i) {
    for (int from : o.steps.steps[i].from) {
      if (from >= 0) o.phase[i] = std::max(o.phase[i], o.phase[static_cast<size_t>(from)]);
    }
    if (is_row_reduction(o.steps.steps[i])) ++o.phase[i];
    o.phases = std::max(o.phases, o.phase[i] + 1);
  }
  // As late as its first user, so that fewer rows have to be kept whole between phases.
  std::vector<int> first_use(count, o.phases);
  for (size_t i = count; i-- > 0;) {
    const LoopStep& s = o.steps.steps[i];
    if (s.extent == Extent::full && first_use[i] < o.phases) o.phase[i] = std::max(o.phase[i], first_use[i]);
    for (int from : s.from) {
      if (from < 0) continue;
      int& use = first_use[static_cast<size_t>(from)];
      use = std::min(use, is_row_reduction(s) ? o.phase[i] - 1 : o.phase[i]);
    }
  }
}

void find_order(LoopOrder& o) {
  const size_t count = o.steps.steps.size();
  const auto rank = [&](size_t i) {  // numbers and columns; then by phase rows, whole space
    const LoopStep& s = o.steps.steps[i];
    if (!over_rows(s)) return 0;
    if (!o.tiled()) return 1;
    if (is_row_reduction(s)) return 2 * o.phase[i];  // computed among the tiles of the phase before
    return 1 + 2 * o.phase[i] + (s.extent == Extent::full ? 1 : 0);
  };
  for (size_t i = 0; i < count; ++i) o.order.push_back(i);
  std::stable_sort(o.order.begin(), o.order.end(), [&](size_t a, size_t b) { return rank(a) < rank(b); });
  o.at.assign(count, 0);
  for (size_t k = 0; k < count; ++k) o.at[o.order[k]] = static_cast<int64_t>(k);
  o.last_use = o.at;
  for (size_t i = 0; i < count; ++i) {
    for (int from : o.steps.steps[i].from) {
      if (from < 0) continue;
      int64_t& last = o.last_use[static_cast<size_t>(from)];
      last = std::max(last, o.at[i]);
    }
  }
}

}  // namespace

bool is_row_reduction(const LoopStep& s) { return s.kind == Kind::row_sum || s.kind == Kind::row_max; }
bool over_rows(const LoopStep& s) { return s.extent == Extent::row || s.extent == Extent::full; }

int LoopOrder::computed_in(size_t i) const {
  return is_row_reduction(steps.steps[i]) && tiled() ? phase[i] - 1 : phase[i];
}

LoopOrder order_loop(const LoopSteps& steps) {
  LoopOrder o{.steps = steps};
  choose_block(o);
  if (o.block_rows > 1 && steps.cols < row_call) o.steps = with_spread_rows(steps);
  find_phases(o);
  find_order(o);
  return o;
}

}  // namespace dl
