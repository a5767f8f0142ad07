// What becomes of a pass's results: stores, totals, sums over groups of rows.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/loop_pass_text.h"

namespace dl::cuda {

void PassText::declare_stores() {
  for (size_t i = 0; i < code_.results.size(); ++i)
    if (is_chunk_store(result(i))) line("Chunk<float, ", pass_.unit, "> y", i, ";");
}

void PassText::element_results() {
  for (size_t i = 0; i < code_.results.size(); ++i) {
    const LoopResult& r = result(i);
    if (r.kind == ResultKind::total && !in_element(r.source)) continue;
    const std::string x = name_of_step(r.source);
    if (is_chunk_store(r)) line("y", i, ".at[j] = ", x, ";");
    if (r.kind == ResultKind::total)
      line(has_tail() ? concat("if (there && i + j < ", index_(code_.cols), ") ") : taken(), "total", i, " += ", x,
           ";");
    if (r.kind == ResultKind::sum) line(taken(), "a", i, sum_chunk(), "[j] += ", x, ";");
    if (r.kind == ResultKind::moments)
      line(taken(), "add_moment(", x, ", share, a", i, sum_chunk(), "[j], b", i, sum_chunk(), "[j]);");
  }
}

void PassText::put_stores() {
  for (size_t i = 0; i < code_.results.size(); ++i) {
    const LoopResult& r = result(i);
    if (!is_chunk_store(r)) continue;
    const bool column = extent(r.source) == Extent::column;
    line(taken(), column ? "if (r == 0) " : "", "put_chunk(t, m", r.tensor, " + ", column ? "c" : own_place(),
         ", numbers_of(t, m", r.tensor, ", y", i, ")", has_tail() ? ", " + left() : "", ");");
  }
}

void PassText::row_results(const std::string& when) {
  for (size_t i = 0; i < code_.results.size(); ++i) {
    const LoopResult& r = result(i);
    if (extent(r.source) != Extent::row) continue;
    const std::string x = name_of_step(r.source);
    if (r.kind == ResultKind::store)
      line("if (", when, ") m", r.tensor, "[r] = number<", c_type(type(r.tensor)), ">(", x, ");");
    if (r.kind == ResultKind::total) line("if (", when, ") total", i, " += ", x, ";");
  }
}

void PassText::finish_totals() {
  for (size_t i = 0; i < code_.results.size(); ++i) {
    if (result(i).kind != ResultKind::total) continue;
    line("total", i, " = block_sum(t, total", i, ");");
    line("if (t.index() == 0) m", result(i).tensor, "[t.block()] = total", i, ";");
  }
}

void PassText::finish_scalars() {
  for (const LoopResult& r : code_.results)
    if (r.kind == ResultKind::store && extent(r.source) == Extent::scalar)
      line("if (t.block() == 0 && t.index() == 0) m", r.tensor, "[0] = number<", c_type(type(r.tensor)), ">(",
           name_of_step(r.source), ");");
}

// Where a group's or a piece's sums begin behind the result's pointer.
std::string PassText::sums_row() const {
  return concat(" + ", pass_.team_groups ? "group" : "piece", " * ", index_(code_.cols));
}

// By what a variance's sum of squares is divided here; where pieces are merged it is divided then.
float PassText::sums_divisor() const { return pass_.pieces == 1 ? static_cast<float>(pass_.group) : 1; }

void PassText::finish_sums() {
  const int64_t width = pass_.tile_columns();
  if (shares_sums() && code_.cols % width != 0)
    line("const int columns = ",
         pass_.tiles > 1 ? concat("tile == ", index_(pass_.tiles - 1), " ? ", code_.cols % width, " : ", width)
                         : concat(code_.cols),
         ";");
  const std::string columns = code_.cols % width != 0 ? "columns" : concat(width);
  for (size_t i = 0; i < code_.results.size(); ++i) {
    if (!sums_groups(result(i))) continue;
    if (shares_sums())
      put_shared_sums(i, columns);
    else
      put_own_sums(i);
  }
}

// What the block's teams have summed, `columns` of it.
void PassText::put_shared_sums(size_t i, const std::string& columns) {
  const LoopResult& r = result(i);
  const std::string tile = pass_.tiles > 1 ? concat(" + tile * ", index_(pass_.tile_columns())) : "";
  const std::string to = concat("m", r.tensor, sums_row(), tile), second = concat("m", r.tensor + 1, sums_row(), tile);
  const std::string shape = concat("<", pass_.lanes, ", ", sum_chunks(), ", ", pass_.unit, ">");
  if (r.kind == ResultKind::moments)
    line("put_moments", shape, "(t, seen, a", i, ", b", i, ", ", to, ", ", second, ", ", columns, ", ",
         literal(sums_divisor()), ");");
  else
    line("put_sums", shape, "(t, a", i, ", ", to, ", ", columns, ");");
}

// What each team has summed by itself.
void PassText::put_own_sums(size_t i) {
  const LoopResult& r = result(i);
  const bool moments = r.kind == ResultKind::moments;
  const float divisor = sums_divisor();
  const std::string at = pass_.sums_rows ? concat("Index(lane) * ", pass_.unit, ", ", index_(lanes() * pass_.unit))
                                         : concat("column, ", index_(0));
  const std::string real = pass_.team_groups ? "if (has_group) " : "";
  if (moments && divisor != 1) {
    open("for (int k = 0; k < ", sum_chunks(), "; ++k) {");
    line("for (int j = 0; j < ", pass_.unit, "; ++j) b", i, "[k][j] /= ", literal(divisor), ";");
    close();
  }
  const auto own = [&](const char* what, int tensor) {
    line(real, "put_own(t, ", what, i, ", m", tensor, sums_row(), ", ", at, ", ", index_(code_.cols), ");");
  };
  own("a", r.tensor);
  if (moments) own("b", r.tensor + 1);
}

}  // namespace dl::cuda
