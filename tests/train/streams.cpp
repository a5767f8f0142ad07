// Runs on data that are no plain index, streams of shards and texts padded to buckets, go on where they stopped, to the
// same bits, and padding changes nothing.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/data/image/write_png.h"
#include "lib/train/inference/evaluate.h"
#include "tests/data/tar_for_test.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string png_of(const std::vector<uint8_t>& dots, Pair size, const std::filesystem::path& scratch) {
  write_png(scratch, size, 1, dots);
  return text_of(scratch);
}

// Four shards of grey 4 x 4 images whose bright half is their class.
void write_shards(const std::filesystem::path& folder) {
  for (int shard = 0; shard < 4; ++shard) {
    std::string tar;
    for (int i = 0; i < 15 + shard; ++i) {
      const int label = (i * 7 + shard) % 2;
      std::vector<uint8_t> dots(16);
      for (size_t d = 0; d < 16; ++d)
        dots[d] = static_cast<uint8_t>((d % 4 < 2) == (label == 0) ? 200 + i : 10 + shard * 3);
      const std::string key = std::to_string(100 * shard + i);
      tar += testing::tar_entry(key + ".png", png_of(dots, {4, 4}, folder / "scratch.png"));
      tar += testing::tar_entry(key + ".cls", std::to_string(label));
    }
    write(folder / ("s" + std::to_string(shard) + ".tar"), tar + testing::tar_end());
  }
}

const char* streaming_config = R"(
seed: 4
data:
  train: {format: tar_shards, paths: ["s{0..2}.tar"], classes: 2, channels: 1, shuffle: 20}
  validation: {format: tar_shards, paths: [s3.tar], classes: 2, channels: 1}
  transforms: [horizontal_flip, {random_crop: {padding: 1}}]
  batch_size: 7
model:
  - flatten
  - linear: 6
  - relu
  - linear: ${data.classes}
loss: cross_entropy
metrics: [accuracy]
optimizer: {adamw: {lr: 0.01}}
trainer:
  max_epochs: 3
  device: reference
  log_every_n_steps: 2
  checkpoint: {every: 4 steps, keep: 100}
)";

// Lines of 1 to 12 words; the class is whether "good" comes before "bad".
void write_texts(const std::filesystem::path& folder) {
  std::string text = "label\ttext\n";
  for (int i = 0; i < 90; ++i) {
    const int words = 2 + (i * 5) % 11;
    const bool good = i % 2 == 0;
    std::string line = good ? "good bad" : "bad good";
    for (int w = 2; w < words; ++w) line += " w" + std::to_string((i * 3 + w * 7) % 13);
    text += (good ? "yes\t" : "no\t") + line + "\n";
  }
  write(folder / "texts.tsv", text);
}

std::string texts_config(const std::string& model) {
  return R"(
seed: 4
data:
  train: {format: text_labels, path: texts.tsv}
  validation: {last: 20}
  batch_size: 8
  buckets: [4, 8]
model:
  - embedding: {num_embeddings: "${data.vocabulary}", embedding_dim: 5, padding_idx: 0}
    name: e
)" + model +
         R"(
  - linear: ${data.classes}
loss: cross_entropy
metrics: [accuracy]
optimizer: {adamw: {lr: 0.02}}
trainer:
  max_epochs: 3
  device: reference
  log_every_n_steps: 4
  checkpoint: {every: 4 steps, keep: 100}
)";
}

std::string recurrent_model(const std::string& cell) {
  return "  - " + cell + ": {hidden_size: 4, num_layers: 2, bidirectional: true, return_sequences: false}\n" +
         "    from: [e, lengths]";
}

}  // namespace

TEST_CASE("a run on a stream that is stopped within an epoch goes on to the same bits") {
  Workplace place(streaming_config, 1);
  write_shards(place.path);
  for (const char* workers : {"0", "3"}) {
    const auto plan = place.plan({std::string("data.workers=") + workers});
    CHECK(plan->batches_per_epoch() == 7);  // 48 samples
    const Checkpoint last = check_goes_on(place, *plan, 10);
    CHECK(last.state.cursor.epoch == 1);
    CHECK(last.state.cursor.batch == 3);
    CHECK(!last.state.cursor.place.empty());
  }
}

