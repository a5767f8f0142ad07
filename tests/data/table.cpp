// Tables: columns made numbers by what is fitted to the training part, and cells that do not fit.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table.h"

#include <doctest/doctest.h>

#include <cmath>

#include "lib/base/hash.h"

#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

const std::string people =
    "age,town,income\n"
    "20,Oslo,low\n"
    "40,Bern,high\n"
    "?,Oslo,low\n"
    "60,?,high\n";

struct Table : Folder {
  explicit Table(const std::string& text = people) { write("people.csv", text); }
  // The section `data:` with these keys of the reader.
  std::unique_ptr<OpenedForTest> open(const std::string& keys = "target: income", const std::string& more = "") const {
    return dl::testing::open("{train: {format: csv, path: people.csv, " + keys + "}" + more + "}", path);
  }
};

std::vector<std::vector<float>> inputs(const DatasetPointer& data) {
  std::vector<std::vector<float>> rows;
  for (int64_t i = 0; data && i < data->size(); ++i) rows.push_back(floats(sample(*data, i)[0]));
  return rows;
}

std::string warned(const OpenedForTest& opened) {
  std::string text;
  for (const Problem& warning : opened.sets.warnings) text += problem_text(warning) + "\n";
  return replaced(text, {{opened.folder, "DIR"}});
}

std::vector<float> targets(const Dataset& data) {
  std::vector<float> values;
  for (int64_t i = 0; i < data.size(); ++i) values.push_back(floats(sample(data, i).back())[0]);
  return values;
}

}  // namespace

TEST_CASE("numbers are normalised, categories get a place each, and the target is a class") {
  const Table table;
  const auto opened = table.open("target: income, columns: {age: {normalize: minmax}}");
  CHECK(opened->problems == "");
  const DatasetPointer data = opened->sets.train;
  // x: age, then the towns Bern and Oslo and the missing ones
  CHECK(data->fields()[0].type == Type{DType::f32, {4}});
  CHECK(data->fields()[1].type == Type{DType::i32, {}});
  CHECK(inputs(data) == std::vector<std::vector<float>>{{0, 0, 1, 0}, {0.5f, 1, 0, 0}, {0.5f, 0, 1, 0}, {1, 0, 0, 1}});
  CHECK(opened->sets.classes == std::vector<std::string>{"high", "low"});
  CHECK(label(*data, 0) == 1);
  CHECK(label(*data, 1) == 0);
}

TEST_CASE("standard, log and no normalisation, and what stands for a missing number") {
  const Table table("x,y\n1,1\n3,2\n?,3\n8,5\n");
  const auto first = [&](const std::string& keys) { return inputs(table.open("target: y, " + keys)->sets.train); };
  using Rows = std::vector<std::vector<float>>;
  CHECK(first("normalize: none") == Rows{{1}, {3}, {4}, {8}});
  CHECK(first("normalize: none, impute: median") == Rows{{1}, {3}, {3}, {8}});
  CHECK(first("normalize: none, impute: most_frequent") == Rows{{1}, {3}, {1}, {8}});
  CHECK(first("normalize: none, columns: {x: {fill: 7}}") == Rows{{1}, {3}, {7}, {8}});
  const double deviation = std::sqrt(26.0 / 3);  // of 1, 3 and 8, whose mean is 4
  CHECK(first("normalize: standard")[3][0] == doctest::Approx(4 / deviation));
  const double a = std::log(2), b = std::log(4), c = std::log(9), mean = (a + b + c) / 3;
  const double spread = std::sqrt(((a - mean) * (a - mean) + (b - mean) * (b - mean) + (c - mean) * (c - mean)) / 3);
  CHECK(first("normalize: log")[0][0] == doctest::Approx((a - mean) / spread));
}

