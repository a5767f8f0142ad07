// A trace of training steps in Chrome's trace event format, which Perfetto (ui.perfetto.dev) and chrome://tracing open.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/device/program.h"
#include "lib/spec/node.h"

namespace dl {

class Trace {
 public:
  // One step: its kernels as they ran from `begin_s` on, seconds after an arbitrary moment; it took `seconds`.
  void add(double begin_s, double seconds, const std::vector<Program::KernelCall>& kernels);
  int64_t steps() const { return steps_; }
  // {"traceEvents": […]}; `process` names the track: steps on one row, kernels on the one below.
  std::string json(const std::string& process) const;

 private:
  void event(const std::string& name, const char* category, int row, double begin_s, double seconds, Node arguments);

  Node events_ = Node::list();
  int64_t steps_ = 0;
  double origin_s_ = 0;
};

}  // namespace dl
