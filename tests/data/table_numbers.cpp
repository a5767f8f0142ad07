// Numbers and missing values as cells of a table write them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table.h"

#include "tests/data/table_for_test.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("the words that stand for no value elsewhere do so here, a dash only among numbers") {
  for (const char* word : {"NA", "N/A", "NaN", "nan", "NULL", "null", "None", "-", "\"\"", "#N/A", "?", "\u00A0"}) {
    const Table table(concat("x,town,y\n1,A,p\n", word, ",B,q\n3,A,q\n"));
    const auto opened = table.open("target: y, normalize: none");
    CHECK_MESSAGE(opened->problems == "", word);
    CHECK_MESSAGE((inputs(opened->sets.train)[1] == std::vector<float>{2, 0, 1}), word);
  }
  const Table marks("x,y\n+,p\n-,q\n");
  CHECK(inputs(marks.open("target: y")->sets.train) == Rows{{1, 0}, {0, 1}});
  CHECK(Table("x,y\n1,-\n2,+\n").open("target: y")->sets.classes == std::vector<std::string>{"+", "-"});
  CHECK(Table("x,y\n1,a\nNA,b\n").open("target: y, missing: ['?']")->sets.train->fields()[0].type ==
        Type{DType::f32, {2}});
}

TEST_CASE("words among numbers that are read as missing are told, unless 'missing' names them") {
  const Table table("x,y\n1,a\nnan,b\n3,a\nNA,b\n,a\n");
  CHECK(warned(*table.open("target: y")) ==
        "DIR/people.csv:3:1: data.train: column 'x': 'nan', 'NA' are read as missing, in 2 rows of 5\n"
        "  help: write 'missing:' with the words that stand for no value\n");
  CHECK(warned(*table.open("target: y, missing: ['', nan, NA]")) == "");
  CHECK(warnings_of("x,y\n1,a\n?,b\n,a\n", "target: y") == "");
}

TEST_CASE("one word among numbers is told, and what is no number a float holds") {
  std::string text = "x,y\n";
  for (int i = 0; i < 10; ++i) text += concat(i == 7 ? std::string("x7") : std::to_string(i), ",", i % 2, "\n");
  CHECK(warnings_of(text, "target: y") ==
        "DIR/people.csv:9:1: data.train: column 'x': 9 of 10 cells are numbers, but not 'x7'; all are taken as "
        "categories\n"
        "  help: mend the cells, or add them to 'missing' if they stand for no value, or declare the column "
        "'categorical'\n");
  CHECK(warnings_of(text, "target: y, columns: {x: categorical}") == "");
  for (const char* cell : {"1e300", "inf", "-Infinity", "1e400"})
    CHECK(refusal(concat("x,y\n1,a\n", cell, ",b\n"), "target: y") ==
          concat("error: DIR/people.csv:3:1: data.train: column 'x': expected a number within ±3.4e38, found '", cell,
                 "'\n"
                 "  help: add it to 'missing' if it stands for no value"));
  CHECK(
      refusal("x,y\n1,2\n1,1e300\n", "target: y")
          .starts_with(
              "error: DIR/people.csv:3:3: data.train: column 'y': expected a number within ±3.4e38, found '1e300'\n"));
  CHECK(inputs(Table("x,y\n1e-310,a\n1e-400,b\n4,a\n").open("target: y, normalize: none")->sets.train) ==
        Rows{{0}, {0}, {4}});
}

TEST_CASE("numbers of French spreadsheets, in groups that do not break, are read and told") {
  const Table table("a;y\n1\u202F234,5;p\n\u22123,5;q\n");
  const auto opened = table.open("target: y, normalize: none");
  CHECK(inputs(opened->sets.train) == Rows{{1234.5f}, {-3.5f}});
  CHECK(warned(*opened) ==
        "DIR/people.csv:2:1: data.train: column 'a': '1\u202F234,5' is read as 1234.5\n"
        "  help: write 'decimal: \",\", thousands: \" \"' if it is so\n");
}

TEST_CASE("points where thousands end are told beside decimal commas, and no others") {
  const std::string told =
      "DIR/people.csv:2:6: data.train: column 'b': '1.500' is read as 1.5, beside decimal commas in 'a'\n"
      "  help: write 'decimal: \",\", thousands: \".\"' if it is 1500, or 'columns: {b: numeric}'\n";
  const std::string of_a =
      "DIR/people.csv:2:1: data.train: column 'a': '12,5' is read as 12.5\n"
      "  help: write 'decimal: \",\"' if it is so\n";
  CHECK(warnings_of("a;b;y\n12,5;1.500;p\n2,25;20;q\n", "target: y") == told + of_a);
  for (const char* cell : {"1.5", "0.500", "1500"})
    CHECK_MESSAGE(warnings_of(concat("a;b;y\n12,5;", cell, ";p\n2,25;20;q\n"), "target: y") == of_a, cell);
  CHECK(warnings_of("a;b;y\n12,5;1.500;p\n2,25;20;q\n", "target: y, columns: {b: numeric}") == of_a);
  CHECK(warnings_of("a;b;y\n12.5;1.500;p\n2.25;20;q\n", "target: y") == "");
  CHECK(inputs(Table("a;b;y\n12,5;1.500;p\n2,25;20;q\n")
                   .open("target: y, normalize: none, decimal: ',', thousands: '.'")
                   ->sets.train) == Rows{{12.5f, 1500}, {2.25f, 20}});
}

TEST_CASE("numbers with separators are read, and it is told how unless the keys say it") {
  const Table table("a,b,y\n\"1,234\",45.6%,p\n\"12,345\",4%,q\n");
  const auto opened = table.open("target: y, normalize: none");
  CHECK(inputs(opened->sets.train) == Rows{{1234, 45.6f}, {12345, 4}});
  CHECK(warned(*opened) ==
        "DIR/people.csv:2:2: data.train: column 'a': '1,234' is read as 1234\n"
        "  help: write 'thousands: \",\"' if it is so, 'decimal: \",\"' if not\n");
  CHECK(warned(*table.open("target: y, thousands: ','")) == "");
  CHECK(inputs(table.open("target: y, normalize: none, decimal: ','")->sets.train)[0][0] == 1.234f);
  const Table german("a;b;y\n12,50;1.234,5;p\n3;2;q\n");
  const auto there = german.open("target: y, normalize: none");
  CHECK(inputs(there->sets.train) == Rows{{12.5f, 1234.5f}, {3, 2}});
  CHECK(warned(*there) ==
        "DIR/people.csv:2:1: data.train: column 'a': '12,50' is read as 12.5\n"
        "  help: write 'decimal: \",\"' if it is so\n"
        "DIR/people.csv:2:7: data.train: column 'b': '1.234,5' is read as 1234.5\n"
        "  help: write 'decimal: \",\", thousands: \".\"' if it is so\n");
  CHECK(warned(*german.open("target: y, decimal: ',', thousands: '.'")) == "");
  // The form is kept for the other parts and for rows to predict.
  CHECK(inputs(german.rows(*there, "a;b\n1,5;2.000\n")) == Rows{{1.5f, 2000}});
  CHECK(table.open("target: y, thousands: '.'")->problems ==
        "error: DIR/run.yaml:1:63: data.train.thousands: '.' stands before decimals\n"
        "  help: write 'decimal: \",\"' too");
  CHECK(table.open("target: y, thousands: ab")->problems ==
        "error: DIR/run.yaml:1:63: data.train.thousands: expected one character that is no digit, got 'ab'");
}
