// Losses of several outputs and of vectors: what they say of types that do not fit, and what they bear.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/loss.h"
#include "tests/error_text.h"
#include "tests/evaluate.h"
#include "tests/measured.h"
#include "tests/read_registered.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string refused(const std::string& yaml, const Type& prediction, const Type& target,
                    std::vector<Type> further = {}) {
  Graph g;
  return error_text<ShapeError>([&] {
    Fields fields{.prediction = input(g, "x", prediction), .target = input(g, "y", target)};
    for (size_t i = 0; i < further.size(); ++i) fields.further.push_back(input(g, std::to_string(i), further[i]));
    read_registered_as<Loss>(yaml)->over(fields);
  });
}

void check_finite(const Graph& g, Value value, const Feed& feed) {
  const std::vector<Numbers> results = evaluate(g, {value}, feed);
  for (const float number : results[0]) CHECK(std::isfinite(number));
}

const Type vectors{DType::f32, {2, 3}}, longer{DType::f32, {2, 4}}, number{DType::f32, {2}}, label{DType::i32, {2}};

}  // namespace

TEST_CASE("losses of two outputs want vectors of one length, and name the item") {
  for (const std::string yaml : {"cosine_embedding: {other: right}", "contrastive: {other: right}",
                                 "nt_xent: {other: right}", "info_nce: {other: right}"}) {
    CAPTURE(yaml);
    CHECK(refused(yaml, vectors, label, {longer}) ==
          "expected vectors of one length, got [3] and from 'right' f32 [4]; let both end with 'linear: N' of one N");
  }
  CHECK(refused("triplet_margin: {positive: p, negative: n}", vectors, label, {vectors, longer}) ==
        "expected vectors of one length, got [3] and from 'n' f32 [4]; let both end with 'linear: N' of one N");
  CHECK(refused("cosine_similarity", vectors, label) ==
        "expected vectors of one length, got [3] and from the targets i32 []; let both end with 'linear: N' of one N");
}

TEST_CASE("losses of pairs want one target a pair") {
  for (const std::string yaml : {"cosine_embedding: {other: right}", "contrastive: {other: right}"})
    CHECK(refused(yaml, vectors, vectors, {vectors}) ==
          "expected one target a pair of vectors, got [3]; name the data's field that says whether two are of a kind: "
          "'target: FIELD'");
}

TEST_CASE("losses of classes' probabilities, of labels and of classes say which targets they take") {
  CHECK(refused("kl_div", vectors, label) ==
        "expected probabilities of the classes as targets, f32 [3], the data's are i32 []; take 'nll' for classes, "
        "'mse' for numbers");
  CHECK(refused("distillation", vectors, label) ==
        "expected the teacher's value of each class, f32 [3], got i32 []; name the data's field that has them: "
        "'target: logits'");
  CHECK(refused("multilabel_margin", vectors, label) ==
        "expected one value for each of the labels beside each other, got [3] and targets []; end the model with "
        "'linear: N', N the number of labels");
  CHECK(refused("triplet", vectors, number) ==
        "expected one vector a sample and a class as target, got [3] and f32 []; end the model with 'flatten' and "
        "'linear: 64'");
  CHECK(refused("quantile: [0.1, 0.9]", vectors, number) ==
        "expected 2 values, one a quantile, for each of the numbers [], got [3] for f32; end the model with 'linear: "
        "2'");
  CHECK(refused("dice: {activation: sigmoid}", vectors, label) ==
        "expected one value for each of the targets [], got [3]; end the model with one channel, or write 'activation: "
        "softmax'");
  CHECK(refused("kl_normal: {logvar: v}", vectors, label, {longer}) ==
        "expected as many logarithms of variances as means, got [4] and [3]; let both end with 'linear: N' of one N");
}

TEST_CASE("losses bear large values") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {4}}), y = input(g, "y", {DType::i32, {4}});
  const Feed feed{{"x", {-1000, 1000, 1000, 0}}, {"y", {1, 1, 0, 1}}};
  for (const std::string yaml :
       {"binary_focal", "binary_focal: {gamma: 0.5}", "soft_margin", "hinge", "squared_hinge"}) {
    CAPTURE(yaml);
    const Value loss = mean_loss(*read_registered_as<Loss>(yaml), x, y);
    for (const Value value : {loss, gradients(loss, {x})[0]}) check_finite(g, value, feed);
  }
  const Value logits = input(g, "logits", {DType::f32, {2, 3}}), classes = input(g, "classes", {DType::i32, {2}});
  const Feed wide{{"logits", {1000, -1000, 0, 1000, -1000, 0}}, {"classes", {0, 1}}};
  for (const std::string yaml : {"focal", "focal: {gamma: 0.5}", "multi_margin: {p: 2}"}) {
    CAPTURE(yaml);
    const Value loss = mean_loss(*read_registered_as<Loss>(yaml), logits, classes);
    for (const Value value : {loss, gradients(loss, {logits})[0]}) check_finite(g, value, wide);
  }
}

TEST_CASE("equal vectors have a finite gradient, and a batch without triplets costs nothing") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {3, 2}}), y = input(g, "y", {DType::i32, {3}});
  const Value loss = mean_loss(*read_registered_as<Loss>("triplet"), x, y);
  const Value slope = gradients(loss, {x})[0];
  check_value(loss, {{"x", {1, 2, 1, 2, 1, 2}}, {"y", {0, 0, 1}}}, {0.2f});
  check_finite(g, slope, {{"x", {1, 2, 1, 2, 1, 2}}, {"y", {0, 0, 1}}});
  check_value(loss, {{"x", {1, 2, 3, 4, 5, 6}}, {"y", {0, 0, 0}}}, {0});
  check_value(loss, {{"x", {1, 2, 3, 4, 5, 6}}, {"y", {0, 1, 2}}}, {0});
}

TEST_CASE("a teacher that is an item of the model is not trained by distillation") {
  Graph g;
  const auto loss = read_registered_as<Loss>("distillation: {teacher: large}");
  CHECK_FALSE(loss->takes_target());
  CHECK(loss->further_outputs() == std::vector<std::string>{"large"});
  const Value x = input(g, "x", {DType::f32, {2, 3}}), t = input(g, "t", {DType::f32, {2, 3}});
  const std::vector<Value> d = gradients(loss->over({.prediction = x, .further = {t}}).mean, {x, t});
  CHECK(d[0]);
  CHECK_FALSE(d[1]);
}

TEST_CASE("what a Poisson loss predicts is the rate") {
  Graph g;
  const Value x = input(g, "x", {DType::f32, {2}});
  check_value(read_registered_as<Loss>("poisson_nll")->predicted(x), {{"x", {0, 1}}}, {1, 2.718281828f});
  check_value(read_registered_as<Loss>("poisson_nll: {log_input: false}")->predicted(x), {{"x", {0, 1}}}, {0, 1});
}

TEST_CASE("vectors of 0 have gradients that are numbers") {
  const Feed feed{{"x", {0, 0, 0, 1, 2, 2}}, {"z", {0, 0, 0, 2, 1, 0}}, {"y", {1, 1}}};
  for (const std::string yaml : {"nt_xent: {other: right}", "info_nce: {other: right}", "sup_con"}) {
    CAPTURE(yaml);
    Graph g;
    const Value x = input(g, "x", vectors);
    Fields fields{.prediction = x};
    if (yaml == "sup_con")
      fields.target = input(g, "y", label);
    else
      fields.further.push_back(input(g, "z", vectors));
    check_finite(g, gradients(read_registered_as<Loss>(yaml)->over(fields).mean, {x})[0], feed);
  }
}
