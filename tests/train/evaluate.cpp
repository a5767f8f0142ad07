// Evaluation and prediction from checkpoints.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/inference/evaluate.h"

#include <doctest/doctest.h>

#include <cstring>
#include <numeric>

#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

// A run of six epochs, and its last checkpoint opened as `eval` does.
struct EvaluatedRun : Workplace {
  EvaluatedRun() {
    const auto trained = this->plan({"trainer.max_epochs=6"});
    RunFolder folder = new_run(*trained);
    run = folder.paths();
    Trainer(*trained, {.folder = &folder, .observers = {&record}}).fit();
    checkpoint = Checkpoints(run.checkpoints()).find("last", {});
    opened = plan_from(checkpoint.resolved(), {});
  }
  RunPaths run;
  Record record;
  Checkpoint checkpoint;
  std::unique_ptr<Plan> opened;
};

}  // namespace

TEST_CASE("a checkpoint evaluates to what the run measured") {
  const EvaluatedRun trained;
  Inference inference(*trained.opened, trained.checkpoint);
  const Evaluation val = inference.evaluate("val");
  CHECK(val.split == "val");
  CHECK(val.samples == 40);
  const std::vector<Measured>& measured = trained.record.validations.back().values;
  REQUIRE(val.values.size() == measured.size());
  for (size_t i = 0; i < measured.size(); ++i) {
    CHECK(val.values[i].name == measured[i].name);
    CHECK(val.values[i].value == measured[i].value);
  }
  CHECK(inference.evaluate("train").samples == 141);
}

TEST_CASE("a split that is not there is told with those that are") {
  const EvaluatedRun trained;
  Inference inference(*trained.opened, trained.checkpoint);
  CHECK(error_text([&] { inference.evaluate("test"); }) ==
        "error: there is no split 'test'; there are: train, val\n  help: name one of them, or write 'data.test:'");
  CHECK(error_text([&] { inference.evaluate("vla"); }) ==
        "error: there is no split 'vla'; there are: train, val\n  help: name one of them");
}

TEST_CASE("predictions are probabilities in the data set's order, and agree with the accuracy") {
  const EvaluatedRun trained;
  Inference inference(*trained.opened, trained.checkpoint);
  const DatasetPointer data = trained.opened->data.validation;
  const auto y = static_cast<size_t>(field_index(*data, "y"));
  std::vector<std::vector<std::byte>> memory;
  Sample sample;
  for (const SampleField& field : data->fields())
    sample.fields.push_back(memory.emplace_back(static_cast<size_t>(field.type.bytes())).data());
  int64_t next = 0, hits = 0;
  inference.predict(data, [&](const Prediction& p) {
    CHECK(p.index == next++);
    REQUIRE(p.output.size() == 4);
    CHECK(std::accumulate(p.output.begin(), p.output.end(), 0.0) == doctest::Approx(1));
    for (const float probability : p.output) CHECK(probability <= p.output[static_cast<size_t>(p.best())]);
    data->get(p.index, sample);
    int32_t label = 0;
    std::memcpy(&label, sample.fields[y], sizeof label);
    hits += label == p.best();
  });
  CHECK(next == 40);
  CHECK(static_cast<double>(hits) / 40 == doctest::Approx(inference.evaluate("val").values[1].value));
}

TEST_CASE("a checkpoint of another model, and samples of another shape, are refused") {
  const EvaluatedRun trained;
  const auto other = plan_from(trained.checkpoint.resolved(), {"model.0.conv2d.out_channels=5"});
  CHECK(error_text([&] { Inference(*other, trained.checkpoint); }, {{trained.checkpoint.folder.string(), "CHECKPOINT"}})
            .starts_with("error: CHECKPOINT/model.safetensors: holds the weights of another model\n"
                         "  '0.bias' is [4] in the file, [5] here\n"));
  Inference inference(*trained.opened, trained.checkpoint);
  const auto larger = trained.plan({"data.transforms=[random_crop: {size: 6, padding: 1}]"});
  const auto cropped = trained.plan({"data.transforms=[random_crop: {size: 5}]"});
  CHECK(error_text([&] { inference.predict(cropped->data.validation, [](const Prediction&) {}); }) ==
        "error: expected samples of shape [6, 6, 1], got [5, 5, 1]\n"
        "  help: give data of the shape that the network was trained on");
  int64_t predicted = 0;
  inference.predict(larger->data.validation, [&](const Prediction&) { predicted += 1; });
  CHECK(predicted == 40);
}
