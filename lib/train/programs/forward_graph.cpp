// Building the forward part of a step.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/programs/forward_graph.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "lib/base/error.h"
#include "lib/data/row_numbers.h"
#include "lib/graph/ops.h"
#include "lib/graph/ops/generate.h"
#include "lib/nn/class_target.h"

namespace dl {
namespace {

using OutputName = std::optional<std::string>;

class ForwardGraph {
 public:
  ForwardGraph(Graph& g, const ForwardParts& parts, const BatchType& batch, bool training) : graph_(g), parts_(parts) {
    BatchFields given;
    const auto from_data = [&](const std::string& name, const Type& sample) {
      return training && parts.resident_samples ? gathered(name, sample, batch.count)
                                                : input(g, name, batched(batch.sample(name, sample), batch.count));
    };
    const auto seen = [&](Type sample) {
      if (training || parts.views == 1) return sample;
      return batched(sample, parts.views);
    };
    for (const Network::Input& i : parts.network->inputs()) given.inputs[i.name] = from_data(i.name, seen(i.type));
    for (const ForwardParts::Field& field : parts.fields) targets_[field.name] = from_data(field.name, field.type);
    if (training && !parts.batch_transforms.empty()) transform(given);
    std::vector<Value> inputs;
    for (const Network::Input& i : parts.network->inputs()) inputs.push_back(given.inputs[i.name]);
    const Value step = training ? input(g, "step", Type{DType::i32, {}}) : Value{};
    const bool views = !training && parts.views > 1;
    if (views)
      inputs[0] = reshape(inputs[0], batched(parts.network->inputs()[0].type, batch.count * parts.views).shape);
    outputs_ = parts.network->build(g, inputs, training, step, parts.seed, nullptr, parts.updates);
    if (!views) return;
    outputs_.last = mean_of_views(outputs_.last, batch.count);
    for (auto& [item, value] : outputs_.items) value = mean_of_views(value, batch.count);
  }

  Fields fields(const FieldNames& names, const std::vector<std::string>& further, bool takes_target) const {
    Fields f{.prediction = outputs_.at(names.output)};
    if (takes_target) f.target = target(names.target, f.prediction);
    for (const std::string& name : further) f.further.push_back(outputs_.at(name));
    if (names.lengths) f.lengths = field(*names.lengths);
    if (names.group) f.group = field(*names.group);
    return f;
  }
  Value target(const TargetName& name, Value prediction) const {
    const auto number = name.number();
    return number ? broadcast_to(constant(graph_, *number), prediction.shape()) : field(name);
  }
  Value field(const std::string& name) const {
    const auto found = targets_.find(name);
    DL_CHECK(found != targets_.end(), "no field ", name);
    return found->second;
  }

  Fields fields(const Metric& metric) const {
    Fields f = fields(metric.from, {}, true);
    if (const auto own = own_.find(metric.from.target); own != own_.end()) f.target = own->second;
    f.prediction = in_own_units(measured(f.prediction, metric.from.output), metric.from.target);
    f.target = field_in_own_units(f.target, metric.from.target);
    return f;
  }

  // What metrics see of an output.
  Value measured(Value value, const OutputName& output) const {
    const auto beside = std::ranges::find_if(
        parts_.losses, [&](const ForwardParts::Term& term) { return term.loss->from.output == output; });
    return beside != parts_.losses.end() ? beside->loss->measured(value) : value;
  }

  // What is in the units that a field is trained in, in its own.
  Value in_own_units(Value value, const std::string& field) const {
    const std::vector<Scaling>& scaling = scaling_of(field);
    if (scaling.empty()) return value;
    if (scaling.size() == 1) return value * scaling[0].scale + scaling[0].shift;
    return value * of_targets(value, scaling, &Scaling::scale) + of_targets(value, scaling, &Scaling::shift);
  }

  // The field itself in its own units, where what was 0 is 0 again: rankings and weights ask what is above it. Four
  // roundings, of the stored number, the scale, their product and the shift, leave less of it than this.
  Value field_in_own_units(Value value, const std::string& field) const {
    constexpr double roundings = 0x1p-22;
    const std::vector<Scaling>& scaling = scaling_of(field);
    const Value own = in_own_units(value, field);
    if (std::ranges::all_of(scaling, [](const Scaling& each) { return each.shift == 0; })) return own;
    if (scaling.size() == 1) return where(abs(own) <= roundings * std::abs(scaling[0].shift), 0, own);
    return where(abs(own) <= roundings * abs(of_targets(value, scaling, &Scaling::shift)), 0, own);
  }

  Value predicted() const {
    const auto& [output, by] = parts_.predicted;
    if (!by) return outputs_.at(output);
    const Value predicted = by->predicted(outputs_.at(output));
    return by->reads_field() ? in_own_units(predicted, by->from.target) : predicted;
  }

  std::vector<BatchDraw> draws;

 private:
  const std::vector<Scaling>& scaling_of(const std::string& field) const {
    static const std::vector<Scaling> none;
    const auto found = std::ranges::find(parts_.fields, field, &ForwardParts::Field::name);
    return found == parts_.fields.end() ? none : found->scaling;
  }

  // A number of each target, beside values [batch, targets, …]: what stands behind that axis is several predictions of
  // a number.
  static Value of_targets(Value value, const std::vector<Scaling>& scaling, double Scaling::*number) {
    std::vector<float> all;
    for (const Scaling& each : scaling) all.push_back(static_cast<float>(each.*number));
    std::vector<int64_t> sizes(static_cast<size_t>(value.shape().rank()) - 1, 1);
    sizes[0] = std::ssize(scaling);
    return reshape(numbers(*value.graph, std::move(all)), Shape(std::move(sizes)));
  }

