// Writing the kernel of a pass.
//
// A thread's chunks at a time are `k`, the elements of a chunk `j`. All that they need of memory is loaded before
// anything is computed, and so before anything is written: many loads are under way at once, and an output may lie
// where an input does. Variables: m<tensor> pointers, v<step> loaded chunks, q<step> kept elements, h<step> elements of
// columns, a<result>, b<result> sums over rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "lib/base/error.h"
#include "lib/device/cuda/loop_expression.h"
#include "lib/device/cuda/loop_plan.h"

namespace dl::cuda {

class PassText {
 public:
  PassText(const LoopPlan& plan, const LoopPass& pass);

  std::string body();        // of a function of a thread t and pointers p; once
  int shared_bytes() const;  // of a block

 private:
  using Extent = Loop::Extent;
  using Kind = LoopStep::Kind;
  using ResultKind = Loop::Result::Kind;

  const LoopStep& step(int i) const { return code_.steps[static_cast<size_t>(i)]; }
  const LoopResult& result(size_t i) const { return code_.results[i]; }
  Extent extent(int i) const { return step(i).extent; }
  DType type(int tensor) const { return plan_.types[static_cast<size_t>(tensor)]; }
  bool in_element(int i) const { return extent(i) == Extent::full || extent(i) == Extent::column; }
  bool row_in_chunk() const { return !pass_.sums_rows; }
  int64_t lanes() const { return pass_.lanes == 0 ? pass_.threads : pass_.lanes; }
  int64_t block_elements() const { return int64_t{pass_.threads} * pass_.unit * pass_.chunks; }
  bool splits_index() const { return !rows_ && code_.rows > 1; }
  // Whether chunks may reach beyond the end.
  bool has_tail() const { return !rows_ && (code_.rows * code_.cols) % pass_.unit != 0; }
  std::string left() const { return concat(index_(code_.rows * code_.cols), " - i"); }

  // Lines of text, and blocks in braces.
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
  void define(int i, const std::string& value);  // step i, which is `value`

  // The frame (loop_text.cpp).
  void pointers();
  void scalars();
  std::string number_text(const LoopStep& s) const;
  void flat();

  // Teams on rows (loop_text_rows.cpp).
  void rows();
  void rows_of_block();
  void columns_of_team();
  void columns();
  void declare_sums();
  void several_rows();
  void row_by_row();
  void row_of_team();
  void level_of_row(size_t index);

  // Elements of chunks (loop_text_elements.cpp).
  bool computes_elements(const LoopLevel& level, bool last) const;
  void begin_chunk();
  std::string row_load(const LoopStep& s) const;
  std::string place(const Loop::Access& access) const;
  std::string own_place() const { return place({.modulo = code_.rows}); }
  void load_chunks(const LoopLevel& level);
  void load_chunk(int i);
  void draw_randoms();
  void elements(const LoopLevel& level, bool last);
  void element_steps(const LoopLevel& level);
  void element_reductions();
  std::string element_text(int i) const;

  // Results (loop_text_results.cpp).
  bool is_chunk_store(const LoopResult& r) const { return r.kind == ResultKind::store && in_element(r.source); }
  bool shares_sums() const { return groups_ && !pass_.team_groups && pass_.teams() > 1; }
  // Which of the chunks' sums a thread's chunk k is added to.
  std::string sum_chunk() const { return pass_.sums_rows ? "[k]" : "[0]"; }
  int sum_chunks() const { return pass_.sums_rows ? pass_.chunks : 1; }
  // What a result asks before it takes a chunk.
  std::string taken() const { return pass_.sums_rows ? "if (there && real) " : "if (there) "; }
  void declare_stores();
  void element_results();
  void put_stores();
  void row_results(const std::string& when);
  void finish_totals();
  void finish_scalars();
  void finish_sums();
  void put_shared_sums(size_t i, const std::string& columns);
  void put_own_sums(size_t i);
  std::string sums_row() const;
  float sums_divisor() const;

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

}  // namespace dl::cuda
