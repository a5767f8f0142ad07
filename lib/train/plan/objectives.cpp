// Losses and metrics of a run.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/objectives.h"

#include <algorithm>
#include <cmath>

#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/labelled.h"
#include "lib/data/streamed.h"
#include "lib/spec/registry.h"

namespace dl {
namespace {

constexpr int64_t probe_batch = 2;  // for shapes only

// "accuracy_top5": a metric's name and what it has of its own, to tell it from others of that name.
std::string name_with_keys(const Metric& metric) {
  std::string text = metric.name;
  const Node own = write_object(metric), standard = write_object(*Registry<Metric>::make(metric.name));
  for (const Node::Entry& entry : own.entries) {
    const Node& value = entry.value;
    if (!value.is_scalar() || same_value(value, *standard.find(entry.key))) continue;
    text += "_";
    if (value.as_number()) text += entry.key.substr(0, entry.key.find('_'));
    text += value.as_bool() ? entry.key : value.text;
  }
  return text;
}

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::ranges::count(names, name) == 0) names.push_back(name);
}

// Whether the first class has no samples, where that is soon known.
bool begin_at_one(const Dataset& data) {
  constexpr int64_t most_read = 100'000;
  if (!has_labels(data) && (capability<Streamed>(data) || data.size() > most_read)) return false;
  return targets_by_class(data, 1)[0] == 0;
}

}  // namespace

Objectives::Objectives(const RunSpec& run) {
  for (const auto& transform : run.data.batch_transforms) batch_transforms_.push_back(transform.get());
  if (run.loss) add(*run.loss, "loss", "loss");
  for (const WeightedLoss& term : run.losses.terms)
    add(*term.loss, term.name + "_loss", "losses." + term.name, term.weight);
  for (size_t i = 0; i < run.turns.size(); ++i) {
    const Turn& turn = run.turns[i];
    const std::string path = concat("turns[", i, "]");
    if (turn.loss) add(*turn.loss, turn.title() + "_loss", path + ".loss", 1, i);
    for (const WeightedLoss& term : turn.losses.terms)
      add(*term.loss, concat(turn.title(), "_", term.name, "_loss"), concat(path, ".losses.", term.name), term.weight,
          i);
  }
  for (const std::unique_ptr<Metric>& metric : run.metrics) {
    const bool alone =
        std::ranges::count_if(run.metrics, [&](const auto& other) { return other->name == metric->name; }) == 1;
    const std::string own = alone ? metric->name : name_with_keys(*metric);
    std::string name = own;
    for (int n = 2; std::ranges::count(metrics_, name, &ForwardParts::Measured::name) > 0; ++n)
      name = concat(own, "_", n);
    const auto beside =
        std::ranges::find_if(losses_, [&](const Term& term) { return term.loss->from.output == metric->from.output; });
    metrics_.push_back({metric.get(), name, beside != losses_.end() ? beside->turn : 0});
    metrics_to_complete_.push_back(metric.get());
  }
}

void Objectives::add(Loss& loss, const std::string& name, const std::string& path, double weight, size_t turn) {
  losses_.push_back({{&loss, name, weight, turn}, path});
  losses_to_complete_.push_back(&loss);
}

const Loss* Objectives::predicted_by() const {
  const auto reads =
      std::ranges::find_if(losses_, [&](const Term& term) { return term.loss->from.output == predicted_output(); });
  return reads != losses_.end() ? reads->loss : nullptr;
}

std::vector<std::string> Objectives::targets() const {
  std::vector<std::string> names;
  for (const Term& term : losses_) {
    if (term.loss->reads_field()) add_once(names, term.loss->from.target);
    if (term.loss->sample_weight) add_once(names, *term.loss->sample_weight);
  }
  for (const ForwardParts::Measured& measured : metrics_) {
    if (!measured.metric->from.target.number()) add_once(names, measured.metric->from.target);
    if (measured.metric->from.group) add_once(names, *measured.metric->from.group);
  }
  return names;
}

