// The reader of image folders: classes, order, what is left out, what a broken image does.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/data/fit.h"
#include "lib/data/image/image.h"
#include "lib/data/labelled.h"
#include "lib/data/reader.h"
#include "lib/data/skipping.h"
#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

// In pets: cat/0.png cat/1.PNG dog/0.png dog/1.png dog/2.png: 2 x 1 grey images whose first pixel is 0, 1, 10, 11, 12.
struct Pets : Folder {
  Pets() {
    for (const char* name : {"dog", "cat"}) std::filesystem::create_directories(path / "pets" / name);
    for (int i = 0; i < 3; ++i) add("pets/dog/" + std::to_string(i) + ".png", 10 + i);
    add("pets/cat/0.png", 0);
    add("pets/cat/1.PNG", 1);
  }
  void add_folder(const std::string& name) const { std::filesystem::create_directories(path / name); }
  void add(const std::string& name, int value) const {
    write(name, png(1, 2, 1, std::string(2, static_cast<char>(value))));
  }
};

std::shared_ptr<const Reader> reader_of_pets(const std::string& more = {}) {
  std::vector<Problem> problems;
  ReaderSpec spec;
  Codec<ReaderSpec>::read(parse_yaml("{format: image_folder, path: pets, channels: 1" + more + "}", "run.yaml"), spec,
                          {}, Reading(problems, "data.train"));
  if (!problems.empty()) throw Error(Exit::usage, std::move(problems));
  return spec.reader;
}

DatasetPointer open_folder(const Folder& folder, const std::string& more = {},
                           const std::vector<std::string>& classes = {}) {
  return reader_of_pets(more)->open({.roots = {folder.path}, .get = {}, .classes = classes});
}

std::vector<int> pixels(const Dataset& data) {
  std::vector<int> all;
  for (int64_t i = 0; i < data.size(); ++i) all.push_back(sample(data, i)[0][0]);
  return all;
}

}  // namespace

TEST_CASE("folders and files that are numbered come in the order of their numbers") {
  Pets pets;
  std::filesystem::remove_all(pets / "pets");
  for (const char* name : {"9", "10", "2"}) pets.add_folder(concat("pets/", name));
  pets.add("pets/9/x10.png", 4);
  pets.add("pets/9/x9.png", 3);
  pets.add("pets/10/x1.png", 5);
  pets.add("pets/2/x10.png", 2);
  pets.add("pets/2/x2.png", 1);
  const DatasetPointer data = open_folder(pets);
  CHECK(std::vector<std::string>(data->classes().begin(), data->classes().end()) ==
        std::vector<std::string>{"2", "9", "10"});
  CHECK(pixels(*data) == std::vector<int>{1, 2, 3, 4, 5});
  CHECK(labels(*data) == std::vector<int64_t>{0, 0, 1, 1, 2});
}

TEST_CASE("classes that are apart by case only are told") {
  Pets pets;
  pets.add_folder("pets/Dog");
  pets.add("pets/Dog/0.png", 1);
  const auto opened = open("{train: {format: image_folder, path: pets, channels: 1}}", pets.path);
  REQUIRE(opened->problems == "");
  REQUIRE(opened->sets.warnings.size() == 1);
  CHECK(pets.placeless(problem_text(opened->sets.warnings[0])) ==
        "DIR/run.yaml:1:9: data.train: 'Dog' and 'dog' are different classes\n  help: write them alike where they mean "
        "the same");
}

TEST_CASE("folders are classes in alphabetical order, files samples in theirs") {
  Pets pets;
  const DatasetPointer data = open_folder(pets);
  CHECK(std::vector<std::string>(data->classes().begin(), data->classes().end()) ==
        std::vector<std::string>{"cat", "dog"});
  CHECK(data->fields()[0].type == Type{DType::u8, {2, 1, 1}});
  CHECK(!data->in_memory());
  CHECK(pixels(*data) == std::vector<int>{0, 1, 10, 11, 12});
  CHECK(label(*data, 1) == 0);
  CHECK(label(*data, 2) == 1);
}

TEST_CASE("linked folders and files, and folders in the folders of classes, are read") {
  Pets pets;
  pets.add_folder("store/owl/young");
  pets.add("store/owl/young/0.png", 20);
  pets.add("store/owl/1.png", 21);
  std::filesystem::create_directory_symlink("../store/owl", pets / "pets/owl");
  std::filesystem::create_symlink("../../store/owl/1.png", pets / "pets/cat/link.png");
  const DatasetPointer data = open_folder(pets);
  CHECK(pixels(*data) == std::vector<int>{0, 1, 21, 10, 11, 12, 21, 20});
  CHECK(data->classes().size() == 3);
  CHECK(warnings(pets, *data) == "");
}

