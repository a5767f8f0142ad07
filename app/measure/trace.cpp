// Writing trace events.
// SPDX-License-Identifier: Apache-2.0
#include "app/measure/trace.h"

#include "app/console/json.h"
#include "app/measure/spent.h"

namespace dl {
namespace {

std::string shapes(const std::vector<Type>& types) {
  std::string text;
  for (const Type& type : types) text += (text.empty() ? "" : ", ") + type.shape.text();
  return text;
}

Node metadata(const char* what, int row, const std::string& name) {
  return json_object({{"name", Node::string(what)},
                      {"ph", Node::string("M")},
                      {"pid", Node::integer(1)},
                      {"tid", Node::integer(row)},
                      {"args", json_object({{"name", Node::string(name)}})}});
}

}  // namespace

void Trace::event(const std::string& name, const char* category, int row, double begin_s, double seconds,
                  Node arguments) {
  events_.items.push_back(json_object({{"name", Node::string(name)},
                                       {"cat", Node::string(category)},
                                       {"ph", Node::string("X")},
                                       {"pid", Node::integer(1)},
                                       {"tid", Node::integer(row)},
                                       {"ts", Node::number(1e6 * (begin_s - origin_s_))},
                                       {"dur", Node::number(1e6 * seconds)},
                                       {"args", std::move(arguments)}}));
}

void Trace::add(double begin_s, double seconds, const std::vector<Program::KernelCall>& kernels) {
  if (steps_++ == 0) origin_s_ = begin_s;
  event(concat("step ", steps_), "step", 1, begin_s, seconds, Node::map());
  for (const Program::KernelCall& kernel : kernels) {
    event(kernel_name(kernel), name_of(kernel.phase), 2, begin_s + kernel.begin_s, kernel.seconds,
          json_object({{"layer", Node::string(layer_name(kernel))},
                       {"inputs", Node::string(shapes(kernel.inputs))},
                       {"outputs", Node::string(shapes(kernel.outputs))},
                       {"flops", Node::number(kernel.cost.flops)},
                       {"bytes", Node::number(kernel.cost.bytes)}}));
  }
}

std::string Trace::json(const std::string& process) const {
  Node events = events_;
  events.items.push_back(metadata("process_name", 0, process));
  events.items.push_back(metadata("thread_name", 1, "steps"));
  events.items.push_back(metadata("thread_name", 2, "kernels"));
  return json_line(json_object({{"displayTimeUnit", Node::string("ms")}, {"traceEvents", std::move(events)}}));
}

}  // namespace dl