std::vector<std::string> Objectives::fields() const {
  std::vector<std::string> names = targets();
  for (const Term& term : losses_)
    if (term.loss->from.lengths) add_once(names, *term.loss->from.lengths);
  for (const ForwardParts::Measured& measured : metrics_)
    if (measured.metric->from.lengths) add_once(names, *measured.metric->from.lengths);
  return names;
}

ForwardParts Objectives::parts(const Network& network, const Dataset& data, uint64_t seed) const {
  ForwardParts parts{
      .network = &network, .losses = {losses_.begin(), losses_.end()}, .metrics = metrics_, .seed = seed};
  if (!losses_.empty()) parts.predicted = {predicted_output(), predicted_by()};
  for (const BatchTransform* transform : batch_transforms_) parts.batch_transforms.push_back(transform);
  for (const std::string& name : fields()) {
    const auto field = std::ranges::find(data.fields(), name, &SampleField::name);
    if (field == data.fields().end()) continue;  // check() tells
    parts.fields.push_back({name, field->type, field->scaling});
  }
  return parts;
}

// What is wrong with one loss or metric after another.
class Objectives::Check {
 public:
  Check(const Network& network, const DataSets& data, const Tell& tell) : network_(network), data_(data), tell_(tell) {}

  // Calls build(fields) with values of the types there are, where the names are those of some.
  template <class Build>
  bool fits(const Described& object, const std::string& path, const FieldNames& from,
            const std::vector<std::string>& further, bool takes_target, const Build& build) {
    const auto tell = [&](std::string what, std::string help) {
      tell_({.where = object.place,
             .path = path + " (" + object.name + ")",
             .what = std::move(what),
             .help = std::move(help)});
      return false;
    };
    try {
      Graph g;
      Fields fields{.prediction = output(g, from.output)};
      for (const std::string& name : further) fields.further.push_back(output(g, name));
      if (const auto number = from.target.number(); takes_target && number)
        fields.target = broadcast_to(constant(g, *number), fields.prediction.shape());
      else if (takes_target)
        fields.target = input(g, "target", batched(field(from.target).type, probe_batch));
      if (from.group) fields.group = input(g, "group", batched(field(*from.group).type, probe_batch));
      if (from.lengths) fields.lengths = input(g, "lengths", batched(field(*from.lengths).type, probe_batch));
      build(fields);
      return true;
    } catch (const ShapeError& error) {
      const std::string what = error.what();
      const auto read = std::ranges::find(data_.train->fields(), std::string(from.target), &SampleField::name);
      const SampleField target = read != data_.train->fields().end() ? *read : SampleField();
      const std::string of_data = what.starts_with("expected classes as")   ? target.class_help
                                  : what.starts_with("expected numbers as") ? target.number_help
                                                                            : "";
      return tell(what, of_data.empty() ? error.help : concat(of_data, ", or ", error.help));
    }
  }

  // That a loss which reads its targets as they are is not given numbers that were shifted and scaled.
  bool takes_as_scaled(const Loss& loss, const std::string& path) const {
    if (!loss.reads_field() || loss.takes_scaled()) return true;
    const SampleField& target = field(loss.from.target);
    if (!target.normalized) return true;
    const bool is_class = loss.reads() != Loss::Reads::numbers && !target.class_help.empty();
    // The mean of probabilities is one.
    const bool may_be_shares = target.scaling.empty() || (target.scaling[0].shift >= 0 && target.scaling[0].shift <= 1);
    tell_({.where = loss.place,
           .path = path + " (" + loss.name + ")",
           .what = concat("takes its targets as they are, but those of '", target.name, "' are normalized",
                          target.scaling.empty() ? "" : concat(": what was 0 is ", zero_of(target.scaling[0]))),
           .help = !is_class ? target.unscaled_help
                   : may_be_shares
                       ? concat(target.class_help, "; or, of probabilities, ", target.unscaled_help.substr(6))
                       : concat(target.class_help, ", or take a loss of numbers: 'mse'")});
    return false;
  }