TEST_CASE("a target of numbers is standardised, and the set says how") {
  const Table table("x,price\n1,100\n2,300\n");
  const auto opened = table.open("target: price");
  CHECK(opened->problems == "");
  CHECK(opened->sets.train->fields()[1].type == Type{DType::f32, {}});
  CHECK(targets(*opened->sets.train) == std::vector<float>{-1, 1});
  CHECK(opened->sets.target_scaling == Scaling{200, 100});
  CHECK(opened->sets.classes.empty());
  const auto plain = table.open("target: {column: price, normalize: none}");
  CHECK(targets(*plain->sets.train) == std::vector<float>{100, 300});
  CHECK(table.open("target: {column: price, as: class}")->sets.classes == std::vector<std::string>{"100", "300"});
}

TEST_CASE("a column as index is an input of its own: 0 for what is new, then missing ones last") {
  const Table table;
  const auto opened = table.open("target: income, columns: {town: {as: index}, age: ignore}");
  CHECK(opened->problems == "");
  const DatasetPointer data = opened->sets.train;
  REQUIRE(data->fields().size() == 2);
  CHECK(data->fields()[0].name == "town");
  CHECK(data->fields()[0].type == Type{DType::i32, {}});
  CHECK(data->fields()[0].values == 4);
  std::vector<int> towns;
  for (int64_t i = 0; i < 4; ++i) towns.push_back(sample(*data, i)[0][0]);
  CHECK(towns == std::vector<int>{2, 1, 2, 3});
}

TEST_CASE("nothing of the held-out part is fitted, and a category that is new there has no place") {
  const Table table("x,town,y\n1,A,no\n3,B,yes\n100,C,no\n");
  const auto opened = table.open("target: y", ", validation: {last: 1}");
  CHECK(opened->problems == "");
  CHECK(inputs(opened->sets.train) == std::vector<std::vector<float>>{{-1, 1, 0}, {1, 0, 1}});
  CHECK(inputs(opened->sets.validation) == std::vector<std::vector<float>>{{98, 0, 0}});
}

TEST_CASE("what was fitted is kept as YAML and taken instead of fitting anew") {
  const Table table("x,town,y\n1,A,no\n3,B,yes\n");
  const auto first = table.open("target: y");
  const std::string kept = to_yaml(first->sets.fitted);
  table.write("people.csv", "x,town,y\n5,B,yes\n7,Z,yes\n");
  auto spec = table.open("target: y");
  spec->spec.fitted = parse_yaml(kept, "resolved.yaml");
  std::vector<Problem> problems;
  const DataSets sets = open_data(spec->spec, table.path, 1, problems);
  CHECK(problems.empty());
  CHECK(inputs(sets.train) == std::vector<std::vector<float>>{{3, 0, 1}, {5, 0, 0}});
  CHECK(sets.classes == std::vector<std::string>{"no", "yes"});
  CHECK(same_value(sets.fitted, first->sets.fitted));
}

TEST_CASE("UCI's form: blanks after commas, no header, a test part whose labels end in a full stop") {
  Folder folder;
  folder.write("train", "39, State-gov, <=50K\n50, ?, >50K\n\n");
  folder.write("test", "|1x3 Cross validator\n25, State-gov, <=50K.\n28, Private, >50K.\n\n");
  folder.write("set.yaml",
               "summary: adults\nclasses: [<=50K, '>50K']\n"
               "train: {format: csv, path: train, header: false, names: [age, work, income], comment: '|', "
               "target: {column: income, strip: .}}\n"
               "test: {format: csv, path: test, header: false, names: [age, work, income], comment: '|', "
               "target: {column: income, strip: .}}\n");
  const auto opened = open("{train: ./set.yaml}", folder.path);
  CHECK(opened->problems == "");
  const DatasetPointer test = opened->sets.test;
  CHECK(inputs(test) == std::vector<std::vector<float>>{{-19.5f / 5.5f, 1, 0}, {-16.5f / 5.5f, 0, 0}});
  CHECK(label(*test, 0) == 0);
  CHECK(label(*test, 1) == 1);
}

