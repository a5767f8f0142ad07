// Rankings: the answers to a query by their scores, and how relevant each is; what metrics of retrieval share.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>
#include <vector>

#include "lib/nn/metric.h"

namespace dl {

struct Answer {
  double score = 0, relevance = 0;
};

// The mean over the queries of a figure of each. A query is a sample with a value for each answer, whose targets say
// how relevant each is, or a class, the one answer that is; or, with `group`, all samples of a group, one an answer. Of
// vectors that a loss compares by their classes each is a query and all others are its answers, the nearest first; of
// more than 2000 so many are queries, evenly from the set's beginning to its end.
struct QueryMetric : Metric {
  std::vector<Loss::Reads> takes() const final;
  bool takes_group() const final { return true; }
  void stand_in(const MetricSetting& setting) final;
  void add(Keep& keep, const Fields& fields) const final;
  std::vector<double> figures(const Kept& kept) const final;
  bool higher_is_better() const override { return true; }

 protected:
  // Of answers from the highest score to the lowest. Nothing may depend on the order of equal ones: what does is the
  // mean over their orders.
  virtual double of(const std::vector<Answer>& ranked) const = 0;

 private:
  double of_ranked(std::vector<Answer>& answers) const;
  double of_neighbours(const Kept& kept) const;
  void expect_distinct(const std::vector<float>& groups) const;
  size_t answers_ = 1;   // of a sample
  size_t features_ = 0;  // of vectors; 0: predictions are scores
};

// Of metrics of the first answers: their number.
void describe_top_k(Schema& s, std::optional<int64_t>& top_k);
size_t first_answers(const std::vector<Answer>& ranked, const std::optional<int64_t>& top_k);
// How many of the first are relevant: above 0; where equal scores stand on both sides of the cut, the mean over their
// orders.
double relevant(const std::vector<Answer>& ranked, size_t count);

// Answers of one score, which stand in every order alike.
struct EqualAnswers {
  size_t before = 0;  // answers of higher scores
  size_t count = 0, relevant = 0;
  size_t first = 0;  // how many of them are among the first answers
};
// From the highest score to the lowest, as far as the first answers reach: of the last alone some are not among these.
std::vector<EqualAnswers> equal_answers(const std::vector<Answer>& ranked, const std::optional<int64_t>& top_k);
// How likely none, one, … of those among the first answers are relevant (the hypergeometric distribution).
std::vector<double> chances_of_relevant(const EqualAnswers& equal);

// What metrics tell of this.
inline constexpr std::string_view orders_of_equal_scores =
    "Answers of equal scores count as on average over their orders, so that a model which tells none apart gets what "
    "chance gives.";

}  // namespace dl
