// The slopes of the Lovasz extension of the Jaccard index (Berman et al. 2017, arXiv:1705.08790, algorithm 1).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/graph.h"

namespace dl {

// inputs: errors f32 [rows, places], hits f32 [rows, places], 1 where a place is of the set and 0 elsewhere. Output, of
// the same type: with the places of a row in the order of falling errors, of equal ones the first before, how much
// 1 - intersection / union grows where the place is taken to be wrong after those before it. It has no gradient.
struct JaccardSlopes final : Op {
  std::string_view name() const override { return "jaccard_slopes"; }
  std::vector<Type> infer(std::span<const Type> inputs) const override;
  Cost cost(std::span<const Type> inputs, std::span<const Type> outputs) const override;

  // 1 - intersection / union where `wrong` places are, `hit` of them of the set of `all`.
  template <class Number>
  static Number loss(Number all, Number wrong, Number hit) {
    return 1 - (all - hit) / (all + wrong - hit);
  }
};

Value jaccard_slopes(Value errors, Value hits);

}  // namespace dl
