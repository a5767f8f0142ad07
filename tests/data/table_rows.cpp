// Rows to predict, read with what was fitted to the training part.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table.h"

#include "tests/data/table_for_test.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("rows to predict are read with what was fitted, with or without the target's column") {
  const Table table;
  const auto opened = table.open("target: income, columns: {age: {normalize: minmax}}");
  const DatasetPointer rows = table.rows(*opened, "town,age\nOslo,60\nRome,20\n");
  REQUIRE(rows);
  CHECK(rows->fields().size() == 1);
  CHECK(inputs(rows) == Rows{{1, 0, 1, 0}, {0, 0, 0, 0}});
  CHECK(error_text(table, [&] { table.rows(*opened, "town\nOslo\n"); }) ==
        "error: DIR/new.csv: expected a column 'age' as in the training data, found none\n"
        "  its columns: town");
  CHECK(error_text(table, [&] { table.rows(*opened, "town,Age\nOslo,20\n"); }) ==
        "error: DIR/new.csv: expected a column 'age' as in the training data, found none\n"
        "  its columns: town, Age\n"
        "  help: write 'age' for 'Age', as in training");
}

TEST_CASE("rows without a value in a column of which training has all are told") {
  const Table table("town,a,y\nUlm,1,p\nBonn,2,q\nUlm,3,p\n");
  const auto opened = table.open("target: y, normalize: none");
  const DatasetPointer rows = table.rows(*opened, "town,a\nUlm,1\n,2\n?,3\n");
  CHECK(inputs(rows) == Rows{{0, 1, 1}, {0, 0, 2}, {0, 0, 3}});
  REQUIRE(rows->warnings().size() == 1);
  CHECK(problem_text(rows->warnings()[0]) ==
        (table.path / "new.csv").string() +
            ":3:1: column 'town': 2 of 3 rows have no value, and all of training's have one\n"
            "  help: the network sees none of its categories there: train with 'columns: {town: {impute: "
            "most_frequent}}' if such rows come");
  const auto filled = table.open("target: y, normalize: none, columns: {town: {impute: most_frequent}}");
  const DatasetPointer as_most = table.rows(*filled, "town,a\n,2\n");
  CHECK(inputs(as_most) == Rows{{0, 1, 2}});
  CHECK(as_most->warnings().empty());
}

TEST_CASE("rows to predict may have a header in any order, or none, wherever they begin") {
  const Table table("what was measured\nid,a,b,kind,c\n1,1,10,x,100\n2,2,20,y,200\n");
  const auto opened = table.open("target: kind, skip: 1, normalize: none, columns: {id: ignore}");
  CHECK(opened->problems == "");
  const auto predicted = [&](const std::string& text, std::string* warning = nullptr) {
    const DatasetPointer rows = table.rows(*opened, text);
    if (warning)
      for (const Problem& problem : rows->warnings()) *warning += problem.what + "\n";
    return inputs(rows);
  };
  const Rows expected{{3, 30, 300}, {4, 40, 400}};
  std::string none;
  CHECK(predicted("measured\nid,a,b,kind,c\n1,3,30,x,300\n2,4,40,y,400\n") == expected);
  CHECK(predicted("a,b,c\n3,30,300\n4,40,400\n", &none) == expected);
  CHECK(predicted("c,b,a\n300,30,3\n400,40,4\n", &none) == expected);
  CHECK(predicted("3,30,300\n4,40,400\n", &none) == expected);
  CHECK(predicted("1,3,30,x,300\n2,4,40,y,400\n", &none) == expected);
  CHECK(predicted("1,3,30,300\n2,4,40,400\n", &none) == expected);
  CHECK(predicted(",c,b,a\n0,300,30,3\n1,400,40,4\n", &none) == expected);
  CHECK(none == "");
  std::string more, skipped;
  CHECK(predicted("c,z,b,a\n300,q,30,3\n400,q,40,4\n", &more) == expected);
  CHECK(more == "the training table has no column 'z'; it is left out\n");
  CHECK(predicted("measured again\n3,30,300\n4,40,400\n", &skipped) == expected);
  CHECK(skipped == "1 line at the beginning is passed over, as 'skip' says: 'measured again'\n");
  const auto said = [&](const std::string& text) { return error_text(table, [&] { predicted(text); }); };
  CHECK(said("a,b\n3,30\n") ==
        "error: DIR/new.csv: expected a column 'c' as in the training data, found none\n"
        "  its columns: a, b");
  CHECK(
      said("3,30\n4,40\n") ==
      "error: DIR/new.csv:1:1: the file has no header; expected rows of 5 or 4 or 3 cells in the order of the training "
      "table, found 2\n"
      "  the columns of training: id, a, b, kind, c\n"
      "  help: write a first line with the columns' names");
  CHECK(said("a,b,c\n3,30,300\n4,40\n") ==
        "error: DIR/new.csv:3:1: expected 3 cells as in the first row, found 2\n"
        "  help: mend the line: a cell that holds the delimiter stands in double quotes");
}
