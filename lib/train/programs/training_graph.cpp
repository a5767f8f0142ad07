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

// Of the loss against targets that are drawn.
Value TrainingGraph::drawn_gradient(const Forward& f) const {
  return flat_gradient(f.drawn.mean, variable(graph_, parameters()));
}

void TrainingGraph::add_update(const Slopes& slopes, HostNumbers& numbers, Value count) {
  if (recipe_.gives_gradient) graph_.output("gradient", as_f32(count ? slopes.gradient / count : slopes.gradient));
  build_update(graph_, update(), *recipe_.forward.network, slopes, count, numbers, updates_, averaged_elsewhere());
  if (recipe_.updates.size() > 1) take_along();
  if (update().searches()) graph_.assign(search().origin, variable(graph_, parameters()));
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
  Slopes slopes{flat_gradient(f.loss), {}};
  if (measures_curvature) {
    const Value d = drawn_gradient(f);
    slopes.curvature = f.drawn.count * (d * d);
  }
  add_update(slopes, numbers);
}

std::vector<Variable> TrainingGraph::sums() const {
  std::vector<Variable> all{given().gradient, given().count};
  if (update().next_curvature(0)) all.insert(all.end(), {drawn().gradient, drawn().count});
  return all;
}

void TrainingGraph::add_up(const Summed& sums, Value gradient, Value count) {
  graph_.assign(sums.gradient.name, variable(graph_, sums.gradient) + count * gradient);
  graph_.assign(sums.count.name, variable(graph_, sums.count) + count);
}

void TrainingGraph::accumulate(const Forward& f, bool measures_curvature) {
  add_up(given(), flat_gradient(f.loss), f.count);
  if (measures_curvature) add_up(drawn(), drawn_gradient(f), f.drawn.count);
}

// What sums of gradients are divided by; of weights the count may be below 1.
Value TrainingGraph::at_least_one(const Variable& count) const {
  const Value counted = variable(graph_, count);
  return where(counted > 0, counted, 1);
}

void TrainingGraph::begin_sums(const Summed& sums) {
  graph_.assign(sums.gradient.name, broadcast_to(constant(graph_, 0), {elements()}));
  graph_.assign(sums.count.name, constant(graph_, 0));
}

void TrainingGraph::update_from_sum(bool measures_curvature, HostNumbers& numbers) {
  Slopes slopes{variable(graph_, given().gradient), {}};
  if (measures_curvature) {  // n d^2 of the mean d of n
    const Value sum = variable(graph_, drawn().gradient);
    slopes.curvature = sum * sum / at_least_one(drawn().count);
  }
  add_update(slopes, numbers, at_least_one(given().count));
  begin_sums(given());
  if (measures_curvature) begin_sums(drawn());
}

Value TrainingGraph::state(const std::string& name) const {
  return variable(graph_, {name, parameters().type, Role::optimizer_state});
}

void TrainingGraph::probe(const Forward& f) {
  const Value slopes = flat_gradient(f.loss, variable(graph_, parameters()));
  graph_.output("search/slope", sum(slopes * state(search().direction)));
}

void TrainingGraph::move() {
  const Optimizer::Search names = search();
  const Value step = input(graph_, "search/length", {}) * state(names.direction);
  graph_.assign(parameters().name, state(names.origin) + step);
  graph_.assign(names.step, step);
}

}  // namespace dl