TEST_CASE("stratified parts have the same share of each class") {
  std::string text = "x,y\n";
  for (int i = 0; i < 100; ++i) text += std::to_string(i) + (i % 10 == 0 ? ",rare\n" : ",common\n");
  const Table table(text);
  const auto opened = table.open("target: y", ", validation: {fraction: 0.2, stratified: true}");
  CHECK(opened->problems == "");
  CHECK(opened->sets.validation->size() == 20);
  int rare = 0;
  for (int64_t i = 0; i < 20; ++i) rare += label(*opened->sets.validation, i);
  CHECK(rare == 2);
  for (const char* fraction : {"0.2", "0.75"}) {
    const auto few = Table("x,y\n1,a\n2,a\n3,b\n4,b\n5,c\n6,c\n")
                         .open("target: y", concat(", validation: {fraction: ", fraction, ", stratified: true}"));
    CHECK(few->problems == "");
    CHECK(few->sets.validation->size() == 3);
    CHECK(few->sets.train->size() == 3);
  }
  CHECK(Table("x,y\n1,a\n2,a\n3,b\n4,a\n")
            .open("target: y", ", validation: {fraction: 0.5, stratified: true}")
            ->problems ==
        "error: DIR/run.yaml:1:65: data.validation: class 'b' has one sample, which cannot be in both parts\n"
        "  help: add samples of it, take it out, or leave 'stratified' out");
  CHECK(Table("x,y\n1,a\n").open("target: y", ", validation: {fraction: 0.2}")->problems ==
        "error: DIR/run.yaml:1:65: data.validation: the training set has 1 sample: none can be held out\n"
        "  help: add samples, or name a validation set of its own");
  CHECK(table.open("target: y", ", validation: {last: 5, stratified: true}")->problems ==
        "error: DIR/run.yaml:1:87: data.validation.stratified: only a 'fraction' can be stratified\n"
        "  help: write 'fraction: 0.1'");
}

TEST_CASE("a validation part cut off data that are sorted by class is told") {
  std::string sorted = "x,y\n", mixed = "x,y\n";
  for (int i = 0; i < 60; ++i) {
    sorted += concat(i, ",", "abc"[i / 20], "\n");
    mixed += concat(i, ",", "abc"[i % 3], "\n");
  }
  CHECK(warned(*Table(sorted).open("target: y", ", validation: {last: 12}")) ==
        "DIR/run.yaml:1:65: data.validation: the last 12 samples have 1 of the 3 classes: the data seem to be sorted\n"
        "  help: write 'fraction: 0.2', which takes them at random\n");
  CHECK(
      warned(*Table(sorted).open("target: y", ", validation: {first: 20}")) ==
      "DIR/run.yaml:1:65: data.validation: the first 20 samples have all there is of one class, so that training has 2 "
      "of the 3\n"
      "  help: write 'fraction: 0.333', which takes them at random\n");
  CHECK(warned(*Table(mixed).open("target: y", ", validation: {last: 12}")) == "");
}

TEST_CASE("rows to predict are read with what was fitted, with or without the target's column") {
  const Table table;
  const auto opened = table.open("target: income, columns: {age: {normalize: minmax}}");
  table.write("new.csv", "town,age\nOslo,60\nRome,20\n");
  const DatasetPointer rows = open_rows(opened->spec, table / "new.csv", table.path, opened->sets.fitted);
  REQUIRE(rows);
  CHECK(rows->fields().size() == 1);
  CHECK(inputs(rows) == std::vector<std::vector<float>>{{1, 0, 1, 0}, {0, 0, 0, 0}});
  table.write("short.csv", "town\nOslo\n");
  CHECK(error_text(table, [&] { open_rows(opened->spec, table / "short.csv", table.path, opened->sets.fitted); }) ==
        "error: DIR/short.csv: expected a column 'age' as in the training data, found none\n"
        "  its columns: town");
}

