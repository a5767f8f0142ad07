// Cross-entropy of rows of logits on emulated threads against plain loops.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "lib/base/random.h"
#include "lib/device/cuda/kernels/cross_entropy.h"
#include "tests/device/cuda/emulated_thread.h"

using namespace dl;
using namespace dl::cuda;

namespace {

using Floats = std::vector<float>;

struct Case {
  int64_t rows, classes;
  float smoothing;
  int64_t pieces = 1;
  int off = 0;         // floats by which the logits' address is off
  int result_off = 0;  // and that of their gradient
};

void check(const Case& c) {
  CAPTURE(c.classes);
  CAPTURE(c.smoothing);
  CAPTURE(c.off);
  const auto n = static_cast<size_t>(c.rows * c.classes), rows = static_cast<size_t>(c.rows);
  Floats x(n + static_cast<size_t>(c.off)), d(rows);
  for (size_t i = 0; i < x.size(); ++i) x[i] = 8 * random_uniform(1, 0, i) - 4;
  std::vector<int> hits(rows);
  for (size_t r = 0; r < rows; ++r) {
    hits[r] = r % 4 == 3 ? (r % 8 == 3 ? -100 : static_cast<int>(c.classes))
                         : static_cast<int>(random_bits(2, 0, r) % static_cast<uint32_t>(c.classes));
    d[r] = random_uniform(3, 0, r);
  }
  const float* const logits = x.data() + c.off;
  for (unsigned seed = 0; seed < 2; ++seed) {
    Floats losses(rows, NAN), log_sums(rows, NAN), dx(n + static_cast<size_t>(c.result_off), NAN);
    LogitRows p{.logits = logits,
                .hits = hits.data(),
                .losses = losses.data(),
                .log_sums = log_sums.data(),
                .given_log_sums = log_sums.data(),
                .d = d.data(),
                .dx = dx.data() + c.result_off,
                .rows = c.rows,
                .classes = c.classes,
                .smoothing = c.smoothing,
                .pieces = index_divisor(c.pieces, c.rows * c.pieces)};
    run_emulated(
        {.x = 3, .threads = LogitRows::threads, .shared_bytes = LogitRows::shared_bytes},
        [](const auto& t, const LogitRows& a) { logit_rows_losses(t, a); }, p, seed);
    run_emulated(
        {.x = 5, .threads = LogitRows::threads}, [](const auto& t, const LogitRows& a) { logit_rows_gradient(t, a); },
        p, seed);
    double worst_loss = 0, worst_slope = 0;
    const auto keep = [](double& worst, double difference) { worst = difference <= worst ? worst : difference; };
    for (size_t r = 0; r < rows; ++r) {
      const float* row = logits + r * static_cast<size_t>(c.classes);
      double sum = 0, mean = 0;
      for (int64_t k = 0; k < c.classes; ++k) {
        sum += std::exp(double{row[k]});
        mean += double{row[k]} / static_cast<double>(c.classes);
      }
      const bool hit = hits[r] >= 0 && hits[r] < c.classes;
      keep(worst_loss, std::abs(log_sums[r] - std::log(sum)));
      keep(worst_loss, std::abs(losses[r] - (std::log(sum) - (hit ? (1 - double{c.smoothing}) * row[hits[r]] : 0) -
                                             double{c.smoothing} * mean)));
      for (int64_t k = 0; k < c.classes; ++k) {
        const double slope = std::exp(double{row[k]}) / sum - (hit && k == hits[r] ? 1 - double{c.smoothing} : 0) -
                             double{c.smoothing} / static_cast<double>(c.classes);
        keep(worst_slope, std::abs(p.dx[static_cast<int64_t>(r) * c.classes + k] - d[r] * slope));
      }
    }
    CHECK(worst_loss < 1e-5);
    CHECK(worst_slope < 1e-6);
    static Floats first;
    if (seed == 0) first = losses;
    CHECK(losses == first);
  }
}

}  // namespace

TEST_CASE("losses and gradients of rows agree with plain loops, whatever the classes and their alignment") {
  check({.rows = 9, .classes = 2048, .smoothing = 0});
  check({.rows = 8, .classes = 2051, .smoothing = 0.1f});               // each row begins elsewhere
  check({.rows = 4, .classes = 5003, .smoothing = 0.1f, .pieces = 3});  // blocks share rows
  check({.rows = 4, .classes = 5003, .smoothing = 0, .pieces = 3, .off = 1, .result_off = 2});
  check({.rows = 5, .classes = 3, .smoothing = 0.2f, .off = 3, .result_off = 3});
  check({.rows = 5, .classes = 1, .smoothing = 0});
}

TEST_CASE("logits far apart, or none that is finite, give what their formula gives") {
  Floats x(3 * 300, -300.0f), losses(3), log_sums(3);
  x[5] = 200;
  x[300] = std::numeric_limits<float>::quiet_NaN();
  for (size_t i = 600; i < 899; ++i) x[i] = -INFINITY;
  const std::vector<int> hits{9, 0, 299};
  run_emulated(
      {.threads = LogitRows::threads, .shared_bytes = LogitRows::shared_bytes},
      [](const auto& t, const LogitRows& a) { logit_rows_losses(t, a); },
      LogitRows{.logits = x.data(),
                .hits = hits.data(),
                .losses = losses.data(),
                .log_sums = log_sums.data(),
                .rows = 3,
                .classes = 300});
  CHECK(losses[0] == 500);
  CHECK(std::isnan(losses[1]));
  CHECK(losses[2] == 0);
}
