// What of a table and its keys is refused, and with which words.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/table.h"

#include "lib/base/hash.h"
#include "tests/data/table_for_test.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("a cell that does not fit is told with its line and column") {
  CHECK(refusal("x,y\n1,a\n12b,b\n", "target: y, columns: {x: numeric}") ==
        "error: DIR/people.csv:3:1: data.train: column 'x': expected a number, found '12b'\n"
        "  help: add it to 'missing' if it stands for no value, or declare the column 'categorical'");
  CHECK(refusal("x,y\n1,a\n2,b\nz,a\n", "target: y", ", validation: {last: 1}") ==
        "error: DIR/people.csv:4:1: data.validation: column 'x': expected a number, found 'z'\n"
        "  help: add it to 'missing' if it stands for no value");
  CHECK(refusal("x,y\n1,a\n2,b\n3,c\n", "target: y", ", validation: {last: 1}") ==
        "error: DIR/people.csv:4:3: data.validation: column 'y': expected one of a, b, found 'c'\n"
        "  help: take the row out, or name all classes as 'classes' in the data set's description");
  CHECK(refusal("x,y\n1,5\n2,?\n", "target: y") ==
        "error: DIR/people.csv:3:3: data.train: column 'y': expected a number, found '?'\n  help: take the row out");
  CHECK(refusal("x,y\n1,a\n2\n", "target: y") ==
        "error: DIR/people.csv:3:1: data.train: expected 2 cells as in the first row, found 1\n"
        "  named in DIR/run.yaml:1:9\n"
        "  help: write 'delimiter' as the file has it, and 'skip' for lines that are no rows");
}

TEST_CASE("keys that the table does not bear out are refused") {
  CHECK(refusal(people, "target: incom") ==
        "error: DIR/run.yaml:1:9: data.train: unknown column 'incom'\n"
        "  known columns: age, town, income\n  help: write 'income'");
  CHECK(refusal(people, "target: income, columns: {Age: ignore}") ==
        "error: DIR/run.yaml:1:9: data.train: unknown column 'Age'\n"
        "  known columns: age, town, income\n  help: write 'age'");
  CHECK(refusal(people, "target: income, columns: {town: {type: categorical, normalize: log}}") ==
        "error: DIR/run.yaml:1:104: data.train.columns.town.normalize: a categorical column is not normalised\n"
        "  help: leave 'normalize' out");
  CHECK(
      refusal("1,a\n2,b\n", "target: y") ==
      "error: DIR/people.csv:1:1: data.train: the columns have no names: the first row is one of data, '1', 'a'\n"
      "  named in DIR/run.yaml:1:9\n"
      "  help: write 'names: [...]' with 2 names, or 'header: false', which names them c1, c2, …, or 'header: true' if "
      "that row names them");
  CHECK(refusal("x,y\n1,a\n2,b\n", "target: y, names: [y, x], header: true") ==
        "error: DIR/people.csv:1:1: data.train: 'names' has the header's names in another order\n"
        "  named in DIR/run.yaml:1:9\n"
        "  help: leave 'names' out: the header has them");
  CHECK(refusal(people, "target: income, header: false, names: [a, b]") ==
        "error: DIR/people.csv:1:1: data.train: expected 2 cells, one a name, found 3\n"
        "  named in DIR/run.yaml:1:9");
  CHECK(refusal("x,x,y\n1,2,3\n", "target: y") ==
        "error: DIR/people.csv: data.train: two columns are named 'x'\n"
        "  named in DIR/run.yaml:1:9\n"
        "  help: write 'names: [...]', which count more than the header");
  CHECK(refusal(people, "target: income, delimiter: ab") ==
        "error: DIR/run.yaml:1:68: data.train.delimiter: expected one character, tab or space, got 'ab'");
  CHECK(refusal(people, "target: income, delimiter: semicolon") ==
        "error: DIR/run.yaml:1:68: data.train.delimiter: expected one character, tab or space, got 'semicolon'\n"
        "  help: write \";\"");
  CHECK(refusal(people, "target: income, xxh64: '00'") ==
        "error: DIR/people.csv: data.train: expected the hash 00, found " + hash_text(xxh64(people)) +
            "\n  named in DIR/run.yaml:1:9\n  help: get the file again, or mend 'xxh64'");
}

