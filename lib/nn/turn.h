// A turn of a run whose steps are several updates: some parameters and the losses that they are to make small,
//   turns:
//     - {update: discriminator, losses: {real: {…}, fake: {…}}}
//     - {update: generator, loss: {…}}
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "lib/nn/loss.h"
#include "lib/nn/patterns.h"
#include "lib/nn/update_chain.h"
#include "lib/nn/weighted_losses.h"

namespace dl {

struct Turn {
  Patterns update;                  // of parameters' paths, or an item of the model
  std::optional<std::string> name;  // unset: the first word of `update`
  std::unique_ptr<Loss> loss;       // null: `losses`
  WeightedLosses losses;
  std::optional<UpdateChain> optimizer;  // unset: the run's
  int64_t every = 1;                     // it takes part in each such step
  Where where;
  void describe(Schema& s);

  std::string title() const;                         // names its figures
  bool updates(const std::string& parameter) const;  // by its path
  // Whether it is of that item, or fits that pattern.
  static bool fits(const std::string& pattern, const std::string& parameter);
};

}  // namespace dl
