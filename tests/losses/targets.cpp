// Every loss beside every kind of target and of prediction: its value, or what it says.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/loss.h"
#include "tests/error_text.h"
#include "tests/evaluate.h"
#include "tests/measured.h"
#include "tests/read_registered.h"

using namespace dl;
using namespace dl::testing;

namespace {

// Of two samples.
struct Target {
  std::string name;
  Type type;
  Numbers numbers;
  int64_t classes = 0;
};
const std::vector<Target> targets{
    {"a class of 2", {DType::i32, {2}}, {1, 0}, 2},
    {"2 classes", {DType::i32, {2, 2}}, {1, 0, 0, 1}},
    {"a number", {DType::f32, {2}}, {0.5, 1}},
    {"3 numbers", {DType::f32, {2, 3}}, {0, 1, 0.5, 1, 0, 0}},
};
struct Output {
  std::string name;
  Shape shape;
  Numbers numbers;
};
const std::vector<Output> outputs{
    {"1", {2, 1}, {2, -1}},
    {"2", {2, 2}, {1, -1, 0, 2}},
    {"3", {2, 3}, {1, 0, 2, -1, 1, 0}},
    {"[2, 3]", {2, 2, 3}, {1, 0, 2, -1, 1, 0, 2, 0, 1, 0, 0, 3}},
};

// Four digits, or the error and its help.
std::string said(const Loss& loss, const Target& target, const Output& output) {
  Graph g;
  const Value x = input(g, "x", {DType::f32, output.shape}), y = input(g, "y", target.type);
  return error_text<ShapeError>([&] {
    const Value value = mean_loss(loss, x, y);
    expect_classes(loss, {DType::f32, output.shape.without_batch()}, target.classes);
    char text[32];
    std::snprintf(text, sizeof text, "%.4f",
                  double{evaluate(g, {value}, {{"x", output.numbers}, {"y", target.numbers}})[0][0]});
    return std::string(text);
  });
}

// The table of one loss, a line a target and an output. Lines that say the same are one.
std::string table(const std::string& yaml) {
  const auto loss = read_registered_as<Loss>(yaml);
  std::string text;
  for (const Target& target : targets) {
    std::vector<std::pair<std::string, std::string>> lines;  // what is said, of which outputs
    for (const Output& output : outputs) {
      const std::string what = said(*loss, target, output);
      const auto same = std::ranges::find(lines, what, [](const auto& line) { return line.first; });
      if (same == lines.end())
        lines.emplace_back(what, output.name);
      else
        same->second += ", " + output.name;
    }
    for (const auto& [what, of] : lines) text += target.name + " from " + of + ": " + what + "\n";
  }
  return text;
}

// The table of a loss of numbers, with its two values.
std::string of_numbers(const std::string& one, const std::string& three) {
  return "a class of 2 from 1, 2, 3, [2, 3]: expected numbers as targets, the data's are classes: i32 []; take a loss "
         "or metric of classes: 'cross_entropy'; or write 'target: x' in it where the model is to give back its input\n"
         "2 classes from 1, 2, 3, [2, 3]: expected numbers as targets, the data's are classes: i32 [2]; take a loss or "
         "metric of classes: 'cross_entropy'; or write 'target: x' in it where the model is to give back its input\n"
         "a number from 1: " +
         one +
         "\n"
         "a number from 2: expected one value for each of the targets [], got [2]; end the model with 'linear: 1'\n"
         "a number from 3: expected one value for each of the targets [], got [3]; end the model with 'linear: 1'\n"
         "a number from [2, 3]: expected one value for each of the targets [], got [2, 3]; put 'global_avg_pool1d', or "
         "'select: -1' for the "
         "last place, before 'linear: 1'; a recurrent layer with 'return_sequences: false' gives its last "
         "state\n"
         "3 numbers from 1: expected one value for each of the targets [3], got [1]; end the model with 'linear: 3'\n"
         "3 numbers from 2: expected one value for each of the targets [3], got [2]; end the model with 'linear: 3'\n"
         "3 numbers from 3: " +
         three +
         "\n"
         "3 numbers from [2, 3]: expected one value for each of the targets [3], got [2, 3]; put 'global_avg_pool1d', "
         "or 'select: -1' for the "
         "last place, before 'linear: 3'; a recurrent layer with 'return_sequences: false' gives its last "
         "state\n";
}

}  // namespace