TEST_CASE("hidden files are passed over, and what else is left out is told") {
  Pets pets;
  for (const char* name : {"pets/.hidden", "pets/cat/.hidden"}) pets.add_folder(name);
  pets.add("pets/.hidden/0.png", 99);
  pets.add("pets/cat/.0.png", 99);
  pets.write("pets/cat/notes.txt", "not an image");
  pets.write("pets/cat/0.HEIC", "not read");
  pets.write("pets/dog/0.heic", "not read");
  pets.write("pets/dog/NAMELESS", "not read");
  pets.write("pets/README.md", "not of a class");
  pets.add("pets/loose.png", 99);
  std::filesystem::create_symlink("nowhere", pets / "pets/dangling");
  std::filesystem::create_symlink("circle.png", pets / "pets/cat/circle.png");
  REQUIRE(::mkfifo((pets / "pets/cat/pipe.png").c_str(), 0600) == 0);
  REQUIRE(::mkfifo((pets / "pets/pipe").c_str(), 0600) == 0);
  const DatasetPointer data = open_folder(pets);
  CHECK(pixels(*data) == std::vector<int>{0, 1, 10, 11, 12});
  CHECK(data->classes().size() == 2);
  CHECK(warnings(pets, *data) ==
        "DIR/pets: left out, of formats that are not read: 4 files (1 without an ending, 2 .heic, 1 .txt)\n"
        "  read are: " +
            join(image_formats()) +
            "\n"
            "  help: bring them into one of these if they are samples\n"
            "DIR/pets: left out, in the folder itself and so of no class: 1 image (loose.png)\n"
            "  help: put them into the folders of their classes\n"
            "DIR/pets: left out, as they lead nowhere: 2 links (dangling, cat/circle.png)\n"
            "  help: get what they name, or remove them\n"
            "DIR/pets: left out, neither files nor folders: 2 entries (pipe, cat/pipe.png)\n"
            "  help: remove them\n");
}

TEST_CASE("links that lead back end where they began, and no folder is read twice for one class") {
  Pets pets;
  pets.add_folder("pets/cat/young");
  pets.add("pets/cat/young/2.png", 2);
  for (const auto& [to, name] : {std::pair(".", "pets/itself"),
                                 {"..", "pets/above"},
                                 {"/", "pets/all"},
                                 {"../cat", "pets/cat/again"},
                                 {"young", "pets/cat/younger"},
                                 {"../..", "pets/cat/young/up"}})
    std::filesystem::create_directory_symlink(to, pets / name);
  const DatasetPointer data = open_folder(pets);
  CHECK(pixels(*data) == std::vector<int>{0, 1, 2, 10, 11, 12});
  CHECK(warnings(pets, *data) ==
        "DIR/pets: left out, as links lead there twice or back: 6 folders (above, all, cat/again, ...)\n"
        "  help: remove the links\n");
}

TEST_CASE("a class of which nothing is read is an error that says what there is") {
  Pets pets;
  pets.add_folder("pets/owl");
  CHECK(error_text(pets, [&] { open_folder(pets); }) ==
        "error: DIR/pets/owl: expected images of the class, the folder has none\n"
        "  help: put images into it, or take the folder away");
  CHECK(open_folder(pets, "", {"cat", "dog", "owl"})->size() == 5);  // this part has none of them
  pets.write("pets/owl/0.avif", "not read");
  pets.write("pets/owl/1.svg", "not read");
  for (const std::vector<std::string>& classes : {std::vector<std::string>(), {"cat", "dog", "owl"}})
    CHECK(
        error_text(pets, [&] { open_folder(pets, "", classes); }) ==
        "error: DIR/pets/owl: expected images of the class, of its 2 files none is of a format that is read: 1 .avif, "
        "1 .svg\n  read are: " +
            join(image_formats()) +
            "\n"
            "  help: bring them into one of these, or take the folder away");
}

TEST_CASE("a folder of the parts of a data set is no folder of classes") {
  const Folder folder;
  const auto says = [&](const std::vector<std::string>& names) {
    std::filesystem::remove_all(folder / "pets");
    for (const std::string& name : names) {
      std::filesystem::create_directories(folder / ("pets/" + name + "/cat"));
      folder.write("pets/" + name + "/cat/0.png", png(1, 2, 1, "ab"));
    }
    return error_text(folder, [&] { open_folder(folder); });
  };
  CHECK(says({"train", "val", "test"}) ==
        "error: DIR/pets: expected a folder for each class, its folders are parts of a data set: test, train, val\n"
        "  help: write 'path: DIR/pets/train', and for the others 'path: DIR/pets/val'");
  CHECK(says({"Train"}) ==
        "error: DIR/pets: expected a folder for each class, its folders are parts of a data set: Train\n"
        "  help: write 'path: DIR/pets/Train'");
  CHECK(says({"bus", "car", "train"}) == "");  // a train is a train
}

