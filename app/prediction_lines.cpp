// Predictions in columns, or as an object a line.
// SPDX-License-Identifier: Apache-2.0
#include "app/prediction_lines.h"

#include <cmath>

#include "app/console/json.h"
#include "app/console/text.h"
#include "lib/base/csv_cell.h"
#include "lib/base/text.h"

namespace dl {
namespace {

Node float_node(float value) { return std::isfinite(value) ? Node::scalar(float_text(value)) : Node::null(); }

// `leaf` of each position, as lists of lists.
template <class Leaf>
Node nested(std::span<const int64_t> sizes, int64_t& position, const Leaf& leaf) {
  if (sizes.empty()) return leaf(position++);
  Node list = Node::list();
  for (int64_t i = 0; i < sizes[0]; ++i) list.items.push_back(nested(sizes.subspan(1), position, leaf));
  return list;
}

}  // namespace

std::vector<int64_t> sizes_of_positions(const Plan& plan) {
  std::vector<int64_t> sizes = plan.prediction().shape.sizes();
  if (!sizes.empty()) sizes.pop_back();
  return sizes;
}

int64_t targets_a_position(const Plan& plan) {
  const Type target = plan.predicted_target();
  if (target.dtype == DType::i32) return 1;
  int64_t positions = 1;
  for (const int64_t size : sizes_of_positions(plan)) positions *= size;
  const int64_t targets = target.shape.elements();
  return targets % positions == 0 ? targets / positions : 1;
}

PredictionLines::PredictionLines(const Plan& plan, const Options& options)
    : verdicts_(plan), options_(options), places_(sizes_of_positions(plan)) {
  const Shape& output = plan.prediction().shape;
  outputs_ = verdicts_.of_classes() ? verdicts_.classes() : output.rank() == 0 ? 1 : output.last();
  if (const SampleField* field = plan.predicted_field(); field && std::ssize(field->value_names) == outputs_)
    value_names_ = field->value_names;
  if (!options_.targets) return;
  targets_ = targets_a_position(plan);
  for (int64_t i = 0; i < targets_; ++i)
    target_names_.push_back(targets_ == 1 ? "target" : concat("target_", value_name(i)));
}

std::string PredictionLines::value_name(int64_t index) const {
  return index < std::ssize(value_names_) ? value_names_[static_cast<size_t>(index)] : std::to_string(index);
}

std::string PredictionLines::output_name(int64_t index) const {
  if (verdicts_.of_classes()) return verdicts_.name(index);
  return outputs_ == 1 ? "prediction" : concat("output_", value_name(index));
}

std::string PredictionLines::header() const {
  if (!options_.csv) return {};
  std::string line = "input";
  if (places_.size() == 1) line += ",position";
  if (places_.size() == 2) line += ",row,column";
  if (places_.size() > 2)
    for (size_t i = 0; i < places_.size(); ++i) line += concat(",position_", i);
  if (verdicts_.of_classes()) line += ",class,probability";
  if (!verdicts_.of_classes())
    for (int64_t i = 0; i < outputs_; ++i) line += "," + csv_cell(output_name(i));
  for (const std::string& name : target_names_) line += "," + csv_cell(name);
  if (options_.places) line += ",place";
  if (verdicts_.of_classes() && options_.all)
    for (int64_t i = 0; i < outputs_; ++i) line += "," + csv_cell(output_name(i));
  return line + "\n";
}

std::string PredictionLines::csv_line(const std::string& input, const std::string& place, const Prediction& p,
                                      int64_t position) const {
  std::string line = csv_cell(input);
  int64_t block = p.positions();
  int64_t rest = position;
  for (const int64_t size : places_) {
    block /= size;
    line += "," + std::to_string(rest / block);
    rest %= block;
  }
  if (verdicts_.of_classes()) {
    const Verdict verdict = verdicts_.of(p, position);
    line += "," + csv_cell(verdicts_.name(verdict.best)) + "," + float_text(verdict.probability);
  } else {
    for (const float value : p.at(position)) line += "," + float_text(value);
  }
  if (options_.targets) {
    const auto at = static_cast<size_t>(position);
    if (at < p.target_classes.size()) {
      line += "," + csv_cell(verdicts_.name(p.target_classes[at]));
    } else {
      for (int64_t i = position * targets_; i < (position + 1) * targets_; ++i)
        line += "," +
                (i < std::ssize(p.target_values) ? csv_number(p.target_values[static_cast<size_t>(i)]) : std::string());
    }
  }
  if (options_.places) line += "," + csv_cell(place);
  if (verdicts_.of_classes() && options_.all)
    for (int64_t i = 0; i < outputs_; ++i) line += "," + float_text(verdicts_.probability(p, i, position));
  return line + "\n";
}

std::string PredictionLines::json(const std::string& input, const std::string& place, const Prediction& p) const {
  const bool one = places_.empty();
  const auto each = [&](auto leaf) {
    int64_t position = 0;
    return nested(places_, position, leaf);
  };
  Node node = json_object({{"input", Node::string(input)}});
  if (verdicts_.of_classes()) {
    node.set(one ? "class" : "classes",
             each([&](int64_t at) { return Node::string(verdicts_.name(verdicts_.of(p, at).best)); }));
    if (one) node.set("probability", float_node(verdicts_.of(p).probability));
  }
  if (options_.targets && !p.target_classes.empty()) {
    node.set(one ? "target" : "targets",
             each([&](int64_t at) { return Node::string(verdicts_.name(p.target_classes[static_cast<size_t>(at)])); }));
  } else if (options_.targets) {
    const bool by_place = !one && std::ssize(p.target_values) == p.positions() * targets_;
    const auto values = [&](std::span<const double> some) {
      Node list = Node::list();
      for (const double value : some) list.items.push_back(json_number(value));
      return list.items.size() == 1 ? list.items[0] : std::move(list);
    };
    const auto count = static_cast<size_t>(targets_);
    node.set(!by_place && p.target_values.size() == 1 ? "target" : "targets", by_place ? each([&](int64_t at) {
      return values(p.target_values.subspan(static_cast<size_t>(at) * count, count));
    })
                                                                                       : values(p.target_values));
  }
  if (options_.places) node.set("place", Node::string(place));
  if (!shows_outputs()) return json_line(node);
  if (outputs_ == 1 && one) {
    node.set(output_name(0), float_node(p.output[0]));
    return json_line(node);
  }
  node.set(verdicts_.of_classes() ? "probabilities" : "outputs", each([&](int64_t at) {
             Node outputs = Node::map();
             for (int64_t i = 0; i < outputs_; ++i)
               outputs.set(output_name(i), float_node(verdicts_.of_classes() ? verdicts_.probability(p, i, at)
                                                                             : p.at(at)[static_cast<size_t>(i)]));
             return outputs;
           }));
  return json_line(node);
}

std::string PredictionLines::lines(const std::string& input, const std::string& place, const Prediction& p) const {
  if (!options_.csv) return json(input, place, p);
  std::string text;
  for (int64_t position = 0; position < p.positions(); ++position) text += csv_line(input, place, p, position);
  return text;
}

}  // namespace dl
