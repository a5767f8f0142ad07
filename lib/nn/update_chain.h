// The chain of rules that makes an update of a gradient: `optimizer: [clip_norm: 1, adamw: {lr: 1e-3}, ema: 0.999]`.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "lib/nn/optimizer.h"

namespace dl {

// As a config has it: an optimizer alone, or a list of one with rules before and after it.
struct UpdateChain {
  std::vector<std::unique_ptr<UpdateRule>> before, after;
  std::unique_ptr<Optimizer> optimizer;  // null only where none was read

  explicit operator bool() const { return optimizer != nullptr; }
  Optimizer* operator->() const { return optimizer.get(); }
  Optimizer& operator*() const { return *optimizer; }
  Reading place_of_optimizer(const Reading& r) const;  // of the optimizer's keys, where `r` stands at the chain
};

template <>
struct Codec<UpdateChain> {
  static bool read(const Node& node, UpdateChain& value, const Limits& limits, const Reading& r);
  static Node write(const UpdateChain& value);
  static std::string type(const Limits& limits);
  static Node json_schema(const Limits& limits);
  static const AnyRegistry* registry();
};

// The optimizer's keys in a resolved config; null where there are none.
const Node* optimizer_keys(const Node& resolved);

// Elements [begin, end) of the flat parameters and the optimizer that updates them, at lr_factor times the run's
// learning rate. Frozen ones are left out of the run's first updates, and count theirs from then on.
struct UpdateRange {
  int64_t begin = 0, end = 0;
  const Optimizer* optimizer = nullptr;
  double lr_factor = 1;
  int64_t frozen_until = 0;  // so many of the run's updates were made
};

// An update as the training step makes it. What no range has is not updated.
struct Update {
  std::vector<const UpdateRule*> before, after;
  std::vector<UpdateRange> ranges;  // ascending, apart
  bool moves_momentum = false;      // whether the schedule says the momentum of each update
  int64_t every = 1;                // it is made in each such step of the run

  // From so many steps of the run on, the first behind which an update measures curvature
  // (Optimizer::curvature_every); none: never.
  std::optional<int64_t> next_curvature(int64_t steps) const {
    const int64_t apart = ranges.empty() ? 0 : ranges.front().optimizer->curvature_every();
    if (apart == 0) return {};
    const int64_t update = (steps / every + apart - 1) / apart * apart;
    return (update + 1) * every - 1;
  }
  bool measures_curvature(int64_t steps) const { return next_curvature(steps) == steps; }
  // How the trainer searches along a direction of it (Optimizer::searches); none: it does not.
  std::optional<Optimizer::Search> searches() const {
    return ranges.empty() ? std::nullopt : ranges.front().optimizer->searches();
  }
  // Whether it updates the element of the flat parameters once so many updates of the run were made.
  bool has(int64_t element, int64_t updates) const {
    return std::ranges::any_of(ranges, [&](const UpdateRange& r) {
      return r.begin <= element && element < r.end && r.frozen_until <= updates;
    });
  }
};

}  // namespace dl