TEST_CASE("cross_entropy takes one value a class for each class, and says what it does not take") {
  CHECK(table("cross_entropy") ==
        "a class of 2 from 1: expected one value a class, got a single one: its probability is always 1; end the model "
        "with 'linear: ${data.classes}', or take 'bce_with_logits' for two classes\n"
        "a class of 2 from 2: 2.1269\n"
        "a class of 2 from 3: 2.4076\n"
        "a class of 2 from [2, 3]: expected one value a class and a class as target, got [2, 3] and []; "
        "put 'global_avg_pool1d', or 'select: -1' for the last place, before 'linear: ${data.classes}'; a recurrent "
        "layer with 'return_sequences: false' gives its last state\n"
        "2 classes from 1: expected one value a class for each of the targets [2], got [1]; keep the model's sequence "
        "as long as the targets, and end it with 'linear: ${data.classes}'\n"
        "2 classes from 2: expected one value a class for each of the targets [2], got [2]; where targets are one-hot "
        "save their classes, y.argmax(-1); else keep the model's sequence as long as the targets, and end it with "
        "'linear: ${data.classes}'\n"
        "2 classes from 3: expected one value a class for each of the targets [2], got [3]; keep the model's sequence "
        "as long as the targets, and end it with 'linear: ${data.classes}'\n"
        "2 classes from [2, 3]: 2.0794\n"
        "a number from 1, 2, 3, [2, 3]: expected classes as targets, the data's are numbers: f32 []; take a loss or "
        "metric of numbers: 'mse'\n"
        "3 numbers from 1, 2, [2, 3]: expected classes as targets, the data's are numbers: f32 [3]; take a loss or "
        "metric of numbers: 'mse'\n"
        "3 numbers from 3: 2.5095\n");  // as probabilities of the classes
}

TEST_CASE("nll takes what cross_entropy takes") {
  CHECK(table("nll") ==
        "a class of 2 from 1: expected one value a class, got a single one: its probability is always 1; end the model "
        "with 'linear: ${data.classes}', or take 'bce_with_logits' for two classes\n"
        "a class of 2 from 2, 3: 0.5000\n"
        "a class of 2 from [2, 3]: expected one value a class and a class as target, got [2, 3] and []; "
        "put 'global_avg_pool1d', or 'select: -1' for the last place, before 'linear: ${data.classes}'; a recurrent "
        "layer with 'return_sequences: false' gives its last state\n"
        "2 classes from 1: expected one value a class for each of the targets [2], got [1]; keep the model's sequence "
        "as long as the targets, and end it with 'linear: ${data.classes}'\n"
        "2 classes from 2: expected one value a class for each of the targets [2], got [2]; where targets are one-hot "
        "save their classes, y.argmax(-1); else keep the model's sequence as long as the targets, and end it with "
        "'linear: ${data.classes}'\n"
        "2 classes from 3: expected one value a class for each of the targets [2], got [3]; keep the model's sequence "
        "as long as the targets, and end it with 'linear: ${data.classes}'\n"
        "2 classes from [2, 3]: -0.2500\n"
        "a number from 1, 2, 3, [2, 3]: expected classes as targets, the data's are numbers: f32 []; take a loss or "
        "metric of numbers: 'mse'\n"
        "3 numbers from 1, 2, 3, [2, 3]: expected classes as targets, the data's are numbers: f32 [3]; take a loss or "
        "metric of numbers: 'mse'\n");
}

TEST_CASE("bce_with_logits takes one value for each class of two and for each number") {
  CHECK(table("bce_with_logits") ==
        "a class of 2 from 1: 0.2201\n"
        "a class of 2 from 2: expected one value for each of the targets [], got [2]; end the model with 'linear: 1'\n"
        "a class of 2 from 3: expected one value for each of the targets [], got [3]; end the model with 'linear: 1'\n"
        "a class of 2 from [2, 3]: expected one value for each of the targets [], got [2, 3]; put 'global_avg_pool1d', "
        "or 'select: -1' for the "
        "last place, before 'linear: 1'; a recurrent layer with 'return_sequences: false' gives its last "
        "state\n"
        "2 classes from 1: expected one value for each of the targets [2], got [1]; end the model with 'linear: 2'\n"
        "2 classes from 2: 0.3616\n"
        "2 classes from 3: expected one value for each of the targets [2], got [3]; end the model with 'linear: 2'\n"
        "2 classes from [2, 3]: expected one value for each of the targets [2], got [2, 3]; put 'global_avg_pool1d', "
        "or 'select: -1' for the "
        "last place, before 'linear: 2'; a recurrent layer with 'return_sequences: false' gives its last "
        "state\n"
        "a number from 1: 1.2201\n"
        "a number from 2: expected one value for each of the targets [], got [2]; end the model with 'linear: 1'\n"
        "a number from 3: expected one value for each of the targets [], got [3]; end the model with 'linear: 1'\n"
        "a number from [2, 3]: expected one value for each of the targets [], got [2, 3]; put 'global_avg_pool1d', or "
        "'select: -1' for the "
        "last place, before 'linear: 1'; a recurrent layer with 'return_sequences: false' gives its last "
        "state\n"
        "3 numbers from 1: expected one value for each of the targets [3], got [1]; end the model with 'linear: 3'\n"
        "3 numbers from 2: expected one value for each of the targets [3], got [2]; end the model with 'linear: 3'\n"
        "3 numbers from 3: 1.0755\n"
        "3 numbers from [2, 3]: expected one value for each of the targets [3], got [2, 3]; put 'global_avg_pool1d', "
        "or 'select: -1' for the "
        "last place, before 'linear: 3'; a recurrent layer with 'return_sequences: false' gives its last "
        "state\n");
}

