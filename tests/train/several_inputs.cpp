// Data with several inputs and with numbers as targets, from the config to predictions.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "lib/data/reader.h"
#include "lib/train/inference/evaluate.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

// Numbers [3] and a count [1]; the target is a linear function of both.
class TwoInputs final : public Dataset {
 public:
  int64_t size() const override { return 64; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return 2; }
  void get(int64_t index, Sample& into) const override {
    const auto count = static_cast<int32_t>(index % 5);
    float x[3], y = 0.5f * static_cast<float>(count) - 1;
    for (size_t i = 0; i < 3; ++i) {
      x[i] = 2 * random_uniform(11, i, static_cast<uint64_t>(index)) - 1;
      y += static_cast<float>(i + 1) * x[i];
    }
    std::memcpy(into.fields[0], &y, sizeof y);
    std::memcpy(into.fields[1], &count, sizeof count);
    std::memcpy(into.fields[2], x, sizeof x);
  }

 private:
  const std::vector<SampleField> fields_{
      {"y", {DType::f32, {}}}, {"count", {DType::i32, {1}}, 5}, {"x", {DType::f32, {3}}}};
};

struct TwoInputsReader final : Reader {
  void describe(Schema& s) override { s.summary("for this test"); }
  DatasetPointer open(const Folders&) const override { return std::make_shared<TwoInputs>(); }
};
DL_READER(TwoInputsReader, "two_inputs");

std::string inputs_config(const std::string& model, const std::string& rest = "loss: mse\nmetrics: [rmse]\n") {
  return "data:\n  train: {format: two_inputs}\n  validation: {last: 14}\n  batch_size: 8\nmodel:\n" + model + rest +
         "optimizer: {adam: {lr: 0.05}}\n"
         "trainer: {max_epochs: 40, device: reference, checkpoint: {best: val/rmse}}\n";
}

const std::string both = R"(
  - linear: ${data.targets}
    name: numbers
  - linear: 1
    from: count
    name: counts
  - add: {}
    from: [numbers, counts]
)";

}  // namespace

TEST_CASE("a model of two inputs learns a function of both, and predicts its numbers") {
  const Workplace place(inputs_config(both));
  const auto plan = place.plan();
  CHECK(plan->network->inputs()[0].name == "x");
  CHECK(plan->network->inputs()[1].name == "count");
  RunFolder run = place.new_run(*plan);
  Record record;
  Trainer trainer(*plan, {.folder = &run, .observers = {&record}});
  const RunFinished end = trainer.fit();
  CHECK(end.exit == Exit::done);
  const double rmse = end.best_value;
  CHECK(rmse < 0.05);
  CHECK(record.validations.front().values[1].value > 10 * rmse);

  const Checkpoint best = Checkpoints(run.paths().checkpoints()).find("best", nullptr);
  Inference inference(*plan, best);
  const dl::Evaluation again = inference.evaluate("val");
  CHECK(again.values[1].name == "val/rmse");
  CHECK(again.values[1].value == rmse);
  double squares = 0;
  inference.predict(plan->data.validation, [&](const Prediction& p) {
    REQUIRE(p.output.size() == 1);
    Sample into;
    float y, x[3];
    int32_t count;
    into.fields = {reinterpret_cast<std::byte*>(&y), reinterpret_cast<std::byte*>(&count),
                   reinterpret_cast<std::byte*>(x)};
    plan->data.validation->get(p.index, into);
    squares += std::pow(double{p.output[0] - y}, 2);
  });
  CHECK(std::sqrt(squares / 14) == doctest::Approx(rmse).epsilon(1e-4));
}

TEST_CASE("losses that do not fit the targets, and inputs that are not there, are told with what to write") {
  const auto refusal = [](const std::string& text) {
    const Workplace place(text);
    return place.refusal();
  };
  CHECK(refusal(inputs_config(both, "loss: cross_entropy\nmetrics: [rmse]\n")) ==
        "error: small.yaml:14:7: loss (cross_entropy): expected classes as targets, the data's are numbers: f32 []\n"
        "  help: take a loss or metric of numbers: 'mse'");
  CHECK(refusal(inputs_config("  - linear: 2\n", "loss: mse\nmetrics: [rmse]\n")) ==
        "error: small.yaml:7:7: loss (mse): expected one value for each of the targets [], got [2]\n"
        "  help: end the model with 'linear: 1'");
  CHECK(refusal(inputs_config("  - linear: 2\n    from: counts\n")) ==
        "error: small.yaml:7:11: model[0].from: unknown input 'counts'\n  names before this item: count, x\n"
        "  help: write 'count'");
}
