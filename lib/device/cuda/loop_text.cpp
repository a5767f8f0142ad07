// The frame of a pass's kernel: pointers, what is one number, a range of elements; and its entry and grid.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/loop_text.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/device/cuda/loop_pass_text.h"

namespace dl::cuda {

PassText::PassText(const LoopPlan& plan, const LoopPass& pass)
    : plan_(plan), pass_(pass), code_(pass.code), index_{pass.wide}, rows_(pass.layout == LoopPass::Layout::rows) {
  hoists_ = rows_ && !pass.sums_rows;
  kept_.assign(code_.steps.size(), 0);
  for (const LoopLevel& level : pass.levels)
    for (int i : level.kept) kept_[static_cast<size_t>(i)] = 1;
  for (const LoopResult& r : code_.results) {
    groups_ |= sums_groups(r);
    moments_ |= r.kind == ResultKind::moments;
  }
}

std::string PassText::body() {
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

int PassText::shared_bytes() const {
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

void PassText::pointers() {
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
void PassText::scalars() {
  for (size_t i = 0; i < code_.steps.size(); ++i) {
    const LoopStep& s = code_.steps[i];
    if (s.kind == Kind::random)
      line("const unsigned long long e", i, " = static_cast<unsigned long long>(static_cast<long long>(m", s.tensor,
           "[0]));");
    if (s.extent == Extent::scalar) define(static_cast<int>(i), number_text(s));
  }
}
std::string PassText::number_text(const LoopStep& s) const {
  if (s.kind == Kind::load) return concat("to_float(m", s.tensor, "[0])");
  return s.kind == Kind::constant ? literal(s.value) : map_text(s);
}
void PassText::define(int i, const std::string& value) { line("const float ", name_of_step(i), " = ", value, ";"); }

void PassText::flat() {
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