TEST_CASE("places with a single channel are one value each, as a mask has them") {
  const Target mask{"a mask", {DType::i32, {2, 1, 2}}, {1, 0, 0, 1}, 2};
  const Output channel{"[1, 2, 1]", {2, 1, 2, 1}, {2, -1, 0, 1}}, places{"[1, 2]", {2, 1, 2}, channel.numbers};
  for (const std::string yaml : {"bce_with_logits", "binary_focal", "hinge"}) {
    CAPTURE(yaml);
    const auto loss = read_registered_as<Loss>(yaml);
    CHECK(said(*loss, mask, channel) == said(*loss, mask, places));
  }
  CHECK(said(*read_registered_as<Loss>("bce_with_logits"), mask, channel).starts_with("0."));
  const Output flat{"2", {2, 2}, {2, -1, 0, 1}};
  CHECK(said(*read_registered_as<Loss>("bce_with_logits"), mask, flat) ==
        "expected one value for each of the targets [1, 2], got [2]; end the model with 'unflatten: [1, 2]'");
}

TEST_CASE("losses of numbers take as many values as there are numbers") {
  CHECK(table("mse") == of_numbers("3.1250", "1.5417"));
  CHECK(table("l1") == of_numbers("1.7500", "1.0833"));
  CHECK(table("huber") == of_numbers("1.2500", "0.6667"));
  CHECK(table("smooth_l1") == of_numbers("1.2500", "0.6667"));
}

TEST_CASE("one value tells two classes apart, not three, and is no value a class") {
  const Output& one = outputs[0];
  CHECK(said(*read_registered_as<Loss>("bce_with_logits"), {"", {DType::i32, {2}}, {0, 0}, 3}, one) ==
        "expected two classes, which one value tells apart, the data have 3; take 'cross_entropy', and end the model "
        "with "
        "'linear: ${data.classes}'");
  CHECK(said(*read_registered_as<Loss>("cross_entropy"), {"", {DType::i32, {2}}, {0, 0}, 1}, one) ==
        "expected one value a class, got a single one: its probability is always 1; end the model with 'linear: "
        "${data.classes}', or take 'bce_with_logits' for two classes");
}

TEST_CASE("weights of classes are given in order, by name or balanced, and are then a list in the config") {
  const std::vector<std::string> names{"cat", "dog", "owl"};
  const auto learnt = [&](const std::string& yaml, std::vector<int64_t> counts = {2, 6, 4}) {
    const auto loss = read_registered_as<Loss>(yaml);
    return error_text<ShapeError>([&] {
      loss->learn({.classes = names, .values = 3, .count = [&] { return counts; }});
      return to_json(*write_registered(*loss).entries[0].value.find("weight"), 0);
    });
  };
  CHECK(learnt("cross_entropy") == "null");
  CHECK(learnt("cross_entropy: {weight: [1, 2, 0.5]}") == "[1, 2, 0.5]");
  CHECK(learnt("nll: {weight: {owl: 3, cat: 1, dog: 2}}") == "[1, 2, 3]");
  CHECK(learnt("cross_entropy: {weight: balanced}") == "[2, 0.6666666666666666, 1]");
  CHECK(learnt("cross_entropy: {weight: balanced, ignore_index: 0}", {5, 6, 2}) == "[0, 0.6666666666666666, 2]");
  CHECK(learnt("cross_entropy: {weight: balanced}", {2, 0, 4}) ==
        "'balanced' gives no weight to the class 'dog': no training sample has it; write the weights as a list, in the "
        "classes' order");
  CHECK(learnt("cross_entropy: {weight: [1, 2]}") ==
        "expected a weight for each of the 3 values that the model ends with, got 2; write one weight a class, in the "
        "classes' order");
  CHECK(learnt("cross_entropy: {weight: {cat: 1, dog: 2}}") ==
        "there is no weight for the class 'owl'; add 'owl: 1'; the classes are cat, dog, owl");
  CHECK(learnt("cross_entropy: {weight: {cat: 1, dog: 2, owl: 1, cow: 2}}") ==
        "a weight is given for the class 'cow', which the data do not have; remove it; the classes are cat, dog, owl");
}

