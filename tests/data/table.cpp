// Tables: columns made numbers by what is fitted to the training part.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table.h"

#include <cmath>

#include "tests/data/table_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

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
  CHECK(inputs(data) == Rows{{0, 0, 1, 0}, {0.5f, 1, 0, 0}, {0.5f, 0, 1, 0}, {1, 0, 0, 1}});
  CHECK(opened->sets.classes == std::vector<std::string>{"high", "low"});
  CHECK(label(*data, 0) == 1);
  CHECK(label(*data, 1) == 0);
}

TEST_CASE("standard, log and no normalisation, and what stands for a missing number") {
  const Table table("x,y\n1,1\n3,2\n?,3\n8,5\n");
  const auto first = [&](const std::string& keys) { return inputs(table.open("target: y, " + keys)->sets.train); };
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
  CHECK(opened->sets.target_scaling == std::vector{Scaling{200, 100}});
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

TEST_CASE("a column may be a further target: a field that is no input, of values or of classes") {
  const Table table("x,kind,price,y\n1,a,10,no\n2,b,30,yes\n3,a,20,no\n4,c,40,yes\n");
  const auto opened = table.open("target: y, columns: {price: target, kind: {type: target, as: class}}");
  CHECK(opened->problems == "");
  const DataSets& sets = opened->sets;
  const auto fields = sets.train->fields();
  REQUIRE(fields.size() == 4);
  CHECK(fields[1] == SampleField{"kind", {DType::i32, {}}, 3});
  CHECK(fields[2].name == "price");
  CHECK(fields[2].type == Type{DType::f32, {}});
  CHECK(fields[2].scaling == std::vector{Scaling{25, std::sqrt(125.0)}});
  CHECK(fields[3].name == "y");
  REQUIRE(sets.inputs.size() == 1);  // neither is given to the model
  CHECK(inputs(sets.train).size() == 4);
  CHECK(sample(*sets.train, 3)[1][0] == 2);
  CHECK(floats(sample(*sets.train, 0)[2])[0] == doctest::Approx(-15 / std::sqrt(125.0)));
  CHECK(sets.classes == std::vector<std::string>{"no", "yes"});
  const auto values = data_values(sets);
  CHECK(values.at("data.categories.kind").as_integer() == 3);
  CHECK(values.at("data.columns").items.empty());
  for (const char* rows : {"x,kind,price,y\n4,a,1,no\n", "x\n4\n", "4,a,1,no\n", "4\n"}) {  // with targets or without
    const DatasetPointer read = table.rows(*opened, rows);
    CHECK(read->fields().size() == 1);
    CHECK(inputs(read)[0][0] == inputs(sets.train)[3][0]);
  }
}

TEST_CASE("several targets are the numbers of one field, each scaled by itself, in the order in which they are named") {
  const Table table("a,b,c,d\n1,2,10,4\n2,3,30,6\n3,1,20,2\n4,5,40,8\n");
  const auto opened = table.open("target: [d, b]");
  REQUIRE(opened->problems == "");
  const DataSets& sets = opened->sets;
  const auto fields = sets.train->fields();
  REQUIRE(fields.size() == 2);
  CHECK(fields[0].type == Type{DType::f32, {2}});
  CHECK(fields[1].type == Type{DType::f32, {2}});
  const double d = std::sqrt(5.0), b = std::sqrt(2.1875);
  REQUIRE(fields[1].scaling.size() == 2);
  CHECK(fields[1].scaling[0] == Scaling{5, d});
  CHECK(fields[1].scaling[1].shift == 2.75);
  CHECK(fields[1].scaling[1].scale == doctest::Approx(b));
  const std::vector<float> first = floats(sample(*sets.train, 0)[1]);
  REQUIRE(first.size() == 2);
  CHECK(first[0] == doctest::Approx(-1 / d));
  CHECK(first[1] == doctest::Approx(-0.75 / b));
  CHECK(data_values(sets).at("data.targets").as_integer() == 2);
  CHECK(sets.classes.empty());
  for (const char* rows : {"a,b,c,d\n4,0,40,0\n", "c,a\n40,4\n", "4,0,40,0\n", "4,40\n"}) {  // with targets or without
    const DatasetPointer read = table.rows(*opened, rows);
    CHECK(read->fields().size() == 1);
    CHECK(inputs(read)[0] == inputs(sets.train)[3]);
  }
  opened->spec.fitted = sets.fitted;
  std::vector<Problem> problems;
  const DataSets known = open_data(opened->spec, table.path, 1, problems, SetsToRead::none());
  REQUIRE(known.train->fields().size() == 2);
  CHECK(known.train->fields()[1].scaling == fields[1].scaling);
  CHECK(table.open("target: {column: [d, b], normalize: none}")->sets.target_scaling.empty());
}

TEST_CASE("several targets that are no numbers, or the same, are refused") {
  const std::string text = "a,b,c\n1,2,x\n2,3,y\n";
  CHECK(refusal(text, "target: [b, c]") ==
        "error: DIR/people.csv:2:5: data.train: column 'c': expected a number, found 'x'\n"
        "  help: take the row out, or write 'columns: {c: {type: target, as: class}}' in the place of its name in "
        "'target' if all are names of classes");
  CHECK(refusal(text, "target: [b, b]") ==
        "error: DIR/run.yaml:1:49: data.train.target.column: 'b' is named twice\n  help: name it once");
  CHECK(refusal(text, "target: []") ==
        "error: DIR/run.yaml:1:49: data.train.target.column: expected one name or more, got none");
  CHECK(refusal(text, "target: [b, d]").starts_with("error: DIR/run.yaml:1:9: data.train: unknown column 'd'\n"));
  CHECK(
      refusal(text, "target: {column: [a, b], as: class}") ==
      "error: DIR/run.yaml:1:70: data.train.target.as: several targets are numbers\n"
      "  help: name one target here, and the others as 'columns: {b: {type: target, as: class}}', each with a loss of "
      "its own");
  CHECK(refusal(text, "target: [a, b], target_path: b.csv") ==
        "error: DIR/run.yaml:1:70: data.train.target_path: several targets are columns of one file\n"
        "  help: write them into 'path'");
  CHECK(refusal(text, "target: [a, b], columns: {b: numeric}").find("data.train.columns: column 'b' is the target") !=
        std::string::npos);
  CHECK(refusal(text, "target: b, columns: {b: ignore}") == "");  // as configs leave it that extend another
  CHECK(refusal(text, "target: b, columns: {b: {normalize: none}}") ==
        "error: DIR/run.yaml:1:61: data.train.columns: column 'b' is the target\n"
        "  help: say in 'target' what is to be done to it, {column: b, as: class}; or name another target");
  CHECK(refusal(text, "target: b, columns: {b: target}") == "");
}

TEST_CASE("a column may be a group: a field that is no input, numbered in each set by what the rows have in common") {
  const Table table("q,x,y\n7,1,5\n7,2,6\n9,3,7\n12,4,8\n9,5,9\n12,6,4\n");
  const auto opened = table.open("target: y, columns: {q: group}", ", validation: {last: 3}");
  REQUIRE(opened->problems == "");
  CHECK(warned(*opened) == "");
  const auto groups = [](const Dataset& data) {
    std::vector<int> found;
    const auto at = static_cast<size_t>(field_index(data, "q"));
    CHECK(data.fields()[at].type == Type{DType::i32, {}});
    for (int64_t i = 0; i < data.size(); ++i) found.push_back(sample(data, i)[at][0]);
    return found;
  };
  CHECK(groups(*opened->sets.train) == std::vector<int>{0, 0, 1});
  CHECK(groups(*opened->sets.validation) == std::vector<int>{0, 1, 0});
  CHECK(inputs_of(*opened->sets.train).size() == 1);
  CHECK(table.rows(*opened, "x\n1\n")->fields().size() == 1);
  CHECK(
      refusal("q,x,y\n7,1,5\n,2,6\n", "target: y, columns: {q: group}") ==
      "error: DIR/people.csv:3:1: data.train: column 'q': expected what the rows of a group have in common, found ''\n"
      "  help: take the row out");
  CHECK(refusal("q,x,y\n7,1,5\n", "target: y, columns: {q: {type: group, as: index}}")
            .find("columns.q.as: a group is no number and no category\n  help: leave it out") != std::string::npos);
  CHECK(refusal("q,y\n7,5\n", "target: y, columns: {q: group}").find("column 'q' is a group") != std::string::npos);
}

TEST_CASE("what is said of a further target names it as it is written") {
  const std::string text = "x,kind,y\n1,3,no\n2,z,yes\n";
  CHECK(refusal("x,kind,y\n1,3,no\n2,,yes\n", "target: y, columns: {kind: target}") ==
        "error: DIR/people.csv:3:3: data.train: column 'kind': expected a number, found ''\n"
        "  help: take the row out");
  CHECK(refusal(text, "target: y, columns: {kind: {type: target, as: index}}") ==
        "error: DIR/run.yaml:1:87: data.train.columns.kind.as: expected one of class, value of a target, got 'index'\n"
        "  help: leave 'as' out");
  CHECK(refusal(text, "target: y, columns: {kind: {as: class}}") ==
        "error: DIR/run.yaml:1:73: data.train.columns.kind.as: expected one of one_hot, index of a column that is no "
        "target, got 'class'\n  help: write '{type: target, as: class}'");
  CHECK(refusal(text, "target: y, columns: {kind: {type: target, fill: 0}}") ==
        "error: DIR/run.yaml:1:89: data.train.columns.kind.fill: a target that is missing is not made up\n"
        "  help: take such rows out");
  CHECK(refusal(text, "target: y, columns: {kind: {type: target, normalize: log}}") ==
        "error: DIR/run.yaml:1:94: data.train.columns.kind.normalize: expected one of standard, minmax, none for a "
        "target, got 'log'");
  CHECK(refusal(text, "target: y, columns: {x: target, kind: target}") ==
        "error: DIR/run.yaml:1:9: data.train: no column of 'people.csv' is left as input\n"
        "  column 'x' is a target\n  column 'kind' is a target\n  column 'y' is the target\n  help: leave one column "
        "in at least");
}

TEST_CASE("a column that is named by its place is told the names there are") {
  CHECK(refusal("x,y\n1,2\n", "target: 1") ==
        "error: DIR/run.yaml:1:49: data.train.target.column: expected a string, got 1\n"
        "  help: write a column's name, or a list of them; where no header names them they are c1, c2, …; further "
        "targets with losses of their own are 'columns: {NAME: target}'");
  CHECK(refusal("x,y\n1,2\n", "target: \"1\"") ==
        "error: DIR/run.yaml:1:9: data.train: unknown column '1'\n  known columns: x, y\n"
        "  help: columns go by their names: the first is 'x', the last 'y'");
}

TEST_CASE("nothing of the held-out part is fitted, and a category that is new there has no place") {
  const Table table("x,town,y\n1,A,no\n3,B,yes\n100,C,no\n");
  const auto opened = table.open("target: y", ", validation: {last: 1}");
  CHECK(opened->problems == "");
  CHECK(inputs(opened->sets.train) == Rows{{-1, 1, 0}, {1, 0, 1}});
  CHECK(inputs(opened->sets.validation) == Rows{{98, 0, 0}});
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
  CHECK(inputs(sets.train) == Rows{{3, 0, 1}, {5, 0, 0}});
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
  CHECK(inputs(test) == Rows{{-19.5f / 5.5f, 1, 0}, {-16.5f / 5.5f, 0, 0}});
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
  CHECK(refusal("x,y\n1,a\n2,a\n3,b\n4,a\n", "target: y", ", validation: {fraction: 0.5, stratified: true}") ==
        "error: DIR/run.yaml:1:65: data.validation: class 'b' has one sample, which cannot be in both parts\n"
        "  help: add samples of it, take it out, or leave 'stratified' out");
  CHECK(refusal("x,y\n1,a\n", "target: y", ", validation: {fraction: 0.2}") ==
        "error: DIR/run.yaml:1:65: data.validation: the training set has 1 sample: none can be held out\n"
        "  help: add samples, or name a validation set of its own");
  CHECK(table.open("target: y", ", validation: {last: 5, stratified: true}")->problems ==
        "error: DIR/run.yaml:1:87: data.validation.stratified: only a 'fraction' can be stratified\n"
        "  help: write 'fraction: 0.1'");
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

TEST_CASE("missing cells may be a category that there is, or one that no other cell has") {
  const auto filled = [](const std::string& fill) {
    return inputs(Table("c,y\nx,1\n,2\nz,3\nx,4\n")
                      .open("target: y, columns: {c: {type: categorical, fill: " + fill + "}}")
                      ->sets.train);
  };
  CHECK(filled("z") == Rows{{1, 0}, {0, 1}, {0, 1}, {1, 0}});
  CHECK(filled("none") == Rows{{1, 0, 0}, {0, 0, 1}, {0, 1, 0}, {1, 0, 0}});
}

TEST_CASE("a number of more digits than a double has is no other category") {
  const Table table("id,y\n1234567890123456789,no\n1234567890123456001,yes\n");
  const auto opened = table.open("target: y, columns: {id: categorical}");
  REQUIRE(opened->problems == "");
  const DatasetPointer rows = table.rows(*opened, "id\n1234567890123456790\n1234567890123456789\n");
  CHECK(inputs(rows) == Rows{{0, 0}, {0, 1}});
}

TEST_CASE("categories are in the order of their numbers, and 1.0 is 1") {
  const Table table("n,y\n10,a\n9,b\n1,a\nx,b\n");
  const auto opened = table.open("target: y, columns: {n: {as: index}}");
  std::vector<int> codes;
  for (int64_t i = 0; i < 4; ++i) codes.push_back(sample(*opened->sets.train, i)[0][0]);
  CHECK(codes == std::vector<int>{3, 2, 1, 4});
  CHECK(Table("x,y\n1,10\n2,9\n").open("target: {column: y, as: class}")->sets.classes ==
        std::vector<std::string>{"9", "10"});
  const DatasetPointer rows = table.rows(*opened, "n\n1.0\n9.00\n");
  CHECK(sample(*rows, 0)[0][0] == 1);
  CHECK(sample(*rows, 1)[0][0] == 2);
  CHECK(rows->warnings().empty());
}

TEST_CASE("columns without names are c1, c2, …, and the target may stand in a file of its own") {
  const Table table("1 2.5\n3 4.5\n");
  CHECK(table.open("target: c2, header: false")->problems == "");
  table.write("y.csv", "151\n75\n");
  const auto opened = table.open("target: y, header: false, normalize: none, target_path: y.csv");
  CHECK(opened->problems == "");
  CHECK(inputs(opened->sets.train) == Rows{{1, 2.5f}, {3, 4.5f}});
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
