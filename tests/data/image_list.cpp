// Images listed in a table, and the files of CIFAR.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/data/labelled.h"
#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

void write_images(const Folder& folder) {
  for (const std::string name : {"a", "b", "c", "d"})
    folder.write("images/" + name + ".png", png(2, 2, 3, std::string(12, name[0])));
}

}  // namespace

TEST_CASE("images listed in a table have the class beside them") {
  const Folder folder;
  write_images(folder);
  folder.write("images/labels.csv", "file,kind,who\na.png,10,x\nb.png,9,y\nc.png,10,x\nd.png,9,z\n");
  const auto opened = open(
      "{train: {format: image_list, path: images/labels.csv, image: file, target: kind}, folds: {count: 2, group: "
      "who}}",
      folder.path);
  CHECK(opened->problems == "");
  const DatasetPointer& data = opened->sets.train;
  CHECK(opened->sets.classes == std::vector<std::string>{"9", "10"});
  CHECK(data->fields()[0].type == Type{DType::f32, {2, 2, 3}});
  CHECK(data->size() + opened->sets.validation->size() == 4);
  for (int64_t i = 0; i < data->size(); ++i) {
    const float x = floats(sample(*data, i)[0])[0] * 255;
    CHECK(label(*data, i) == (x == 'a' || x == 'c' ? 1 : 0));
  }
}

TEST_CASE("images listed in a table may have several labels, or numbers") {
  const Folder folder;
  write_images(folder);
  folder.write("cells.tsv", "id\ttags\na\tcat dog\nb\t\nc\tdog\n");
  const auto words =
      open("{train: {format: image_list, path: cells.tsv, root: images, suffix: .png, as: labels}}", folder.path);
  CHECK(words->problems == "");
  CHECK(words->sets.target == Type{DType::f32, {2}});
  CHECK(floats(sample(*words->sets.train, 0)[1]) == std::vector<float>{1, 1});
  CHECK(floats(sample(*words->sets.train, 1)[1]) == std::vector<float>{0, 0});
  CHECK(floats(sample(*words->sets.train, 2)[1]) == std::vector<float>{0, 1});
  folder.write("images/n.csv", "file,age,size\na.png,1.5,2\nb.png,-3,4\n");
  const auto numbers =
      open("{train: {format: image_list, path: images/n.csv, target: [age, size], as: numbers}}", folder.path);
  CHECK(numbers->problems == "");
  CHECK(floats(sample(*numbers->sets.train, 1)[1]) == std::vector<float>{-3, 4});
}

TEST_CASE("labels stand between separators without blanks, and as True and False; others than blanks are told") {
  const Folder folder;
  write_images(folder);
  folder.write("images/t.csv", "file,tags\na.png,\"cat, dog\"\nb.png,dog\n");
  const auto opened_with = [&](const std::string& more) {
    return open("{train: {format: image_list, path: images/t.csv, as: labels" + more + "}}", folder.path);
  };
  const auto cut = opened_with(", separator: ','");
  REQUIRE(cut->problems == "");
  CHECK(cut->sets.train->fields()[1].value_names == std::vector<std::string>{"cat", "dog"});
  CHECK(warnings(folder, *cut->sets.train) == "");
  CHECK(warnings(folder, *opened_with("")->sets.train) ==
        "DIR/images/t.csv: the label 'cat,' holds ',', but labels are cut at blanks\n  help: write 'separator: \",\"' "
        "if it stands between labels\n");
  folder.write("images/t.csv", "file,cat,dog\na.png,True,False\nb.png,False,true\n");
  const auto columns = opened_with(", target: [cat, dog]");
  REQUIRE(columns->problems == "");
  CHECK(floats(sample(*columns->sets.train, 0)[1]) == std::vector<float>{1, 0});
  CHECK(floats(sample(*columns->sets.train, 1)[1]) == std::vector<float>{0, 1});
}

