// The class that scores of two classes are of.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/nn/decisions.h"
#include "tests/error_text.h"
#include "tests/measured.h"

using namespace dl;
using namespace dl::testing;

namespace {

// Of four targets 0 1 1 1, taken for 0 0 1 1.
double recall(const std::string& keys, const std::vector<std::string>& classes = {"no", "yes"}) {
  MeasuredMetric metric("recall: {" + keys + "}", "cross_entropy", {DType::f32, {4, 2}}, {DType::i32, {4}}, classes);
  metric.add({1, 0, 1, 0, 0, 1, 0, 1}, {0, 1, 1, 1});
  return metric.figures().at(0);
}

std::string refusal(const std::string& keys) {
  return error_text<ShapeError>([&] { recall(keys); });
}

}  // namespace

TEST_CASE("the class that is looked for is named, or numbered where none has that name") {
  const double of_no = 1, of_yes = 2.0 / 3;
  CHECK(recall("") == doctest::Approx(of_yes));
  for (const char* yes : {"positive: yes", "positive: \"yes\"", "positive: 1"})
    CHECK(recall(yes) == doctest::Approx(of_yes));
  for (const char* no : {"positive: no", "positive: 0"}) CHECK(recall(no) == doctest::Approx(of_no));
  CHECK(recall("positive: 1", {"1", "2"}) == doctest::Approx(of_no));
  CHECK(recall("positive: 2", {"1", "2"}) == doctest::Approx(of_yes));
  CHECK(recall("positive: true", {"false", "true"}) == doctest::Approx(of_yes));
  CHECK(recall("positive: none", {"cold", "none"}) == doctest::Approx(of_yes));
  CHECK(recall("positive: 1", {}) == doctest::Approx(of_yes));
}

TEST_CASE("a run has the class that is looked for so that it is the same one without the names") {
  const auto written = [](const std::string& keys, const std::vector<std::string>& classes) {
    const MeasuredMetric metric("recall: {" + keys + "}", "cross_entropy", {DType::f32, {4, 2}}, {DType::i32, {4}},
                                classes);
    return write_object(*metric.metric).find("positive")->text;
  };
  CHECK(written("", {"no", "yes"}) == "1");
  CHECK(written("positive: no", {"no", "yes"}) == "0");
  CHECK(written("", {"1", "2"}) == "2");
  CHECK(written("positive: 1", {"1", "2"}) == "0");
}

TEST_CASE("a class that is looked for is written as it is read") {
  for (const char* name : {"yes", "1", "01", "true", "a: b"}) {
    ClassName read;
    std::vector<Problem> problems;
    CHECK(Codec<ClassName>::read(Codec<ClassName>::write(std::string(name)), read, {}, Reading(problems)));
    CHECK(read == name);
  }
  CHECK(Codec<ClassName>::write({}).is_null());
}

TEST_CASE("a class that there is not, or that a mean over classes is not of, is refused") {
  CHECK(refusal("positive: yess") == "expected 'positive' to be a class, 'no' or 'yes', got 'yess'; write 'yes'");
  CHECK(refusal("positive: 2") == "expected 'positive' to be a class, 'no' or 'yes', got '2'; write 'yes'");
  CHECK(refusal("positive: yes, average: macro") ==
        "'positive' is the class of 'average: binary', this is 'macro'; leave it out, or write 'average: per_class', "
        "which has a figure for each");
}
