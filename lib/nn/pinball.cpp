// Quantiles.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pinball.h"

#include "lib/base/error.h"
#include "lib/nn/class_target.h"
#include "lib/nn/number_target.h"

namespace dl {
namespace {

Value of_quantile(Value x, Value y, double q) {
  const Value d = y - x;
  return maximum(q * d, (q - 1) * d);
}

}  // namespace

Value pinball(Value prediction, Value target, const std::vector<double>& quantiles) {
  const auto count = static_cast<int64_t>(quantiles.size());
  if (count == 1) return of_quantile(as_predicted_numbers(prediction, target), target, quantiles[0]);
  std::vector<int64_t> wanted = target.shape().sizes();
  wanted.push_back(count);
  if (target.type().dtype != DType::f32 || prediction.shape() != Shape(wanted))
    throw ShapeError(concat("expected ", count, " values, one a quantile, for each of the numbers ",
                            target.shape().without_batch().text(), ", got ", prediction.shape().without_batch().text(),
                            " for ", name_of(target.type().dtype)),
                     concat("end the model with 'linear: ", count, "'"));
  const Value y = with_class_axis(target);
  Value all;
  for (int64_t i = 0; i < count; ++i) {
    const Value x = slice(prediction, prediction.shape().rank() - 1, i, 1);
    const Value own = of_quantile(x, y, quantiles[static_cast<size_t>(i)]);
    all = all ? all + own : own;
  }
  return all * (1 / static_cast<double>(count));
}

}  // namespace dl