  static std::string zero_of(const Scaling& scaling) {
    return number_text(std::round(-1e3 * scaling.shift / scaling.scale) / 1e3);
  }

  const SampleField& field(const std::string& name) const {
    const auto fields = data_.train->fields();
    const auto found = std::ranges::find(fields, name, &SampleField::name);
    if (found != fields.end()) return *found;
    if (const auto of_column = std::ranges::find(fields, name, &SampleField::column); of_column != fields.end())
      throw ShapeError(concat("reads the field '", name, "', which the data do not have"),
                       concat("write '", of_column->name, "': so the column '", name, "' is named here"));
    std::vector<std::string> known;
    for (const SampleField& each : fields) known.push_back(each.name);
    throw ShapeError(concat("reads the field '", name, "', which the data do not have"),
                     spelling_help(name, known, concat("write '", join(known, "' or '"), "'")));
  }

 private:
  std::string output_help(const std::string& item) const {
    const std::vector<std::string> known = network_.items();
    const std::string whole = item.substr(0, item.find('.'));  // of what is within a block
    return whole != item && std::ranges::count(known, whole) > 0
               ? concat("write '", whole, "': of a block only what it ends with is an output")
               : spelling_help(item, known, concat("write 'name: ", whole, "' beside the item"));
  }
  Value output(Graph& g, const std::optional<std::string>& item) const {
    if (item && std::ranges::count(network_.items(), *item) == 0) {
      throw ShapeError(concat("reads the output of '", *item, "', which no item of the model has as its name"),
                       output_help(*item));
    }
    return input(g, "output/" + item.value_or(""), batched(network_.output(item), probe_batch));
  }

  const Network& network_;
  const DataSets& data_;
  const Tell& tell_;
};

