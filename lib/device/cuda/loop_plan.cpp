// Which passes a loop has, and what is merged after them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/loop_plan.h"

#include <algorithm>
#include <optional>

#include "lib/base/error.h"
#include "lib/device/cuda/loop_layout.h"

namespace dl::cuda {
namespace {

using Extent = Loop::Extent;
using Kind = LoopStep::Kind;
using ResultKind = Loop::Result::Kind;

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

  void add_pass(const LoopSteps& code) {
    if (std::optional<LoopPass> pass = lay_out_pass(code, plan_.types)) {
      add(*std::move(pass));
    } else {
      add_in_two(code);
    }
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
