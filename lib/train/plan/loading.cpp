// The loaders' options.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/loading.h"

#include <algorithm>

#include "lib/base/text.h"

namespace dl {
namespace {

std::string section(const std::string& part) { return "data." + (part == "val" ? "validation" : part); }

// The inputs' numbers, which choose rows of tables: one outside has no row.
std::vector<Allowed> allowed_inputs(const Plan& plan, const Dataset& data, const std::string& set) {
  std::vector<Allowed> all;
  for (const NumberLimit& limit : plan.network->number_limits()) {
    Allowed allowed{.field = static_cast<size_t>(field_index(data, limit.input)), .count = limit.count, .set = set};
    if (limit.chooses_row) {
      allowed.what = concat("from 0 to ", limit.count - 1, ", as the table of the layer '", limit.layer, "' has ",
                            count_of(limit.count, "row"));
      allowed.help = "make 'num_embeddings' larger, or mend the data";
    } else {
      allowed.what =
          concat("from 0 to ", limit.count - 1, ", as so many positions are there for the layer '", limit.layer, "'");
      allowed.help = "mend the data, or let the layers before it keep the length, as 'padding: same' does";
    }
    all.push_back(std::move(allowed));
  }
  return all;
}

bool is_input(const Plan& plan, const std::string& field) {
  return std::ranges::count(plan.network->inputs(), field, &Network::Input::name) > 0;
}

// The lengths of sequences that losses and metrics read.
void add_lengths(const Plan& plan, const Dataset& data, const std::string& set, std::vector<Allowed>& all) {
  const auto bound = [&](const FieldNames& from) {
    const Shape places = plan.network->output(from.output).shape;
    if (!from.lengths || places.rank() == 0) return;
    const Allowed allowed{.field = static_cast<size_t>(field_index(data, *from.lengths)),
                          .count = places[0] + 1,
                          .set = set,
                          .what = concat("from 0 to ", places[0], ", as so many places are there"),
                          .help = "mend the data, or let the layers keep the length, as 'padding: same' does"};
    const auto has_it = [&](const Allowed& other) {
      return other.field == allowed.field && other.count == allowed.count;
    };
    if (std::ranges::none_of(all, has_it)) all.push_back(allowed);
  };
  for (const Objectives::Term& term : plan.objectives.losses()) bound(term.loss->from);
  for (const ForwardParts::Measured& measured : plan.objectives.metrics()) bound(measured.metric->from);
}

// The classes, probabilities and lengths that losses and metrics read.
std::vector<Allowed> allowed_numbers(const Plan& plan, const Dataset& data, const std::string& part) {
  const std::string set = section(part);
  std::vector<Allowed> all = allowed_inputs(plan, data, set);
  for (const Objectives::Term& term : plan.objectives.losses()) {
    const Loss& loss = *term.loss;
    if (!loss.reads_field()) continue;
    const int field = field_index(data, loss.from.target);
    const SampleField& read = data.fields()[static_cast<size_t>(field)];
    const bool classes = read.type.dtype == DType::i32;
    // An input that is a target too may be what it is.
    if (!classes && (!loss.takes_probabilities() || is_input(plan, read.name))) continue;
    Allowed target{.field = static_cast<size_t>(field), .besides = loss.ignored(), .set = set};
    if (!classes) {
      target.help = "mend the data, or take 'mse' for numbers";
    } else if (loss.takes_classes()) {
      target.count = plan.network->output(loss.from.output).shape.last();
      target.help = "write 'ignore_index: NUMBER' in the loss where such targets count for nothing, or mend the data";
    } else {
      // Where there is no value for each target they only tell which samples are alike.
      if (plan.network->output(loss.from.output).shape.elements() != read.type.shape.elements()) continue;
      target.count = 2;
      target.help = "mend the data, or take 'cross_entropy' for more classes";
    }
    if (!read.class_help.empty()) target.help = concat(read.class_help, ", or else ", target.help);
    target.what = concat(classes ? concat("a class from 0 to ", target.count - 1) : "a probability from 0 to 1",
                         target.besides ? concat(", or ", *target.besides, " (ignore_index)") : "");
    all.push_back(std::move(target));
  }
  add_lengths(plan, data, set, all);
  return all;
}

}  // namespace

LoaderOptions training_loading(const Plan& plan) {
  if (!plan.data.rows) return sample_loading(plan);
  LoaderOptions options = training_options(plan.run.data, *plan.data.rows, plan.seed());
  options.weights = sample_weights(plan.run.data, *plan.data.train);
  return options;
}

LoaderOptions sample_loading(const Plan& plan) {
  LoaderOptions options = training_options(plan.run.data, *plan.data.train, plan.seed());
  options.weights = sample_weights(plan.run.data, *plan.data.train);
  options.allowed = allowed_numbers(plan, *plan.data.train, "train");
  return options;
}

LoaderOptions evaluation_loading(const Plan& plan, const Dataset& data, const std::string& part) {
  LoaderOptions options = evaluation_options(plan.run.data, data);
  options.allowed = allowed_numbers(plan, data, part);
  return options;
}

LoaderOptions prediction_loading(const Plan& plan, const Dataset& data) {
  LoaderOptions options = evaluation_options(plan.run.data, data);
  options.allowed = allowed_inputs(plan, data, "");
  options.buckets.clear();  // predictions come in the data's order
  return options;
}

}  // namespace dl
