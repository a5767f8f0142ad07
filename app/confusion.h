// What a network that tells classes apart takes for what: fed prediction by prediction.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/verdict.h"
#include "lib/spec/node.h"

namespace dl {

class Confusion {
 public:
  // Keeps the `mistakes` worst ones: those it is surest of.
  Confusion(Verdicts verdicts, int64_t mistakes);

  // Of a sample with one class; a class that there is not, as one that the loss ignores, counts for nothing.
  void add(const Prediction& prediction);

  struct Mistake {
    int64_t sample = 0, truth = 0, predicted = 0;
    float probability = 0;  // of the predicted class
  };
  std::vector<Mistake> mistakes() const;  // the worst first
  int64_t wrong() const;                  // samples in all
  const Verdicts& verdicts() const { return verdicts_; }

  // Tables that fit 80 columns: the confusions, or the most frequent of many classes; and a row for each class, or the
  // worst of many.
  std::string text() const;
  // {"classes": [{"class", "samples", "predicted", "precision", "recall", "f1"}, …], "confusions": [{"class",
  // "predicted", "samples"}, …]}, the confusions without what is right.
  Node json() const;

 private:
  struct Class {
    int64_t index = 0, samples = 0, predicted = 0, hits = 0;
    double precision() const;  // NaN where it was never predicted
    double recall() const;     // NaN where there is no sample
    double f1() const;
  };
  std::vector<Class> classes() const;
  std::string matrix(const std::vector<Class>& classes) const;  // empty where it does not fit
  std::string most_frequent() const;
  std::string by_class(std::vector<Class> classes) const;

  Verdicts verdicts_;
  size_t mistakes_;
  std::map<std::pair<int64_t, int64_t>, int64_t> counts_;  // of (class, predicted)
  std::multimap<float, Mistake> worst_;                    // by probability
};

}  // namespace dl
