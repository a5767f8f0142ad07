// Which metrics stand beside which losses.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/metric.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {
namespace {

bool takes(const Metric& metric, Loss::Reads reads) { return std::ranges::count(metric.takes(), reads) > 0; }

}  // namespace

void expect_measurable(const Metric& metric, const Loss& loss) {
  if (takes(metric, loss.reads())) return;
  std::vector<std::string> wanted, others;
  for (Loss::Reads reads : metric.takes()) wanted.push_back(name_of(reads));
  for (const std::string& name : Registry<Metric>::instance().names())
    if (takes(*Registry<Metric>::make(name), loss.reads())) others.push_back("'" + name + "'");
  throw ShapeError(
      concat("takes ", join(wanted, "; or "), "; the loss (", loss.name, ") takes ", name_of(loss.reads())),
      others.empty() ? "leave it out" : "leave it out, or write " + join(others, " or "));
}

}  // namespace dl
