// What a thread makes of its chunks: their places, what they load, their elements.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/loop_pass_text.h"

#include <algorithm>

namespace dl::cuda {

bool PassText::computes_elements(const LoopLevel& level, bool last) const {
  if (!level.reductions.empty()) return true;
  if (!last) return false;
  return std::ranges::any_of(code_.results, [&](const LoopResult& r) {
    return extent(r.source) != Extent::scalar && (in_element(r.source) || !pass_.sums_rows);
  });
}

// The place of chunk k. Beyond the end it is another's, so that all is loaded and computed without a branch, and only
// what leaves the chunk asks whether it is `there`.
void PassText::begin_chunk() {
  each_chunk();
  std::string is_there = "true", instead = index_(0);
  const char* index = rows_ && !pass_.sums_rows ? "r" : rows_ ? "c" : "i";
  if (!rows_) {
    const std::string place = concat("from + (Index(k) * ", pass_.threads, " + t.index()) * ", pass_.unit);
    line("const Index place = ", pass_.apart ? "start + k * 16" : place, ";");
    if (code_.rows * code_.cols % (pass_.blocks * block_elements()) != 0)
      is_there = concat("place < ", index_(code_.rows * code_.cols));
  } else if (pass_.sums_rows) {
    const std::string place = concat("(Index(k) * ", lanes(), " + lane) * ", pass_.unit);
    line("const Index place = ", pass_.whole_row ? "" : "base + ", place, ";");
    if (code_.cols % pass_.tile_columns() != 0) is_there = concat("place < ", index_(code_.cols));
  } else {
    line("const Index place = from + ", pass_.team_groups ? "k" : concat("Index(k) * ", pass_.teams(), " + team"), ";");
    is_there = concat(pass_.team_groups ? "has_group && " : "", "inside && place < last");
    instead = "first";
  }
  line("const bool there = ", is_there, ";");
  line("const Index ", index, " = there ? place : ", instead, ";");
  if (splits_index()) line("const Index r = i / ", index_(code_.cols), ", c = i - r * ", index_(code_.cols), ";");
}

std::string PassText::row_load(const LoopStep& s) const {
  return concat("to_float(m", s.tensor, "[", index_.row(s.access, code_.rows, "r"), "])");
}

// Where the chunk of an element's own, or of a row of the access's, begins.
std::string PassText::place(const Loop::Access& access) const {
  const bool own = is_identity(access, code_.rows);
  if (!rows_ && own) return "i";
  return concat(own ? "r" : "(" + index_.row(access, code_.rows, "r") + ")", " * ", index_(code_.cols), " + c");
}

// What chunks load; the v's keep it.
void PassText::load_chunks(const LoopLevel& level) {
  std::vector<int> loads;
  if (row_in_chunk())
    for (int i : level.row_steps)
      if (step(i).kind == Kind::load) loads.push_back(i);
  for (int i : level.element_steps)
    if (step(i).kind == Kind::load && !(hoists_ && extent(i) == Extent::column)) loads.push_back(i);
  if (loads.empty()) return;
  for (int i : loads) {
    if (extent(i) == Extent::row)
      line("float v", i, "[", pass_.chunks, "];");
    else
      line("Chunk<", c_type(type(step(i).tensor)), ", ", pass_.unit, "> v", i, "[", pass_.chunks, "];");
  }
  begin_chunk();
  for (int i : loads) load_chunk(i);
  close();
}

void PassText::load_chunk(int i) {
  const LoopStep& s = step(i);
  const std::string of = concat("<", c_type(type(s.tensor)), ", ", pass_.unit, ">(t, m", s.tensor, " + ");
  if (s.extent == Extent::row) {
    line("v", i, "[k] = ", row_load(s), ";");
  } else if (s.extent == Extent::column) {
    line("v", i, "[k] = load_chunk", of, "c);");
  } else if (s.scattered) {
    each_element();
    const std::string at = concat("m", s.tensor, "[", index_.row(s.access, code_.cols, "(i + j)"), "]");
    if (has_tail()) line("if (i + j < ", index_(code_.cols), ") v", i, "[k].at[j] = ", at, ";");
    if (!has_tail()) line("v", i, "[k].at[j] = ", at, ";");
    close();
  } else {
    line("v", i, "[k] = load_chunk", of, place(s.access), has_tail() ? ", " + left() : "", ");");
  }
}

// The numbers of all four chunks, of one call of the generator for each place.
void PassText::draw_randoms() {
  for (size_t i = 0; i < code_.steps.size(); ++i) {
    if (step(static_cast<int>(i)).kind != Kind::random) continue;
    line("float w", i, "[4][", pass_.unit, "];");
    line("random_chunks(", step(static_cast<int>(i)).key, "ull, e", i, ", start, w", i, ");");
  }
}

void PassText::elements(const LoopLevel& level, bool last) {
  if (pass_.apart) {
    const int together = 16 / pass_.unit;
    line("const Index start = from + Index(t.index()) / ", together, " * 64 + Index(t.index()) % ", together, " * ",
         pass_.unit, ";");
  }
  load_chunks(level);
  if (pass_.apart) draw_randoms();
  begin_chunk();
  if (row_in_chunk())
    for (int i : level.row_steps) define(i, step(i).kind == Kind::load ? concat("v", i, "[k]") : map_text(step(i)));
  if (last && moments_ && row_in_chunk()) {
    line("seen += there ? 1.0f : 0.0f;");
    line("const float share = 1.0f / seen;");
  }
  if (last) declare_stores();
  each_element();
  element_steps(level);
  element_reductions();
  if (last) element_results();
  close();
  if (last) put_stores();
  if (last && row_in_chunk())
    row_results(rows_ ? concat("there && lane == 0", pass_.tiles > 1 ? " && tile == 0" : "") : "there && c == 0");
  close();
}

void PassText::element_steps(const LoopLevel& level) {
  std::vector<int> steps = level.element_steps;
  steps.insert(steps.end(), level.kept.begin(), level.kept.end());
  std::ranges::sort(steps);
  for (int i : steps) {
    const bool was_kept = std::ranges::count(level.kept, i) > 0;
    define(i, was_kept ? concat("q", i, "[k][j]") : element_text(i));
    if (kept_[static_cast<size_t>(i)] && !was_kept) line("q", i, "[k][j] = r", i, ";");
  }
}

// What is summed along the row.
void PassText::element_reductions() {
  for (size_t i = 0; i < reductions_.size(); ++i) {
    const std::string x = name_of_step(step(reductions_[i]).from[0]), s = concat(reduced_, "[", i, "]");
    if (step(reductions_[i]).kind == Kind::row_sum)
      line("if (there) ", s, " += ", x, ";");
    else
      line("if (there) ", s, " = larger(", x, ", ", s, ");");
  }
}

std::string PassText::element_text(int i) const {
  const LoopStep& s = step(i);
  if (hoists_ && s.extent == Extent::column) return concat("h", i, "[j]");
  switch (s.kind) {
    case Kind::load: return concat("to_float(v", i, "[k].at[j])");
    case Kind::iota: return concat("static_cast<float>(", rows_ || splits_index() ? "c" : "i", " + j)");
    case Kind::random:
      if (pass_.apart) return concat("w", i, "[k][j]");
      return concat("random_uniform(", s.key, "ull, e", i, ", ", own_place(), " + j)");
    default: return map_text(s);
  }
}

}  // namespace dl::cuda
