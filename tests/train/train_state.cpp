// state.json.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/train_state.h"

#include <doctest/doctest.h>

#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

TrainState full_state() {
  TrainState s;
  s.step = 12;
  s.micro_batches = 48;
  s.samples = 1234567890123;
  s.epoch = 2;
  s.epoch_batches = 3;
  s.epoch_samples = 96;
  s.boundary = true;
  s.time_s = 12.25;
  s.validated_s = 3.5;
  s.seed = UINT64_MAX;
  s.batch_size = 32;
  s.total_steps = 100;
  s.data = "00ff";
  s.latest = {{"val/loss", 4.9e-324}};
  s.monitor = "val/loss";
  s.best_value = -0.1;
  s.best_step = 9;
  s.former_best_step = 3;
  s.controllers = {{"early_stopping", {{"best", 2.5}, {"waited", int64_t{1}}}},
                   {"other", {{"nothing", StateValue()}, {"text", "a"}, {"whole", 1.0}}}};
  s.log_bytes = {{"metrics.jsonl", 1000}};
  return s;
}

}  // namespace

TEST_CASE("a state is read back to the last bit") {
  CHECK(read_state(write_state(full_state()), "state.json") == full_state());
  CHECK(read_state(write_state({}), "state.json") == TrainState{});
}

TEST_CASE("a state of version 1 is read, early stopping's values as its controller's") {
  TrainState state = full_state();
  state.controllers.clear();
  std::string text = write_state(state);
  const auto replace = [&](const std::string& from, const std::string& to) {
    REQUIRE(text.find(from) != std::string::npos);
    text.replace(text.find(from), from.size(), to);
  };
  replace("\"version\": 2", "\"version\": 1");
  replace("\"controllers\": {},", "\"stopping_value\": null, \"stopping_waited\": 3,");
  state.controllers = {{"early_stopping", {{"best", StateValue()}, {"waited", int64_t{3}}}}};
  CHECK(read_state(text, "state.json") == state);
  replace("null", "-0.25");
  state.controllers["early_stopping"]["best"] = -0.25;
  CHECK(read_state(text, "state.json") == state);
}

TEST_CASE("a state of an earlier build has no best by a figure before") {
  TrainState state = full_state();
  state.former_best_step = -1;
  std::string text = write_state(state);
  const std::string line = "\"former_best_step\": -1,";
  REQUIRE(text.find(line) != std::string::npos);
  text.erase(text.find(line), line.size());
  CHECK(read_state(text, "state.json") == state);
}

TEST_CASE("a text that is no state is refused") {
  auto refusal = [](const std::string& text) { return error_text([&] { read_state(text, "state.json"); }); };
  CHECK(refusal("{") == "error: state.json: is not the state of a dlcli checkpoint");
  CHECK(refusal("[]") == "error: state.json: is not the state of a dlcli checkpoint");
  CHECK(refusal(R"({"format": "dlcli state", "version": 9})") ==
        "error: state.json: has version 9; this dlcli reads 1 to 2\n  help: use the dlcli that wrote it");
  CHECK(refusal(R"({"format": "dlcli state", "version": 1, "step": "x"})") ==
        "error: state.json: has no 'step' of the kind that is written there");
}
