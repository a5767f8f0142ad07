// The section `data:`: what it opens, and what it says where it cannot.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/data_spec.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <regex>

#include "lib/base/text.h"
#include "lib/data/image/image.h"
#include "lib/spec/load.h"
#include "tests/data/sets_for_test.h"
#include "tests/paths.h"

using namespace dl;
using namespace dl::testing;

namespace {

// A described set "pets" of 8 training and 4 test images, 2 x 2, of two classes: image i is filled with i, its label is
// i % 2.
struct PetsSet : Folder {
  PetsSet() {
    std::filesystem::create_directories(path / "datasets/pets");
    write_part("train", 8);
    write_part("test", 4);
    write("datasets/pets.yaml",
          "summary: cats and dogs\nget: fetch-pets\nroot: pets\nclasses: [cat, dog]\n"
          "train: {format: idx, images: train-images, labels: train-labels}\n"
          "test: {format: idx, images: test-images, labels: test-labels}\n");
  }
  void write_part(const std::string& name, uint32_t count, uint32_t side = 2) const {
    std::string x, y;
    for (uint32_t i = 0; i < count; ++i) {
      x += std::string(side * side, static_cast<char>(i));
      y += static_cast<char>(i % 2);
    }
    write("datasets/pets/" + name + "-images", idx({count, side, side}, x));
    write("datasets/pets/" + name + "-labels", idx({count}, y));
  }
};

// First values of all samples, scaled back to bytes.
std::vector<int> firsts(const DatasetPointer& data) {
  std::vector<int> all;
  for (int64_t i = 0; data && i < data->size(); ++i)
    all.push_back(static_cast<int>(floats(sample(*data, i)[0])[0] * 255 + 0.5f));
  return all;
}

}  // namespace

