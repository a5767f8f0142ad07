// Runs that were stopped or killed go on to the same bits and the same records.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/train/process.h"
#include "tests/train/timeless.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("a run stopped after any step and resumed ends with the same bits and the same records") {
  const Workplace place;
  const auto plan = place.plan();
  RunFolder whole = place.new_run(*plan);
  const Run expected = train(*plan, &whole);
  REQUIRE(expected.end.step == 27);
  for (const int64_t stop : {1, 4, 6, 8, 9, 17, 27}) {
    CAPTURE(stop);
    RunFolder folder = place.new_run(*plan);
    const Run first = train(*plan, &folder, stop);
    CHECK(first.end.exit == Exit::interrupted);
    CHECK(first.end.reason == "stopped by a signal");
    CHECK(first.end.step == stop);
    const auto again = place.plan();
    const Run second = train(*again, &folder, -1, true);
    CHECK(second.end.exit == Exit::done);
    CHECK(second.record.starts.at(0).step == stop);
    CHECK(second.contents == expected.contents);
    CHECK(second.end.best_step == expected.end.best_step);
    CHECK(second.end.best_value == expected.end.best_value);
    CHECK(timeless(folder.paths().metrics_jsonl()) == timeless(whole.paths().metrics_jsonl()));
    CHECK(lines_of(text_of(folder.paths().metrics_csv())).size() ==
          lines_of(text_of(whole.paths().metrics_csv())).size());
  }
}

TEST_CASE("a run killed at any moment goes on from its newest checkpoint to the same bits") {
  const Workplace place;
  const auto plan = place.plan();
  RunFolder whole = place.new_run(*plan);
  const Run expected = train(*plan, &whole);
  for (int64_t killed_at : {7, 20}) {  // the folder as it is then: checkpoints up to there, records up to later
    RunFolder folder = place.new_run(*plan);
    train(*plan, &folder, killed_at);
    std::filesystem::remove_all(Checkpoints(folder.paths().checkpoints()).of_step(killed_at));
    write(folder.paths().metrics_jsonl(), text_of(folder.paths().metrics_jsonl()) + "{\"step\":999,\"tor");
    write(folder.paths().metrics_csv(), text_of(folder.paths().metrics_csv()) + "999,1");
    const Run second = train(*plan, &folder, -1, true);
    CHECK(second.record.starts.at(0).step < killed_at);
    CHECK(second.contents == expected.contents);
    CHECK(timeless(folder.paths().metrics_jsonl()) == timeless(whole.paths().metrics_jsonl()));
  }
}

TEST_CASE("runs over windows of a text, drawn and carried, resume to the same bits") {
  for (const std::string windows : {"random", "carried"}) {
    CAPTURE(windows);
    const std::string reader = "{format: text, path: a.txt, length: 6, windows: " + windows;
    const Workplace place("data:\n  train: " + reader + ", end: 0.8}\n  validation: " + reader + R"(, begin: 0.8}
  batch_size: 4
model:
  - embedding: {num_embeddings: "${data.vocabulary}", embedding_dim: 8}
  - dropout: 0.2
  - linear: ${data.vocabulary}
loss: cross_entropy
metrics: [perplexity]
optimizer: {adamw: {lr: 0.01}}
trainer: {max_steps: 25, device: reference, log_every_n_steps: 4, checkpoint: {every: 6 steps, keep: 100}}
)");
    std::string text;
    for (uint64_t i = 0; i < 400; ++i) text += static_cast<char>('a' + random_bits(3, 0, i) % 5);
    write(place.path / "a.txt", text);
    const auto plan = place.plan();
    RunFolder whole = place.new_run(*plan);
    const Run expected = train(*plan, &whole);
    CHECK(expected.end.step == 25);
    CHECK(expected.end.epoch >= 1);
    for (const int64_t stop : {3, 13, 14, 24}) {
      RunFolder folder = place.new_run(*plan);
      train(*plan, &folder, stop);
      CHECK(train(*place.plan(), &folder, -1, true).contents == expected.contents);
      CHECK(timeless(folder.paths().metrics_jsonl()) == timeless(whole.paths().metrics_jsonl()));
    }
  }
}

TEST_CASE("accumulated gradients resume to the same bits") {
  const Workplace place;
  const std::vector<std::string> sets{"trainer.accumulate_grad_batches=4", "data.batch_size=8"};
  const auto plan = place.plan(sets);
  CHECK(plan->steps_per_epoch() == 5);  // 18 batches of 8: windows of 4, 4, 4, 4 and 2
  RunFolder whole = place.new_run(*plan);
  const Run expected = train(*plan, &whole);
  CHECK(expected.end.step == 15);
  for (const int64_t stop : {3, 5, 9}) {
    RunFolder folder = place.new_run(*plan);
    train(*plan, &folder, stop);
    CHECK(train(*plan, &folder, -1, true).contents == expected.contents);
  }
}

TEST_CASE("a finished run trained for longer goes on where it ended") {
  const Workplace place;
  const auto plan = place.plan({"schedule=null"});
  RunFolder folder = place.new_run(*plan);
  train(*plan, &folder);
  const auto longer = plan_from(folder.paths().resolved(), {"trainer.max_epochs=4"});
  const Run more = train(*longer, &folder, -1, true);
  CHECK(more.end.step == 36);
  const auto at_once = place.plan({"schedule=null", "trainer.max_epochs=4"});
  CHECK(train(*at_once, nullptr).contents == more.contents);
}