TEST_CASE("a cell that does not fit is told with its line and column") {
  const auto said = [](const std::string& text, const std::string& keys, const std::string& more = "") {
    return Table(text).open(keys, more)->problems;
  };
  CHECK(said("x,y\n1,a\n12b,b\n", "target: y, columns: {x: numeric}") ==
        "error: DIR/people.csv:3:1: data.train: column 'x': expected a number, found '12b'\n"
        "  help: add it to 'missing' if it stands for no value, or declare the column 'categorical'");
  CHECK(said("x,y\n1,a\n2,b\nz,a\n", "target: y", ", validation: {last: 1}") ==
        "error: DIR/people.csv:4:1: data.validation: column 'x': expected a number, found 'z'\n"
        "  help: add it to 'missing' if it stands for no value");
  CHECK(said("x,y\n1,a\n2,b\n3,c\n", "target: y", ", validation: {last: 1}") ==
        "error: DIR/people.csv:4:3: data.validation: column 'y': expected one of a, b, found 'c'\n"
        "  help: take the row out, or name all classes as 'classes' in the data set's description");
  CHECK(said("x,y\n1,5\n2,?\n", "target: y") ==
        "error: DIR/people.csv:3:3: data.train: column 'y': expected a number, found '?'\n  help: take the row out");
}

TEST_CASE("keys that the table does not bear out are refused") {
  const auto said = [](const std::string& keys, const std::string& text = people) {
    return Table(text).open(keys)->problems;
  };
  CHECK(said("target: incom") ==
        "error: DIR/run.yaml:1:9: data.train: unknown column 'incom'\n"
        "  known columns: age, town, income\n  help: write 'income'");
  CHECK(said("target: income, columns: {Age: ignore}") ==
        "error: DIR/run.yaml:1:9: data.train: unknown column 'Age'\n"
        "  known columns: age, town, income\n  help: write 'age'");
  CHECK(said("target: income, columns: {town: {type: categorical, normalize: log}}") ==
        "error: DIR/run.yaml:1:104: data.train.columns.town.normalize: a categorical column is not normalised\n"
        "  help: leave 'normalize' out");
  CHECK(
      said("target: y", "1,a\n2,b\n") ==
      "error: DIR/people.csv:1:1: data.train: the columns have no names: the first row is one of data, '1', 'a'\n"
      "  named in DIR/run.yaml:1:9\n"
      "  help: write 'names: [...]' with 2 names, or 'header: false', which names them c1, c2, …, or 'header: true' if "
      "that row names them");
  CHECK(said("target: y, names: [y, x], header: true", "x,y\n1,a\n2,b\n") ==
        "error: DIR/people.csv:1:1: data.train: 'names' has the header's names in another order\n"
        "  named in DIR/run.yaml:1:9\n"
        "  help: leave 'names' out: the header has them");
  CHECK(said("target: income, header: false, names: [a, b]") ==
        "error: DIR/people.csv:1:1: data.train: expected 2 cells, one a name, found 3\n"
        "  named in DIR/run.yaml:1:9");
  CHECK(said("target: y", "x,x,y\n1,2,3\n") ==
        "error: DIR/people.csv: data.train: two columns are named 'x'\n"
        "  named in DIR/run.yaml:1:9\n"
        "  help: write 'names: [...]', which count more than the header");
  CHECK(said("target: income, delimiter: ab") ==
        "error: DIR/run.yaml:1:68: data.train.delimiter: expected one character, tab or space, got 'ab'");
  CHECK(said("target: income, xxh64: '00'") ==
        "error: DIR/people.csv: data.train: expected the hash 00, found " + hash_text(xxh64(people)) +
            "\n  named in DIR/run.yaml:1:9\n  help: get the file again, or mend 'xxh64'");
}

