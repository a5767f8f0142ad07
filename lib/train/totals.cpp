// Adding up what programs give.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/totals.h"

#include <cmath>

#include "lib/base/error.h"

namespace dl {

Totals::Totals(const Plan& plan) : plan_(&plan), names_{"loss"}, totals_(plan.metric_names.size() + 1) {
  for (const std::string& metric : plan.metric_names) {
    names_.push_back(metric);
    sum_names_.push_back(metric + "/sum");
    count_names_.push_back(metric + "/count");
  }
}

void Totals::clear() { totals_.assign(totals_.size(), {}); }

float Totals::add(const Program& program) {
  const float loss = program.scalar("loss");
  const auto count = static_cast<double>(program.scalar("loss/count"));
  totals_[0].sum += static_cast<double>(loss) * count;
  totals_[0].count += count;
  for (size_t i = 0; i < sum_names_.size(); ++i) {
    totals_[i + 1].sum += static_cast<double>(program.scalar(sum_names_[i]));
    totals_[i + 1].count += static_cast<double>(program.scalar(count_names_[i]));
  }
  return loss;
}

void Totals::add(const Totals& other) {
  for (size_t i = 0; i < totals_.size(); ++i) {
    totals_[i].sum += other.totals_[i].sum;
    totals_[i].count += other.totals_[i].count;
  }
}

std::vector<Measured> Totals::measured(const std::string& part) const {
  std::vector<Measured> values;
  if (totals_[0].count == 0) return values;
  values.push_back({part + "/" + names_[0], loss()});
  for (size_t i = 1; i < names_.size(); ++i) {
    const double value = plan_->run.metrics[i - 1]->value(totals_[i].sum, totals_[i].count);
    if (std::isfinite(value)) values.push_back({part + "/" + names_[i], value});
  }
  return values;
}

std::vector<Measured> Totals::measured_whole(const std::string& part) const {
  std::vector<Measured> values = measured(part);
  if (!values.empty()) return values;
  throw Error(Exit::data, Problem{.what = concat("expected targets that count in the split '", part,
                                                 "', the loss ignores all of them"),
                                  .help = "mend its 'ignore_index', or the targets"});
}

std::map<std::string, Total> Totals::save() const {
  std::map<std::string, Total> saved;
  for (size_t i = 0; i < names_.size(); ++i) saved[names_[i]] = totals_[i];
  return saved;
}

void Totals::restore(const std::map<std::string, Total>& saved) {
  clear();
  for (size_t i = 0; i < names_.size(); ++i)
    if (const auto found = saved.find(names_[i]); found != saved.end()) totals_[i] = found->second;
}

}  // namespace dl
