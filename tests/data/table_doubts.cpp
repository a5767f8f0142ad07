// What of a table is likely meant otherwise, and is told.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table.h"

#include "tests/data/table_for_test.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("a validation part cut off data that are sorted by class is told") {
  std::string sorted = "x,y\n", mixed = "x,y\n";
  for (int i = 0; i < 60; ++i) {
    sorted += concat(i, ",", "abc"[i / 20], "\n");
    mixed += concat(i, ",", "abc"[i % 3], "\n");
  }
  CHECK(warnings_of(sorted, "target: y", ", validation: {last: 12}") ==
        "DIR/run.yaml:1:65: data.validation: the last 12 samples have 1 of the 3 classes: the data seem to be sorted\n"
        "  help: write 'fraction: 0.2', which takes them at random\n");
  CHECK(
      warnings_of(sorted, "target: y", ", validation: {first: 20}") ==
      "DIR/run.yaml:1:65: data.validation: the first 20 samples have all there is of one class, so that training has 2 "
      "of the 3\n"
      "  help: write 'fraction: 0.333', which takes them at random\n");
  CHECK(warnings_of(mixed, "target: y", ", validation: {last: 12}") == "");
}

TEST_CASE("a column that counts the rows is told, unless it is the only input or said to be meant") {
  std::string rows = "id,a,y\n", alone = "id,y\n", gaps = "id,a,y\n";
  for (int i = 0; i < 60; ++i) {
    rows += concat(i + 101, ",", i * i % 7, ",", i % 2, "\n");
    alone += concat(i + 101, ",", i % 2, "\n");
    gaps += concat(i < 59 ? i : 60, ",", i * i % 7, ",", i % 2, "\n");
  }
  const std::string told =
      "DIR/people.csv:2:1: data.train: column 'id' counts the rows, from 101 on: it says where a row stands in the "
      "file\n"
      "  help: write 'columns: {id: ignore}', or ': numeric' if the place says something of new rows too\n";
  CHECK(warnings_of(rows, "target: y") == told);
  const std::string parted =
      warnings_of(rows, "target: y", ", validation: {fraction: 0.1}");  // its first row may be out
  CHECK(parted.find("column 'id' counts the rows, from 101 on") != std::string::npos);
  CHECK(warnings_of(rows, "target: y, columns: {id: numeric}") == "");
  CHECK(warnings_of(rows, "target: y, columns: {id: ignore}") == "");
  CHECK(warnings_of(rows, "target: y, columns: {a: ignore}") == "");
  CHECK(warnings_of(alone, "target: y") == "");
  CHECK(warnings_of(gaps, "target: y") == "");
}

TEST_CASE("a column that is nearly all different categories is told") {
  std::string names = "name,y\n", prices = "price,y\n";
  for (int i = 0; i < 24; ++i) names += concat("n", static_cast<char>('a' + i), ",", i % 2, "\n");
  for (int i = 0; i < 24; ++i) prices += concat("$", i, ",", i % 2, "\n");
  CHECK(warnings_of(names, "target: y") ==
        "DIR/people.csv:2:1: data.train: column 'name' has 24 categories in 24 rows, each a place in 'x': 'na', 'nb', "
        "'nc', …\n"
        "  help: write 'columns: {name: ignore}', or ': categorical' if they are meant so\n");
  CHECK(
      warnings_of(prices, "target: y") ==
      "DIR/people.csv:2:1: data.train: column 'price' has 24 categories in 24 rows, each a place in 'x': '$0', '$1', "
      "'$2', …\n"
      "  help: write them as plain numbers (see 'strip', 'decimal' and 'thousands'), or 'columns: {price: ignore}', or "
      "': categorical' if they are meant so\n");
  std::string dates = "day,y\n";
  for (int i = 0; i < 24; ++i) dates += concat("2024-02-", 10 + i % 20, i < 20 ? "" : " 12:30", ",", i % 2, "\n");
  CHECK(warnings_of(dates, "target: y")
            .ends_with("\n  help: write 'columns: {day: date}', or 'columns: {day: "
                       "ignore}', or ': categorical' if they are meant so\n"));
  CHECK(warnings_of(names, "target: y, columns: {name: {as: index}}") == "");
  CHECK(warnings_of("name,x\n" + names.substr(7), "target: name, columns: {x: numeric}") ==
        "DIR/people.csv:2:1: data.train: the target 'name' has 24 classes in 24 rows: 'na', 'nb', 'nc', …\n"
        "  help: name a column of few classes, or of numbers, as 'target'\n");
}

