// A pass whose teams go over rows: which rows and columns they have, what they make of a row.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/loop_pass_text.h"

#include <cmath>

namespace dl::cuda {

void PassText::rows() {
  line("const int lane = t.index() % ", lanes(), ", team = t.index() / ", lanes(), ";");
  rows_of_block();
  if (hoists_) columns_of_team();
  declare_sums();
  if (pass_.sums_rows)
    row_by_row();
  else
    several_rows();
  finish_sums();
}

// Rows [first, last), and which tile of their columns.
void PassText::rows_of_block() {
  const int64_t teams = pass_.teams();
  if (pass_.tiles > 1)
    line("const Index tile = Index(t.block()) % ", index_(pass_.tiles), ", piece = Index(t.block()) / ",
         index_(pass_.tiles), ";");
  else
    line("const Index piece = Index(t.block());");
  if (pass_.team_groups) {
    line("const bool has_group = piece * ", teams, " + team < ", index_(pass_.groups()), ";");
    line("const Index group = has_group ? piece * ", teams, " + team : ", index_(pass_.groups() - 1), ";");
    line("const Index first = group * ", index_(pass_.group), ", last = first + ", index_(pass_.group), ";");
  } else if (pass_.pieces == 1) {
    line("const Index first = piece * ", index_(pass_.group), ", last = first + ", index_(pass_.group), ";");
  } else {
    line("const Index group = piece / ", index_(pass_.pieces), " * ", index_(pass_.group), ";");
    line("const Index first = group + piece % ", index_(pass_.pieces), " * ", index_(pass_.piece), ";");
    line("const Index end = first + ", index_(pass_.piece), ", most = group + ", index_(pass_.group), ";");
    line("const Index last = end < most ? end : most;");
  }
}

// The team's columns, which it keeps from row to row.
void PassText::columns_of_team() {
  line("const Index column = (", pass_.tiles > 1 ? concat("tile * ", lanes(), " + ") : "", "lane) * ", pass_.unit, ";");
  line("const bool inside = ", code_.cols % pass_.tile_columns() == 0 ? "true" : "column < " + index_(code_.cols), ";");
  line("const Index c = inside ? column : 0;");
  columns();
}

void PassText::declare_sums() {
  for (size_t i = 0; i < code_.results.size(); ++i) {
    const LoopResult& r = result(i);
    if (!sums_groups(r)) continue;
    line("float a", i, "[", sum_chunks(), "][", pass_.unit, "] = {};");
    if (r.kind == ResultKind::moments) line("float b", i, "[", sum_chunks(), "][", pass_.unit, "] = {};");
  }
  if (moments_) line("float seen = 0;");
}

// Steps of columns, made once for all rows.
void PassText::columns() {
  std::vector<int> steps;
  for (size_t i = 0; i < code_.steps.size(); ++i)
    if (extent(static_cast<int>(i)) == Extent::column) steps.push_back(static_cast<int>(i));
  if (steps.empty()) return;
  for (int i : steps) line("float h", i, "[", pass_.unit, "];");
  for (int i : steps) {
    const LoopStep& s = step(i);
    if (s.kind == Kind::load)
      line("const auto v", i, " = load_chunk<", c_type(type(s.tensor)), ", ", pass_.unit, ">(t, m", s.tensor, " + c);");
  }
  each_element();
  for (int i : steps) {
    const LoopStep& s = step(i);
    define(i, s.kind == Kind::load   ? concat("to_float(v", i, ".at[j])")
              : s.kind == Kind::iota ? "static_cast<float>(c + j)"
                                     : map_text(s));
    line("h", i, "[j] = r", i, ";");
  }
  close();
}

void PassText::several_rows() {
  const int64_t stride = pass_.team_groups ? 1 : pass_.teams();
  open("for (Index from = first; from < last; from += ", index_(stride * pass_.chunks), ") {");
  elements(pass_.levels[0], true);
  close();
}

void PassText::row_by_row() {
  const std::string step = index_(pass_.team_groups ? 1 : pass_.teams());
  open("for (Index from = first; from < last; from += ", step, ") {");
  row_of_team();
  if (moments_) {
    line("seen += real ? 1.0f : 0.0f;");
    line("const float share = 1.0f / seen;");
  }
  for (size_t i = 0; i < kept_.size(); ++i)
    if (kept_[i]) line("float q", i, "[", pass_.chunks, "][", pass_.unit, "];");
  for (size_t level = 0; level < pass_.levels.size(); ++level) level_of_row(level);
  row_results("real && lane == 0");
  close();
}

// Row r, and whether it is the team's own.
void PassText::row_of_team() {
  if (pass_.team_groups) {
    line("const bool real = has_group;");
    line("const Index r = from;");
  } else {
    const bool whole = pass_.group % pass_.piece == 0 && pass_.piece % pass_.teams() == 0;
    line("const bool real = ", whole ? "true" : "from + team < last", ";");  // others take part for their warps' sake
    line("const Index r = real ? from + team : last - 1;");
  }
}

void PassText::level_of_row(size_t index) {
  const LoopLevel& level = pass_.levels[index];
  const bool last = index + 1 == pass_.levels.size();
  for (int i : level.row_steps) define(i, step(i).kind == Kind::load ? row_load(step(i)) : map_text(step(i)));
  if (!computes_elements(level, last)) return;
  std::vector<int> sums, maxima;
  for (int i : level.reductions) (step(i).kind == Kind::row_sum ? sums : maxima).push_back(i);
  const std::vector<int>& all = level.reductions;
  if (!all.empty()) {
    std::string start;
    for (size_t i = 0; i < all.size(); ++i) start += concat(i ? ", " : "", i < sums.size() ? "0" : literal(-INFINITY));
    line("float s", index, "[", all.size(), "] = {", start, "};");
  }
  sums.insert(sums.end(), maxima.begin(), maxima.end());
  reductions_ = sums;
  reduced_ = concat("s", index);
  if (pass_.whole_row)
    open("{");
  else
    open("for (Index base = 0; base < ", index_(code_.cols), "; base += ", index_(pass_.tile_columns()), ") {");
  elements(level, last);
  close();
  reductions_.clear();
  if (all.empty()) return;
  line("reduce_team<", pass_.lanes, ", ", sums.size() - maxima.size(), ", ", maxima.size(), ">(t, s", index, ");");
  for (size_t i = 0; i < sums.size(); ++i) define(sums[i], concat("s", index, "[", i, "]"));
}

}  // namespace dl::cuda
