// Where the time of a step went, beside what the machine's limits allow: what profile and bench report.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "app/measure/limits.h"
#include "lib/device/program.h"
#include "lib/spec/node.h"

namespace dl {

// Some kernels of a step together.
struct Spent {
  std::string name;
  Phase phase = Phase::forward;
  int calls = 0;
  double seconds = 0, flops = 0, bytes = 0;
  double least_seconds = 0;                // the sum of the kernels' bounds
  std::map<std::string, double> least_by;  // … by the limit that binds
  double of_limit() const { return least_seconds / seconds; }
  std::string bound_by() const;  // the limit that makes up most of least_seconds
  void add(const Program::KernelCall& call, const DeviceLimits& limits);
  void add(const Spent& other);
};

// All of them.
Spent spent_in(const std::vector<Program::KernelCall>& steps, const DeviceLimits& limits);

const char* name_of(Phase phase);

// The kernel's name: "matmul", "conv2d + loop" for one with a fused epilogue.
std::string kernel_name(const Program::KernelCall& call);
// The layer's path, "(loss)" or "(optimizer)".
std::string layer_name(const Program::KernelCall& call);

// The steps grouped by a name of theirs and by phase, the longest first.
std::vector<Spent> spent_by(const std::vector<Program::KernelCall>& steps, const DeviceLimits& limits,
                            const std::function<std::string(const Program::KernelCall&)>& name);

// A table of at most `columns`, their times as shares of `step_s`, what takes less than `least_share` of it in one row.
// `what` names the first column.
std::string spent_table(const std::string& what, const std::vector<Spent>& all, double step_s, size_t columns,
                        double least_share = 0);
Node spent_json(const Spent& spent);

}  // namespace dl
