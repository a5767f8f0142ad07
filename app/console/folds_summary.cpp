// What folds have in common.
// SPDX-License-Identifier: Apache-2.0
#include "app/console/folds_summary.h"

#include <algorithm>
#include <cmath>

#include "app/console/json.h"
#include "app/console/run_summary.h"
#include "app/console/text.h"
#include "lib/base/text.h"

namespace dl {

std::vector<FoldFigure> fold_figures(const std::vector<FoldEnd>& folds) {
  std::vector<FoldFigure> figures;
  const auto add = [&](const std::string& name, double value) {
    auto figure = std::ranges::find(figures, name, &FoldFigure::name);
    if (figure == figures.end()) figure = figures.insert(figures.end(), {.name = name});
    figure->values.push_back(value);
  };
  for (const FoldEnd& fold : folds)
    for (const Measured& measured : fold.end.values)
      if (measured.name.starts_with("val/")) add(measured.name, measured.value);
  for (const FoldEnd& fold : folds)
    if (fold.end.best_step >= 0) add("best " + fold.end.monitor, fold.end.best_value);
  for (FoldFigure& figure : figures) {
    const auto n = static_cast<double>(figure.values.size());
    for (const double value : figure.values) figure.mean += value / n;
    double squares = 0;
    for (const double value : figure.values) squares += (value - figure.mean) * (value - figure.mean);
    figure.deviation = n > 1 ? std::sqrt(squares / (n - 1)) : 0;
  }
  return figures;
}

std::string folds_summary(const std::vector<FoldEnd>& folds) {
  std::string text = count_of(std::ssize(folds), "fold") + ", mean ± standard deviation:\n";
  const std::vector<FoldFigure> figures = fold_figures(folds);
  size_t width = 0;
  for (const FoldFigure& one : figures) width = std::max(width, one.name.size());
  for (const FoldFigure& one : figures) {
    std::vector<std::string> values;
    for (const double value : one.values) values.push_back(figure(value));
    text += concat("  ", one.name, std::string(width - one.name.size(), ' '), "  ", figure(one.mean), " ± ",
                   figure(one.deviation), "  (", join(values), ")\n");
  }
  return text;
}

Node folds_json(const std::vector<FoldEnd>& folds) {
  Node runs = Node::list(), means = Node::map(), deviations = Node::map();
  for (const FoldEnd& fold : folds) runs.items.push_back(run_json(fold.run, fold.end));
  for (const FoldFigure& one : fold_figures(folds)) {
    means.set(one.name, json_number(one.mean));
    deviations.set(one.name, json_number(one.deviation));
  }
  return json_object({{"folds", std::move(runs)}, {"mean", std::move(means)}, {"deviation", std::move(deviations)}});
}

}  // namespace dl