TEST_CASE("the words that stand for no value elsewhere do so here, a dash only among numbers") {
  for (const char* word : {"NA", "N/A", "NaN", "nan", "NULL", "null", "None", "-", "\"\"", "#N/A", "?"}) {
    const Table table(concat("x,town,y\n1,A,p\n", word, ",B,q\n3,A,q\n"));
    const auto opened = table.open("target: y, normalize: none");
    CHECK_MESSAGE(opened->problems == "", word);
    CHECK_MESSAGE((inputs(opened->sets.train)[1] == std::vector<float>{2, 0, 1}), word);
  }
  const Table marks("x,y\n+,p\n-,q\n");
  CHECK(inputs(marks.open("target: y")->sets.train) == std::vector<std::vector<float>>{{1, 0}, {0, 1}});
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
  CHECK(warned(*Table("x,y\n1,a\n?,b\n,a\n").open("target: y")) == "");
}

TEST_CASE("one word among numbers is told, and what is no number a float holds") {
  std::string text = "x,y\n";
  for (int i = 0; i < 10; ++i) text += concat(i == 7 ? std::string("x7") : std::to_string(i), ",", i % 2, "\n");
  CHECK(warned(*Table(text).open("target: y")) ==
        "DIR/people.csv:9:1: data.train: column 'x': 9 of 10 cells are numbers, but not 'x7'; all are taken as "
        "categories\n"
        "  help: mend the cells, or add them to 'missing' if they stand for no value, or declare the column "
        "'categorical'\n");
  CHECK(warned(*Table(text).open("target: y, columns: {x: categorical}")) == "");
  for (const char* cell : {"1e300", "inf", "-Infinity", "1e400"})
    CHECK(Table(concat("x,y\n1,a\n", cell, ",b\n")).open("target: y")->problems ==
          concat("error: DIR/people.csv:3:1: data.train: column 'x': expected a number within ±3.4e38, found '", cell,
                 "'\n"
                 "  help: add it to 'missing' if it stands for no value"));
  CHECK(
      Table("x,y\n1,2\n1,1e300\n")
          .open("target: y")
          ->problems.starts_with(
              "error: DIR/people.csv:3:3: data.train: column 'y': expected a number within ±3.4e38, found '1e300'\n"));
  CHECK(inputs(Table("x,y\n1e-310,a\n1e-400,b\n4,a\n").open("target: y, normalize: none")->sets.train) ==
        std::vector<std::vector<float>>{{0}, {0}, {4}});
}

TEST_CASE("numbers with separators are read, and it is told how unless the keys say it") {
  const Table table("a,b,y\n\"1,234\",45.6%,p\n\"12,345\",4%,q\n");
  const auto opened = table.open("target: y, normalize: none");
  CHECK(inputs(opened->sets.train) == std::vector<std::vector<float>>{{1234, 45.6f}, {12345, 4}});
  CHECK(warned(*opened) ==
        "DIR/people.csv:2:2: data.train: column 'a': '1,234' is read as 1234\n"
        "  help: write 'thousands: \",\"' if it is so, 'decimal: \",\"' if not\n");
  CHECK(warned(*table.open("target: y, thousands: ','")) == "");
  CHECK(inputs(table.open("target: y, normalize: none, decimal: ','")->sets.train)[0][0] == 1.234f);
  const Table german("a;b;y\n12,50;1.234,5;p\n3;2;q\n");
  const auto there = german.open("target: y, normalize: none");
  CHECK(inputs(there->sets.train) == std::vector<std::vector<float>>{{12.5f, 1234.5f}, {3, 2}});
  CHECK(warned(*there) ==
        "DIR/people.csv:2:1: data.train: column 'a': '12,50' is read as 12.5\n"
        "  help: write 'decimal: \",\"' if it is so\n"
        "DIR/people.csv:2:7: data.train: column 'b': '1.234,5' is read as 1234.5\n"
        "  help: write 'decimal: \",\", thousands: \".\"' if it is so\n");
  CHECK(warned(*german.open("target: y, decimal: ',', thousands: '.'")) == "");
  // The form is kept for the other parts and for rows to predict.
  german.write("new.csv", "a;b\n1,5;2.000\n");
  const DatasetPointer rows = open_rows(there->spec, german / "new.csv", german.path, there->sets.fitted);
  CHECK(inputs(rows) == std::vector<std::vector<float>>{{1.5f, 2000}});
  CHECK(table.open("target: y, thousands: '.'")->problems ==
        "error: DIR/run.yaml:1:63: data.train.thousands: '.' stands before decimals\n"
        "  help: write 'decimal: \",\"' too");
  CHECK(table.open("target: y, thousands: ab")->problems ==
        "error: DIR/run.yaml:1:63: data.train.thousands: expected one character that is no digit, got 'ab'");
}