TEST_CASE("a single class is told, with the folder that may be meant") {
  Folder folder;
  std::filesystem::create_directories(folder / "pets/all/cat");
  folder.write("pets/all/cat/0.png", png(1, 2, 1, "ab"));
  CHECK(warnings(folder, *open_folder(folder)) ==
        "DIR/pets: there is one class only, 'all'\n"
        "  help: if the folders in it are the classes write 'path: DIR/pets/all'\n");
  folder.write("pets/all/0.png", png(1, 2, 1, "ab"));
  CHECK(warnings(folder, *open_folder(folder)) ==
        "DIR/pets: there is one class only, 'all'\n  help: put the images of each class into a folder of its own\n");
}

TEST_CASE("the fit keeps fields and classes, so that they are known without the folder and stay what they were") {
  Pets pets;
  pets.add_folder("pets/a b\xFF%");
  pets.add("pets/a b\xFF%/0.png", 30);
  const Node fit = fit_all(*open_folder(pets));
  const DatasetPointer known = reader_of_pets()->open_fitted(fit);
  CHECK(known->size() == 0);
  CHECK(std::ranges::equal(known->fields(), open_folder(pets)->fields()));
  const std::vector<std::string> classes(known->classes().begin(), known->classes().end());
  CHECK(classes == std::vector<std::string>{"a b\xFF%", "cat", "dog"});
  std::filesystem::remove_all(pets / "pets/cat");
  const DatasetPointer fewer = open_folder(pets, "", classes);
  CHECK(label(*fewer, 1) == 2);
  CHECK(warnings(pets, *fewer) ==
        "DIR/pets: it has no images of 1 of the 3 classes: cat\n"
        "  help: put them back if they were moved or renamed\n");
}

TEST_CASE("with names of classes given, labels count in their order, and other folders are refused") {
  Pets pets;
  const DatasetPointer data = open_folder(pets, "", {"fish", "dog", "cat"});
  CHECK(data->classes().size() == 3);
  CHECK(label(*data, 0) == 2);
  CHECK(label(*data, 2) == 1);
  CHECK(error_text(pets, [&] {
          open_folder(pets, "", {"dog", "fish"});
        }) == "error: DIR/pets/cat: the folder is named like none of the 2 classes\n  classes: dog, fish");
}

TEST_CASE("a size brings every image to it, and without one all must be alike") {
  Pets pets;
  pets.write("pets/dog/1.png", png(2, 2, 1, "abcd"));
  const DatasetPointer sized = open_folder(pets, ", size: [1, 1]");
  CHECK(sized->fields()[0].type.shape == Shape{1, 1, 1});
  CHECK(pixels(*sized) == std::vector<int>{0, 1, 10, 99, 12});
  CHECK(error_text(pets, [&] { pixels(*open_folder(pets)); }) ==
        "error: DIR/pets/dog/1.png: expected 2 x 1 pixels (height x width) as in the first image, found 2 x 2\n"
        "  help: write 'size: [HEIGHT, WIDTH]' to bring all images to one size");
}

TEST_CASE("an image that cannot be read is an error, or its successor takes its place and it is remembered") {
  Pets pets;
  pets.write("pets/cat/1.PNG", "");
  pets.write("pets/dog/2.png", "<html>");
  CHECK(error_text(pets, [&] { pixels(*open_folder(pets)); }) ==
        "error: DIR/pets/cat/1.PNG: expected an image, the file is empty\n"
        "  help: write 'on_bad: skip' to go on without it");
  const DatasetPointer data = open_folder(pets, ", on_bad: skip");
  CHECK(skipped(*data).empty());
  CHECK(pixels(*data) == std::vector<int>{0, 10, 10, 11, 0});
  CHECK(label(*data, 1) == 1);
  CHECK(label(*data, 4) == 0);
  CHECK(skipped(*data).size() == 2);
  CHECK(skipped(*data)[0] == (pets / "pets/cat/1.PNG").string() + ": expected an image, the file is empty");
}

TEST_CASE("skipping ends where more images are broken than allowed, or all are") {
  Pets pets;
  pets.write("pets/cat/1.PNG", "");
  pets.write("pets/dog/2.png", "");
  CHECK(error_text(pets, [&] { pixels(*open_folder(pets, ", on_bad: skip, max_skipped: 1")); }) ==
        "error: DIR/pets/dog/2.png: expected an image, the file is empty\n"
        "  2 of 5 images could not be read; 'max_skipped' is 1");
  for (const char* name : {"cat/0.png", "dog/0.png", "dog/1.png"}) pets.write("pets/" + std::string(name), "");
  CHECK(error_text(pets, [&] { pixels(*open_folder(pets, ", on_bad: skip, size: 2")); }) ==
        "error: DIR/pets/dog/2.png: expected an image, the file is empty\n"
        "  5 of 5 images could not be read; 'max_skipped' is 100");
}

