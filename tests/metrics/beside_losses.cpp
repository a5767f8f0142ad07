// Every metric beside every loss, kind of target and of prediction: its value, or what it says.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/metric.h"
#include "tests/error_text.h"
#include "tests/measured.h"

using namespace dl;
using namespace dl::testing;

namespace {

// What is said of the metric beside the loss, before any shape is looked at.
std::string beside(const std::string& metric, const std::string& loss) {
  return error_text<ShapeError>(
      [&] { expect_measurable(*read_registered_as<Metric>(metric), *read_registered_as<Loss>(loss)); });
}

struct Case {
  Type prediction, target;
  Numbers x, y;
};

// Four digits, or the error and its help.
std::string said(const std::string& yaml, const Case& given) {
  return error_text<ShapeError>([&] {
    char text[32];
    std::snprintf(text, sizeof text, "%.4f",
                  measured(yaml, "mse", given.prediction, given.target, given.x, given.y)[0]);
    return std::string(text);
  });
}

const Type label{DType::i32, {2}}, labels{DType::i32, {2, 2}}, number{DType::f32, {2}}, numbers3{DType::f32, {2, 3}};

}  // namespace

TEST_CASE("every metric is beside the losses whose predictions it can read, and names others beside the rest") {
  for (const std::string loss : {"cross_entropy", "nll", "bce_with_logits"}) CHECK(beside("accuracy", loss) == "");
  for (const std::string loss : {"cross_entropy", "nll"}) CHECK(beside("perplexity", loss) == "");
  for (const std::string loss : {"mse", "l1", "huber", "smooth_l1"}) {
    for (const std::string metric : {"mae", "mse", "rmse"}) CHECK(beside(metric, loss) == "");
    CHECK(beside("accuracy", loss) ==
          concat("takes one value a class, before a softmax; or one logarithm of a probability a class; or one value a "
                 "target, before a sigmoid; the loss (",
                 loss,
                 ") takes the targets' numbers; leave it out, or write one that reads them: 'mae', 'rmse', 'r2', …"));
  }
  CHECK(beside("perplexity", "bce_with_logits") ==
        "takes one value a class, before a softmax; or one logarithm of a probability a class; the loss "
        "(bce_with_logits) takes one value a target, before a sigmoid; leave it out, or write one that reads them: "
        "'accuracy', 'f_beta', 'roc_auc', …");
  CHECK(beside("mae", "bce_with_logits") ==
        "takes the targets' numbers; the loss (bce_with_logits) takes one value a target, before a sigmoid; leave it "
        "out, or write one that reads them: 'accuracy', 'f_beta', 'roc_auc', …");
  CHECK(beside("rmse", "cross_entropy") ==
        "takes the targets' numbers; the loss (cross_entropy) takes one value a class, before a softmax; leave it out, "
        "or write one that reads them: 'accuracy', 'f_beta', 'roc_auc', …");
}

TEST_CASE("accuracy of one value before a sigmoid: class 1 is a hit above 0, class 0 elsewhere, NaN never") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(said("accuracy", {{DType::f32, {2, 1}}, label, {2, -1}, {1, 0}}) == "1.0000");
  CHECK(said("accuracy", {{DType::f32, {2, 1}}, label, {2, -1}, {0, 1}}) == "0.0000");
  CHECK(said("accuracy", {{DType::f32, {2, 1}}, label, {0, 0}, {0, 1}}) == "0.5000");
  CHECK(said("accuracy", {{DType::f32, {2, 1}}, label, {nan, nan}, {0, 1}}) == "0.0000");
  CHECK(said("accuracy", {{DType::f32, {2}}, label, {2, 3}, {1, 0}}) == "0.5000");
  CHECK(said("accuracy", {{DType::f32, {2, 2}}, labels, {2, 3, -1, -1}, {1, 1, 0, 1}}) == "0.7500");
  CHECK(said("accuracy: {ignore_index: -1}", {{DType::f32, {2, 2}}, labels, {2, 3, -1, -1}, {1, 0, 0, -1}}) ==
        "0.6667");
}

TEST_CASE("accuracy of one value a class, of single classes and of sequences") {
  const Numbers two{1, -1, 0, 2}, three{1, 0, 2, -1, 1, 0}, sequences{1, 0, 2, -1, 1, 0, 2, 0, 1, 0, 0, 3};
  CHECK(said("accuracy", {{DType::f32, {2, 2}}, label, two, {1, 1}}) == "0.5000");
  CHECK(said("accuracy", {{DType::f32, {2, 3}}, label, three, {2, 0}}) == "0.5000");
  CHECK(said("accuracy: {top_k: 2}", {{DType::f32, {2, 3}}, label, three, {0, 0}}) == "0.5000");
  CHECK(said("accuracy", {{DType::f32, {2, 2, 3}}, labels, sequences, {2, 1, 1, 2}}) == "0.7500");
  CHECK(said("accuracy", {{DType::f32, {2, 2, 3}}, label, sequences, {0, 0}}) ==
        "expected one value a class and a class as target, got [2, 3] and []; "
        "put 'global_avg_pool1d', or 'select: -1' for the last place, before 'linear: ${data.classes}'; a recurrent "
        "layer with 'return_sequences: false' gives its last state");
  CHECK(said("accuracy", {{DType::f32, {2, 3}}, labels, three, {0, 0, 0, 0}}) ==
        "expected one value a class for each of the targets [2], got [3]; keep the model's sequence as long as the "
        "targets, and end it with 'linear: ${data.classes}'");
}

