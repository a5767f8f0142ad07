// Counting confusions, and tables of them.
// SPDX-License-Identifier: Apache-2.0
#include "app/confusion.h"

#include <algorithm>
#include <cmath>

#include "app/console/json.h"
#include "app/console/text.h"
#include "lib/base/text.h"

namespace dl {
namespace {

constexpr size_t columns = 80, longest_name = 20, most_rows = 20, most_confusions = 10;

double share(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : NAN;
}
std::string share_text(double share) { return std::isnan(share) ? "-" : figure(share); }

}  // namespace

double Confusion::Class::precision() const { return share(hits, predicted); }
double Confusion::Class::recall() const { return share(hits, samples); }
double Confusion::Class::f1() const { return share(2 * hits, samples + predicted); }

Confusion::Confusion(Verdicts verdicts, int64_t mistakes)
    : verdicts_(std::move(verdicts)), mistakes_(static_cast<size_t>(mistakes)) {}

void Confusion::add(const Prediction& prediction) {
  const int64_t truth = prediction.target_classes[0];
  if (truth < 0 || truth >= verdicts_.classes()) return;
  const Verdict verdict = verdicts_.of(prediction);
  ++counts_[{truth, verdict.best}];
  if (verdict.best == truth || mistakes_ == 0) return;
  worst_.emplace(-verdict.probability, Mistake{prediction.index, truth, verdict.best, verdict.probability});
  if (worst_.size() > mistakes_) worst_.erase(std::prev(worst_.end()));
}

std::vector<Confusion::Mistake> Confusion::mistakes() const {
  std::vector<Mistake> mistakes;
  for (const auto& [order, mistake] : worst_) mistakes.push_back(mistake);
  return mistakes;
}

int64_t Confusion::wrong() const {
  int64_t wrong = 0;
  for (const auto& [pair, count] : counts_)
    if (pair.first != pair.second) wrong += count;
  return wrong;
}

std::vector<Confusion::Class> Confusion::classes() const {
  std::vector<Class> classes(static_cast<size_t>(verdicts_.classes()));
  for (size_t i = 0; i < classes.size(); ++i) classes[i].index = static_cast<int64_t>(i);
  for (const auto& [pair, count] : counts_) {
    classes[static_cast<size_t>(pair.first)].samples += count;
    classes[static_cast<size_t>(pair.second)].predicted += count;
    if (pair.first == pair.second) classes[static_cast<size_t>(pair.first)].hits += count;
  }
  return classes;
}

std::string Confusion::matrix(const std::vector<Class>& classes) const {
  const auto cells = [&](bool named) {
    std::vector<std::vector<std::string>> rows{{named ? "class" : "  class"}};
    for (const Class& c : classes) rows[0].push_back(named ? verdicts_.name(c.index) : std::to_string(c.index));
    for (const Class& c : classes) {
      const std::string name = shortened(verdicts_.name(c.index), longest_name);
      rows.push_back({named ? name : concat(c.index, "  ", name)});
      for (const Class& other : classes) {
        const auto found = counts_.find({c.index, other.index});
        rows.back().push_back(found == counts_.end() ? "0" : std::to_string(found->second));
      }
    }
    return table(rows, columns);
  };
  const auto fits = [](const std::string& text) { return text.find('\n') + 2 <= columns; };
  if (classes.size() * 3 > columns) return {};
  std::string text = cells(true);
  if (!fits(text)) text = cells(false);
  return fits(text) ? text : std::string();
}

std::string Confusion::most_frequent() const {
  std::vector<std::pair<int64_t, std::pair<int64_t, int64_t>>> wrong;
  for (const auto& [pair, count] : counts_)
    if (pair.first != pair.second) wrong.push_back({-count, pair});
  std::ranges::sort(wrong);
  std::vector<std::vector<std::string>> rows{{"class", "taken for", "samples"}};
  for (size_t i = 0; i < std::min(wrong.size(), most_confusions); ++i)
    rows.push_back({shortened(verdicts_.name(wrong[i].second.first), 30),
                    shortened(verdicts_.name(wrong[i].second.second), 30),
                    count(static_cast<double>(-wrong[i].first))});
  return wrong.empty() ? "no sample was taken for another class\n"
                       : concat("the most frequent confusions\n", table(rows, columns));
}

std::string Confusion::by_class(std::vector<Class> classes) const {
  const size_t all = classes.size();
  std::string title;
  if (all > most_rows) {
    std::ranges::stable_sort(classes, {}, [](const Class& c) { return std::isnan(c.f1()) ? 2 : c.f1(); });
    classes.resize(most_rows);
    title = concat("the ", most_rows, " worst of ", all, " classes\n");
  }
  std::vector<std::vector<std::string>> rows{{"class", "samples", "predicted", "precision", "recall", "f1"}};
  for (const Class& c : classes)
    rows.push_back({shortened(verdicts_.name(c.index), 30), count(static_cast<double>(c.samples)),
                    count(static_cast<double>(c.predicted)), share_text(c.precision()), share_text(c.recall()),
                    share_text(c.f1())});
  return title + table(rows, columns);
}

std::string Confusion::text() const {
  const std::vector<Class> all = classes();
  const std::string confusions = matrix(all);
  return (confusions.empty() ? most_frequent() : "true classes in rows, predicted ones in columns\n" + confusions) +
         "\n" + by_class(all);
}

Node Confusion::json() const {
  Node listed = Node::list(), confusions = Node::list();
  for (const Class& c : classes())
    listed.items.push_back(json_object({{"class", Node::string(verdicts_.name(c.index))},
                                        {"samples", Node::integer(c.samples)},
                                        {"predicted", Node::integer(c.predicted)},
                                        {"precision", json_number(c.precision())},
                                        {"recall", json_number(c.recall())},
                                        {"f1", json_number(c.f1())}}));
  for (const auto& [pair, count] : counts_)
    if (pair.first != pair.second)
      confusions.items.push_back(json_object({{"class", Node::string(verdicts_.name(pair.first))},
                                              {"predicted", Node::string(verdicts_.name(pair.second))},
                                              {"samples", Node::integer(count)}}));
  return json_object({{"classes", std::move(listed)}, {"confusions", std::move(confusions)}});
}

}  // namespace dl
