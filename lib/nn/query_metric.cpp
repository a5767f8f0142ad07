// Rankings of a set, gathered on the host.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/query_metric.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <span>

#include "lib/base/cpu.h"
#include "lib/base/error.h"
#include "lib/base/in_parallel.h"
#include "lib/nn/class_target.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

constexpr double no_figure = std::numeric_limits<double>::quiet_NaN();

Value in_one_column(Value x) { return reshape(x, {x.shape().elements()}); }

// In four sums, which do not wait for each other.
double squared_distance(std::span<const float> a, std::span<const float> b) {
  std::array<double, 4> sums{};
  const auto add = [&](size_t k, double& sum) {
    const double d = static_cast<double>(a[k]) - static_cast<double>(b[k]);
    sum += d * d;
  };
  size_t k = 0;
  for (; k + sums.size() <= a.size(); k += sums.size())
    for (size_t i = 0; i < sums.size(); ++i) add(k + i, sums[i]);
  for (; k < a.size(); ++k) add(k, sums[0]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

std::vector<Loss::Reads> QueryMetric::takes() const {
  return {Loss::Reads::logits, Loss::Reads::log_probabilities, Loss::Reads::logit, Loss::Reads::numbers};
}

void QueryMetric::stand_in(const MetricSetting& setting) {
  const bool of_vectors = !from.group && setting.loss.reads() == Loss::Reads::numbers &&
                          setting.target == Type{DType::i32, {}} && setting.prediction.shape.rank() == 1;
  features_ = of_vectors ? static_cast<size_t>(setting.prediction.shape.elements()) : 0;
  if (of_vectors) return;
  answers_ = from.group ? 1 : static_cast<size_t>(setting.prediction.shape.elements());
  if (from.group && (setting.prediction.shape.elements() != 1 || setting.target.shape.elements() != 1))
    throw ShapeError(concat("expected one value for each sample, an answer to its group's query, got ",
                            setting.prediction.shape.text(), " and targets ", setting.target.shape.text()),
                     "end the model with 'linear: 1', or leave 'group' out");
  if (!from.group && answers_ < 2)
    throw ShapeError(
        concat("expected a value for each answer to a sample's query, got ", setting.prediction.shape.text()),
        "name the field that says which samples are ranked together: 'group: FIELD'");
}

void QueryMetric::add(Keep& keep, const Fields& f) const {
  if (features_ > 0) {
    keep.collect("vector", f.prediction * 1.0);
    keep.collect("class", in_one_column(f.target * 1.0));
    return;
  }
  if (f.group && (f.group.type().dtype != DType::i32 || f.group.shape().rank() != 1))
    throw ShapeError(concat("expected a whole number for each sample in '", *from.group, "', got ",
                            name_of(f.group.type().dtype), " ", f.group.shape().without_batch().text()),
                     "name a field of categories or whole numbers");
  const bool classes =
      f.target.type().dtype == DType::i32 && f.prediction.shape().elements() > f.target.shape().elements();
  const Value relevance = classes ? class_probabilities(f.prediction, f.target) : f.target;
  keep.collect("score", in_one_column(classes ? f.prediction * 1.0 : as_predicted_shape(f.prediction, f.target) * 1.0));
  keep.collect("relevance", in_one_column(relevance * 1.0));
  if (f.group) keep.collect("group", in_one_column(f.group * 1.0));
}

double QueryMetric::of_ranked(std::vector<Answer>& answers) const {
  if (std::ranges::any_of(answers, [](const Answer& a) { return std::isnan(a.score) || std::isnan(a.relevance); }))
    return no_figure;
  std::ranges::stable_sort(answers, std::greater<>(), &Answer::score);
  return of(answers);
}

double QueryMetric::of_neighbours(const Kept& kept) const {
  constexpr size_t most_queries = 2000;
  const std::vector<float>&vectors = kept.column("vector"), &classes = kept.column("class");
  const size_t samples = classes.size(), queries = std::min(samples, most_queries);
  if (samples < 2) return no_figure;
  const auto vector = [&](size_t i) { return std::span(vectors).subspan(i * features_, features_); };
  std::vector<double> figures(queries);
  in_parallel(std::ssize(figures), usable_cores(), [&](int64_t q) {
    const size_t query = static_cast<size_t>(q) * samples / queries;
    std::vector<Answer> answers;
    answers.reserve(samples);
    for (size_t i = 0; i < samples; ++i)
      if (i != query)
        answers.push_back({.score = -squared_distance(vector(query), vector(i)),
                           .relevance = classes[i] == classes[query] ? 1.0 : 0.0});
    figures[static_cast<size_t>(q)] = of_ranked(answers);
  });
  return std::accumulate(figures.begin(), figures.end(), 0.0) / static_cast<double>(queries);
}

// That a float tells the groups apart.
void QueryMetric::expect_distinct(const std::vector<float>& groups) const {
  constexpr float most = 1 << 24;
  const auto large = std::ranges::find_if(groups, [](float group) { return std::abs(group) >= most; });
  if (large == groups.end()) return;
  throw Error(Exit::data, Problem{.path = concat("metric '", name, "'"),
                                  .what = concat("expected numbers below ", static_cast<int64_t>(most), " in '",
                                                 *from.group, "', found ", static_cast<int64_t>(*large)),
                                  .help = "number the groups from 0 on: numpy.unique(group, return_inverse=True)[1]"});
}

std::vector<double> QueryMetric::figures(const Kept& kept) const {
  if (features_ > 0) return {of_neighbours(kept)};
  const std::vector<float>&scores = kept.column("score"), &relevance = kept.column("relevance");
  if (from.group) expect_distinct(kept.column("group"));
  std::map<double, std::vector<Answer>> queries;
  for (size_t i = 0; i < scores.size(); ++i) {
    const double query = from.group ? static_cast<double>(kept.column("group")[i]) : static_cast<double>(i / answers_);
    queries[query].push_back({static_cast<double>(scores[i]), static_cast<double>(relevance[i])});
  }
  double sum = 0;
  for (auto& [query, answers] : queries) sum += of_ranked(answers);
  return {queries.empty() ? no_figure : sum / static_cast<double>(queries.size())};
}

void describe_top_k(Schema& s, std::optional<int64_t>& top_k) {
  s.optional("top_k", top_k, "of the first answers alone; without it, of all").at_least(1).positional().known_as({"k"});
}

size_t first_answers(const std::vector<Answer>& ranked, const std::optional<int64_t>& top_k) {
  return std::min(ranked.size(), top_k ? static_cast<size_t>(*top_k) : ranked.size());
}

double relevant(const std::vector<Answer>& ranked, size_t count) {
  const auto in = [&](size_t begin, size_t end) {
    return static_cast<double>(std::count_if(ranked.begin() + static_cast<std::ptrdiff_t>(begin),
                                             ranked.begin() + static_cast<std::ptrdiff_t>(end),
                                             [](const Answer& a) { return a.relevance > 0; }));
  };
  size_t begin = count, end = count;
  while (begin > 0 && count < ranked.size() && ranked[begin - 1].score == ranked[count].score) --begin;
  while (end > begin && end < ranked.size() && ranked[end].score == ranked[begin].score) ++end;
  if (begin == count) return in(0, count);
  return in(0, begin) + in(begin, end) * static_cast<double>(count - begin) / static_cast<double>(end - begin);
}

std::vector<EqualAnswers> equal_answers(const std::vector<Answer>& ranked, const std::optional<int64_t>& top_k) {
  const size_t first = first_answers(ranked, top_k);
  std::vector<EqualAnswers> made;
  for (size_t begin = 0, end = 0; begin < first; begin = end) {
    EqualAnswers equal{.before = begin};
    for (; end < ranked.size() && ranked[end].score == ranked[begin].score; ++end)
      equal.relevant += ranked[end].relevance > 0;
    equal.count = end - begin;
    equal.first = std::min(end, first) - begin;
    made.push_back(equal);
  }
  return made;
}

// From the likeliest to both sides, so that none of the ratios runs out of a double's range before it is small.
std::vector<double> chances_of_relevant(const EqualAnswers& equal) {
  const size_t n = equal.count, m = equal.relevant, t = equal.first, others = n - m;
  const size_t least = t > others ? t - others : 0, most = std::min(t, m), likeliest = (t + 1) * (m + 1) / (n + 2);
  std::vector<double> chances(t + 1);
  chances[likeliest] = 1;
  const auto ratio = [&](size_t h) {  // of h + 1 to h
    return static_cast<double>((m - h) * (t - h)) / static_cast<double>((h + 1) * (others + h + 1 - t));
  };
  for (size_t h = likeliest; h < most; ++h) chances[h + 1] = chances[h] * ratio(h);
  for (size_t h = likeliest; h > least; --h) chances[h - 1] = chances[h] / ratio(h - 1);
  const double sum = std::accumulate(chances.begin(), chances.end(), 0.0);
  for (double& chance : chances) chance /= sum;
  return chances;
}

}  // namespace dl
