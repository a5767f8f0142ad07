// Tables: columns made numbers by what is fitted to the training part, and cells that do not fit.
#include "lib/data/table.h"

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

struct Table : FolderForTest {
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
  CHECK(opened->sets.train->target_scaling() == Scaling{200, 100});
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
  FolderForTest folder;
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
  CHECK(table.open("target: y", ", validation: {last: 5, stratified: true}")->problems ==
        "error: DIR/run.yaml:1:87: data.validation.stratified: only a 'fraction' can be stratified\n"
        "  help: write 'fraction: 0.1'");
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
  CHECK(told(table, [&] { open_rows(opened->spec, table / "short.csv", table.path, opened->sets.fitted); }) ==
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
  CHECK(said("target: income, header: false") ==
        "error: DIR/run.yaml:1:65: data.train.header: the columns have no names\n"
        "  help: write 'names: [...]', one a column");
  CHECK(said("target: income, header: false, names: [a, b]") ==
        "error: DIR/people.csv:1:1: data.train: expected 2 cells, one a name, found 3\n"
        "  named in DIR/run.yaml:1:9");
  CHECK(said("target: y", "x,x,y\n1,2,3\n") ==
        "error: DIR/people.csv: data.train: two columns are named 'x'\n"
        "  named in DIR/run.yaml:1:9\n"
        "  help: write 'names: [...]', which count more than the header");
  CHECK(said("target: income, delimiter: ab") ==
        "error: DIR/run.yaml:1:68: data.train.delimiter: expected one character or tab, got 'ab'");
  CHECK(said("target: income, xxh64: '00'") ==
        "error: DIR/people.csv: data.train: expected the hash 00, found " + hash_text(xxh64(people)) +
            "\n  named in DIR/run.yaml:1:9\n  help: get the file again, or mend 'xxh64'");
}