TEST_CASE("a column that is nearly all different categories is told") {
  std::string names = "name,y\n", prices = "price,y\n";
  for (int i = 0; i < 24; ++i) names += concat("n", static_cast<char>('a' + i), ",", i % 2, "\n");
  for (int i = 0; i < 24; ++i) prices += concat("$", i, ",", i % 2, "\n");
  CHECK(warned(*Table(names).open("target: y")) ==
        "DIR/people.csv:2:1: data.train: column 'name' has 24 categories in 24 rows, each a place in 'x': 'na', 'nb', "
        "'nc', …\n"
        "  help: write 'columns: {name: ignore}', or ': categorical' if they are meant so\n");
  CHECK(
      warned(*Table(prices).open("target: y")) ==
      "DIR/people.csv:2:1: data.train: column 'price' has 24 categories in 24 rows, each a place in 'x': '$0', '$1', "
      "'$2', …\n"
      "  help: write them as plain numbers (see 'strip', 'decimal' and 'thousands'), or 'columns: {price: ignore}', or "
      "': categorical' if they are meant so\n");
  CHECK(warned(*Table(names).open("target: y, columns: {name: {as: index}}")) == "");
  CHECK(warned(*Table("name,x\n" + names.substr(7)).open("target: name, columns: {x: numeric}")) ==
        "DIR/people.csv:2:1: data.train: the target 'name' has 24 classes in 24 rows: 'na', 'nb', 'nc', …\n"
        "  help: name a column of few classes, or of numbers, as 'target'\n");
}

TEST_CASE("a column of one value, or of one but for rounding, is not scaled by the rounding") {
  std::string text = "x,z,y\n";
  for (int i = 0; i < 48; ++i) text += concat("14.62,", i % 2 ? "0.3" : "0.30000000000000004", ",", i % 2, "\n");
  const auto opened = Table(text).open("target: y");
  const auto close_to_zero = [](const std::vector<float>& row) {
    return row.size() == 2 && std::abs(row[0]) < 1e-10f && std::abs(row[1]) < 1e-10f;
  };
  CHECK(close_to_zero(inputs(opened->sets.train)[0]));
  CHECK(opened->sets.fitted.find("columns")->items[0].find("scale")->text == "1");
  CHECK(opened->sets.fitted.find("columns")->items[1].find("scale")->text == "1");
  CHECK(close_to_zero(inputs(Table(text).open("target: y, normalize: minmax")->sets.train)[0]));
}

TEST_CASE("a table that leaves no input says what took the columns away") {
  const auto said = [](const std::string& text, const std::string& keys) { return Table(text).open(keys)->problems; };
  CHECK(said("id,town,y\na,,p\nb,,q\nc,,p\n", "target: y, min_count: 2, columns: {town: ignore}") ==
        "error: DIR/run.yaml:1:9: data.train: no column of 'people.csv' is left as input\n"
        "  'min_count: 2' leaves column 'id' no category\n"
        "  column 'town' is declared 'ignore'\n"
        "  column 'y' is the target\n"
        "  help: leave one column in at least");
  CHECK(said("y\np\nq\n", "target: y") ==
        "error: DIR/run.yaml:1:9: data.train: no column of 'people.csv' is left as input\n"
        "  column 'y' is the target\n"
        "  help: leave one column in at least");
  const auto opened = Table("a,b,y\n,1,p\n,2,q\n").open("target: y");
  CHECK(opened->sets.train->fields()[0].type == Type{DType::f32, {1}});
  CHECK(warned(*opened) ==
        "DIR/people.csv:1:1: data.train: column 'a' has no value in the training part; it is left out\n"
        "  help: write 'columns: {a: ignore}'\n");
  CHECK(warned(*Table("a,y\nr1,1,p\nr2,2,q\n").open("target: y")) ==
        "DIR/people.csv:1:1: data.train: the first column has no name: it is taken for the rows' names and left out\n"
        "  help: give it a name in the header to use it\n");
}