TEST_CASE("weights that are none are refused where they stand") {
  CHECK(
      problems_of<Loss>("cross_entropy: {weight: even}") ==
      "error: test:1:25: loss.cross_entropy.weight: expected balanced, a list of numbers at least 0, or a map of them "
      "by class, got 'even'\n"
      "  help: write '[1, 5]', or 'balanced'\n");
  CHECK(problems_of<Loss>("cross_entropy: {weight: [0, 0]}") ==
        "error: test:1:25: loss.cross_entropy.weight: expected a weight above 0, all are 0\n"
        "  help: write 1 for a class that counts as it is\n");
  CHECK(problems_of<Loss>("cross_entropy: {class_weight: [1, 5]}") ==
        "error: test:1:17: loss (cross_entropy): unknown key 'class_weight'\n"
        "  known keys: ignore_index, label_smoothing, lengths, output, sample_weight, target, weight\n"
        "  help: write 'weight'\n");
}

TEST_CASE("a batch in which no target has a weight makes a loss of 0 and no gradient") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2, 2}}), y = input(g, "y", {DType::i32, {2}});
  const auto loss = read_registered_as<Loss>("cross_entropy: {weight: [0, 0.25]}");
  const auto [value, count] = loss->over({.prediction = x, .target = y});
  const Value dx = gradients(value, {x})[0];
  const Feed none{{"x", {1, 0, 3, 0}}, {"y", {0, 0}}}, one{{"x", {1, 1, 3, 0}}, {"y", {1, 0}}};
  check_value(value, none, {0});
  check_value(count, none, {0});
  check_value(dx, none, {0, 0, 0, 0});
  check_value(value, one, {0.693147181f});  // sum(w l) / sum(w): of one target its loss, whatever its weight
  check_value(count, one, {0.25f});
}

TEST_CASE("weights of many classes, whose loss is one operation with the linear layer before it, do what they say") {
  const int64_t rows = 6, features = 3, classes = 2100;
  std::string weights = "[";
  for (int64_t c = 0; c < classes; ++c)
    weights += concat(c + 1 < classes ? concat(c % 4, ".5, ") : concat(c % 4, ".5"));
  for (const std::string smoothing : {"", ", label_smoothing: 0.1"}) {
    CAPTURE(smoothing);
    Graph g;
    const Value x = input(g, "x", {DType::f32, {rows, features}}), w = input(g, "w", {DType::f32, {classes, features}});
    const Value y = input(g, "y", {DType::i32, {rows}}), logits = matmul(x, w, false, true);
    const auto loss =
        read_registered_as<Loss>("cross_entropy: {ignore_index: -100, weight: " + weights + "]" + smoothing + "}");
    const Value value = mean_loss(*loss, logits, y), dw = gradients(value, {w})[0];
    Feed feed{{"x", random_numbers(rows * features, 1)}, {"w", random_numbers(classes * features, 2)}};
    feed["y"] = {0, 1, 2, 3, -100, 2047};
    const auto expected = evaluate(g, {value, dw}, feed), found = evaluate(g, {value, dw}, feed, "cpu");
    CHECK(found[0][0] == doctest::Approx(expected[0][0]).epsilon(1e-5));
    double worst = 0;
    for (size_t i = 0; i < expected[1].size(); ++i)
      worst = std::max(worst, std::abs(double{found[1][i]} - double{expected[1][i]}));
    CHECK(worst < 1e-6);

    double sum = 0, all = 0;  // without smoothing, by its definition
    const Numbers log_p = evaluate(g, {log_softmax(logits)}, feed)[0];
    for (const size_t row : {0, 1, 2, 3, 5}) {
      const auto label = static_cast<size_t>(feed["y"][row]);
      const double weight = static_cast<double>(label % 4) + 0.5;
      sum -= weight * double{log_p[row * classes + label]};
      all += weight;
    }
    if (smoothing.empty()) CHECK(expected[0][0] == doctest::Approx(sum / all).epsilon(1e-5));
    CHECK(evaluate(g, {loss->over({.prediction = logits, .target = y}).count}, feed)[0][0] == doctest::Approx(all));
  }
}