  // Of what is made of each view, [batch views, …].
  Value mean_of_views(Value x, int64_t batch) const {
    std::vector<int64_t> sizes(x.shape().sizes().begin(), x.shape().sizes().end());
    sizes[0] = batch;
    const Shape whole(sizes);
    sizes.insert(sizes.begin() + 1, parts_.views);
    return reshape(mean(reshape(x, Shape(sizes)), {1}), whole);
  }

  // A batch's part of the training set's samples.
  Value gathered(const std::string& name, const Type& sample, int64_t count) const {
    const Shape all{*parts_.resident_samples, sample.shape.elements()};
    const Value table = variable(graph_, {"data/" + name, {sample.dtype, all}, Role::data});
    const Value rows = input(graph_, row_field, {DType::i32, {count}});
    return reshape(embedding(table, rows), batched(sample, count).shape);
  }

  // Inputs, targets and weights of samples as the transforms leave them. Classes are mixed as probabilities.
  void transform(BatchFields& given) {
    for (const ForwardParts::Term& term : parts_.losses) {
      if (const auto& weight = term.loss->sample_weight; weight && targets_.at(*weight).type().dtype == DType::f32)
        given.targets.emplace(*weight, targets_.at(*weight));
      if (!term.loss->reads_field()) continue;
      const std::string& name = term.loss->from.target;
      const Value target = targets_.at(name);
      if (target.type().dtype != DType::i32)
        given.targets[name] = target;
      else if (term.loss->takes_classes())
        given.targets[name] = one_hot(target, parts_.network->output(term.loss->from.output).shape.last());
      else
        given.labels[name] = target, given.targets[name] = as_f32(target);
    }
    for (size_t i = 0; i < parts_.batch_transforms.size(); ++i) {
      parts_.batch_transforms[i]->build(given, [&](size_t count, Draw draw) {
        BatchDraw& drawn = draws.emplace_back(BatchDraw{.transform = i, .inputs = {}, .draw = std::move(draw)});
        std::vector<Value> values;
        for (size_t k = 0; k < count; ++k) {
          drawn.inputs.push_back(concat("batch/", draws.size(), "/", k));
          values.push_back(input(graph_, drawn.inputs.back(), Type{}));
        }
        return values;
      });
    }
    for (const auto& [name, value] : given.targets) targets_[name] = value;
    own_ = std::move(given.labels);
  }
  static Value one_hot(Value target, int64_t classes) {
    return equal(iota(*target.graph, classes), with_class_axis(target)) * 1.0;
  }

  Graph& graph_;
  const ForwardParts& parts_;
  std::map<std::string, Value> targets_;  // fields as losses see them
  std::map<std::string, Value> own_;      // what metrics see in their place: classes before they were mixed to numbers
  NetworkOutputs outputs_;
};

}  // namespace

Forward forward(Graph& g, const ForwardParts& parts, const BatchType& batch, bool training, const TurnPart* only) {
  const ForwardGraph built(g, parts, batch, training);
  MeasuresGraph measures(g, only ? &only->all : nullptr);
  Forward f{.predicted = built.predicted()};
  const auto left_out = [&](size_t turn) { return only && only->turn != turn; };
  int64_t losses = 0;
  Loss::Mean given;
  for (const ForwardParts::Term& term : parts.losses) {
    if (left_out(term.turn)) continue;
    ++losses;
    const Loss& loss = *term.loss;
    const Fields fields = built.fields(loss.from, loss.further_outputs(), loss.takes_target());
    const Value sample_weight =
        loss.sample_weight ? built.field_in_own_units(built.field(*loss.sample_weight), *loss.sample_weight) : Value{};
    const auto add_to = [&](Loss::Mean& sum, const Loss::Mean& mean) {
      const Value weighed = term.weight == 1 ? mean.mean : term.weight * mean.mean;
      sum.mean = sum.mean ? sum.mean + weighed : weighed;
      sum.count = losses == 1 ? mean.count : constant(g, static_cast<double>(batch.count));
    };
    const Loss::Mean of = loss.over(fields, sample_weight);
    add_to(given, of);
    if (training && parts.draws_targets) {
      const Value step = input(g, "step", Type{DType::i32, {}}), x = fields.prediction;
      const Value each = loss.of_drawn(x, random_uniform(step, x.shape(), parts.seed, "drawn/" + term.name));
      DL_CHECK(each, "a loss that draws no targets: ", loss.name);
      add_to(f.drawn, loss.mean_of_drawn(each, fields, sample_weight));
    }
    measures.of(term.name);
    keep_mean(measures, of.mean * of.count, of.count);
  }
  f.loss = given.mean;
  f.count = given.count;
  g.output("loss", f.loss);
  g.output("loss/count", f.count);
  for (const auto& [metric, name, turn] : parts.metrics) {
    if (left_out(turn)) continue;
    measures.of(name);
    metric->add(measures, built.fields(*metric));
  }
  f.measures = measures.add_up(training);
  f.draws = built.draws;
  return f;
}

Value predicted(Graph& g, const ForwardParts& parts, const BatchType& batch) {
  return ForwardGraph(g, parts, batch, false).predicted();
}

}  // namespace dl
