// Models that tag each token of a sentence: places behind a sentence's end count for nothing.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>

#include "lib/train/inference/evaluate.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

// Sentences of 1 to 12 words; a word's tag is its own, but behind "not" it is NEG.
void write_sentences(const std::filesystem::path& folder) {
  const std::vector<std::string> tags{"N", "V", "D"};
  std::string text;
  for (int i = 0; i < 90; ++i) {
    bool negated = false;
    for (int w = 0; w <= (i * 5) % 12; ++w) {
      const int word = (i * 7 + w * w * 3) % 10;
      const std::string own = word == 9 ? "NOT" : tags[static_cast<size_t>(word % 3)];
      text += (word == 9 ? std::string("not") : "w" + std::to_string(word)) + "\t" + (negated ? "NEG" : own) + "\n";
      negated = word == 9;
    }
    text += "\n";
  }
  write(folder / "tags.tsv", text);
}

std::string tags_config(const std::string& rest = "") {
  return R"(
seed: 4
data:
  train: {format: text_tags, path: tags.tsv}
  validation: {last: 20}
  batch_size: 10
  buckets: [4, 8]
model:
  - embedding: {num_embeddings: "${data.vocabulary}", embedding_dim: 8, padding_idx: 0}
    name: e
  - lstm: {hidden_size: 12, bidirectional: true}
    from: [e, lengths]
  - linear: ${data.classes}
loss: {cross_entropy: {lengths: lengths}}
metrics: [accuracy, f_beta, confusion_matrix]
optimizer: {adam: {lr: 0.02}}
trainer:
  max_epochs: 8
  log_every_n_steps: 5
  checkpoint: {every: 10 steps, keep: 100}
)" + rest;
}

}  // namespace

TEST_CASE("a tagger learns tags that depend on the word before, the same on both devices") {
  Workplace place(tags_config(), 1);
  write_sentences(place.path);
  std::vector<Record> records(2);
  for (size_t i = 0; i < 2; ++i)
    Trainer(*place.plan({std::string("trainer.device=") + (i == 0 ? "reference" : "cpu")}),
            {.observers = {&records[i]}})
        .fit();
  REQUIRE(records[0].losses.size() == records[1].losses.size());
  for (size_t i = 0; i < 20; ++i) CHECK(records[1].losses[i] == doctest::Approx(records[0].losses[i]).epsilon(1e-3));
  for (const Record& record : records) {
    const std::vector<Measured>& last = record.validations.back().values;
    CHECK(last[0].name == "val/loss");
    CHECK(last[0].value < 0.3);
    CHECK(last[1].name == "val/accuracy");
    CHECK(last[1].value > 0.9);
  }
}

TEST_CASE("how far sentences are padded changes no loss and no metric of their tags") {
  Workplace place(tags_config(), 1);
  write_sentences(place.path);
  const auto plan = place.plan({"trainer.device=reference", "trainer.max_epochs=1"});
  RunFolder folder = place.new_run(*plan);
  Trainer(*plan, {.folder = &folder}).fit();
  const Checkpoint last = *Checkpoints(folder.paths().checkpoints()).newest({});
  CHECK(text_of(last.resolved()).find("lengths: lengths") != std::string::npos);
  std::map<std::string, dl::Evaluation> figures;
  for (const char* buckets : {"[4, 8]", "[]", "[5, 6, 11]"})
    figures[buckets] =
        Inference(*plan_from(last.resolved(), {std::string("data.buckets=") + buckets}), last).evaluate("val");
  for (const char* buckets : {"[4, 8]", "[5, 6, 11]"}) {
    REQUIRE(figures[buckets].values.size() == 3);
    for (size_t i = 0; i < 3; ++i)
      CHECK(figures[buckets].values[i].value == doctest::Approx(figures["[]"].values[i].value).epsilon(1e-5));
    CHECK(figures[buckets].tables.at(0).values == figures["[]"].tables.at(0).values);
  }
  double places = 0;
  for (const double n : figures["[]"].tables.at(0).values) places += n;
  double tokens = 0;
  for (int i = 70; i < 90; ++i) tokens += (i * 5) % 12 + 1;
  CHECK(places == tokens);
}

TEST_CASE("classes of tags are balanced by the tokens, not by padding") {
  Workplace place(tags_config(), 1);
  write_sentences(place.path);
  const auto weights = [&](const std::string& buckets) {
    const std::string resolved =
        place.plan({"loss.cross_entropy.weight=balanced", "data.buckets=" + buckets})->resolved();
    return resolved.substr(resolved.find("weight:"), 60);
  };
  CHECK(weights("[4, 8]") == weights("[]"));
}

TEST_CASE("a loss that would take padding for targets is warned of") {
  Workplace place(tags_config(), 1);
  write_sentences(place.path);
  CHECK(place.plan()->warnings.empty());
  std::string text = tags_config();
  text.replace(text.find("{cross_entropy: {lengths: lengths}}"), 35, "cross_entropy");
  Workplace other(text, 1);
  write_sentences(other.path);
  const auto plan = other.plan();
  REQUIRE(plan->warnings.size() == 1);
  CHECK(plan->warnings[0].what == "targets 'y' are padded, and the loss takes padding for targets");
  CHECK(plan->warnings[0].help == "write 'cross_entropy: {lengths: lengths}'");
}

TEST_CASE("a tagger that is stopped within an epoch goes on to the same bits") {
  Workplace place(tags_config(), 1);
  write_sentences(place.path);
  const auto plan = place.plan({"trainer.max_epochs=3"});
  check_goes_on(place, *plan, plan->batches_per_epoch() + 2);
}

TEST_CASE("lengths that the data do not have, or that a mix has not, are told") {
  const auto refusal = [](const std::string& text) {
    Workplace place(text, 1);
    write_sentences(place.path);
    return place.refusal();
  };
  std::string text = tags_config();
  text.replace(text.find("{lengths: lengths}"), 18, "{lengths: length}");
  CHECK(refusal(text) ==
        "error: small.yaml:14:8: loss (cross_entropy): reads the field 'length', which the data do not have\n"
        "  help: write 'lengths'");
  text = tags_config();
  text.insert(text.find("  batch_size"), "  batch_transforms: [mixup]\n");
  CHECK(refusal(text).find("data.batch_transforms: the loss (cross_entropy) goes by sequences' lengths, which a mix of "
                           "them has not\n  help: remove 'batch_transforms'") != std::string::npos);
}