void Objectives::check(const Network& network, const DataSets& data, const Tell& tell) {
  Check check(network, data, tell);
  bool good = true;
  for (size_t i = 0; i < losses_.size(); ++i) {
    Loss& loss = *losses_to_complete_[i];
    const std::string& path = losses_[i].path;
    const bool of_y = loss.takes_target() && loss.from.target == "y";
    const std::vector<std::string> classes = of_y ? data.classes : std::vector<std::string>();
    const bool fits =
        check.fits(loss, path, loss.from, loss.further_outputs(), loss.takes_target(), [&](const Fields& f) {
          if (loss.takes_classes() && loss.from.target.number())
            throw ShapeError(concat("takes classes, of which ", loss.from.target, " for all is no data"),
                             "write 'target: FIELD', or take a loss of numbers or of a sigmoid");
          const Shape output = f.prediction.shape().without_batch();
          const int64_t values = output.rank() > 0 ? output.last() : 1;
          if (f.target && f.target.type().dtype == DType::i32)
            loss.learn({.classes = classes, .values = values, .count = [&] {
                          if (of_y) return targets_by_class(*data.train, values, loss.from.lengths);
                          throw ShapeError("'balanced' is known of the field 'y' alone", "write the weights as a list");
                        }});
          if (loss.sample_weight && check.field(*loss.sample_weight).type != Type{})
            throw ShapeError(concat("expected one number a sample in '", *loss.sample_weight, "', got ",
                                    name_of(check.field(*loss.sample_weight).type.dtype), " ",
                                    check.field(*loss.sample_weight).type.shape.text()),
                             "name a field of numbers, one a sample");
          const auto known = static_cast<int64_t>(classes.size());
          const bool too_many = loss.reads() == Loss::Reads::logit && known > 2;  // before what its shape says
          if (too_many && f.target.type().dtype == DType::i32)
            expect_classes(loss, {f.prediction.type().dtype, output}, known);
          loss.over(f);
          expect_classes(loss, {f.prediction.type().dtype, output}, known);
          if (loss.takes_classes() && values < known) {
            const std::string end = "end the model with 'linear: ${data.classes}'";
            const bool from_one = of_y && values + 1 == known && begin_at_one(*data.train);
            tell({.path = "model",
                  .what = concat(loss.from.output ? "'" + *loss.from.output + "' gives " : "the model ends with ",
                                 count_of(values, "value"), ", the data have ", count_of(known, "class")),
                  .help =
                      from_one ? "number the classes from 0 on, of which the first has no samples; else " + end : end});
          }
        });
    good &= fits && check.takes_as_scaled(loss, path);
  }
  if (!good) return;
  for (size_t i = 0; i < metrics_.size(); ++i) {
    Metric& metric = *metrics_to_complete_[i];
    // The loss that reads the same output says what its values are.
    const auto beside =
        std::ranges::find_if(losses_, [&](const Term& term) { return term.loss->from.output == metric.from.output; });
    if (!metric.from.lengths && beside != losses_.end()) metric.from.lengths = beside->loss->from.lengths;
    check.fits(metric, concat("metrics[", i, "]"), metric.from, {}, true, [&](Fields f) {
      if (metric.from.target.number())
        throw ShapeError(concat("reads the number ", metric.from.target, " in the place of targets, as losses may"),
                         "write 'target: FIELD', or leave the metric out");
      if (beside == losses_.end())
        throw ShapeError("reads an output that no loss reads, so that nothing is known of its values",
                         concat("write 'output: ", losses_[0].loss->from.output.value_or("…"), "', or add a loss"));
      const Loss& loss = *beside->loss;
      expect_measurable(metric, loss);
      if (loss.reads() == Loss::Reads::boxes) f.prediction = loss.predicted(f.prediction);
      metric.stand_in({.loss = loss,
                       .prediction = {f.prediction.type().dtype, f.prediction.shape().without_batch()},
                       .target = {f.target.type().dtype, f.target.shape().without_batch()},
                       .sequences = static_cast<bool>(f.lengths),
                       .classes = metric.from.target == "y" && !data.classes.empty()
                                      ? data.classes
                                      : check.field(metric.from.target).value_names});
      MeasuresGraph keep(*f.target.graph);
      try {
        metric.add(keep, f);
      } catch (const ShapeError& error) {
        if (!loss.reads_field() || loss.from.target == metric.from.target) throw;
        throw ShapeError(error.what(), concat("write '", metric.name, ": {target: ", loss.from.target,
                                              "}', which is what the loss reads"));
      }
    });
  }
  check_batch_transforms(network, data, tell);
}

// By building the forward part of a step: what is mixed must be what the loss can read.
void Objectives::check_batch_transforms(const Network& network, const DataSets& data, const Tell& tell) const {
  if (batch_transforms_.empty()) return;
  const auto refuse = [&](std::string what, std::string help) {
    tell({.where = batch_transforms_[0]->place,
          .path = "data.batch_transforms",
          .what = std::move(what),
          .help = std::move(help)});
  };
  for (const Term& term : losses_) {
    if (term.loss->ignored())
      return refuse(concat("the loss (", term.loss->name, ") ignores targets, which a mix of them cannot be"),
                    "remove 'ignore_index', or 'batch_transforms'");
    const auto fields = data.train->fields();
    const auto target = std::ranges::find(fields, std::string(term.loss->from.target), &SampleField::name);
    const bool of_a_sigmoid = term.loss->reads() == Loss::Reads::logit;
    if (term.loss->reads_field() && target != fields.end() && !term.loss->takes_probabilities() &&
        (target->type.dtype == DType::i32 || of_a_sigmoid))
      return refuse(
          concat("the loss (", term.loss->name, ") takes classes alone, and a mix of them is probabilities"),
          concat("take '", of_a_sigmoid ? "bce_with_logits" : "cross_entropy", "', or remove 'batch_transforms'"));
    if (term.loss->reads() == Loss::Reads::boxes)
      return refuse(concat("the loss (", term.loss->name, ") takes boxes, which a mix of them is not"),
                    "remove 'batch_transforms'");
    if (term.loss->from.lengths)
      return refuse(concat("the loss (", term.loss->name, ") goes by sequences' lengths, which a mix of them has not"),
                    "remove 'batch_transforms'");
  }
  try {
    Graph g;
    forward(g, parts(network, *data.train, 0), probe_batch, true);
  } catch (const ShapeError& error) {
    const std::string what = error.what();
    if (what.starts_with("expected classes as targets"))
      return refuse("the loss takes classes alone, and a mix of them is probabilities",
                    "take 'cross_entropy', or remove 'batch_transforms'");
    refuse(what, error.help.empty() ? "remove 'batch_transforms'" : error.help);
  }
}

