// Writing the kernel of a pass.
//
// A thread's chunks at a time are `k`, the elements of a chunk `j`. All that they need of memory is loaded before
// anything is computed, and so before anything is written: many loads are under way at once, and an output may lie
// where an input does. Variables: m<tensor> pointers, v<step> loaded chunks, q<step> kept elements, h<step> elements of
// columns, a<result>, b<result> sums over rows.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/loop_text.h"

#include <algorithm>
#include <cmath>

#include "lib/base/error.h"
#include "lib/device/cuda/loop_expression.h"

namespace dl::cuda {
namespace {

using Extent = Loop::Extent;
using Kind = LoopStep::Kind;
using ResultKind = Loop::Result::Kind;
using Layout = LoopPass::Layout;

class PassText {
 public:
  PassText(const LoopPlan& plan, const LoopPass& pass)
      : plan_(plan), pass_(pass), code_(pass.code), index_{pass.wide}, rows_(pass.layout == Layout::rows) {
    hoists_ = rows_ && !pass.sums_rows;
    kept_.assign(code_.steps.size(), 0);
    for (const LoopLevel& level : pass.levels)
      for (int i : level.kept) kept_[static_cast<size_t>(i)] = 1;
    for (const LoopResult& r : code_.results) {
      const bool sums = r.kind == ResultKind::sum || r.kind == ResultKind::moments;
      groups_ |= sums;
      moments_ |= r.kind == ResultKind::moments;
    }
  }

  std::string body() {
    open("{");
    line("using Index = ", index_.type(), ";");
    pointers();
    scalars();
    for (size_t i = 0; i < code_.results.size(); ++i)
      if (result(i).kind == ResultKind::total) line("float total", i, " = 0;");
    rows_ ? rows() : flat();
    finish_totals();
    finish_scalars();
    close();
    return std::move(text_);
  }

  int shared_bytes() const {
    int floats = 0;
    const auto need = [&](int n) { floats = std::max(floats, n); };
    for (const LoopLevel& level : pass_.levels)
      if (pass_.lanes == 0) need(32 * static_cast<int>(level.reductions.size()));
    for (const LoopResult& r : code_.results) {
      const int warps = pass_.threads / 32;
      if (r.kind == ResultKind::total) need(32);
      if (!shares_sums()) continue;
      const int width = static_cast<int>(pass_.tile_columns());
      if (r.kind == ResultKind::sum) need(warps * width);
      if (r.kind == ResultKind::moments) need(warps * (2 * width + 1));
    }
    return floats * 4;
  }

 private:
  const LoopStep& step(int i) const { return code_.steps[static_cast<size_t>(i)]; }
  const LoopResult& result(size_t i) const { return code_.results[i]; }
  Extent extent(int i) const { return step(i).extent; }
  DType type(int tensor) const { return plan_.types[static_cast<size_t>(tensor)]; }
  bool in_element(int i) const { return extent(i) == Extent::full || extent(i) == Extent::column; }
  bool shares_sums() const { return groups_ && !pass_.team_groups && pass_.teams() > 1; }
  // Which of the chunks' sums a thread's chunk k is added to.
  std::string sum_chunk() const { return pass_.sums_rows ? "[k]" : "[0]"; }
  int sum_chunks() const { return pass_.sums_rows ? pass_.chunks : 1; }
  int64_t lanes() const { return pass_.lanes == 0 ? pass_.threads : pass_.lanes; }

  template <class... Parts>
  void line(const Parts&... parts) {
    text_ += std::string(static_cast<size_t>(depth_) * 2, ' ') + concat(parts...) + "\n";
  }
  template <class... Parts>
  void open(const Parts&... parts) {
    line(parts...);
    ++depth_;
  }
  void close() {
    --depth_;
    line("}");
  }
  void each_chunk() {
    line("#pragma unroll");
    open("for (int k = 0; k < ", pass_.chunks, "; ++k) {");
  }
  void each_element() {
    line("#pragma unroll");
    open("for (int j = 0; j < ", pass_.unit, "; ++j) {");
  }

