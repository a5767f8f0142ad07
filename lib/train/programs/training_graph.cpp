// Building training programs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/programs/training_graph.h"

#include <algorithm>
#include <utility>

#include "lib/base/error.h"
#include "lib/graph/ops.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/substitute.h"

namespace dl {

// The gradient that a turn's update is made with, flat, taken where its rules ask for it.
Value TrainingGraph::flat_gradient(Value loss) {
  const Value flat = variable(graph_, parameters()), d = flat_gradient(loss, flat);
  for (const UpdateRule* rule : update().before)
    if (const Value there = rule->ascended(flat, d)) return flat_gradient(substituted(loss, flat, there), there);
  return d;
}

// The gradient of the loss with respect to the parameters of `flat` that a turn updates.
Value TrainingGraph::flat_gradient(Value loss, Value flat) const {
  std::vector<Value> wrt;
  std::vector<int64_t> offsets;
  for (const Tensor& tensor : recipe_.forward.network->tensors()) {
    if (!tensor.trained || !update().has(tensor.offset, updates_)) continue;
    wrt.push_back(view(flat, tensor.offset, tensor.shape));
    offsets.push_back(tensor.offset);
  }
  std::vector<Value> d = gradients(loss, wrt), parts;
  std::vector<int64_t> places;
  for (size_t i = 0; i < d.size(); ++i) {
    if (!d[i]) continue;  // a parameter that the loss does not depend on
    parts.push_back(d[i]);
    places.push_back(offsets[i]);
  }
  DL_CHECK(!parts.empty(), "the loss depends on no parameter");
  return pack(parts, places, elements());
}

// n d^2 of the gradient d of the loss against n targets that are drawn.
Value TrainingGraph::curvature(const Forward& f) {
  const Value d = flat_gradient(f.drawn.mean, variable(graph_, parameters()));
  return f.drawn.count * (d * d);
}

void TrainingGraph::add_update(const Slopes& slopes, HostNumbers& numbers, Value count) {
  if (recipe_.gives_gradient) graph_.output("gradient", as_f32(count ? slopes.gradient / count : slopes.gradient));
  build_update(graph_, update(), *recipe_.forward.network, slopes, count, numbers, updates_, averaged_elsewhere());
  if (recipe_.updates.size() > 1) take_along();
}

// The rules of a turn that leave the averages of layers' own variables to another, so that a step renews each once:
// to the last of the turns that are taken most often.
std::vector<std::string> TrainingGraph::averaged_elsewhere() const {
  const auto rank = [&](size_t turn) { return std::pair(recipe_.updates[turn].every, recipe_.updates.size() - turn); };
  std::vector<std::string> names;
  for (const UpdateRule* rule : update().after)
    for (size_t other = 0; other < recipe_.updates.size(); ++other)
      if (rule->averages_buffers() && rank(other) < rank(turn_) &&
          std::ranges::count(recipe_.updates[other].after, rule->name, &UpdateRule::name) > 0)
        names.push_back(rule->name);
  return names;
}

// An average that another turn keeps stands for all parameters: of those that this turn updates it has what this one
// validates them by, its own average or themselves.
void TrainingGraph::take_along() {
  const auto assigned = [&](const std::string& name) {
    const auto found = std::ranges::find(graph_.assigns(), name, &Graph::Named::name);
    return found != graph_.assigns().end() ? found->value : Value{};
  };
  std::vector<Variable> others;
  Value now = assigned(parameters().name);
  for (const Variable& average : store_.of_role(Role::average)) {
    if (std::ranges::count(recipe_.kept, average.name, &Variable::name) > 0) continue;  // a controller's
    if (const Value own = assigned(average.name))
      now = own;
    else
      others.push_back(average);
  }
  if (!now) return;
  for (const Variable& average : others) {
    const Value before = variable(graph_, average);
    std::vector<Value> parts;
    std::vector<int64_t> offsets;
    const auto put = [&](Value whole, int64_t begin, int64_t end) {
      if (begin == end) return;
      parts.push_back(view(whole, begin, {end - begin}));
      offsets.push_back(begin);
    };
    int64_t end = 0;
    for (const UpdateRange& range : update().ranges) {
      if (range.frozen_until > updates_) continue;
      put(before, end, range.begin);
      put(now, range.begin, range.end);
      end = range.end;
    }
    put(before, end, elements());
    graph_.assign(average.name, pack(parts, offsets, elements()));
  }
}

void TrainingGraph::step(const Forward& f, bool measures_curvature, HostNumbers& numbers) {
  add_update({flat_gradient(f.loss), measures_curvature ? curvature(f) : Value()}, numbers);
  if (update().searches()) graph_.assign(search().origin, variable(graph_, parameters()));
}

void TrainingGraph::accumulate(const MakeForward& forward) {
  const Value sum = variable(graph_, gradient_sum()), count = variable(graph_, gradient_count());
  const Forward f = forward();
  graph_.assign("gradients", sum + f.count * flat_gradient(f.loss));
  graph_.assign("gradient_count", count + f.count);
}

void TrainingGraph::update_from_sum(HostNumbers& numbers) {
  const Value sum = variable(graph_, gradient_sum()), count = variable(graph_, gradient_count());
  add_update({sum, {}}, numbers, where(count > 0, count, 1));  // of weights it may be below 1
  graph_.assign("gradients", broadcast_to(constant(graph_, 0), {elements()}));
  graph_.assign("gradient_count", constant(graph_, 0));
}

Value TrainingGraph::state(const std::string& name) const {
  return variable(graph_, {name, parameters().type, Role::optimizer_state});
}

void TrainingGraph::probe(const MakeForward& forward) {
  const Value slopes = flat_gradient(forward().loss, variable(graph_, parameters()));
  graph_.output("search/slope", sum(slopes * state(search().direction)));
}

void TrainingGraph::move() {
  const Optimizer::Search names = search();
  const Value step = input(graph_, "search/length", {}) * state(names.direction);
  graph_.assign(parameters().name, state(names.origin) + step);
  graph_.assign(names.step, step);
}

}  // namespace dl
