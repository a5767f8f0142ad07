// Windows of a table in time: which rows they have, what is fitted, what is refused.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>

#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

using Floats = std::vector<float>;

// Rows "day R, R, 10 R" for R = 0 … rows - 1.
std::string ramp(int rows) {
  std::string text = "day,a,b\n";
  for (int r = 0; r < rows; ++r)
    text += "day " + std::to_string(r) + "," + std::to_string(r) + "," + std::to_string(10 * r) + "\n";
  return text;
}

std::string series(const std::string& keys) {
  return "{format: series, path: s.csv, time: day, normalize: none, " + keys + "}";
}

std::string problems_of(const Folder& folder, const std::string& text, const std::string& keys) {
  folder.write("s.csv", text);
  return open("{train: {format: series, path: s.csv, " + keys + "}}", folder.path)->problems;
}

}  // namespace

TEST_CASE("a series is windows of rows, and the rows that follow each") {
  const Folder folder;
  folder.write("s.csv", ramp(10));
  const auto opened = open("{train: " + series("length: 3, horizon: 2") + "}", folder.path);
  REQUIRE(opened->problems == "");
  const Dataset& data = *opened->sets.train;
  CHECK(data.size() == 6);
  CHECK(data.fields()[0].type == Type{DType::f32, {3, 2}});
  CHECK(data.fields()[1].type == Type{DType::f32, {2, 2}});
  CHECK(floats(sample(data, 0)[0]) == Floats{0, 0, 1, 10, 2, 20});
  CHECK(floats(sample(data, 0)[1]) == Floats{3, 30, 4, 40});
  CHECK(floats(sample(data, 5)[1]) == Floats{8, 80, 9, 90});
  CHECK(data.place(5).text() == (folder.path / "s.csv").string() + ":7");
}

TEST_CASE("rows' numbers that pandas wrote are no input of a series, and are told") {
  const Folder folder;
  for (const std::string name : {"", "Unnamed: 0"}) {
    folder.write("s.csv", name + ",day,a\n0,x,5\n1,x,6\n2,x,7\n3,x,8\n");
    const auto opened = open("{train: " + series("length: 2") + "}", folder.path);
    REQUIRE(opened->problems == "");
    CHECK(floats(sample(*opened->sets.train, 1)[0]) == Floats{6, 7});
    CHECK(warnings(folder, *opened->sets.train) ==
          (name.empty() ? "DIR/s.csv:1:1: the first column has no name: it is taken for the rows' names and left out\n"
                          "  help: give it a name in the header to use it\n"
                        : "DIR/s.csv:1:1: column 'Unnamed: 0' is an index that pandas wrote: it is taken for the rows' "
                          "names and left out\n  help: name it in 'columns' to use it\n"));
  }
}

TEST_CASE("a series may have decimal commas, and a part that ends with the file") {
  const Folder folder;
  const std::string text = "day;a\nx;0,5\nx;1,5\nx;2,5\nx;3,5\n";
  CHECK(problems_of(folder, text, "time: day, length: 2") ==
        "error: DIR/s.csv:2:3: data.train: column 'a': expected a number, found '0,5'\n"
        "  named in DIR/run.yaml:1:9\n  help: write 'decimal: \",\"'");
  const auto opened = open("{train: " + series("length: 2, begin: 0.5, end: 1, decimal: ','") + "}", folder.path);
  REQUIRE(opened->problems == "");
  CHECK(opened->sets.train->size() == 2);
  CHECK(floats(sample(*opened->sets.train, 1)[0]) == Floats{1.5, 2.5});
  CHECK(floats(sample(*opened->sets.train, 1)[1]) == Floats{3.5});
}

TEST_CASE("a series with one target, strides and parts by time") {
  const Folder folder;
  folder.write("s.csv", ramp(20));
  const auto opened =
      open("{train: " + series("length: 3, horizon: 2, target: b, columns: [a], stride: 4, end: 0.6") +
               ", validation: " + series("length: 3, horizon: 2, target: b, columns: [a], begin: 12") + "}",
           folder.path);
  REQUIRE(opened->problems == "");
  const Dataset &train = *opened->sets.train, &validation = *opened->sets.validation;
  CHECK(train.size() == 2);
  CHECK(train.fields()[1].type == Type{DType::f32, {2}});
  CHECK(floats(sample(train, 1)[0]) == Floats{4, 5, 6});
  CHECK(floats(sample(train, 1)[1]) == Floats{70, 80});
  // The first that is predicted is row 12, out of the three before it; the last is row 19.
  CHECK(validation.size() == 7);
  CHECK(floats(sample(validation, 0)[0]) == Floats{9, 10, 11});
  CHECK(floats(sample(validation, 0)[1]) == Floats{120, 130});
  CHECK(floats(sample(validation, 6)[1]) == Floats{180, 190});
}