  void pointers() {
    std::vector<char> used(plan_.types.size(), 0);
    for (const LoopStep& s : code_.steps) {
      if (s.tensor < 0 || used[static_cast<size_t>(s.tensor)]++) continue;
      const char* of = c_type(type(s.tensor));
      line("const ", of, "* const m", s.tensor, " = static_cast<const ", of, "*>(p.at[", s.tensor, "]);");
    }
    for (const LoopResult& r : code_.results) {
      for (int tensor = r.tensor; tensor <= r.tensor + (r.kind == ResultKind::moments); ++tensor) {
        const char* of = c_type(type(tensor));
        line(of, "* const m", tensor, " = static_cast<", of, "*>(p.at[", tensor, "]);");
      }
    }
  }

  // What is one number, and the steps that random numbers are drawn at.
  void scalars() {
    for (size_t i = 0; i < code_.steps.size(); ++i) {
      const LoopStep& s = code_.steps[i];
      if (s.kind == Kind::random)
        line("const unsigned long long e", i, " = static_cast<unsigned long long>(static_cast<long long>(m", s.tensor,
             "[0]));");
      if (s.extent == Extent::scalar) define(static_cast<int>(i), number_text(s));
    }
  }
  std::string number_text(const LoopStep& s) const {
    if (s.kind == Kind::load) return concat("to_float(m", s.tensor, "[0])");
    return s.kind == Kind::constant ? literal(s.value) : map_text(s);
  }
  void define(int i, const std::string& value) { line("const float ", name_of_step(i), " = ", value, ";"); }

  // ---- a range of elements

  void flat() {
    const int64_t n = code_.rows * code_.cols, block = block_elements();
    if (!computes_elements(pass_.levels[0], true)) return;
    if (pass_.blocks * block < n) {
      open("for (Index from = Index(t.block()) * ", index_(block), "; from < ", index_(n),
           "; from += ", index_(pass_.blocks * block), ") {");
    } else {
      open("{");
      line("const Index from = Index(t.block()) * ", index_(block), ";");
    }
    elements(pass_.levels[0], true);
    close();
  }
  bool splits_index() const { return !rows_ && code_.rows > 1; }
  // Whether chunks may reach beyond the end.
  bool has_tail() const { return !rows_ && (code_.rows * code_.cols) % pass_.unit != 0; }
  std::string left() const { return concat(index_(code_.rows * code_.cols), " - i"); }

  // ---- teams on rows

  void rows() {
    const int64_t teams = pass_.teams(), cols = code_.cols;
    line("const int lane = t.index() % ", lanes(), ", team = t.index() / ", lanes(), ";");
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
    if (hoists_) {
      line("const Index column = (", pass_.tiles > 1 ? concat("tile * ", lanes(), " + ") : "", "lane) * ", pass_.unit,
           ";");
      line("const bool inside = ", cols % pass_.tile_columns() == 0 ? "true" : "column < " + index_(cols), ";");
      line("const Index c = inside ? column : 0;");
      columns();
    }
    for (size_t i = 0; i < code_.results.size(); ++i) {
      const LoopResult& r = result(i);
      if (r.kind != ResultKind::sum && r.kind != ResultKind::moments) continue;
      line("float a", i, "[", sum_chunks(), "][", pass_.unit, "] = {};");
      if (r.kind == ResultKind::moments) line("float b", i, "[", sum_chunks(), "][", pass_.unit, "] = {};");
    }
    if (moments_) line("float seen = 0;");
    if (pass_.sums_rows)
      row_by_row();
    else
      several_rows();
    finish_sums();
  }

