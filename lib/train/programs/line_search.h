// How far an optimizer that searches goes along its direction.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>

#include "lib/device/program.h"

namespace dl {

// A place along a direction: the loss there, and its slope along it.
struct LinePoint {
  double length = 0, loss = 0, slope = 0;
};

// The length at which the loss has fallen by 1e-4 of what the slope at the beginning, below 0, promises, and is at most
// 0.9 as steep: the strong conditions of Wolfe 1969, by the search of Nocedal and Wright 2006, algorithms 3.5 and 3.6,
// with the safeguards of PyTorch's. `first` is tried first; after 25 more the best end of the bracket is taken, and
// where its ends are less than `tolerance` apart, in the largest element `reach` of the direction.
double strong_wolfe(const LinePoint& begin, double first, double reach, double tolerance,
                    const std::function<LinePoint(double length)>& at);

// The search from where the program of an update, which has run, left the parameters (Optimizer::searches), and their
// move there. `loss` is that of the update's batches; `move` takes the parameters so far along the direction; `probe`
// gives the loss and the slope of the same batches where they are then, by Programs::probe().
struct Probed {
  double loss = 0, slope = 0;
};
void search_along_direction(const Program& update, double loss, double tolerance,
                            const std::function<void(double length)>& move, const std::function<Probed()>& probe);

}  // namespace dl
