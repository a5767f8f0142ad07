// Several outputs, losses and targets: from the config to figures, to the same bits after a stop.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "lib/data/reader.h"
#include "lib/train/inference/evaluate.h"
#include "tests/train/fixture.h"
#include "tests/train/timeless.h"

using namespace dl;
using namespace dl::testing;

namespace {

// Four numbers; their sum's third is the kind, a function of them the price; the weight is 0 for every fourth sample,
// whose price is nonsense.
class KindsAndPrices final : public Dataset {
 public:
  int64_t size() const override { return 96; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return 3; }
  void get(int64_t index, Sample& into) const override {
    float x[4], sum = 0;
    for (size_t i = 0; i < 4; ++i) sum += x[i] = 2 * random_uniform(5, i, static_cast<uint64_t>(index)) - 1;
    const int32_t kind = sum < -0.5f ? 0 : sum < 0.5f ? 1 : 2;
    const float weight = index % 4 == 0 ? 0.0f : 1.0f;
    const float price = weight > 0 ? 2 * x[0] - x[1] + 1 : 1000;
    std::memcpy(into.fields[0], x, sizeof x);
    std::memcpy(into.fields[1], &kind, sizeof kind);
    std::memcpy(into.fields[2], &price, sizeof price);
    std::memcpy(into.fields[3], &weight, sizeof weight);
  }

 private:
  const std::vector<SampleField> fields_{{"x", {DType::f32, {4}}},
                                         {"kind", {DType::i32, {}}, 3},
                                         {"price", {DType::f32, {}}},
                                         {"weight", {DType::f32, {}}}};
};

struct KindsAndPricesReader final : Reader {
  void describe(Schema& s) override { s.summary("for this test"); }
  DatasetPointer open(const Folders&) const override { return std::make_shared<KindsAndPrices>(); }
};
DL_READER(KindsAndPricesReader, "kinds_and_prices");

std::string objectives_config(const std::string& objectives) {
  return "data:\n  train: {format: kinds_and_prices}\n  validation: {last: 16}\n  batch_size: 8\n" + std::string(R"(
model:
  - linear: 16
  - relu:
    name: h
  - linear: 3
    name: class
  - linear: 1
    from: h
    name: value
)") + objectives +
         "optimizer: {adam: {lr: 0.02}}\n"
         "trainer: {max_epochs: 30, device: reference, log_every_n_steps: 7, checkpoint: {every: 1000 steps}}\n";
}

const std::string two = R"(
losses:
  kind: {cross_entropy: {output: class, target: kind}}
  price: {mse: {target: price, sample_weight: weight}, weight: 0.5}
metrics: [{accuracy: {output: class, target: kind}}]
)";

double value_of(const std::vector<Measured>& values, const std::string& name) {
  const auto found = std::ranges::find(values, name, &Measured::name);
  REQUIRE(found != values.end());
  return found->value;
}

}  // namespace

TEST_CASE("a model with two outputs learns from two losses, each with its target, weight and weights of samples") {
  const Workplace place(objectives_config(two));
  const auto plan = place.plan();
  CHECK(plan->network->inputs().size() == 1);  // what only losses read is no input
  CHECK(plan->objectives.figures() == std::vector<std::string>{"loss", "kind_loss", "price_loss", "accuracy"});
  CHECK(plan_from(place.path / "small.yaml", {})->resolved() == plan->resolved());
  RunFolder run = place.new_run(*plan);
  Record record;
  const RunFinished end = Trainer(*plan, {.folder = &run, .observers = {&record}}).fit();
  CHECK(end.exit == Exit::done);
  const std::vector<Measured>&first = record.epochs.front().values, &last = record.epochs.back().values;
  CHECK(value_of(last, "train/kind_loss") < 0.5 * value_of(first, "train/kind_loss"));
  CHECK(value_of(last, "train/price_loss") < 0.1 * value_of(first, "train/price_loss"));
  CHECK(value_of(last, "train/accuracy") > 0.85);
  CHECK(value_of(last, "train/loss") ==
        doctest::Approx(value_of(last, "train/kind_loss") + 0.5 * value_of(last, "train/price_loss")));
  CHECK(value_of(last, "val/price_loss") < 1);  // the nonsense of weight 0 would make it 250,000
}