TEST_CASE("an image that vanished is named") {
  Pets pets;
  const DatasetPointer data = open_folder(pets);
  std::filesystem::remove(pets / "pets/dog/1.png");
  CHECK(error_text(pets, [&] { sample(*data, 3); }) ==
        "error: DIR/pets/dog/1.png: open for reading failed: No such file or directory\n"
        "  help: write 'on_bad: skip' to go on without it");
}

TEST_CASE("images are kept once they were read, those of a validation set of its own too, as far as the memory goes") {
  const std::string yaml =
      "{train: {format: image_folder, path: pets, channels: 1}, validation: {format: image_folder, path: more, "
      "channels: 1}, cache: ";
  // An image takes 4 bytes, its label 4: five in training, two for validation.
  for (const auto& [cache, kept_in_training, kept_in_validation] : {std::tuple{0, 0, 0}, {32, 4, 0}, {48, 5, 1}}) {
    CAPTURE(cache);
    Pets pets;
    for (const char* name : {"cat", "dog"}) {
      std::filesystem::create_directories(pets / "more" / name);
      pets.add("more/" + std::string(name) + "/0.png", 30);
    }
    const auto opened = open(yaml + std::to_string(cache) + "}", pets.path);
    REQUIRE(opened->problems == "");
    for (const auto& [set, kept] :
         {std::pair(opened->sets.train, kept_in_training), {opened->sets.validation, kept_in_validation}}) {
      for (int64_t i = 0; i < set->size(); ++i) sample(*set, i);
      std::filesystem::rename(pets / "pets", pets / "gone pets");
      std::filesystem::rename(pets / "more", pets / "gone more");
      for (int64_t i = 0; i < set->size(); ++i) CHECK((error_text([&] { sample(*set, i); }) == "") == (i < kept));
      std::filesystem::rename(pets / "gone pets", pets / "pets");
      std::filesystem::rename(pets / "gone more", pets / "more");
    }
  }
}

TEST_CASE("the fingerprint follows names, contents and classes") {
  Pets pets;
  const uint64_t before = open_folder(pets)->fingerprint();
  CHECK(open_folder(pets)->fingerprint() == before);
  pets.write("pets/dog/1.png", png(2, 2, 1, "abcd"));
  CHECK(open_folder(pets)->fingerprint() != before);
  pets.write("pets/dog/1.pgm", "P5 1 1 255\nA");
  std::filesystem::remove(pets / "pets/dog/1.png");
  const uint64_t with_a = open_folder(pets)->fingerprint();
  pets.write("pets/dog/1.pgm", "P5 1 1 255\nB");  // of the same size
  CHECK(open_folder(pets)->fingerprint() != with_a);
  std::filesystem::remove(pets / "pets/dog/1.pgm");
  pets.add("pets/dog/1.png", 11);
  CHECK(open_folder(pets)->fingerprint() == before);
  std::filesystem::rename(pets / "pets/dog/1.png", pets / "pets/dog/9.png");
  CHECK(open_folder(pets)->fingerprint() != before);
}

TEST_CASE("a folder without images, and keys that make no sense, are refused") {
  Folder folder;
  std::filesystem::create_directory(folder / "pets");
  CHECK(error_text(folder, [&] { open_folder(folder); }) ==
        "error: DIR/pets: expected folders, one a class, with images in them; found none");
  folder.write("pets/0.png", png(1, 2, 1, "ab"));
  CHECK(error_text(folder, [&] { open_folder(folder); }) ==
        "error: DIR/pets: expected folders, one a class, with images in them; found none\n"
        "  images in the folder itself: 0.png\n"
        "  help: put the images of each class into a folder of its own, named as the class");
  std::vector<Problem> problems;
  ReaderSpec spec;
  Codec<ReaderSpec>::read(
      parse_yaml("{format: image_folder, path: pets, on_bad: ignore, size: 0, channels: 2}", "run.yaml"), spec, {},
      Reading(problems, "data.train"));
  std::string text;
  for (const Problem& problem : problems) text += render(problem) + "\n";
  CHECK(text ==
        "error: run.yaml:1:44: data.train.on_bad: expected one of error, skip, got 'ignore'\n"
        "error: run.yaml:1:58: data.train.size: expected an integer at least 1 and at most 65536, or [height, width], "
        "got 0\n");
  problems.clear();
  Codec<ReaderSpec>::read(parse_yaml("{format: image_folder, path: pets, channels: 2}", "run.yaml"), spec, {},
                          Reading(problems, "data.train"));
  REQUIRE(problems.size() == 1);
  CHECK(render(problems[0]) == "error: run.yaml:1:46: data.train.channels: expected 1 or 3, got 2");
}
