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
  RangeUpdate(Graph& g, int64_t all, UpdateRange range, HostNumbers& numbers, std::string prefix)
      : graph_(g), all_(all), range_(range), numbers_(numbers), prefix_(std::move(prefix)) {}

  Value number(std::function<double(const UpdateTime&)> compute) override {
    const std::string name = concat(prefix_, count_++);
    numbers_.try_emplace(name, HostNumber{std::move(compute), range_.lr_factor});
    return input(graph_, name, Type{});
  }
  Value state(const std::string& name) override { return part(variable(graph_, flat("optimizer." + name))); }
  void assign(const std::string& name, Value value) override { renewed["optimizer." + name] = value; }

  Variable flat(const std::string& name) const { return {name, Type{DType::f32, {all_}}}; }
  Value part(Value whole) const {
    const int64_t size = range_.end - range_.begin;
    return size == all_ ? whole : view(whole, range_.begin, {size});
  }

  void run(Value gradient, const Shaped& shaped, std::optional<double> ema_decay) {
    const Value old = part(variable(graph_, flat(flat_parameters)));
    const Value weights = renewed[flat_parameters] = range_.optimizer->update(*this, old, shaped(part(gradient)));
    if (!ema_decay) return;
    renewed[flat_average] = *ema_decay * part(variable(graph_, flat(flat_average))) + (1 - *ema_decay) * weights;
  }

  std::map<std::string, Value> renewed;  // by variable

 private:
  Graph& graph_;
  int64_t all_;
  UpdateRange range_;
  HostNumbers& numbers_;
  std::string prefix_;
  int count_ = 0;  // of its numbers
};

// Each range updated, and the variables renewed as a whole.
void update_ranges(Graph& g, int64_t all, const std::vector<UpdateRange>& ranges, std::optional<double> ema_decay,
                   Value gradient, const Shaped& shaped, HostNumbers& numbers) {
  std::vector<RangeUpdate> updates;
  std::map<std::string, std::vector<Value>> parts;  // by variable; one a range
  std::vector<int64_t> offsets;
  for (const UpdateRange& range : ranges) {
    updates.emplace_back(g, all, range, numbers, concat("update/", updates.size(), "/"))
        .run(gradient, shaped, ema_decay);
    offsets.push_back(range.begin);
    for (const auto& [name, value] : updates.back().renewed) parts[name];
  }
  for (auto& [name, values] : parts) {
    for (const RangeUpdate& update : updates) {
      const auto renewed = update.renewed.find(name);
      values.push_back(renewed != update.renewed.end() ? renewed->second
                                                       : update.part(variable(g, update.flat(name))));  // as it was
    }
    g.assign(name, values.size() == 1 ? values[0] : pack(values, offsets, all));
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
  if (ranges.empty()) ranges.push_back({.end = parts.elements, .optimizer = parts.optimizer});
  update_ranges(g, parts.elements, ranges, parts.ema_decay, gradient, shaped, numbers);
}

}  // namespace dl