TEST_CASE("a series is normalized by the rows of the training windows alone") {
  const Folder folder;
  folder.write("s.csv", ramp(20));
  const std::string keys = "{format: series, path: s.csv, time: day, target: b, length: 2, ";
  const auto opened =
      open("{train: " + keys + "end: 5}, validation: " + keys + "begin: 5}}", folder.path);  // rows 0 … 4
  REQUIRE(opened->problems == "");
  const float deviation = std::sqrt(2.0f);
  CHECK(floats(sample(*opened->sets.train, 0)[0])[2] == doctest::Approx(-1 / deviation));
  CHECK(floats(sample(*opened->sets.validation, 0)[0])[0] == doctest::Approx(1 / deviation));
  CHECK(opened->sets.target == Type{DType::f32, {}});
  CHECK(opened->sets.target_scaling.at(0).shift == doctest::Approx(20));
  CHECK(opened->sets.target_scaling.at(0).scale == doctest::Approx(10 * deviation));

  SUBCASE("rows to predict are all windows of inputs, up to the file's end") {
    folder.write("new.csv", "b,day,a\n0,x,0\n10,x,1\n20,x,2\n");
    const auto rows = open_rows(opened->spec, folder.path / "new.csv", folder.path, opened->sets.fitted);
    REQUIRE(rows);
    CHECK(rows->size() == 2);
    CHECK(rows->fields().size() == 1);
    CHECK(floats(sample(*rows, 1)[0])[2] == doctest::Approx(0));
    folder.write("short.csv", "day,a,b\nx,1,2\n");
    CHECK_THROWS_WITH_AS(open_rows(opened->spec, folder.path / "short.csv", folder.path, opened->sets.fitted),
                         doctest::Contains("expected 2 rows for a window, found 1"), Error);
  }
}

TEST_CASE("windows that are held out by chance are told, where they share rows with others") {
  const Folder folder;
  folder.write("s.csv", ramp(20));
  const auto warned = [&](const std::string& keys, const std::string& held_out) {
    std::string text;
    const auto opened = open(
        "{train: {format: series, path: s.csv, time: day, length: 3, " + keys + "}, " + held_out + "}", folder.path);
    CHECK(opened->problems == "");
    for (const Problem& warning : opened->sets.warnings) text += problem_text(warning) + "\n";
    return folder.placeless(text);
  };
  CHECK(warned("horizon: 2", "validation: {fraction: 0.25}") ==
        "DIR/run.yaml:1:86: data.validation: windows that are held out by chance have rows of those that are trained "
        "on\n"
        "  help: name a part of its own: the same reader with 'begin: 0.75', and 'end: 0.75' in 'train'\n");
  CHECK(warned("horizon: 2", "folds: 3").find("data.folds: windows that are held out by chance") != std::string::npos);
  CHECK(warned("horizon: 2", "validation: {last: 4}") == "");
  CHECK(warned("stride: 4", "validation: {fraction: 0.25}") == "");
}

TEST_CASE("rows that do not come in the order of their times are told") {
  const Folder folder;
  const auto warned = [&](const std::vector<std::string>& days) {
    std::string text = "day,a\n";
    for (size_t i = 0; i < days.size(); ++i) text += concat(days[i], ",", i, "\n");
    folder.write("s.csv", text);
    const auto opened = open("{train: " + series("length: 2") + "}", folder.path);
    CHECK(opened->problems == "");
    return warnings(folder, *opened->sets.train);
  };
  CHECK(warned({"2024-05-01", "2024-05-02", "2024-05-02", "2024-05-03"}) == "");
  CHECK(warned({"9", "10", "11", "12"}) == "");
  CHECK(warned({"week 9", "week 10", "week 8", "week 7"}) == "");
  CHECK(warned({"2024-05-03", "2024-05-02", "2024-05-01", "2024-04-30"}) ==
        "DIR/s.csv:3:1: the rows do not come in the order of 'day': '2024-05-02' stands behind '2024-05-03'\n"
        "  help: sort the file by 'day'\n");
}

