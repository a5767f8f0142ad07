// Grouping kernels and comparing them with the limits.
// SPDX-License-Identifier: Apache-2.0
#include "app/measure/spent.h"

#include <algorithm>

#include "app/console/json.h"
#include "app/console/text.h"
#include "lib/base/text.h"

namespace dl {

std::string Spent::bound_by() const {
  const auto most = std::max_element(least_by.begin(), least_by.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == least_by.end() ? "" : most->first;
}

void Spent::add(const Program::KernelCall& call, const DeviceLimits& limits) {
  const Bound bound = bound_of(call, limits);
  add(Spent{.calls = 1,
            .seconds = call.seconds,
            .flops = call.cost.flops,
            .bytes = call.cost.bytes,
            .least_seconds = bound.seconds,
            .least_by = {{bound.limit, bound.seconds}}});
}

void Spent::add(const Spent& other) {
  calls += other.calls;
  seconds += other.seconds;
  flops += other.flops;
  bytes += other.bytes;
  least_seconds += other.least_seconds;
  for (const auto& [limit, least] : other.least_by) least_by[limit] += least;
}

Spent spent_in(const std::vector<Program::KernelCall>& steps, const DeviceLimits& limits) {
  Spent all;
  for (const Program::KernelCall& call : steps) all.add(call, limits);
  return all;
}

const char* name_of(Phase phase) {
  switch (phase) {
    case Phase::forward: return "forward";
    case Phase::backward: return "backward";
    case Phase::update: return "update";
  }
  return "";
}

std::string kernel_name(const Program::KernelCall& call) {
  if (call.op != "epilogue") return call.op;
  return call.attributes.substr(0, call.attributes.find('{')) + " + loop";
}

std::string layer_name(const Program::KernelCall& call) {
  if (!call.scope.empty()) return call.scope;
  return call.phase == Phase::update ? "(optimizer)" : "(loss)";
}

std::vector<Spent> spent_by(const std::vector<Program::KernelCall>& steps, const DeviceLimits& limits,
                            const std::function<std::string(const Program::KernelCall&)>& name) {
  std::map<std::pair<std::string, Phase>, Spent> groups;
  for (const Program::KernelCall& call : steps) {
    Spent& group = groups[{name(call), call.phase}];
    group.name = name(call);
    group.phase = call.phase;
    group.add(call, limits);
  }
  std::vector<Spent> result;
  for (const auto& [key, group] : groups) result.push_back(group);
  std::stable_sort(result.begin(), result.end(), [](const Spent& a, const Spent& b) { return a.seconds > b.seconds; });
  return result;
}

std::string spent_table(const std::string& what, const std::vector<Spent>& all, double step_s, size_t columns,
                        double least_share) {
  std::vector<std::vector<std::string>> rows{
      {what, "phase", "calls", "time", "share", "FLOP/s", "bytes/s", "of limit", "bound by"}};
  const auto row = [&](const Spent& s, const char* phase) {
    rows.push_back({s.name, phase, std::to_string(s.calls), seconds_text(s.seconds), percent(s.seconds / step_s),
                    short_count(s.flops / s.seconds), short_count(s.bytes / s.seconds), percent(s.of_limit()),
                    s.bound_by()});
  };
  Spent others;
  int64_t merged = 0;
  for (const Spent& s : all) {
    if (s.seconds < least_share * step_s) {
      others.add(s);
      ++merged;
    } else {
      row(s, name_of(s.phase));
    }
  }
  others.name = concat("(", merged, " others)");
  if (merged > 0) row(others, "");
  return table(rows, columns);
}

Node spent_json(const Spent& s) {
  return json_object({{"name", Node::string(s.name)},
                      {"phase", Node::string(name_of(s.phase))},
                      {"calls", Node::integer(s.calls)},
                      {"time_ms", Node::number(1e3 * s.seconds)},
                      {"flops", Node::number(s.flops)},
                      {"bytes", Node::number(s.bytes)},
                      {"least_ms", Node::number(1e3 * s.least_seconds)},
                      {"of_limit", Node::number(s.of_limit())},
                      {"bound_by", Node::string(s.bound_by())}});
}

}  // namespace dl
