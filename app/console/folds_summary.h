// The end of a training with each fold: the figures of all, their mean and deviation.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/spec/node.h"
#include "lib/train/kept/observer.h"

namespace dl {

struct FoldEnd {
  RunStarted run;
  RunFinished end;
};

// Of each figure of validation, and of the best of the one that is monitored, the mean over the folds and the standard
// deviation, by n - 1.
struct FoldFigure {
  std::string name;
  std::vector<double> values;  // of each fold
  double mean = 0, deviation = 0;
};
std::vector<FoldFigure> fold_figures(const std::vector<FoldEnd>& folds);

std::string folds_summary(const std::vector<FoldEnd>& folds);
// The same for --json.
Node folds_json(const std::vector<FoldEnd>& folds);

}  // namespace dl