TEST_CASE("a resolved config with several losses makes the same run") {
  const Workplace place(objectives_config(two));
  const auto plan = place.plan();
  write(place.path / "again.yaml", plan->resolved());
  CHECK(plan_run(place.path / "again.yaml", {})->resolved() == plan->resolved());
}

TEST_CASE("the target may be an input, and no field of the name y is needed") {
  const Workplace place(
      "data: {train: {format: kinds_and_prices}, batch_size: 8}\nmodel: [{linear: 3}, {linear: 4}]\n"
      "loss: {mse: {target: x}}\noptimizer: {adam: {lr: 0.02}}\n"
      "trainer: {max_epochs: 30, device: reference}\n");
  const auto plan = place.plan();
  RunFolder run = place.new_run(*plan);
  Record record;
  Trainer(*plan, {.folder = &run, .observers = {&record}}).fit();
  CHECK(record.epochs.back().values[0].value < 0.3 * record.epochs.front().values[0].value);
}

TEST_CASE("a table's column that weighs samples weighs them as it stands there") {
  const auto loss = [](const std::string& weight) {
    const Workplace place(
        "data: {train: {format: csv, path: goods.csv, target: price, columns: {w: " + weight +
        "}}, batch_size: 4}\nmodel: [linear: 1]\nloss: {mse: {sample_weight: w}}\noptimizer: {adam: {lr: 0.02}}\n"
        "trainer: {max_epochs: 3, device: reference}\n");
    std::string rows = "a,price,w\n";
    for (int i = 0; i < 16; ++i) rows += i % 4 == 0 ? concat(i, ",1000,0\n") : concat(i, ",", i, ",", i % 3 + 1, "\n");
    place.write("goods.csv", rows);
    const auto plan = place.plan();
    RunFolder run = place.new_run(*plan);
    Record record;
    Trainer(*plan, {.folder = &run, .observers = {&record}}).fit();
    return value_of(record.epochs.back().values, "train/loss");
  };
  CHECK(loss("target") == doctest::Approx(loss("{type: target, normalize: none}")).epsilon(1e-3));
}

TEST_CASE("weights of samples are mixed as their samples are") {
  const Workplace place(
      "data: {train: {format: csv, path: goods.csv, target: {column: price, normalize: none}, columns: {a: {normalize: "
      "none}, w: {type: target, normalize: none}}}, batch_size: 3, batch_transforms: [{mixup: 1000000}]}\n"
      "model: [linear: {out_features: 1, bias: false}]\nloss: {mse: {sample_weight: w}}\n"
      "optimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 3, device: reference}\n");
  place.write("goods.csv", "a,price,w\n0,0,1\n0,2,0\n0,6,0\n");
  const auto plan = place.plan();
  RunFolder run = place.new_run(*plan);
  Record record;
  Trainer(*plan, {.folder = &run, .observers = {&record}}).fit();
  // Halves of the prices 0 and 2, and of 0 and 6, each of the weight 0.5, in whatever order; what is predicted is 0.
  for (const auto& epoch : record.epochs)
    CHECK(value_of(epoch.values, "train/loss") == doctest::Approx(0.5 * 1 + 0.5 * 9).epsilon(0.01));
}