TEST_CASE("a top_k that every prediction is among is refused") {
  CHECK(
      said("accuracy: {top_k: 3}", {{DType::f32, {2, 3}}, label, {}, {}}) ==
      "expected top_k below the number of classes, 3, got 3: every prediction were a hit; lower 'top_k', to 2 at most");
  CHECK(said("accuracy: {top_k: 5}", {{DType::f32, {2, 2}}, label, {}, {}}) ==
        "expected top_k below the number of classes, 2, got 5: every prediction were a hit; leave 'top_k' out");
  CHECK(said("accuracy: {top_k: 2}", {{DType::f32, {2, 1}}, label, {}, {}}) ==
        "expected top_k below the number of classes, 2, got 2: every prediction were a hit; leave 'top_k' out");
}

TEST_CASE("metrics of classes refuse numbers, and metrics of numbers refuse classes and other shapes") {
  for (const std::string metric : {"accuracy", "perplexity"})
    CHECK(said(metric, {{DType::f32, {2, 3}}, number, {}, {}})
              .starts_with("expected classes as targets, the data's are numbers: f32 "));
  for (const std::string metric : {"mae", "mse", "rmse"}) {
    for (const Type& target : {label, labels})
      CHECK(said(metric, {{DType::f32, {2, 1}}, target, {}, {}})
                .starts_with("expected numbers as targets, the data's are classes: i32 "));
    CHECK(said(metric, {{DType::f32, {2, 3}}, number, {}, {}}) ==
          "expected one value for each of the targets [], got [3]; end the model with 'linear: 1'");
    CHECK(said(metric, {{DType::f32, {2, 1}}, numbers3, {}, {}}) ==
          "expected one value for each of the targets [3], got [1]; end the model with 'linear: 3'");
    CHECK(
        said(metric, {{DType::f32, {2, 2, 3}}, numbers3, {}, {}}) ==
        "expected one value for each of the targets [3], got [2, 3]; put 'global_avg_pool1d', or 'select: -1' for the "
        "last place, before 'linear: 3'; a recurrent layer with 'return_sequences: false' gives its last "
        "state");
  }
  CHECK(said("mae", {{DType::f32, {2, 1}}, number, {2, -1}, {0.5, 1}}) == "1.7500");
  CHECK(said("mse", {{DType::f32, {2, 1}}, number, {2, -1}, {0.5, 1}}) == "3.1250");
  CHECK(said("rmse", {{DType::f32, {2, 3}}, numbers3, {1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 0}}) == "2.4495");
}

TEST_CASE("a metric ignores the targets that its loss ignores, unless it is told which") {
  const auto ignored = [](const std::string& metric_yaml, const std::string& loss_yaml) {
    const auto metric = read_registered_as<Metric>(metric_yaml);
    const auto loss = read_registered_as<Loss>(loss_yaml);
    metric->stand_in({.loss = *loss, .prediction = {}, .target = {}, .classes = {}});
    return to_json(*write_registered(*metric).entries[0].value.find("ignore_index"), 0);
  };
  for (const std::string metric : {"accuracy", "perplexity"}) {
    CHECK(ignored(metric, "cross_entropy") == "null");
    CHECK(ignored(metric, "cross_entropy: {ignore_index: -100}") == "-100");
    CHECK(ignored(metric, "nll: {ignore_index: 0}") == "0");
    CHECK(ignored(metric + ": {ignore_index: 3}", "cross_entropy: {ignore_index: -100}") == "3");
  }
}

TEST_CASE(
    "labels beside each other are labels as whole numbers and as numbers, and one class each beside cross_entropy") {
  const Numbers x = {2, -1, 0.5f, -0.3f, 1.5f, -2, 0.1f, -0.2f, 3, -1.5f, 0.4f, 0.6f};
  const Numbers y = {1, 0, 0, 0, 1, 0, 1, 1, 1, 0, 0, 1}, one_hot = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0};
  const Type predicted{DType::f32, {4, 3}}, wholes{DType::i32, {4, 3}}, numbers{DType::f32, {4, 3}};
  for (const std::string metric : {"accuracy", "f_beta", "precision", "recall", "exact_match", "hamming_loss",
                                   "roc_auc", "average_precision", "log_loss", "brier", "calibration_error"}) {
    CAPTURE(metric);
    CHECK(measured(metric, "bce_with_logits", predicted, wholes, x, y) ==
          measured(metric, "bce_with_logits", predicted, numbers, x, y));
    if (metric == "exact_match" || metric == "hamming_loss") continue;
    CHECK(measured(metric, "cross_entropy", predicted, {DType::i32, {4}}, x, {0, 1, 2, 1}) ==
          measured(metric, "cross_entropy", predicted, numbers, x, one_hot));
  }
}
