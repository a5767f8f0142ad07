// What a run measured is read back as curves.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/run_history.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

RunHistory history_of(const std::string& text) {
  const Folder folder;
  return read_history(folder.write("metrics.jsonl", text));
}

}  // namespace

TEST_CASE("every figure of metrics.jsonl is a curve, null a gap, and the ends of epochs are known") {
  const RunHistory h = history_of(
      "{\"step\":5,\"epoch\":0,\"time_s\":0.5,\"train/loss\":2.5,\"lr\":0.1}\n"
      "{\"step\":8,\"epoch\":0,\"time_s\":0.8,\"val/loss\":2}\n"
      "{\"step\":8,\"epoch\":0,\"time_s\":0.8,\"train/loss_epoch\":2.25}\n"
      "{\"step\":10,\"epoch\":1,\"time_s\":1.0,\"train/loss\":null,\"lr\":0.05}\n"
      "{\"step\":16,\"epoch\":1,\"time_s\":1.6,\"val/loss\":1}\n");
  CHECK(h.step == 16);
  CHECK(h.epoch == 1);
  CHECK(h.time_s == 1.6);
  CHECK(h.damaged_lines == 0);
  REQUIRE(h.curves.size() == 4);
  CHECK(h.curves[0].figure == "train/loss");
  CHECK(h.curves[0].steps == std::vector<int64_t>{5, 10});
  CHECK(h.curves[0].values[0] == 2.5);
  CHECK(std::isnan(h.curves[0].values[1]));
  CHECK(h.epoch_ends == std::vector<std::pair<int64_t, int64_t>>{{8, 1}});
  CHECK(h.find("val/loss")->best(false) == 1);
  CHECK(h.find("val/loss")->best(true) == 0);
  CHECK(h.find("accuracy") == nullptr);
}

TEST_CASE("lines that are no records are counted and passed over, and one that was cut is no line") {
  const RunHistory h = history_of(
      "{\"step\":1,\"train/loss\":1}\n\xff\xfe\nno json\n[1]\n{\"epoch\":1}\n{\"step\":-4}\n{\"step\":\"two\"}\n\n"
      "{\"step\":2,\"train/loss\":0.5}\n{\"step\":3,\"train/lo");
  CHECK(h.step == 2);
  CHECK(h.damaged_lines == 7);
  CHECK(h.find("train/loss")->values == std::vector<double>{1, 0.5});
}

TEST_CASE("a run that has not recorded anything has an empty history") {
  CHECK(read_history("/nowhere/metrics.jsonl").empty());
  CHECK(history_of("").empty());
  const RunHistory nothing_finite = history_of("{\"step\":1,\"val/loss\":null}\n");
  CHECK(nothing_finite.find("val/loss")->best(false) == -1);
}
