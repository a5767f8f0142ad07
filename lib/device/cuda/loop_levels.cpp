// Which level makes a step, and which keep it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/loop_levels.h"

#include <algorithm>
#include <utility>

namespace dl::cuda {
namespace {

using Extent = Loop::Extent;
using Kind = LoopStep::Kind;

class LevelMaker {
 public:
  LevelMaker(const LoopSteps& code, bool keep)
      : code_(code),
        keep_(keep),
        level_(code.steps.size()),
        made_(code.steps.size(), -1),
        last_kept_(code.steps.size(), -1) {}

  LoopLevels run() {
    find_depth();
    made_levels_.levels.resize(static_cast<size_t>(depth_) + 1);
    for (int level = 0; level <= depth_; ++level) make(level);
    for (int level = 1; level <= depth_; ++level) {
      int64_t now = 0;
      for (size_t i = 0; i < made_.size(); ++i) now += made_[i] >= 0 && made_[i] < level && last_kept_[i] >= level;
      made_levels_.live = std::max(made_levels_.live, now);
    }
    for (const LoopLevel& level : made_levels_.levels)
      made_levels_.loads = std::max<int64_t>(made_levels_.loads, std::ranges::count_if(level.element_steps, [&](int i) {
                                               return step(i).kind == Kind::load;
                                             }));
    return std::move(made_levels_);
  }

 private:
  const LoopStep& step(int i) const { return code_.steps[static_cast<size_t>(i)]; }

  void find_depth() {
    for (size_t i = 0; i < code_.steps.size(); ++i) {
      for (int from : code_.steps[i].from)
        if (from >= 0) level_[i] = std::max(level_[i], level_[static_cast<size_t>(from)]);
      if (reduces_row(code_.steps[i])) ++level_[i];
      depth_ = std::max(depth_, level_[i]);
    }
  }

  void make(int level) {
    LoopLevel& l = made_levels_.levels[static_cast<size_t>(level)];
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
    for (int i : wanted) visit(i, level, seen, l);
    std::ranges::sort(l.element_steps);
    std::ranges::sort(l.kept);
  }

  void visit(int i, int level, std::vector<char>& seen, LoopLevel& l) {
    const auto at = static_cast<size_t>(i);
    if (i < 0 || seen[at]++) return;
    const Extent e = step(i).extent;
    if (e == Extent::scalar || e == Extent::row) return;
    if (keep_ && e == Extent::full && made_[at] >= 0 && made_[at] < level) {
      last_kept_[at] = level;
      l.kept.push_back(i);
      return;
    }
    if (made_[at] < 0) made_[at] = level;
    l.element_steps.push_back(i);
    for (int from : step(i).from) visit(from, level, seen, l);
  }

  const LoopSteps& code_;
  const bool keep_;
  LoopLevels made_levels_;
  std::vector<int> level_;  // how many sums along the row lie before a step
  std::vector<int> made_, last_kept_;
  int depth_ = 0;
};

}  // namespace

LoopLevels levels_of(const LoopSteps& code, bool keep) { return LevelMaker(code, keep).run(); }

}  // namespace dl::cuda