TEST_CASE("labels of another list mean what they mean in training") {
  const Folder folder;
  write_images(folder);
  folder.write("images/train.csv", "file,tags\na.png,cat dog\nb.png,fox\n");
  folder.write("images/val.csv", "file,tags\nc.png,fox dog\n");
  const auto opened_with = [&](const std::string& more) {
    return open(
        "{train: {format: image_list, path: images/train.csv, as: labels}, validation: {format: image_list, path: "
        "images/val.csv, as: labels}" +
            more + "}",
        folder.path);
  };
  const auto opened = opened_with("");
  REQUIRE(opened->problems == "");
  CHECK(opened->sets.train->fields()[1].value_names == std::vector<std::string>{"cat", "dog", "fox"});
  CHECK(floats(sample(*opened->sets.validation, 0)[1]) == std::vector<float>{0, 1, 1});
  opened->spec.fitted = opened->sets.fitted;  // as of a run, whose list may have changed
  folder.write("images/train.csv", "file,tags\na.png,dog\nb.png,fox\n");
  std::vector<Problem> problems;
  const DataSets again = open_data(opened->spec, folder.path, 1, problems);
  CHECK(again.target == Type{DType::f32, {3}});
  CHECK(floats(sample(*again.train, 1)[1]) == std::vector<float>{0, 0, 1});
  folder.write("images/val.csv", "file,tags\nc.png,bird\n");
  CHECK(opened_with("")->problems.find("expected one of the classes dog, fox, found 'bird'") != std::string::npos);
}

TEST_CASE("a single column of 0 and 1 is one label, and of known labels names") {
  const Folder folder;
  write_images(folder);
  const std::string list = "{train: {format: image_list, path: images/train.csv, as: labels}";
  folder.write("images/train.csv", "file,ill\na.png,0\nb.png,1\nc.png,1.0\n");
  const auto one = open(list + "}", folder.path);
  REQUIRE(one->problems == "");
  CHECK(one->sets.target == Type{DType::f32, {1}});
  CHECK(one->sets.train->fields()[1].value_names == std::vector<std::string>{"ill"});
  CHECK(floats(sample(*one->sets.train, 0)[1]) == std::vector<float>{0});
  CHECK(floats(sample(*one->sets.train, 1)[1]) == std::vector<float>{1});
  CHECK(floats(sample(*one->sets.train, 2)[1]) == std::vector<float>{1});
  folder.write("images/train.csv", "file,tags\na.png,0 1\nb.png,1\n");
  folder.write("images/val.csv", "file,tags\nc.png,0\nd.png,1\n");
  const auto names = open(list + ", validation: {format: image_list, path: images/val.csv, as: labels}}", folder.path);
  REQUIRE(names->problems == "");
  CHECK(floats(sample(*names->sets.validation, 0)[1]) == std::vector<float>{1, 0});
  folder.write("images/train.csv", "file,ill\na.png,0\nb.png,\n");
  CHECK(open(list + "}", folder.path)->problems.find("3:7: data.train: expected a number, found ''") !=
        std::string::npos);
}

TEST_CASE("the first line of a list is a sample where it begins with an image, though nothing in it comes again") {
  const Folder folder;
  write_images(folder);
  const auto opened = [&](const std::string& more) {
    auto all = open("{train: {format: image_list, path: images/n.csv, " + more + "}}", folder.path);
    REQUIRE(all->problems == "");
    return all;
  };
  folder.write("images/n.csv", "a.png,x y\nb.png,x\nc.png,y\nd.png,z y\n");
  CHECK(opened("as: labels")->sets.train->size() == 4);
  folder.write("images/n.csv", "a,cat\nb,dog\nc,bird\n");
  const auto named_by_suffix = opened("suffix: .png");
  CHECK(named_by_suffix->sets.train->size() == 3);
  CHECK(named_by_suffix->sets.classes == std::vector<std::string>{"bird", "cat", "dog"});
  folder.write("images/n.csv", "image,kind\na.png,cat\nb.png,dog\n");
  CHECK(opened("as: class")->sets.train->size() == 2);
  folder.write("images/n.csv", "a.png,b.png\nc.png,d.png\n");  // names of columns, whatever they look like
  CHECK(opened("image: a.png")->sets.train->size() == 1);
}