TEST_CASE("categories are in the order of their numbers, and 1.0 is 1") {
  const Table table("n,y\n10,a\n9,b\n1,a\nx,b\n");
  const auto opened = table.open("target: y, columns: {n: {as: index}}");
  std::vector<int> codes;
  for (int64_t i = 0; i < 4; ++i) codes.push_back(sample(*opened->sets.train, i)[0][0]);
  CHECK(codes == std::vector<int>{3, 2, 1, 4});
  CHECK(Table("x,y\n1,10\n2,9\n").open("target: {column: y, as: class}")->sets.classes ==
        std::vector<std::string>{"9", "10"});
  table.write("new.csv", "n\n1.0\n9.00\n");
  const DatasetPointer rows = open_rows(opened->spec, table / "new.csv", table.path, opened->sets.fitted);
  CHECK(sample(*rows, 0)[0][0] == 1);
  CHECK(sample(*rows, 1)[0][0] == 2);
  CHECK(rows->warnings().empty());
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
  table.write("new.csv", "age,town\n20,Rome\n30,Wien\n40,Bern\n50,Paris\n60,Ulm\n");
  const DatasetPointer rows = open_rows(people_opened->spec, table / "new.csv", table.path, people_opened->sets.fitted);
  REQUIRE(rows->warnings().size() == 1);
  CHECK(rows->warnings()[0].what ==
        "column 'town': 4 of 5 rows have categories that training lacks: 'Rome', 'Wien', 'Paris', …");
  CHECK(rows->warnings()[0].help ==
        "the network sees none of its categories there: write them as in training, if they are meant");
}

TEST_CASE("a label that differs from a class by a mark, by case or not at all is told with what to write") {
  const auto said = [](const std::string& label) {
    return Table("x,y\n1,<=50K\n2,>50K\n3," + label + "\n").open("target: y", ", validation: {last: 1}")->problems;
  };
  CHECK(said("<=50K.") ==
        "error: DIR/people.csv:4:3: data.validation: column 'y': expected one of <=50K, >50K, found '<=50K.'\n"
        "  help: write 'target: {column: y, strip: \".\"}'");
  CHECK(said("<=50k") ==
        "error: DIR/people.csv:4:3: data.validation: column 'y': expected one of <=50K, >50K, found '<=50k'\n"
        "  help: write '<=50K', as in training");
  CHECK(said("NA") ==
        "error: DIR/people.csv:4:3: data.validation: column 'y': expected one of <=50K, >50K, found 'NA'\n"
        "  help: take the row out");
}

TEST_CASE("a target of numbers with a word among them is told, not taken as classes") {
  const auto said = [](const std::string& cell) {
    return Table("x,y\n1,10\n2,20\n3," + cell + "\n4,40\n5,50\n6,60\n").open("target: y")->problems;
  };
  CHECK(said("abc") ==
        "error: DIR/people.csv:4:3: data.train: column 'y': expected a number, found 'abc'\n"
        "  help: take the row out, or write 'target: {column: y, as: class}' if all are names of classes");
  CHECK(said("NA") ==
        "error: DIR/people.csv:4:3: data.train: column 'y': expected a number, found 'NA'\n"
        "  help: take the row out");
}