TEST_CASE("several series in one file and rows that are missing are told") {
  const Folder folder;
  const auto warned = [&](int rows, const std::function<std::string(int)>& day) {
    std::string text = "day,a\n";
    for (int i = 0; i < rows; ++i) text += concat(day(i), ",", i, "\n");
    folder.write("s.csv", text);
    const auto opened = open("{train: " + series("length: 2") + "}", folder.path);
    CHECK(opened->problems == "");
    return warnings(folder, *opened->sets.train);
  };
  const auto date = [](int i) { return concat("2024-0", 1 + i / 28, "-", i % 28 < 9 ? "0" : "", 1 + i % 28); };
  CHECK(warned(56, [&](int i) { return date(i % 28); }) ==
        "DIR/s.csv:30:1: the times of 'day' begin again: '2024-01-01' stands behind '2024-01-28'; windows reach from "
        "one series into the next\n"
        "  help: give each series a file of its own, or each a column in one row a time\n");
  CHECK(warned(56, [&](int i) { return date(i / 2); }) ==
        "DIR/s.csv:3:1: several rows have one time, such as '2024-01-01'; windows take them for steps of one series\n"
        "  help: give each series a file of its own, or each a column in one row a time\n");
  CHECK(warned(28, date) == "");
  CHECK(warned(27, [&](int i) { return date(i < 20 ? i : i + 1); }) == "");  // a single row
  CHECK(warned(25, [&](int i) { return date(i < 20 ? i : i + 3); }) ==
        "DIR/s.csv:22:1: rows are missing between '2024-01-20' and '2024-01-24'; windows take rows for equal steps\n"
        "  help: add the rows, with cells left empty, and write 'impute: previous'\n");
  CHECK(warned(60, [](int i) { return concat(i < 30   ? 5 * i
                                             : i < 50 ? 5 * i + 100
                                                      : 5 * i + 900); }) ==
        "DIR/s.csv:32:1: rows are missing between '145' and '250', and at 1 further place; windows take rows for equal "
        "steps\n"
        "  help: add the rows, with cells left empty, and write 'impute: previous'\n");
  CHECK(warned(60, [](int i) { return concat(20240101 + 100 * (i / 28) + i % 28); }) == "");
}

TEST_CASE("cells of a series that are missing are the one before where that is written") {
  const Folder folder;
  folder.write("s.csv", "day,a\n1,5\n2,\n3,NA\n4,8\n");
  const auto opened = open("{train: " + series("length: 3, impute: previous") + "}", folder.path);
  REQUIRE(opened->problems == "");
  CHECK(floats(sample(*opened->sets.train, 0)[0]) == Floats{5, 5, 5});
}

TEST_CASE("a series says what is wrong with a file or a key") {
  const Folder folder;
  CHECK(problems_of(folder, "day,a\n1,\n2,3\n", "length: 1, time: day, impute: previous")
            .ends_with("column 'a': expected a number, found ''\n  named in DIR/run.yaml:1:9\n"
                       "  help: there is none before it: fill it in, or take the row out"));
  CHECK(problems_of(folder, "day,a\n1,2\n2,\n", "length: 1, time: day") ==
        "error: DIR/s.csv:3:3: data.train: column 'a': expected a number, found ''\n  named in DIR/run.yaml:1:9\n"
        "  help: write 'impute: previous', which lets the one before it stand there");
  CHECK(problems_of(folder, ramp(4), "length: 1").find("help: write 'time: day'") != std::string::npos);
  CHECK(problems_of(folder, ramp(4), "length: 4, time: day") ==
        "error: DIR/s.csv: data.train: expected 5 rows for a window, found 4\n  named in DIR/run.yaml:1:9\n"
        "  help: lower 'length' or 'horizon', or let 'begin' and 'end' lie further apart");
  CHECK(problems_of(folder, ramp(4), "length: 1, time: date").find("no column 'date'") != std::string::npos);
  CHECK(problems_of(folder, ramp(4), "length: 1, time: day, target: c").find("no column 'c'") != std::string::npos);
  CHECK(problems_of(folder, ramp(4), "length: 1, time: day, begin: 3, end: 2").find("more than 'begin'") !=
        std::string::npos);
  CHECK(problems_of(folder, ramp(4), "length: 1, time: day, end: 9").find("'end' is 9, but") != std::string::npos);
  CHECK(problems_of(folder, ramp(4), "length: 1, time: day, begin: 1.5") ==
        "error: DIR/run.yaml:1:68: data.train.begin: expected a share below 1 or a row's whole number, got 1.5");
  for (const std::string keys : {"begin: 1e30", "begin: 1, end: 1e30", "horizon: 9223372036854775807"})
    CHECK(problems_of(folder, ramp(4), "length: 1, time: day, " + keys).find("at most 1099511627776") !=
          std::string::npos);
  CHECK(problems_of(folder, "1,2\n3,4\n", "length: 1").find("expected a first row that names the columns") !=
        std::string::npos);
  CHECK(problems_of(folder, "day,a\n1,1e300\n2,1\n", "length: 1, time: day").find("found '1e300'") !=
        std::string::npos);
}