namespace {

std::string values_for_model(const DataSets& sets) {
  std::string text;
  for (const auto& [name, value] : data_values(sets)) {
    text += name + " " + value.text;
    for (const Node& item : value.items) text += item.text + ",";
    text += "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("a described set brings its parts, classes and sizes") {
  PetsSet folder;
  const auto opened = open("{train: pets}", folder.path);
  CHECK(opened->problems == "");
  const DataSets& sets = opened->sets;
  CHECK(firsts(sets.train) == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(firsts(sets.test) == std::vector<int>{0, 1, 2, 3});
  CHECK(!sets.validation);
  CHECK(sets.raw_input == Type{DType::u8, {2, 2, 1}});
  CHECK(sets.inputs == std::vector<SampleField>{{"x", {DType::f32, {2, 2, 1}}}});
  CHECK(sets.target == Type{DType::i32, {}});
  CHECK(sets.classes == std::vector<std::string>{"cat", "dog"});
  CHECK(values_for_model(sets) ==
        "data.categories \ndata.channels 1\ndata.classes 2\ndata.columns \ndata.features 4\ndata.height 2\n"
        "data.inputs x,\ndata.width 2\n");
}

TEST_CASE("validation is a part of the training set, which is trained on without it, or a set of its own") {
  PetsSet folder;
  const auto parts = [&](const std::string& validation) {
    const auto opened = open("{train: pets, validation: " + validation + "}", folder.path);
    CHECK(opened->problems == "");
    return std::pair(firsts(opened->sets.train), firsts(opened->sets.validation));
  };
  using Values = std::vector<int>;
  CHECK(parts("{first: 3}") == std::pair(Values{3, 4, 5, 6, 7}, Values{0, 1, 2}));
  CHECK(parts("{last: 3}") == std::pair(Values{0, 1, 2, 3, 4}, Values{5, 6, 7}));
  const auto [kept, held_out] = parts("{fraction: 0.25}");
  CHECK(kept.size() == 6);
  CHECK(held_out.size() == 2);
  CHECK(parts("{format: idx, images: datasets/pets/test-images, labels: datasets/pets/test-labels}").second ==
        Values{0, 1, 2, 3});
}

TEST_CASE("a reader's keys may stand in the config, with file names from its folder") {
  PetsSet folder;
  const auto opened =
      open("{train: {format: idx, images: datasets/pets/train-images, labels: datasets/pets/train-labels}, test: pets}",
           folder.path);
  CHECK(opened->problems == "");
  CHECK(opened->sets.train->size() == 8);
  CHECK(opened->sets.test->size() == 4);
  CHECK(opened->sets.classes == std::vector<std::string>{"0", "1"});
}

TEST_CASE("a description's file may be named, as a word or as the file that the spec's loader puts in") {
  PetsSet folder;
  CHECK(open("{train: \"datasets/pets.yaml\"}", folder.path)->sets.train->size() == 8);
  folder.write("run.yaml", "data: {train: datasets/pets.yaml}\n");
  const Node spec = load_spec(folder / "run.yaml");
  DataSpec data;
  std::vector<Problem> problems;
  read_object(*spec.find("data"), data, Reading(problems, "data"));
  CHECK(open_data(data, folder.path, 1, problems).train->size() == 8);
  CHECK(problems.empty());
}

TEST_CASE("DLCLI_DATA names folders where sets are looked for first") {
  PetsSet folder;
  std::filesystem::create_directories(folder / "elsewhere");
  std::filesystem::rename(folder / "datasets/pets", folder / "elsewhere/pets");
  ::setenv("DLCLI_DATA", ("/nowhere:" + (folder / "elsewhere").string()).c_str(), 1);
  const auto opened = open("{train: pets}", folder.path);
  ::unsetenv("DLCLI_DATA");
  CHECK(opened->problems == "");
  CHECK(opened->sets.train->size() == 8);
}

TEST_CASE("files that are missing say where they were looked for and how to get them") {
  PetsSet folder;
  std::filesystem::remove(folder / "datasets/pets/train-images");
  CHECK(open("{train: pets}", folder.path)->problems ==
        "error: DIR/run.yaml:1:9: data.train: 'train-images' is not there; looked in DIR/datasets/pets, datasets/pets\n"
        "  help: get it with: fetch-pets; or name the folder that has it in DLCLI_DATA");
  CHECK(open("{train: {format: idx, images: a, labels: b}}", folder.path)->problems ==
        "error: DIR/run.yaml:1:9: data.train: 'a' is not there; looked in DIR, .\n"
        "  help: put it there, or name the folder that has it in DLCLI_DATA");
  folder.write("own/people.csv", "age,town\n1,a\n2,b\n");
  CHECK(open("{train: {format: csv, path: own/People.csv, target: age}}", folder.path)->problems ==
        "error: DIR/run.yaml:1:9: data.train: 'own/People.csv' is not there; looked in DIR, .\n"
        "  help: write 'own/people.csv'");
  CHECK(open("{train: {format: csv, path: ~/people.csv, target: age}}", folder.path)->problems ==
        "error: DIR/run.yaml:1:9: data.train: '~/people.csv' is not there; looked in DIR, .\n"
        "  help: write the whole path: '~' is known to shells alone");
  CHECK(open("{train: {format: image_folder, path: /nowhere/at/all}}", folder.path)->problems ==
        "error: DIR/run.yaml:1:9: data.train: '/nowhere/at/all' is not there");
}

TEST_CASE("a broken data file is named with the place in the config that named it") {
  PetsSet folder;
  folder.write("datasets/pets/test-images", "");
  CHECK(open("{train: pets}", folder.path)->problems ==
        "error: DIR/datasets/pets/test-images: data.test: expected an idx header, the file ends after 0 bytes\n"
        "  named in DIR/run.yaml:1:9");
}

TEST_CASE("names that are not known are answered with those that are") {
  PetsSet folder;
  const std::string readers = join(Registry<Reader>::instance().names());
  const std::string unknown = std::regex_replace(open("{train: pest}", folder.path)->problems,
                                                 std::regex("sets: .*, pets, [^\n]*"), "sets: KNOWN");
  CHECK(unknown ==
        "error: DIR/run.yaml:1:9: data.train: unknown data set 'pest'\n"
        "  known data sets: KNOWN\n"
        "  help: write 'pets'");
  CHECK(open("{train: imagenet}", folder.path)->problems.ends_with("\n  help: describe it in datasets/imagenet.yaml"));
  CHECK(open("{train: {format: excel, path: a}}", folder.path)->problems ==
        "error: DIR/run.yaml:1:18: data.train: unknown reader 'excel'\n  known readers: " + readers +
            "\n  help: save the table as a CSV file and write 'csv'");
  CHECK(open("{train: {format: idx, image: a, labels: b}}", folder.path)->problems ==
        "error: DIR/run.yaml:1:23: data.train: unknown key 'image'\n"
        "  known keys: images, images_xxh64, labels, labels_xxh64, layout, limit\n  help: write 'images'");
  CHECK(open("{train: [1]}", folder.path)->problems ==
        "error: DIR/run.yaml:1:9: data.train: expected the name of a data set or a map with 'format' (" + readers +
            ") and its keys, got a list of 1");
  CHECK(open("{train: {path: a}}", folder.path)->problems ==
        "error: DIR/run.yaml:1:9: data.train: expected the name of a data set or a map with 'format' (" + readers +
            ") and its keys, got a map with key path\n  help: add 'format: image_folder'");
}

TEST_CASE("a validation part must leave something on both sides") {
  PetsSet folder;
  const auto said = [&](const std::string& validation) {
    return open("{train: pets, validation: " + validation + "}", folder.path)->problems;
  };
  CHECK(said("{first: 8}") ==
        "error: DIR/run.yaml:1:27: data.validation: expected from 1 to 7 of the 8 training samples for validation, got "
        "8");
  CHECK(said("{fraction: 0.01}") ==
        "error: DIR/run.yaml:1:27: data.validation: a fraction of 0.01 of the 8 training samples is none\n"
        "  help: raise 'fraction'");
  CHECK(said("{fraction: 0.99}") ==
        "error: DIR/run.yaml:1:27: data.validation: a fraction of 0.99 of the 8 training samples leaves none to train "
        "on\n"
        "  help: lower 'fraction'");
  CHECK(said("{first: 2, last: 2}") ==
        "error: DIR/run.yaml:1:27: data.validation: expected one of 'first', 'last' and 'fraction', got 2\n  help: "
        "keep one of them");
  CHECK(said("{middle: 2}") ==
        "error: DIR/run.yaml:1:28: data.validation: unknown key 'middle'\n  known keys: first, fraction, "
        "group, last, order, stratified");
}

TEST_CASE("tokens, numbers and tables have values of their own for the model") {
  PetsSet folder;
  const auto values = [&](const std::string& set) {
    const auto opened = open("{train: {" + set + "}}", folder.path);
    CHECK(opened->problems == "");
    return values_for_model(opened->sets);
  };
  CHECK(values("format: random, shape: [7], vocabulary: 5") ==
        "data.categories \ndata.classes 5\ndata.columns \ndata.features 7\ndata.inputs x,\ndata.length 7\n"
        "data.vocabulary 5\n");
  CHECK(values("format: random, shape: [7], vocabulary: 5, classes: 3") ==
        "data.categories \ndata.classes 3\ndata.columns \ndata.features 7\ndata.inputs x,\ndata.length 7\n"
        "data.vocabulary 5\n");
  CHECK(values("format: random, shape: [3], dtype: f32, targets: 2") ==
        "data.categories \ndata.columns \ndata.features 3\ndata.inputs x,\ndata.targets 2\n");
  folder.write("t.csv", "a,town,kind,y\n1,Ulm,p,0.5\n2,Kiel,q,1.5\n3,Bonn,q,2.5\n");
  CHECK(values("format: csv, path: t.csv, target: y, columns: {town: {as: index}, kind: {as: index}}") ==
        "data.categories 4,3,\ndata.categories.kind 3\ndata.categories.town 4\ndata.columns town,kind,\n"
        "data.features 1\ndata.inputs x,town,kind,\ndata.targets 1\n");
}

TEST_CASE("a described set may be taken with other values of its readers' keys") {
  PetsSet folder;
  const auto opened = open("{train: {set: pets, limit: 3}}", folder.path);
  CHECK(opened->problems == "");
  CHECK(firsts(opened->sets.train) == std::vector<int>{0, 1, 2});
  CHECK(firsts(opened->sets.test) == std::vector<int>{0, 1, 2});
  CHECK(open("{train: {set: pets, limits: 3}}", folder.path)->problems ==
        "error: DIR/run.yaml:1:29: data.train: unknown key 'limits'\n"
        "  known keys: images, images_xxh64, labels, labels_xxh64, layout, limit\n  help: write 'limit'");
}

TEST_CASE("sets that do not fit the training set are refused") {
  PetsSet folder;
  folder.write_part("test", 4, 3);
  CHECK(open("{train: pets}", folder.path)->problems ==
        "error: DIR/run.yaml:1:9: data.test: expected samples of type u8 and shape [2, 2, 1] as in the training data, "
        "found u8 [3, 3, 1]");
  folder.write("datasets/mini.yaml",
               "summary: three classes\nroot: pets\nclasses: [a, b, c]\n"
               "train: {format: idx, images: train-images, labels: train-labels}\n");
  CHECK(open("{train: mini, validation: {format: random, shape: [2, 2, 1], targets: 2}}", folder.path)->problems ==
        "error: DIR/run.yaml:1:27: data.validation: expected 'y' of type i32 and shape [] as in the training data, "
        "found f32 [2]"
        "error: DIR/run.yaml:1:27: data.validation: expected the 3 classes of the training data, found 0");
  CHECK(open("{train: {format: random, shape: [4], vocabulary: 9}, transforms: [{normalize: {mean: 0, std: 1}}]}",
             folder.path)
            ->problems ==
        "error: DIR/run.yaml:1:68: data.transforms: expected samples of type u8 or f32, the data's are i32 [4]\n"
        "  help: leave 'transforms' out");
  CHECK(open("{train: mini, validation: {format: random, shape: [2, 2, 1], classes: 7}}", folder.path)->problems ==
        "error: DIR/run.yaml:1:27: data.validation: expected the 3 classes of the training data, found 7");
}

TEST_CASE("drop_last must leave a batch") {
  PetsSet folder;
  CHECK(open("{train: pets, batch_size: 9, drop_last: true}", folder.path)->problems ==
        "error: DIR/run.yaml:1:1: data.batch_size: 'drop_last' leaves no batch of 9 from 8 samples\n"
        "  help: lower 'batch_size', or write 'drop_last: false'");
}

TEST_CASE("several mistakes are reported at once") {
  PetsSet folder;
  std::filesystem::remove(folder / "datasets/pets/test-labels");
  CHECK(open("{train: pets, validation: {first: 100}, transforms: [{random_crop: 5}]}", folder.path)->problems ==
        "error: DIR/run.yaml:1:9: data.test: 'test-labels' is not there; looked in DIR/datasets/pets, datasets/pets\n"
        "  help: get it with: fetch-pets; or name the folder that has it in DLCLI_DATA"
        "error: DIR/run.yaml:1:27: data.validation: expected from 1 to 7 of the 8 training samples for validation, got "
        "100"
        "error: DIR/run.yaml:1:55: data.transforms[0] (random_crop): a window of 5 x 5 does not fit into images of 2 x "
        "2 padded by 0 and 0\n"
        "  help: lower 'size' or raise 'padding'");
}

TEST_CASE("a description's own mistakes are named in its file") {
  PetsSet folder;
  folder.write("datasets/pets.yaml", "summary: cats\nlicense: MIT\ntrain: {format: idx, images: a, labels: b}\n");
  CHECK(open("{train: pets}", folder.path)->problems ==
        "error: DIR/datasets/pets.yaml:2:1: data.train: unknown key 'license'\n"
        "  known keys: citation, classes, get, licence, root, source, summary, test, train, validation\n"
        "  named in DIR/run.yaml:1:9\n"
        "  help: write 'licence'");
}

TEST_CASE("the section reads back from what it writes") {
  PetsSet folder;
  for (const std::string yaml : {"{train: pets, validation: {first: 2}, transforms: [horizontal_flip, {normalize: "
                                 "{mean: 0.5, std: 0.5}}], batch_size: 3}",
                                 "{train: {format: idx, images: datasets/pets/train-images, labels: "
                                 "datasets/pets/train-labels}, validation: {fraction: 0.5}, test: pets}",
                                 "{train: pets, validation: {format: idx, images: datasets/pets/test-images, labels: "
                                 "datasets/pets/test-labels}, workers: 2}"}) {
    const auto first = open(yaml, folder.path);
    CHECK(first->problems == "");
    const std::string written = to_yaml(write_object(first->spec));
    const auto second = open(written, folder.path);
    CHECK(second->problems == "");
    CHECK(to_yaml(write_object(second->spec)) == written);
    CHECK(firsts(second->sets.train) == firsts(first->sets.train));
    CHECK(firsts(second->sets.validation) == firsts(first->sets.validation));
  }
}

TEST_CASE("the readers' examples are what a config takes") {
  for (const std::string& name : Registry<Reader>::instance().names()) {
    const auto reader = Registry<Reader>::make(name);
    const Schema schema = schema_of(*reader);
    CHECK(!schema.examples().empty());
    for (const std::string& example : schema.examples()) {
      Source source;
      std::vector<Problem> problems;
      CHECK_MESSAGE(Codec<Source>::read(parse_yaml(example, "example"), source, {}, Reading(problems)), example);
    }
  }
}

TEST_CASE("a described set is opened by its name or its file, parts of the spec's own by theirs") {
  PetsSet folder;
  const auto opened = open("{train: pets, validation: {first: 2}}", folder.path);
  CHECK(opened->sets.part("train")->size() == 6);
  CHECK(opened->sets.part("val")->size() == 2);
  CHECK(opened->sets.part("test")->size() == 4);
  for (const char* name : {"pets", "datasets/pets.yaml"})
    CHECK(open_other(opened->spec, {.name = name}, folder.path, {})->size() == 4);
  const auto without = open("{train: {format: random, shape: [3]}}", folder.path);
  CHECK(error_text([&] { without->sets.part("test"); }) ==
        "error: there is no split 'test'; there are: train\n  help: name one of them, or write 'data.test:'");
}

TEST_CASE("image files become samples like those of the training set") {
  PetsSet folder;
  folder.write("a.png", png(1, 1, 3, "\x33\x33\x33"));
  folder.write("b.png", "nothing");
  const auto opened = open("{train: pets}", folder.path);
  const auto images = open_images(opened->spec, {folder / "a.png", folder / "b.png"}, opened->sets.raw_input);
  CHECK(images.data->size() == 2);
  CHECK(images.data->fields().size() == 1);
  CHECK(floats(sample(*images.data, 0)[0]) == std::vector<float>(4, 0.2f));
  CHECK(!images.problem(0));
  sample(*images.data, 1);
  const auto problem = images.problem(1);
  REQUIRE(problem);
  CHECK(problem->where.file == (folder / "b.png").string());
  CHECK(problem->what ==
        "expected an image (" + join(image_formats()) + "), found none: Image not of any known type, or corrupt");
  CHECK(error_text(folder,
                   [&] {
                     open_images(opened->spec, {}, {DType::f32, {3, 3, 1}});
                   }) ==
        "error: the network was trained on samples of type f32 and shape [3, 3, 1]; image files are u8 with 1 or 3 "
        "channels\n  help: write '--data' with a data set of such samples");
}

TEST_CASE("loader options follow the section: evaluation takes every sample in order, without augmentation") {
  PetsSet folder;
  const auto opened = open("{train: pets, batch_size: 3, drop_last: true}", folder.path);
  const LoaderOptions training = training_options(opened->spec, *opened->sets.train, 5);
  CHECK((training.batch_size == 3 && training.shuffle && training.drop_last && training.augment && training.seed == 5));
  CHECK(training.threads == 1);  // the data lie in memory
  const LoaderOptions evaluation = evaluation_options(opened->spec, *opened->sets.train);
  CHECK((evaluation.batch_size == 3 && !evaluation.shuffle && !evaluation.drop_last && !evaluation.augment));
}

TEST_CASE("data loaded ahead are the same, and what is broken in them is thrown where they are needed") {
  PetsSet folder;
  auto opened = open("{train: pets, validation: {first: 2}}", folder.path);
  opened->sets.load_ahead();
  CHECK(firsts(opened->sets.validation) == std::vector<int>{0, 1});
  CHECK(opened->sets.fingerprint() == open("{train: pets, validation: {first: 2}}", folder.path)->sets.fingerprint());
  CHECK(opened->sets.fingerprint() != open("{train: pets, validation: {first: 3}}", folder.path)->sets.fingerprint());

  folder.write("datasets/pets/train-images", gzip(idx({8, 2, 2}, "too few")));
  auto broken = open("{train: pets}", folder.path);
  CHECK(broken->problems == "");
  broken->sets.load_ahead();
  CHECK(error_text(folder, [&] { broken->sets.fingerprint(); }) ==
        "error: DIR/datasets/pets/train-images: the header announces sizes [8, 2, 2], 48 bytes with the header; the "
        "file ends after 23\n"
        "  help: get the file again: it is cut short");
}

TEST_CASE("the sets in the source tree are what their descriptions say") {
  for (const auto& [name, train, test, shape] :
       {std::tuple("digits", 1437, 360, Shape{8, 8, 1}), std::tuple("tiny_shapes", 36, 12, Shape{16, 16, 3})}) {
    const auto opened = open(concat("{train: ", name, "}"), dl::testing::source_dir());
    CHECK(opened->problems == "");
    CHECK(opened->sets.train->size() == train);
    CHECK(opened->sets.test->size() == test);
    CHECK(opened->sets.inputs[0].type.shape == shape);
    for (const DatasetPointer& set : {opened->sets.train, opened->sets.test})
      for (int64_t i = 0; i < set->size(); ++i)
        CHECK(label(*set, i) < static_cast<int32_t>(opened->sets.classes.size()));
  }
}

TEST_CASE("every description in datasets/ can be read") {
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(dl::testing::source_dir()) / "datasets")) {
    if (entry.path().extension() != ".yaml") continue;
    SetDescription description;
    std::vector<Problem> problems;
    read_object(load_spec(entry.path()), description, Reading(problems));
    CHECK_MESSAGE(problems.empty(), entry.path());
    CHECK(description.licence != "");
    CHECK(description.source != "");
  }
}

TEST_CASE("Fashion-MNIST is what its description says, where it is installed") {
  const auto opened = open("{train: fashion_mnist}", dl::testing::source_dir());
  if (!opened->problems.empty()) {
    CHECK(opened->problems.find("help: get it with: sudo apt-get install dataset-fashion-mnist;") != std::string::npos);
    return;
  }
  CHECK(opened->sets.train->size() == 60000);
  CHECK(opened->sets.test->size() == 10000);
  CHECK(opened->sets.classes[label(*opened->sets.train, 0)] == "ankle boot");
  opened->sets.train->load();
  opened->sets.test->load();
}

TEST_CASE("a folder or a file of samples where a description is expected says what to write") {
  const Folder folder;
  std::filesystem::create_directories(folder / "clothes/train/shirt");
  std::filesystem::create_directories(folder / "clothes/val/shirt");
  std::filesystem::create_directories(folder / "empty");
  for (const char* name : {"iris.csv", "text.txt", "train.npz"}) folder.write(name, "x");
  const auto says = [&](const std::string& name) { return open("{train: " + name + "}", folder.path)->problems; };
  const auto expected = [](const std::string& name, const std::string& kind, const std::string& help) {
    return "error: DIR/run.yaml:1:9: data.train: expected a data set's name or description, '" + name + "' is a " +
           kind + "\n  help: " + help;
  };
  CHECK(says("clothes/train") ==
        expected("clothes/train", "folder", "write {format: image_folder, path: clothes/train}"));
  CHECK(says("clothes") == expected("clothes", "folder",
                                    "write {format: image_folder, path: clothes/train}, and {format: image_folder, "
                                    "path: clothes/val} in 'validation'"));
  CHECK(says("empty") == expected("empty", "folder", "say how it is read: '{format: ..., path: ...}'"));
  CHECK(says("iris.csv") == expected("iris.csv", "file", "write {format: csv, path: iris.csv, target: COLUMN}"));
  CHECK(says("./text.txt") == expected("./text.txt", "file", "write {format: text, path: ./text.txt, length: 64}"));
  CHECK(says("train.npz") ==
        expected("train.npz", "file", "write {format: npy, path: train.npz, fields: {x: x, y: y}}"));
}

TEST_CASE("random samples are bounded before a product of their sizes wraps") {
  const Folder folder;
  CHECK(open("{train: {format: random, shape: [1048576, 1048576, 1048576, 1048576]}}", folder.path)->problems ==
        "error: DIR/run.yaml:1:33: data.train.shape: expected at most 4294967296 numbers a sample, got [1048576, "
        "1048576, 1048576, 1048576]");
}