TEST_CASE("rows to predict may have a header in any order, or none, wherever they begin") {
  const Table table("what was measured\nid,a,b,kind,c\n1,1,10,x,100\n2,2,20,y,200\n");
  const auto opened = table.open("target: kind, skip: 1, normalize: none, columns: {id: ignore}");
  CHECK(opened->problems == "");
  const auto predicted = [&](const std::string& text, std::string* warning = nullptr) {
    table.write("new.csv", text);
    const DatasetPointer rows = open_rows(opened->spec, table / "new.csv", table.path, opened->sets.fitted);
    if (warning)
      for (const Problem& problem : rows->warnings()) *warning += problem.what + "\n";
    return inputs(rows);
  };
  using Rows = std::vector<std::vector<float>>;
  const Rows expected{{3, 30, 300}, {4, 40, 400}};
  std::string none;
  CHECK(predicted("measured\nid,a,b,kind,c\n1,3,30,x,300\n2,4,40,y,400\n") == expected);
  CHECK(predicted("a,b,c\n3,30,300\n4,40,400\n", &none) == expected);
  CHECK(predicted("c,b,a\n300,30,3\n400,40,4\n", &none) == expected);
  CHECK(predicted("3,30,300\n4,40,400\n", &none) == expected);
  CHECK(predicted("1,3,30,x,300\n2,4,40,y,400\n", &none) == expected);
  CHECK(predicted("1,3,30,300\n2,4,40,400\n", &none) == expected);
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

TEST_CASE("a mistake of the training part is the only one that is told") {
  CHECK(Table().open("target: incom", ", validation: {last: 1}")->problems ==
        "error: DIR/run.yaml:1:9: data.train: unknown column 'incom'\n"
        "  known columns: age, town, income\n  help: write 'income'");
  CHECK(Table().open("target: incom", ", validation: {fraction: 0.5, stratified: true}")->problems ==
        "error: DIR/run.yaml:1:9: data.train: unknown column 'incom'\n"
        "  known columns: age, town, income\n  help: write 'income'");
  CHECK(Table("x,y\n1,0\n2,1\n3,0\n").open("target: y", ", validation: {fraction: 0.5, stratified: true}")->problems ==
        "error: DIR/run.yaml:1:65: data.validation: expected samples with a class each to take a part of each class, "
        "found "
        "numbers in the target 'y'\n"
        "  help: leave 'stratified' out, or write 'target: {column: y, as: class}'");
}

TEST_CASE("columns without names are c1, c2, …, and the target may stand in a file of its own") {
  const Table table("1 2.5\n3 4.5\n");
  CHECK(table.open("target: c2, header: false")->problems == "");
  table.write("y.csv", "151\n75\n");
  const auto opened = table.open("target: y, header: false, normalize: none, target_path: y.csv");
  CHECK(opened->problems == "");
  CHECK(inputs(opened->sets.train) == std::vector<std::vector<float>>{{1, 2.5f}, {3, 4.5f}});
  CHECK(targets(*opened->sets.train) == std::vector<float>{1, -1});
  const auto said = [&](const std::string& text) {
    table.write("y.csv", text);
    return table.open("target: y, header: false, target_path: y.csv")->problems;
  };
  CHECK(said("y\n151\n75\n") == "");
  CHECK(said("1\n2\n3\n") ==
        "error: DIR/y.csv:1:1: data.train: expected a row for each of the 2 in DIR/people.csv, found 3\n"
        "  named in DIR/run.yaml:1:9");
  CHECK(said("1,2\n3,4\n") ==
        "error: DIR/y.csv:1:1: data.train: expected the target's column alone, found 2 columns\n"
        "  named in DIR/run.yaml:1:9");
  table.write("y.csv", "1\n2\n");
  CHECK(table.open("target: c1, header: false, target_path: y.csv")->problems ==
        "error: DIR/y.csv:1:1: data.train: the target 'c1' is a column of DIR/people.csv too\n"
        "  named in DIR/run.yaml:1:9");
}