TEST_CASE("a list of images says what is wrong with it") {
  const Folder folder;
  write_images(folder);
  folder.write("images/n.csv", "file,age,kind\na.png,1.5,x\nb.png,old,\n");
  const auto said = [&](const std::string& more) {
    return open("{train: {format: image_list, path: images/n.csv, " + more + "}}", folder.path)->problems;
  };
  CHECK(said("target: years") ==
        "error: DIR/images/n.csv: data.train: there is no column 'years'\n  its columns: file, age, kind\n  named in "
        "DIR/run.yaml:1:9\n"
        "  help: name one of them, or write 'names: [...]'");
  CHECK(said("target: age, as: numbers") ==
        "error: DIR/images/n.csv:3:7: data.train: expected a number, found 'old'\n  named in DIR/run.yaml:1:9\n  help: "
        "write 'as: class' if it is "
        "one");
  CHECK(said("target: kind") ==
        "error: DIR/images/n.csv:3:11: data.train: expected a class, the cell is empty\n  named in DIR/run.yaml:1:9\n"
        "  help: take the row out");
  CHECK(said("target: [age, kind]").ends_with("help: write 'as: labels' or 'as: numbers'"));
  folder.write("images/n.csv", "file,kind\na.png,x\nz.png,x\nb,y\n");
  CHECK(said("target: kind") ==
        "error: DIR/images/n.csv:3:1: data.train: 2 of 3 images are not there, such as DIR/images/z.png\n  named in "
        "DIR/run.yaml:1:9\n  help: name the folder that the names begin in as 'root', or take the rows out");
  folder.write("images/n.csv", "file,kind\na,x\n");
  CHECK(said("target: kind").ends_with("help: write 'suffix: .png'"));
  folder.write("images/n.csv", "file,kind\nold\\a.png,x\n");
  CHECK(said("target: kind").ends_with("help: write names with '/' between folders and file"));
  folder.write("images/n.csv", ",name,kind\n0,a.png,x\n");
  CHECK(said("target: kind")
            .ends_with(
                "help: write 'image: name' if that column has the files' names, or 'root: FOLDER' for where they are"));
  folder.write("images/n.csv", "file,kind\na.png,x\nb.png,NA\n");
  CHECK(said("target: kind").find("3:7: data.train: expected a class, found 'NA', which stands for none") !=
        std::string::npos);
  folder.write("images/n.csv", "file,kind\na.png,x\nb.png\n");
  CHECK(said("target: kind") ==
        "error: DIR/images/n.csv:3:1: data.train: expected 2 cells as in the first row, found 1\n"
        "  named in DIR/run.yaml:1:9\n"
        "  help: write 'delimiter' as the file has it, or take the lines out that are no rows");
  folder.write("images/n.csv", "file,tags\na.png,x y\nb.png,nan\n");
  CHECK(said("target: tags, as: labels") ==
        "error: DIR/images/n.csv:3:7: data.train: expected labels, found 'nan', which stands for none\n"
        "  named in DIR/run.yaml:1:9\n"
        "  help: leave the cell empty, or name all classes in the data set's description");
}

TEST_CASE("CIFAR's records are a label or two and three planes") {
  const Folder folder;
  const auto record = [](const std::string& labels, char red, char green, char blue) {
    return labels + std::string(1024, red) + std::string(1024, green) + std::string(1024, blue);
  };
  folder.write("one.bin", record("\3", 1, 2, 3) + record("\7", 4, 5, 6));
  folder.write("two.bin", record("\0", 7, 8, 9).insert(0, 1, '\0').substr(0, 3073));
  const auto ten = open("{train: {format: cifar, paths: [one.bin, two.bin]}}", folder.path);
  CHECK(ten->problems == "");
  CHECK(ten->sets.train->size() == 3);
  CHECK(ten->sets.classes.size() == 10);
  CHECK(label(*ten->sets.train, 1) == 7);
  const auto x = floats(sample(*ten->sets.train, 1)[0]);
  CHECK(x.size() == 3072);
  CHECK(x[3069] * 255 == doctest::Approx(4));
  CHECK(x[3071] * 255 == doctest::Approx(6));
  folder.write("hundred.bin", record(std::string("\2\5"), 1, 2, 3));
  CHECK(label(*open("{train: {format: cifar, paths: [hundred.bin], labels: fine}}", folder.path)->sets.train, 0) == 5);
  CHECK(label(*open("{train: {format: cifar, paths: [hundred.bin], labels: coarse}}", folder.path)->sets.train, 0) ==
        2);
  CHECK(open("{train: {format: cifar, paths: [hundred.bin]}}", folder.path)->problems ==
        "error: DIR/hundred.bin: data.train: expected records of 3073 bytes, 1 label and 3072 of the image; found 3074 "
        "bytes\n  named in DIR/run.yaml:1:9\n  help: write 'labels: fine' for CIFAR-100");
  folder.write("cut.bin", record("\3", 1, 2, 3).substr(0, 3000));
  CHECK(open("{train: {format: cifar, paths: [cut.bin]}}", folder.path)
            ->problems.ends_with("help: get the file again: take it out of the archive of the binary version"));
  folder.write("wrong.bin", record("\x0B", 1, 2, 3));
  CHECK(error_text([&] {
          sample(*open("{train: {format: cifar, paths: [wrong.bin]}}", folder.path)->sets.train, 0);
        }).ends_with("record 0: expected a label from 0 to 9, found 11"));
}