TEST_CASE("a pointer that Git LFS left in the place of a file is told") {
  CHECK(refusal("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "target: y") ==
        "error: DIR/people.csv: data.train: expected data, found a pointer of Git LFS to them\n"
        "  named in DIR/run.yaml:1:9\n  help: fetch them: git lfs pull");
}

TEST_CASE("a table that leaves no input says what took the columns away") {
  CHECK(refusal("id,town,y\na,,p\nb,,q\nc,,p\n", "target: y, min_count: 2, columns: {town: ignore}") ==
        "error: DIR/run.yaml:1:9: data.train: no column of 'people.csv' is left as input\n"
        "  'min_count: 2' leaves column 'id' no category\n"
        "  column 'town' is declared 'ignore'\n"
        "  column 'y' is the target\n"
        "  help: leave one column in at least");
  CHECK(refusal("y\np\nq\n", "target: y") ==
        "error: DIR/run.yaml:1:9: data.train: no column of 'people.csv' is left as input\n"
        "  column 'y' is the target\n"
        "  help: leave one column in at least");
  const auto opened = Table("a,b,y\n,1,p\n,2,q\n").open("target: y");
  CHECK(opened->sets.train->fields()[0].type == Type{DType::f32, {1}});
  CHECK(warned(*opened) ==
        "DIR/people.csv:1:1: data.train: column 'a' has no value in the training part; it is left out\n"
        "  help: write 'columns: {a: ignore}'\n");
  CHECK(warnings_of("a,y\nr1,1,p\nr2,2,q\n", "target: y") ==
        "DIR/people.csv:1:1: data.train: the first column has no name: it is taken for the rows' names and left out\n"
        "  help: give it a name in the header to use it\n");
  CHECK(warnings_of("a,Unnamed: 0,y\n1,0,p\n2,1,q\n", "target: y") ==
        "DIR/people.csv:1:1: data.train: column 'Unnamed: 0' is an index that pandas wrote: it is taken for the rows' "
        "names and left out\n"
        "  help: write 'columns: {\"Unnamed: 0\": numeric}', or ': categorical', to use it\n");
  const auto levels = Table("__index_level_0__,b,y\n4,1,p\n9,2,q\n").open("target: y");
  CHECK(levels->sets.train->fields()[0].type == Type{DType::f32, {1}});
  const auto meant = Table("a,Unnamed: 0,y\n1,0,p\n2,1,q\n").open("target: y, columns: {'Unnamed: 0': numeric}");
  CHECK(meant->sets.train->fields()[0].type == Type{DType::f32, {2}});
  CHECK(warned(*meant) == "");
}

TEST_CASE("a label that differs from a class by a mark, by case or not at all is told with what to write") {
  const auto said = [](const std::string& label) {
    return refusal("x,y\n1,<=50K\n2,>50K\n3," + label + "\n", "target: y", ", validation: {last: 1}");
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

TEST_CASE("True and False among several targets are answered with how to make numbers of them") {
  CHECK(refusal("x,cat,dog\n1,True,False\n2,False,True\n", "target: {column: [cat, dog], normalize: none}") ==
        "error: DIR/people.csv:2:3: data.train: column 'cat': expected a number, found 'True'\n"
        "  help: save 1 and 0 for True and False, in pandas table['cat'].astype(int)");
}

TEST_CASE("a target of numbers with a word among them is told, not taken as classes") {
  const auto said = [](const std::string& cell) {
    return refusal("x,y\n1,10\n2,20\n3," + cell + "\n4,40\n5,50\n6,60\n", "target: y");
  };
  CHECK(said("abc") ==
        "error: DIR/people.csv:4:3: data.train: column 'y': expected a number, found 'abc'\n"
        "  help: take the row out, or write 'target: {column: y, as: class}' if all are names of classes");
  CHECK(said("NA") ==
        "error: DIR/people.csv:4:3: data.train: column 'y': expected a number, found 'NA'\n"
        "  help: take the row out");
}

TEST_CASE("a file whose delimiter is not recognised is answered with the key that says it") {
  for (const std::string between : {"^", " "})
    CHECK(refusal(replaced("a^b^y\n1^x^p\n2^z^q\n", {{"^", between}}), "target: y") ==
          replaced("error: DIR/run.yaml:1:9: data.train: unknown column 'y'\n  known columns: a^b^y\n"
                   "  help: write 'delimiter' as the file has it",
                   {{"^", between}}));
}

TEST_CASE("a mistake of the training part is the only one that is told") {
  CHECK(refusal(people, "target: incom", ", validation: {last: 1}") ==
        "error: DIR/run.yaml:1:9: data.train: unknown column 'incom'\n"
        "  known columns: age, town, income\n  help: write 'income'");
  CHECK(refusal(people, "target: incom", ", validation: {fraction: 0.5, stratified: true}") ==
        "error: DIR/run.yaml:1:9: data.train: unknown column 'incom'\n"
        "  known columns: age, town, income\n  help: write 'income'");
  CHECK(refusal("x,y\n1,0\n2,1\n3,0\n", "target: y", ", validation: {fraction: 0.5, stratified: true}") ==
        "error: DIR/run.yaml:1:65: data.validation: expected samples with a class each to take a part of each class, "
        "found numbers in the target 'y'\n"
        "  help: leave 'stratified' out, or write 'target: {column: y, as: class}'");
}