  // Steps of columns, made once for all rows.
  void columns() {
    std::vector<int> steps;
    for (size_t i = 0; i < code_.steps.size(); ++i)
      if (extent(static_cast<int>(i)) == Extent::column) steps.push_back(static_cast<int>(i));
    if (steps.empty()) return;
    for (int i : steps) line("float h", i, "[", pass_.unit, "];");
    for (int i : steps) {
      const LoopStep& s = step(i);
      if (s.kind == Kind::load)
        line("const auto v", i, " = load_chunk<", c_type(type(s.tensor)), ", ", pass_.unit, ">(t, m", s.tensor,
             " + c);");
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

  void several_rows() {
    const int64_t stride = pass_.team_groups ? 1 : pass_.teams();
    open("for (Index from = first; from < last; from += ", index_(stride * pass_.chunks), ") {");
    elements(pass_.levels[0], true);
    close();
  }

  void row_by_row() {
    const std::string step = index_(pass_.team_groups ? 1 : pass_.teams());
    open("for (Index from = first; from < last; from += ", step, ") {");
    if (pass_.team_groups) {
      line("const bool real = has_group;");
      line("const Index r = from;");
    } else {
      const bool whole = pass_.group % pass_.piece == 0 && pass_.piece % pass_.teams() == 0;
      line("const bool real = ", whole ? "true" : "from + team < last", ";");  // others take part for their warps' sake
      line("const Index r = real ? from + team : last - 1;");
    }
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

  void level_of_row(size_t index) {
    const LoopLevel& level = pass_.levels[index];
    const bool last = index + 1 == pass_.levels.size();
    for (int i : level.row_steps) define(i, step(i).kind == Kind::load ? row_load(step(i)) : map_text(step(i)));
    if (!computes_elements(level, last)) return;
    std::vector<int> sums, maxima;
    for (int i : level.reductions) (step(i).kind == Kind::row_sum ? sums : maxima).push_back(i);
    const std::vector<int>& all = level.reductions;
    if (!all.empty()) {
      std::string start;
      for (size_t i = 0; i < all.size(); ++i)
        start += concat(i ? ", " : "", i < sums.size() ? "0" : literal(-INFINITY));
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

  // ---- elements

  bool computes_elements(const LoopLevel& level, bool last) const {
    if (!level.reductions.empty()) return true;
    if (!last) return false;
    return std::ranges::any_of(code_.results, [&](const LoopResult& r) {
      return extent(r.source) != Extent::scalar && (in_element(r.source) || !pass_.sums_rows);
    });
  }

  // The place of chunk k. Beyond the end it is another's, so that all is loaded and computed without a branch, and only
  // what leaves the chunk asks whether it is `there`.
  void begin_chunk() {
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
      line("const Index place = from + ", pass_.team_groups ? "k" : concat("Index(k) * ", pass_.teams(), " + team"),
           ";");
      is_there = concat(pass_.team_groups ? "has_group && " : "", "inside && place < last");
      instead = "first";
    }
    line("const bool there = ", is_there, ";");
    line("const Index ", index, " = there ? place : ", instead, ";");
    if (splits_index()) line("const Index r = i / ", index_(code_.cols), ", c = i - r * ", index_(code_.cols), ";");
  }
  int64_t block_elements() const { return int64_t{pass_.threads} * pass_.unit * pass_.chunks; }
  // What a result asks before it takes a chunk.
  std::string taken() const { return pass_.sums_rows ? "if (there && real) " : "if (there) "; }

  std::string row_load(const LoopStep& s) const {
    return concat("to_float(m", s.tensor, "[", index_.row(s.access, code_.rows, "r"), "])");
  }
  // Where the chunk of an element's own, or of a row of the access's, begins.
  std::string place(const Loop::Access& access) const {
    const bool own = is_identity(access, code_.rows);
    if (!rows_ && own) return "i";
    return concat(own ? "r" : "(" + index_.row(access, code_.rows, "r") + ")", " * ", index_(code_.cols), " + c");
  }
  std::string own_place() const { return place({.modulo = code_.rows}); }
  bool row_in_chunk() const { return !pass_.sums_rows; }

  // What chunks load; the v's keep it.
  void load_chunks(const LoopLevel& level) {
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
  void load_chunk(int i) {
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

  void elements(const LoopLevel& level, bool last) {
    if (pass_.apart) {
      const int together = 16 / pass_.unit;
      line("const Index start = from + Index(t.index()) / ", together, " * 64 + Index(t.index()) % ", together, " * ",
           pass_.unit, ";");
    }
    load_chunks(level);
    if (pass_.apart) {
      for (size_t i = 0; i < code_.steps.size(); ++i) {
        if (step(static_cast<int>(i)).kind != Kind::random) continue;
        line("float w", i, "[4][", pass_.unit, "];");
        line("random_chunks(", step(static_cast<int>(i)).key, "ull, e", i, ", start, w", i, ");");
      }
    }
    begin_chunk();
    if (row_in_chunk())
      for (int i : level.row_steps) define(i, step(i).kind == Kind::load ? concat("v", i, "[k]") : map_text(step(i)));
    if (last && moments_ && row_in_chunk()) {
      line("seen += there ? 1.0f : 0.0f;");
      line("const float share = 1.0f / seen;");
    }
    if (last) declare_stores();
    each_element();
    std::vector<int> steps = level.element_steps;
    steps.insert(steps.end(), level.kept.begin(), level.kept.end());
    std::ranges::sort(steps);
    for (int i : steps) {
      const bool was_kept = std::ranges::count(level.kept, i) > 0;
      define(i, was_kept ? concat("q", i, "[k][j]") : element_text(i));
      if (kept_[static_cast<size_t>(i)] && !was_kept) line("q", i, "[k][j] = r", i, ";");
    }
    for (size_t i = 0; i < reductions_.size(); ++i) {
      const std::string x = name_of_step(step(reductions_[i]).from[0]), s = concat(reduced_, "[", i, "]");
      if (step(reductions_[i]).kind == Kind::row_sum)
        line("if (there) ", s, " += ", x, ";");
      else
        line("if (there) ", s, " = larger(", x, ", ", s, ");");
    }
    if (last) element_results();
    close();
    if (last) put_stores();
    if (last && row_in_chunk())
      row_results(rows_ ? concat("there && lane == 0", pass_.tiles > 1 ? " && tile == 0" : "") : "there && c == 0");
    close();
  }

  std::string element_text(int i) const {
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

  // ---- results

  // A store of chunks, and of which rows.
  bool is_chunk_store(const LoopResult& r) const { return r.kind == ResultKind::store && in_element(r.source); }

  void declare_stores() {
    for (size_t i = 0; i < code_.results.size(); ++i)
      if (is_chunk_store(result(i))) line("Chunk<float, ", pass_.unit, "> y", i, ";");
  }
  void element_results() {
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
  void put_stores() {
    for (size_t i = 0; i < code_.results.size(); ++i) {
      const LoopResult& r = result(i);
      if (!is_chunk_store(r)) continue;
      const bool column = extent(r.source) == Extent::column;
      line(taken(), column ? "if (r == 0) " : "", "put_chunk(t, m", r.tensor, " + ", column ? "c" : own_place(),
           ", numbers_of(t, m", r.tensor, ", y", i, ")", has_tail() ? ", " + left() : "", ");");
    }
  }
  void row_results(const std::string& when) {
    for (size_t i = 0; i < code_.results.size(); ++i) {
      const LoopResult& r = result(i);
      if (extent(r.source) != Extent::row) continue;
      const std::string x = name_of_step(r.source);
      if (r.kind == ResultKind::store)
        line("if (", when, ") m", r.tensor, "[r] = number<", c_type(type(r.tensor)), ">(", x, ");");
      if (r.kind == ResultKind::total) line("if (", when, ") total", i, " += ", x, ";");
    }
  }

  void finish_totals() {
    for (size_t i = 0; i < code_.results.size(); ++i) {
      if (result(i).kind != ResultKind::total) continue;
      line("total", i, " = block_sum(t, total", i, ");");
      line("if (t.index() == 0) m", result(i).tensor, "[t.block()] = total", i, ";");
    }
  }
  void finish_scalars() {
    for (const LoopResult& r : code_.results)
      if (r.kind == ResultKind::store && extent(r.source) == Extent::scalar)
        line("if (t.block() == 0 && t.index() == 0) m", r.tensor, "[0] = number<", c_type(type(r.tensor)), ">(",
             name_of_step(r.source), ");");
  }

  void finish_sums() {
    const std::string cols = index_(code_.cols);
    const int64_t width = pass_.tile_columns();
    const float divisor = pass_.pieces == 1 ? static_cast<float>(pass_.group) : 1;
    const std::string tile = pass_.tiles > 1 ? concat(" + tile * ", index_(width)) : "";
    if (shares_sums() && code_.cols % width != 0)
      line("const int columns = ",
           pass_.tiles > 1 ? concat("tile == ", index_(pass_.tiles - 1), " ? ", code_.cols % width, " : ", width)
                           : concat(code_.cols),
           ";");
    const std::string columns = code_.cols % width != 0 ? "columns" : concat(width);
    for (size_t i = 0; i < code_.results.size(); ++i) {
      const LoopResult& r = result(i);
      const bool moments = r.kind == ResultKind::moments;
      if (r.kind != ResultKind::sum && !moments) continue;
      const std::string row = concat(" + ", pass_.team_groups ? "group" : "piece", " * ", cols);
      const std::string to = concat("m", r.tensor, row, tile), second = concat("m", r.tensor + 1, row, tile);
      if (shares_sums()) {
        const std::string shape = concat("<", pass_.lanes, ", ", sum_chunks(), ", ", pass_.unit, ">");
        if (moments)
          line("put_moments", shape, "(t, seen, a", i, ", b", i, ", ", to, ", ", second, ", ", columns, ", ",
               literal(divisor), ");");
        else
          line("put_sums", shape, "(t, a", i, ", ", to, ", ", columns, ");");
        continue;
      }
      const std::string at = pass_.sums_rows ? concat("Index(lane) * ", pass_.unit, ", ", index_(lanes() * pass_.unit))
                                             : concat("column, ", index_(0));
      const std::string real = pass_.team_groups ? "if (has_group) " : "";
      if (moments && divisor != 1) {
        open("for (int k = 0; k < ", sum_chunks(), "; ++k) {");
        line("for (int j = 0; j < ", pass_.unit, "; ++j) b", i, "[k][j] /= ", literal(divisor), ";");
        close();
      }
      const auto own = [&](const char* what, int tensor) {
        line(real, "put_own(t, ", what, i, ", m", tensor, row, ", ", at, ", ", cols, ");");
      };
      own("a", r.tensor);
      if (moments) own("b", r.tensor + 1);
    }
  }

  const LoopPlan& plan_;
  const LoopPass& pass_;
  const LoopSteps& code_;
  const IndexText index_;
  const bool rows_;
  bool hoists_ = false;  // steps of columns are made before the rows
  bool groups_ = false, moments_ = false;
  std::vector<char> kept_;
  std::vector<int> reductions_;  // of the level that is written
  std::string reduced_;          // and their variable
  std::string text_;
  int depth_ = 0;
};

}  // namespace

int loop_pointers(size_t tensors) {
  for (int kind : loop_pointer_kinds)
    if (tensors <= static_cast<size_t>(kind)) return kind;
  DL_CHECK(false, "a loop of ", tensors, " tensors");
  return 0;
}

LoopText text_of_pass(const LoopPlan& plan, const LoopPass& pass) {
  PassText writer(plan, pass);
  const int pointers = loop_pointers(plan.types.size());
  const std::string arguments = concat("LoopPointers<", pointers, ">");
  DL_CHECK(pass.blocks < (int64_t{1} << 31), pass.blocks, " blocks");
  LoopText text;
  text.source = {
      .header = "loop.h",
      .text = concat("template <class Thread>\nvoid fused(const Thread& t, const ", arguments, "& p) ", writer.body()),
      .call = "fused",
      .arguments = arguments,
      .threads = pass.threads};
  text.grid = {.x = static_cast<int>(pass.blocks), .threads = pass.threads, .shared_bytes = writer.shared_bytes()};
  return text;
}

}  // namespace dl::cuda
