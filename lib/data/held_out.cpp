// Parts by chance, by order and by folds, and what is doubted of them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/held_out.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/labelled.h"
#include "lib/data/overlapping.h"
#include "lib/data/split.h"
#include "lib/data/streamed.h"
#include "lib/data/succession.h"

namespace dl {
namespace {

// The samples that `validation` asks for, out of `size`; 0 where that is not possible.
int64_t samples_held_out(const Validation& validation, int64_t size, const KeyFindings& findings) {
  const int64_t count = validation.fraction ? std::llround(*validation.fraction * static_cast<double>(size))
                                            : validation.first.value_or(validation.last.value_or(0));
  if (count >= 1 && count < size) return count;
  const std::string of = concat(" of the ", count_of(size, "training sample"));
  if (size < 2)
    findings.add(validation.where, concat("the training set has ", count_of(size, "sample"), ": none can be held out"),
                 "add samples, or name a validation set of its own");
  else if (validation.fraction && count == 0)
    findings.add(validation.where, concat("a fraction of ", number_text(*validation.fraction), of, " is none"),
                 "raise 'fraction'");
  else if (validation.fraction)
    findings.add(validation.where,
                 concat("a fraction of ", number_text(*validation.fraction), of, " leaves none to train on"),
                 "lower 'fraction'");
  else
    findings.add(validation.where, concat("expected from 1 to ", size - 1, " of the ", size,
                                          " training samples for validation, got ", count));
  return 0;
}

// Of a part cut off in the data's order, where it has far fewer of the classes than one taken at random would have, or
// the others lack one.
std::optional<Problem> sorted_by_class(const Dataset& whole, const Validation& validation, int64_t begin,
                                       int64_t count) {
  if (!has_labels(whole)) return {};
  std::map<int64_t, std::pair<int64_t, int64_t>> classes;  // samples of each: all, and held out
  const std::vector<int64_t> labels = dl::labels(whole);
  for (int64_t i = 0; i < std::ssize(labels); ++i) {
    auto& [all, out] = classes[labels[static_cast<size_t>(i)]];
    ++all;
    out += i >= begin && i < begin + count;
  }
  const double share = static_cast<double>(count) / static_cast<double>(labels.size());
  double expected = 0;  // classes in a part taken at random
  int64_t held = 0, lost = 0;
  for (const auto& [label, counts] : classes) {
    expected += 1 - std::pow(1 - share, static_cast<double>(counts.first));
    held += counts.second > 0;
    lost += counts.first == counts.second;
  }
  const std::string part = concat("the ", validation.first ? "first " : "last ", count_of(count, "sample"));
  const auto kinds = std::ssize(classes);
  Problem problem{.where = validation.where,
                  .help = concat("write 'fraction: ", number_text(std::round(1000 * share) / 1000),
                                 "', which takes them at random")};
  if (lost > 0)
    problem.what =
        concat(part, lost == 1 ? " have all there is of one class" : concat(" have all there is of ", lost, " classes"),
               ", so that training has ", kinds - lost, " of the ", kinds);
  else if (static_cast<double>(held) < 0.7 * expected)
    problem.what = concat(part, " have ", held, " of the ", count_of(kinds, "class"), ": the data seem to be sorted");
  else
    return {};
  return problem;
}

// Whether samples can be held out of the set; else what to write is added.
bool can_hold_out(const Dataset& data, const Where& where, const KeyFindings& findings) {
  if (capability<Streamed>(data))
    findings.add(where, "no samples can be held out of a stream, which has no index of them",
                 "name shards of its own: the same reader with other 'paths'");
  else if (!divisible(data))
    findings.add(where, "no samples can be held out of windows that are drawn or carried on",
                 "name a part of its own: the same reader with 'begin: 0.9', and 'end: 0.9' in 'train'");
  else
    return true;
  return false;
}

// Of a part that is chosen by chance, such a share of the samples.
void doubt_overlap(OpenedSets& sets, const Where& where, const char* path, double share) {
  if (!samples_overlap(*sets.train)) return;
  const std::string begin = number_text(std::round(1000 * (1 - share)) / 1000);
  sets.warnings.push_back({.where = where,
                           .path = path,
                           .what = "windows that are held out by chance have rows of those that are trained on",
                           .help = concat("name a part of its own: the same reader with 'begin: ", begin,
                                          "', and 'end: ", begin, "' in 'train'")});
}

}  // namespace

void hold_out_validation(OpenedSets& sets, const Validation& validation, uint64_t seed, const KeyFindings& findings) {
  if (!can_hold_out(*sets.train, validation.where, findings)) return;
  const int64_t size = sets.train->size(), count = samples_held_out(validation, size, findings);
  if (count == 0) return;
  if (validation.fraction) {
    doubt_overlap(sets, validation.where, "data.validation", *validation.fraction);
    sets.validation = findings.attempt(
        [&] {
          Parts parts = hold_out(sets.train, *validation.fraction, validation.by, seed);
          sets.train = std::move(parts.kept);
          return std::move(parts.held_out);
        },
        validation.where);
  } else {
    const int64_t begin = validation.first ? 0 : size - count;
    if (auto warning = sorted_by_class(*sets.train, validation, begin, count)) {
      warning->path = "data.validation";
      sets.warnings.push_back(std::move(*warning));
    }
    sets.validation = slice(sets.train, begin, count);
    sets.train = slice(sets.train, validation.first ? count : 0, size - count);
  }
}

void hold_out_fold(OpenedSets& sets, const Folds& folds, int64_t number, uint64_t seed, const KeyFindings& findings) {
  if (!can_hold_out(*sets.train, folds.where, findings)) return;
  doubt_overlap(sets, folds.where, "data.folds", 1 / static_cast<double>(folds.count));
  sets.validation = findings.attempt(
      [&] {
        Parts parts = fold(sets.train, number - 1, folds.count, folds.by, seed);
        sets.train = std::move(parts.kept);
        return std::move(parts.held_out);
      },
      folds.where);
}

}  // namespace dl