TEST_CASE("a header that is said to be none is told") {
  const std::string told =
      "DIR/people.csv:1:1: data.train: the first row has words above columns of numbers, and 'header: false' takes it "
      "for a sample\n"
      "  help: leave 'header: false' out, or write 'skip: 1'\n";
  CHECK(warnings_of("a,y\n1,yes\n2,no\n3,yes\n4,no\n", "target: c2, header: false").find(told) != std::string::npos);
  CHECK(warnings_of("1,yes\n2,no\n3,yes\n4,no\n", "target: c2, header: false") == "");
}

TEST_CASE("categories that most readers take for one are told") {
  const std::string help = "  help: write them alike where they mean the same\n";
  CHECK(warnings_of("a,town,y\n1,Oslo,no\n2,oslo,yes\n3,Bern,no\n", "target: y") ==
        "DIR/people.csv:3:3: data.train: column 'town': 'Oslo' and 'oslo' are different categories\n" + help);
  CHECK(warnings_of("a,y\n1,yes\n2,no\n3,Yes\n4,no\n", "target: y") ==
        "DIR/people.csv:2:3: data.train: the target 'y': 'Yes' and 'yes' are different classes\n" + help);
  CHECK(warnings_of("a,y\n1,1\n2,2\n3,1.0\n4,2\n", "target: {column: y, as: class}") ==
        "DIR/people.csv:4:3: data.train: the target 'y': '1' and '1.0' are different classes\n" + help);
  CHECK(warnings_of("a,town,y\n1,Oslo,no\n2,Oslo\u00A0,yes\n3,Bern,no\n", "target: y") ==
        "DIR/people.csv:3:3: data.train: column 'town': 'Oslo' and 'Oslo\u00A0' are different categories\n" + help);
  CHECK(warnings_of("a,letter,y\n1,a,no\n2,A,yes\n3,b,no\n", "target: y") == "");
  CHECK(warnings_of("a,id,y\n1,1234567890123456789,no\n2,1234567890123456790,yes\n",
                    "target: y, columns: {id: categorical}") == "");
}

TEST_CASE("a number that stands for no value, written otherwise, is told") {
  CHECK(warnings_of("a,y\n1,1\n-999.0,2\n-999,3\n4,4\n", "target: y, missing: [\"-999\"]") ==
        "DIR/people.csv:3:1: data.train: column 'a': '-999.0' is read as a number, though 'missing' has '-999'\n"
        "  help: add '-999.0' to 'missing' if it is none either\n");
  CHECK(warnings_of("a,y\n1,1\n-999,2\n-999,3\n4,4\n", "target: y, missing: [\"-999\"]") == "");
}

TEST_CASE("a validation set that is the training set is told") {
  CHECK(warnings_of(people, "target: income", ", validation: {format: csv, path: people.csv, target: income}") ==
        "DIR/run.yaml:1:70: data.validation: the validation set is the training set: it says nothing of other samples\n"
        "  help: write 'validation: {fraction: 0.1}', which holds samples out of it\n");
}

TEST_CASE("a target without any value is refused") {
  CHECK(refusal("a,b,y\n0,1,\n1,0,\n", "target: y") ==
        "error: DIR/people.csv:1:1: data.train: the target 'y' has no value in the training part\n"
        "  help: name another column as 'target'");
}

TEST_CASE("categories that training lacks are counted, with examples and the one that was meant") {
  const auto opened = Table("x,town,y\n1,Male,no\n2,Female,yes\n3,male ,no\n4,Mule,no\n")
                          .open("target: y, normalize: none, trim: false", ", validation: {last: 2}");
  CHECK(opened->problems == "");
  CHECK(warned(*opened) ==
        "DIR/people.csv:4:3: data.validation: column 'town': 2 of 2 rows have categories that training lacks: 'male ', "
        "'Mule'\n"
        "  help: write 'Male' for 'male ', as in training\n");
  const Table table;
  const auto people_opened = table.open();
  const DatasetPointer rows = table.rows(*people_opened, "age,town\n20,Rome\n30,Wien\n40,Bern\n50,Paris\n60,Ulm\n");
  REQUIRE(rows->warnings().size() == 1);
  CHECK(rows->warnings()[0].what ==
        "column 'town': 4 of 5 rows have categories that training lacks: 'Rome', 'Wien', 'Paris', …");
  CHECK(rows->warnings()[0].help ==
        "the network sees none of its categories there: write them as in training, if they are meant");
}