TEST_CASE("a run on a stream ends with the same bits whatever the number of its threads") {
  Workplace place(streaming_config, 1);
  write_shards(place.path);
  std::vector<std::map<std::string, std::vector<float>>> ends;
  for (const char* workers : {"0", "1", "4"}) {
    const auto plan = place.plan({std::string("data.workers=") + workers});
    Trainer trainer(*plan, {});
    trainer.fit();
    ends.push_back(contents(trainer.store()));
  }
  CHECK(ends[0] == ends[1]);
  CHECK(ends[0] == ends[2]);
}

TEST_CASE("a run on texts in buckets that is stopped within an epoch goes on to the same bits") {
  Workplace place(texts_config(recurrent_model("lstm")), 1);
  write_texts(place.path);
  const auto plan = place.plan();
  CHECK(plan->batches_per_epoch() > 9);  // 70 samples in three buckets
  const Checkpoint last = check_goes_on(place, *plan, plan->batches_per_epoch() + 4);
  CHECK(last.state.cursor.epoch == 1);
  CHECK(last.state.cursor.batch == 4);
}

TEST_CASE("how far sequences are padded changes no figure and no prediction") {
  const std::string attention =
      "  - multi_head_attention: 1\n    from: [e, lengths]\n    name: a\n  - lstm: {hidden_size: 3, return_sequences: "
      "false}\n    from: [a, lengths]";
  for (const std::string& model : {recurrent_model("lstm"), recurrent_model("gru"), recurrent_model("rnn"), attention,
                                   std::string("  - global_max_pool1d:\n    from: [e, lengths]")}) {
    CAPTURE(model);
    Workplace place(texts_config(model), 1);
    write_texts(place.path);
    const auto plan = place.plan();
    RunFolder folder = place.new_run(*plan);
    Trainer(*plan, {.folder = &folder}).fit();
    const Checkpoint last = *Checkpoints(folder.paths().checkpoints()).newest({});
    std::map<std::string, std::vector<std::vector<float>>> outputs;
    std::map<std::string, std::vector<Measured>> figures;
    for (const char* buckets : {"[4, 8]", "[]", "[5, 6, 11]"}) {
      const auto other = plan_from(last.resolved(), {std::string("data.buckets=") + buckets});
      auto& all = outputs[buckets];
      all.resize(20);
      const Inference::Each each = [&](const Prediction& p) {
        all.at(static_cast<size_t>(p.index)).assign(p.output.begin(), p.output.end());
      };
      figures[buckets] = Inference(*other, last).evaluate("val", each).values;
    }
    for (const char* buckets : {"[4, 8]", "[5, 6, 11]"}) {
      for (size_t i = 0; i < 20; ++i)
        for (size_t c = 0; c < 2; ++c)
          CHECK(outputs[buckets][i].at(c) == doctest::Approx(outputs["[]"][i].at(c)).epsilon(1e-5));
      for (size_t i = 0; i < figures["[]"].size(); ++i)
        CHECK(figures[buckets][i].value == doctest::Approx(figures["[]"][i].value).epsilon(1e-5));
    }
  }
}

TEST_CASE("a layer whose weights depend on the length takes no buckets") {
  Workplace place(texts_config("  - positional_embedding\n  - lstm: {hidden_size: 3, return_sequences: false}"), 1);
  write_texts(place.path);
  const std::string text = place.refusal();
  CHECK(text.find("data.buckets: the model does not take sequences of 4: '") != std::string::npos);
  CHECK(text.find("help: take layers whose weights do not depend on the sequences' length") != std::string::npos);
}

TEST_CASE("data of one length take no buckets") {
  Workplace place(streaming_config, 1);
  write_shards(place.path);
  const std::string text = place.refusal({"data.buckets=[4]"});
  CHECK(text.find("data.buckets: the data have no sequences of different lengths, which could be padded") !=
        std::string::npos);
}
