// Columns, and cells in their order.
// SPDX-License-Identifier: Apache-2.0
#include "app/prediction_table.h"

#include <limits>

#include "lib/base/error.h"

namespace dl {
PredictionTable::PredictionTable(const Plan& plan, const PredictionLines::Options& options, bool numbered,
                                 ParquetWriter::Append append)
    : verdicts_(plan),
      options_(options),
      numbered_(numbered),
      places_(sizes_of_positions(plan)),
      outputs_(plan.prediction().shape.last()),
      target_is_class_(plan.predicted_target().dtype == DType::i32),
      targets_(target_is_class_ && places_.empty() ? plan.predicted_target().shape.elements()
                                                   : targets_a_position(plan)),
      writer_(columns(), std::move(append)) {}

std::vector<ParquetWriter::Column> PredictionTable::columns() const {
  using Kind = ParquetWriter::Kind;
  std::vector<ParquetWriter::Column> columns{{"input", numbered_ ? Kind::integer : Kind::text}};
  if (places_.size() == 1) columns.push_back({"position", Kind::integer});
  if (places_.size() == 2) columns.insert(columns.end(), {{"row", Kind::integer}, {"column", Kind::integer}});
  if (places_.size() > 2)
    for (size_t i = 0; i < places_.size(); ++i) columns.push_back({concat("position_", i), Kind::integer});
  if (verdicts_.of_classes())
    columns.insert(columns.end(), {{"class", Kind::text}, {"probability", Kind::real}});
  else
    columns.push_back({outputs_ == 1 ? "prediction" : "output", Kind::real, outputs_ > 1});
  if (options_.targets) columns.push_back({"target", target_is_class_ ? Kind::text : Kind::number, targets_ > 1});
  if (options_.places) columns.push_back({"place", Kind::text});
  if (verdicts_.of_classes() && options_.all) columns.push_back({"probabilities", Kind::real, true});
  return columns;
}

void PredictionTable::add(const std::string& input, const std::string& place, const Prediction& p) {
  for (int64_t position = 0; position < p.positions(); ++position) {
    const auto at = static_cast<size_t>(position);
    if (numbered_)
      writer_.add(p.index);
    else
      writer_.add(std::string_view(input));
    int64_t block = p.positions(), rest = position;
    for (const int64_t size : places_) {
      block /= size;
      writer_.add(rest / block);
      rest %= block;
    }
    if (verdicts_.of_classes()) {
      const Verdict verdict = verdicts_.of(p, position);
      writer_.add(std::string_view(verdicts_.name(verdict.best)));
      writer_.add(verdict.probability);
    } else if (outputs_ == 1) {
      writer_.add(p.at(position)[0]);
    } else {
      writer_.add_list(p.at(position));
    }
    if (options_.targets) add_target(p, at);
    if (options_.places) writer_.add(std::string_view(place));
    if (verdicts_.of_classes() && options_.all) {
      std::vector<float> all;
      for (int64_t i = 0; i < verdicts_.classes(); ++i) all.push_back(verdicts_.probability(p, i, position));
      writer_.add_list(std::span<const float>(all));
    }
  }
}

void PredictionTable::add_target(const Prediction& p, size_t position) {
  if (targets_ > 1 && target_is_class_) {
    std::vector<std::string> names;
    for (const int32_t c : p.target_classes) names.push_back(verdicts_.name(c));
    const std::vector<std::string_view> views(names.begin(), names.end());
    writer_.add_list(std::span<const std::string_view>(views));
  } else if (targets_ > 1) {
    const auto count = static_cast<size_t>(targets_);
    writer_.add_list(p.target_values.subspan(position * count, count));
  } else if (target_is_class_) {
    writer_.add(std::string_view(verdicts_.name(position < p.target_classes.size() ? p.target_classes[position] : -1)));
  } else {
    writer_.add(position < p.target_values.size() ? p.target_values[position]
                                                  : std::numeric_limits<double>::quiet_NaN());
  }
}

}  // namespace dl
