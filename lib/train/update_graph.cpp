// Building the graph of an update.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/update_graph.h"

#include "lib/base/text.h"
#include "lib/graph/ops.h"

namespace dl {
namespace {

// What becomes of a part of the gradient before the optimizer sees it. Done to each part, so that no gradient of all
// parameters is written besides.
using Shaped = std::function<Value(Value)>;

// One range of the parameters, as the optimizer sees it, and what it makes of it.
class RangeUpdate final : public UpdateBuilder {
 public:
  // `prefix` begins the names of its numbers.
  RangeUpdate(Graph& g, const UpdateParts& parts, UpdateRange range, HostNumbers& numbers, std::string prefix)
      : graph_(g), parts_(parts), range_(range), numbers_(numbers), prefix_(std::move(prefix)) {}

  Value number(std::function<double(const UpdateTime&)> compute) override {
    const std::string name = concat(prefix_, count_++);
    numbers_.try_emplace(name, HostNumber{std::move(compute), range_.lr_factor});
    return input(graph_, name, Type{});
  }
  Value state(const std::string& name) override { return current(name); }
  void assign(const std::string& name, Value value) override { renewed[name] = value; }

  Value part(Value whole) const {
    const int64_t size = range_.end - range_.begin;
    return size == parts_.parameters.type.shape[0] ? whole : view(whole, range_.begin, {size});
  }

  // This range of a variable of that name, as it was.
  Value current(const std::string& name) const {
    for (const Variable& known : {parts_.parameters, parts_.average})
      if (known.name == name) return part(variable(graph_, known));
    return part(variable(graph_, {name, parts_.parameters.type, Role::optimizer_state}));
  }

  void run(Value gradient, const Shaped& shaped) {
    const Value old = current(parts_.parameters.name);
    const Value weights = renewed[parts_.parameters.name] =
        range_.optimizer->update(*this, old, shaped(part(gradient)));
    if (const auto& decay = parts_.ema_decay)
      renewed[parts_.average.name] = *decay * current(parts_.average.name) + (1 - *decay) * weights;
  }

  std::map<std::string, Value> renewed;  // by variable

 private:
  Graph& graph_;
  const UpdateParts& parts_;
  UpdateRange range_;
  HostNumbers& numbers_;
  std::string prefix_;
  int count_ = 0;  // of its numbers
};

// Each range updated, and the variables renewed as a whole.
void update_ranges(Graph& g, const UpdateParts& whole, const std::vector<UpdateRange>& ranges, Value gradient,
                   const Shaped& shaped, HostNumbers& numbers) {
  std::vector<RangeUpdate> updates;
  std::map<std::string, std::vector<Value>> parts;  // by variable; one a range
  std::vector<int64_t> offsets;
  for (const UpdateRange& range : ranges) {
    updates.emplace_back(g, whole, range, numbers, concat("update/", updates.size(), "/")).run(gradient, shaped);
    offsets.push_back(range.begin);
    for (const auto& [name, value] : updates.back().renewed) parts[name];
  }
  for (auto& [name, values] : parts) {
    for (const RangeUpdate& update : updates) {
      const auto renewed = update.renewed.find(name);
      values.push_back(renewed != update.renewed.end() ? renewed->second : update.current(name));
    }
    g.assign(name, values.size() == 1 ? values[0] : pack(values, offsets, whole.parameters.type.shape[0]));
  }
}

}  // namespace

void update_parameters(Graph& g, const UpdateParts& parts, Value gradient, Value count, HostNumbers& numbers) {
  Value norm = sqrt(sum(gradient * gradient));
  if (count) norm = norm / count;
  g.output("grad_norm", norm);
  // Clipping as PyTorch's clip_grad_norm_ and clip_grad_value_ do it.
  const auto shaped = [&](Value part) {
    if (count) part = part / count;
    if (parts.clip_norm) part = part * minimum(*parts.clip_norm / (norm + 1e-6), 1);
    if (const auto& bound = parts.clip_value) part = minimum(maximum(part, -*bound), *bound);
    return part;
  };
  std::vector<UpdateRange> ranges = parts.ranges;
  if (ranges.empty()) ranges.push_back({.end = parts.parameters.type.shape[0], .optimizer = parts.optimizer});
  update_ranges(g, parts, ranges, gradient, shaped, numbers);
}

}  // namespace dl