std::vector<std::string> Objectives::figures() const {
  std::vector<std::string> names{"loss"};
  for (const Term& term : losses_)
    if (term.name != "loss") names.push_back(term.name);
  for (const auto& [metric, name, turn] : metrics_)
    for (const std::string& suffix : metric->names()) names.push_back(name + suffix);
  return names;
}

bool Objectives::higher_is_better(const std::string& figure) const {
  for (const auto& [metric, name, turn] : metrics_)
    for (const std::string& suffix : metric->names())
      if (name + suffix == figure) return metric->higher_is_better();
  return false;
}

std::vector<Measured> Objectives::measured(const Measures& measures, const std::string& part) const {
  std::vector<Measured> values;
  const auto add = [&](const std::string& name, double value) { values.push_back({part + "/" + name, value}); };
  double sum = 0;
  bool counted = false;
  for (const Term& term : losses_) {
    const auto kept = measures.find(term.name);
    if (kept == measures.end() || kept->second.number("count") == 0) continue;
    counted = true;
    sum += term.weight * mean_of(kept->second);
  }
  if (!counted) return values;
  add("loss", sum);
  for (const Term& term : losses_)
    if (const auto kept = measures.find(term.name); term.name != "loss" && kept != measures.end())
      if (const double mean = mean_of(kept->second); std::isfinite(mean)) add(term.name, mean);
  for (const auto& [metric, name, turn] : metrics_) {
    const auto kept = measures.find(name);
    if (kept == measures.end()) continue;
    const std::vector<std::string> suffixes = metric->names();
    const std::vector<double> figures = metric->figures(kept->second);
    for (size_t i = 0; i < suffixes.size(); ++i)
      if (std::isfinite(figures[i])) add(name + suffixes[i], figures[i]);
  }
  return values;
}

std::vector<Measured> Objectives::measured_whole(const Measures& measures, const std::string& part) const {
  std::vector<Measured> values = measured(measures, part);
  if (!values.empty()) return values;
  const bool has_ignored =
      std::ranges::any_of(losses_, [](const Term& term) { return term.loss->ignored().has_value(); });
  throw Error(Exit::data, Problem{.what = concat("expected targets that count in the split '", part,
                                                 "', the loss ignores all of them"),
                                  .help = has_ignored ? "mend its 'ignore_index', or the targets"
                                                      : "mend the targets, or make 'data.batch_size' larger where the "
                                                        "loss compares a batch's samples"});
}

std::vector<MetricTable> Objectives::tables(const Measures& measures) const {
  std::vector<MetricTable> tables;
  for (const auto& [metric, name, turn] : metrics_) {
    const auto kept = measures.find(name);
    std::optional<MetricTable> table = kept != measures.end() ? metric->table(kept->second) : std::nullopt;
    if (!table) continue;
    table->name = name;
    tables.push_back(*std::move(table));
  }
  return tables;
}

}  // namespace dl