TEST_CASE("losses that take targets as they are refuse those of a series, and directions of normalized columns") {
  const auto refusal = [](const std::string& data, const std::string& more, const std::vector<std::string>& sets = {}) {
    const Workplace place("data: {train: {path: s.csv, " + data + "}, batch_size: 4}\n" + more +
                          "optimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
    std::string rows = "a,b,c\n";
    for (int i = 0; i < 12; ++i) rows += concat(i, ",", i * i % 7, ",", i % 5, "\n");
    place.write("s.csv", rows);
    return place.refusal(sets);
  };
  const std::string windows = "format: series, length: 2, horizon: 2",
                    of_windows = "model: [flatten, linear: 6, unflatten: [2, 3]]\nloss: mape\n";
  CHECK(refusal(windows, of_windows) ==
        "error: small.yaml:3:7: loss (mape): takes its targets as they are, but those of 'y' are normalized\n"
        "  help: write 'normalize: none' beside 'format: series'");
  CHECK(refusal(windows, of_windows, {"data.train.normalize=none"}) == "");
  CHECK(refusal("format: csv, target: [a, b]", "model: [linear: 2]\nloss: cosine_similarity\n") ==
        "error: small.yaml:3:7: loss (cosine_similarity): takes its targets as they are, but those of 'y' are "
        "normalized: what was 0 is -1.593\n"
        "  help: write 'target: {column: [a, b], normalize: none}'");
  CHECK(refusal("format: csv, target: b", "model: [linear: 1]\nloss: hinge\n")
            .ends_with("\n  help: write 'target: {column: b, as: class}', or take a loss of numbers: 'mse'"));
  CHECK(refusal("format: csv, target: b", "model: [linear: 1]\nloss: {mse: {target: b}}\n") ==
        "error: small.yaml:3:8: loss (mse): reads the field 'b', which the data do not have\n"
        "  help: write 'y': so the column 'b' is named here");
}

TEST_CASE("targets are mixed for losses that take probabilities alone") {
  const auto refusal = [](const std::string& loss, int outputs) {
    const Workplace place(
        "data: {train: {format: csv, path: t.csv, target: {column: y, as: class}}, batch_size: 4, batch_transforms: "
        "[mixup: 0.2]}\n" +
        concat("model: [linear: ", outputs, "]\nloss: ", loss) +
        "\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
    std::string rows = "a,y\n";
    for (int i = 0; i < 12; ++i) rows += concat(i, ",", i % 2, "\n");
    place.write("t.csv", rows);
    return place.refusal();
  };
  CHECK(refusal("cross_entropy", 2) == "");
  CHECK(refusal("binary_focal", 1) == "");
  CHECK(refusal("hinge", 1) ==
        "error: small.yaml:1:109: data.batch_transforms: the loss (hinge) takes classes alone, and a mix of them is "
        "probabilities\n"
        "  help: take 'bce_with_logits', or remove 'batch_transforms'");
  CHECK(refusal("triplet", 2).find("the loss (triplet) takes classes alone") != std::string::npos);
}

TEST_CASE("a grade of 0 is no relevant answer, though grades are normalized") {
  const Workplace place(
      "data: {train: {format: csv, path: answers.csv, target: grade, columns: {query: group}}, batch_size: 3}\n"
      "model: [linear: 1]\nloss: mse\nmetrics: [{mrr: {group: query}}]\noptimizer: {adam: {lr: 0.02}}\n"
      "trainer: {max_epochs: 1, device: reference}\n");
  std::string rows = "a,query,grade\n";
  for (const int grade : {0, 0, 0, 0, 0, 2, 2, 3, 3}) rows += concat(rows.size() % 7, ",", grade > 0, ",", grade, "\n");
  place.write("answers.csv", rows);
  const auto plan = place.plan();
  RunFolder run = place.new_run(*plan);
  Record record;
  Trainer(*plan, {.folder = &run, .observers = {&record}}).fit();
  CHECK(value_of(record.epochs.back().values, "train/mrr") == 0.5);  // of one query all answers are, of the other none
}

TEST_CASE("a loss of two outputs learns a mean and its variance") {
  const Workplace place(
      "data: {train: {format: kinds_and_prices}, batch_size: 8}\n"
      "model:\n  - linear: 1\n    name: mean\n  - linear: 1\n    from: x\n    name: raw\n  - softmax:\n    name: "
      "variance\n"
      "loss: {gaussian_nll: {output: mean, variance: variance, target: price, sample_weight: weight}}\n"
      "optimizer: {adam: {lr: 0.02}}\ntrainer: {max_epochs: 40, device: reference}\n");
  const auto plan = place.plan();
  RunFolder run = place.new_run(*plan);
  Record record;
  Trainer(*plan, {.folder = &run, .observers = {&record}}).fit();
  CHECK(record.epochs.back().values[0].value < 0.01);  // (log 1 + d^2) / 2: the softmax of one value is 1
  CHECK(record.epochs.front().values[0].value > 0.5);
}

TEST_CASE("what losses and metrics name and nobody has is refused, with what there is") {
  const auto refusal = [](const std::string& objectives) {
    const Workplace place(objectives_config(objectives));
    return place.refusal();
  };
  CHECK(refusal("loss: {mse: {target: prize}}\n") ==
        "error: small.yaml:15:8: loss (mse): reads the field 'prize', which the data do not have\n"
        "  help: write 'price'");
  CHECK(refusal("loss: {mse: {output: clas, target: price}}\n") ==
        "error: small.yaml:15:8: loss (mse): reads the output of 'clas', which no item of the model has as its name\n"
        "  help: write 'class'");
  CHECK(refusal("loss: {mse: {output: class.inner, target: price}}\n")
            .ends_with("  help: write 'class': of a block only what it ends with is an output"));
  CHECK(refusal("loss: {mse: {target: price, sample_weight: x}}\n") ==
        "error: small.yaml:15:8: loss (mse): expected one number a sample in 'x', got f32 [4]\n"
        "  help: name a field of numbers, one a sample");
  CHECK(refusal("loss: {mse: {target: price}}\nlosses: {a: {mse: {target: price}}}\n") ==
        "error: small.yaml:16:9: losses: 'loss' and 'losses' are both given\n  help: keep one of them");
  CHECK(refusal("losses: {a b: {mse: {target: price}}}\n") ==
        "error: small.yaml:15:10: losses: expected a name of letters, digits, _ and -, got 'a b'\n"
        "  help: write a name: the figure will be 'train/NAME_loss'");
  CHECK(refusal("losses: {a: {mse: {target: price}, weight: 0}}\n") ==
        "error: small.yaml:15:44: losses.a.weight: expected a number above 0, got 0");
  CHECK(
      refusal("loss: {mse: {target: price}}\nmetrics: [{mae: {output: class, target: price}}]\n") ==
      "error: small.yaml:16:12: metrics[0] (mae): reads an output that no loss reads, so that nothing is known of its "
      "values\n  help: write 'output: …', or add a loss");
}

TEST_CASE("collected rows, sums of matrices and several losses go on to the same records after a stop") {
  const Workplace place(objectives_config(R"(
losses:
  kind: {cross_entropy: {output: class, target: kind}}
  price: {mse: {target: price, sample_weight: weight}, weight: 0.5}
metrics: [{roc_auc: {output: class, target: kind}}, {confusion_matrix: {output: class, target: kind}},
          {f_beta: {output: class, target: kind, average: per_class}}, {spearman: {target: price}}]
)"));
  const auto records = [](const RunFolder& folder) { return timeless(folder.paths().metrics_jsonl()); };
  const auto plan = place.plan({"trainer.max_epochs=4"});
  RunFolder whole = place.new_run(*plan);
  Trainer(*plan, {.folder = &whole}).fit();
  REQUIRE(records(whole).size() > 8);
  CHECK(text_of(whole.paths().tables() / "val_confusion_matrix.csv").starts_with("target,0,1,2\n0,"));
  for (const int64_t at : {1, 6, 7, 10, 15, 33}) {
    CAPTURE(at);
    RunFolder stopped = place.new_run(*plan);
    StopAfter stop(at);
    Trainer(*plan, {.folder = &stopped, .observers = {&stop}, .stop = &stop.stop}).fit();
    Trainer resumed(*plan, {.folder = &stopped});
    resumed.resume(*Checkpoints(stopped.paths().checkpoints()).newest({}));
    resumed.fit();
    CHECK(records(stopped) == records(whole));
    CHECK(text_of(stopped.paths().tables() / "val_confusion_matrix.csv") ==
          text_of(whole.paths().tables() / "val_confusion_matrix.csv"));
  }
}

TEST_CASE("a run that goes on with other metrics keeps those that it still has") {
  const Workplace place(objectives_config(two));
  const auto plan = place.plan({"trainer.max_epochs=2"});
  RunFolder folder = place.new_run(*plan);
  StopAfter stop(5);
  Trainer(*plan, {.folder = &folder, .observers = {&stop}, .stop = &stop.stop}).fit();
  const auto other = place.plan({"trainer.max_epochs=2", "metrics=[{mae: {target: price}}]"});
  Trainer resumed(*other, {.folder = &folder});
  resumed.resume(*Checkpoints(folder.paths().checkpoints()).newest({}));
  CHECK(resumed.fit().exit == Exit::done);
}
