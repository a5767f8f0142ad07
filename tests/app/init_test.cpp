// Configs written from a look at data: what is found, what is chosen, and that it trains.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "lib/data/image/write_png.h"
#include "tests/app/run_dlcli.h"

using namespace dl::testing;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// 90 flowers, an id, a date and what tells the kind.
std::string flowers(char delimiter, char decimal, bool header) {
  std::string text = header ? "Id;picked on;size;colour;kind\n" : "";
  const char* kinds[] = {"rose", "violet", "lily"};
  for (int i = 0; i < 90; ++i) {
    const int kind = i * 7 % 3;
    text += std::to_string(1000 + i * 3) + ";2024-05-" + std::to_string(10 + i % 20) + ";" +
            std::to_string(kind * 10 + i % 4) + "," + std::to_string(i % 10) + ";" + (i % 2 ? "red" : "blue") + ";" +
            kinds[kind] + "\n";
  }
  for (char& c : text) c = c == ';' ? delimiter : c == ',' ? decimal : c;
  return text;
}

double best_of(const fs::path& folder, const std::string& config) {
  const Finished trained = run_dlcli({"train", config, "--json", "-q"}, folder);
  INFO(trained.err);
  REQUIRE(trained.exit == 0);
  return json::parse(trained.out).at("best").at("value");
}

void draw(const fs::path& file, dl::Pair size, int channels, int shade) {
  fs::create_directories(file.parent_path());
  std::vector<uint8_t> dots;
  for (int64_t i = 0; i < size.h * size.w * channels; ++i) dots.push_back(static_cast<uint8_t>(shade + i % 3 * 9));
  dl::write_png(file, size, channels, dots);
}

}  // namespace

TEST_CASE("init finds a table's delimiter, header, key, date and target, and its config trains") {
  Folder folder;
  write(folder / "my flowers.csv", flowers(';', ',', true));
  const Finished init = run_dlcli({"init", "my flowers.csv"}, folder);
  CHECK(init.err == "");
  CHECK(init.exit == 0);
  CHECK(init.out ==
        "found\n"
        "  my flowers.csv: a table of 90 rows and 5 columns, cells between ';', with a\n"
        "    header\n"
        "  1 column of numbers, 1 of categories\n"
        "  left out: Id (by its name and values it is a key), picked on (it has dates,\n"
        "    which are not read)\n"
        "  to predict: kind, 3 classes: lily 30, rose 30, violet 30\n"
        "chosen\n"
        "  column 'kind' as the target; another: --target COLUMN\n"
        "  classes; if they are quantities: --task value\n"
        "  a network of two hidden layers, 20 % of each class for validation, 100 epochs\n"
        "    at most\n"
        "wrote my-flowers.yaml\n"
        "next: dlcli train my-flowers.yaml\n");
  CHECK(best_of(folder, "my-flowers.yaml") < 0.1);
  CHECK(run_dlcli({"init", "my flowers.csv"}, folder).err ==
        "error: my-flowers.yaml: is there already\n  help: name another file with -o, or remove it\n");
}

TEST_CASE("init names the columns of a table without a header, and takes what it is told as the target") {
  Folder folder;
  write(folder / "flowers.tsv", flowers('\t', '.', false));
  REQUIRE(run_dlcli({"init", "flowers.tsv"}, folder).exit == 0);
  CHECK(text_of(folder / "flowers.yaml").find("header: false") != std::string::npos);
  CHECK(text_of(folder / "flowers.yaml").find("target: {column: c5, as: class}") != std::string::npos);
  REQUIRE(run_dlcli({"init", "flowers.tsv", "--target", "3", "-o", "sizes.yaml"}, folder).exit == 0);
  CHECK(text_of(folder / "sizes.yaml").find("target: {column: c3, as: value}") != std::string::npos);
  CHECK(best_of(folder, "sizes.yaml") < 0.2);
  CHECK(run_dlcli({"init", "flowers.tsv", "--target", "d3", "-o", "x.yaml"}, folder).err ==
        "error: --target: there is no column 'd3'\n"
        "  columns: c1, c2, c3, c4, c5\n"
        "  help: write 'c3'\n");
}

TEST_CASE("init takes a test table beside the training table, and a table of targets beside one without") {
  Folder folder;
  std::string x, y, train, test;
  for (int i = 0; i < 60; ++i) {
    x += std::to_string(i % 13) + ".5 " + std::to_string(i % 7) + "\n";
    y += std::to_string(2.5 * (i % 13) - i % 7) + "\n";
    train += std::to_string(i % 13) + "." + std::to_string(i % 4) + ",k" + std::to_string(i % 5) +
             (i % 13 > 6 ? ",yes\n" : ",no\n");
    test += std::to_string(i % 13) + "." + std::to_string(i % 4) + ",k" + std::to_string(i % 5) +
            (i % 13 > 6 ? ",yes.\n" : ",no.\n");
  }
  write(folder / "yields_data.txt.csv", x);
  write(folder / "yields_target.csv", y);
  const Finished init = run_dlcli({"init", "yields_data.txt.csv", "-o", "yields.yaml"}, folder);
  INFO(init.err);
  REQUIRE(init.exit == 0);
  CHECK(init.out.find("yields_target.csv beside it has a value for each row") != std::string::npos);
  CHECK(text_of(folder / "yields.yaml").find("target_path: yields_target.csv") != std::string::npos);
  CHECK(best_of(folder, "yields.yaml") < 0.1);

  write(folder / "set/people-train.csv", train);
  write(folder / "set/people-test.csv", test);
  REQUIRE(run_dlcli({"init", "set", "-o", "people.yaml"}, folder).exit == 0);
  CHECK(text_of(folder / "people.yaml").find("strip: .}") != std::string::npos);
  REQUIRE(run_dlcli({"train", "people.yaml", "-q"}, folder).exit == 0);
  CHECK(json::parse(run_dlcli({"eval", "people", "--json"}, folder).out).at("values").at("test/accuracy") > 0.9);
}

TEST_CASE("init says what nothing can be learnt from") {
  Folder folder;
  const auto refused = [&](const std::string& name, const std::string& text,
                           const std::vector<std::string>& more = {}) {
    write(folder / name, text);
    std::vector<std::string> arguments{"init", name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished init = run_dlcli(arguments, folder);
    CHECK(init.exit == 3);
    CHECK(init.out == "");
    return init.err;
  };
  CHECK(refused("two.csv", "a,b\n1,2\n3,4\n") ==
        "error: two.csv: column 'b': expected 8 rows at least to learn from and to measure by, found 2\n"
        "  help: get more data\n");
  std::string one = "a,label\n", alone = "a\n", kinds = "a,name\n";
  for (int i = 0; i < 30; ++i) {
    one += std::to_string(i * i) + ",yes\n";
    alone += std::to_string(i) + "\n";
    kinds += std::to_string(i * i) + ",n" + std::to_string(i) + "\n";
  }
  CHECK(refused("one.csv", one, {"--target", "label"}) ==
        "error: one.csv: column 'label': expected a target of several values, all cells are 'yes'\n"
        "  help: name another column: --target COLUMN\n");
  CHECK(refused("kinds.csv", kinds, {"--target", "name"}) ==
        "error: kinds.csv: column 'name': expected classes of several rows each, found 30 kinds in 30 rows\n"
        "  help: name another column: --target COLUMN\n");
  CHECK(refused("alone.csv", alone).find("expected columns to learn from beside the target") != std::string::npos);
  CHECK(refused("short.txt", "too short") ==
        "error: short.txt: expected a text of 640 characters at least to learn from, found 9\n"
        "  help: get a longer one\n");
  fs::create_directories(folder / "empty");
  CHECK(run_dlcli({"init", "empty"}, folder).err ==
        "error: empty: expected images in folders named as their classes, a table, arrays or a text; found none\n"
        "  help: name the file or the folder that has the data\n");
  CHECK(run_dlcli({"init", "nowhere"}, folder).err == "error: nowhere: there is no such file or folder\n");
  CHECK(run_dlcli({"init", "digits"}, folder).err ==
        "error: digits: there is no such file or folder\n"
        "  help: it is a described set: write 'data: {train: digits, batch_size: 32}' in a config of your own\n");
}

TEST_CASE("init brings images of mixed sizes and colours to one, and its config trains") {
  Folder folder;
  for (int i = 0; i < 12; ++i) {
    draw(folder / "photos/coal" / (std::to_string(i) + ".png"), {8 + i % 3, 9}, 1, 10 + i);
    draw(folder / "photos/snow" / (std::to_string(i) + ".png"), {8, 9}, 1, 200 + i);
  }
  const Finished init = run_dlcli({"init", "photos"}, folder);
  INFO(init.err);
  REQUIRE(init.exit == 0);
  CHECK(init.out ==
        "found\n"
        "  photos: 24 images of 2 classes, 12 (coal) to 12 (snow) each\n"
        "  grey, from 8 × 9 to 10 × 9\n"
        "chosen\n"
        "  all are brought to 8 × 9\n"
        "  a convolutional network of 1 stage, 20 % of each class for validation, 40\n"
        "    epochs at most\n"
        "wrote photos.yaml\n"
        "next: dlcli train photos.yaml\n");
  CHECK(best_of(folder, "photos.yaml") < 0.3);

  // Parts in folders of their own, of colour.
  for (int i = 0; i < 8; ++i)
    for (const char* part : {"train", "val", "test"}) {
      draw(folder / "set" / part / "a" / (std::to_string(i) + ".png"), {100, 140}, 3, 10 + i);
      draw(folder / "set" / part / "b" / (std::to_string(i) + ".png"), {100, 140}, 3, 150 + i);
    }
  REQUIRE(run_dlcli({"init", "set"}, folder).exit == 0);
  const std::string config = text_of(folder / "set.yaml");
  CHECK(config.find("validation: {format: image_folder, path: set/val, size: [44, 64]}") != std::string::npos);
  CHECK(config.find("test: {format: image_folder, path: set/test, size: [44, 64]}") != std::string::npos);
  CHECK(config.find("- horizontal_flip") != std::string::npos);

  // Of 16 bits, few of which are used.
  for (int i = 0; i < 12; ++i)
    for (const auto& [part, shade] : {std::pair("dark", 1), {"bright", 9}}) {
      std::string values;
      for (int at = 0; at < 64; ++at) values += {static_cast<char>(shade), static_cast<char>(i * 16 + at % 5)};
      write(folder / "scans" / part / (std::to_string(i) + ".pgm"), "P5 8 8 65535\n" + values);
    }
  const Finished scans = run_dlcli({"init", "scans"}, folder);
  CHECK(scans.out.find("  grey of 16 bits, 8 × 8\n") != std::string::npos);
  CHECK(text_of(folder / "scans.yaml").find("path: scans, size: [8, 8], channels: 1, bits: 16}") != std::string::npos);
  CHECK(best_of(folder, "scans.yaml") < 0.3);

  // Images that a table names.
  std::string table = "file,kind\n";
  for (int i = 0; i < 12; ++i) {
    draw(folder / "flat" / (std::to_string(i) + ".png"), {8, 8}, 1, i % 2 ? 200 : 20);
    table += std::to_string(i) + ".png," + (i % 2 ? "snow" : "coal") + "\n";
  }
  write(folder / "flat/labels.csv", table);
  REQUIRE(run_dlcli({"init", "flat"}, folder).exit == 0);
  CHECK(fs::is_symlink(folder / "flat-by-class/snow/1.png"));
  CHECK(fs::exists(folder / "flat-by-class/coal/0.png"));
}

TEST_CASE("init finds the images and parts of COCO's files, and anchors of the boxes' sizes, and its config trains") {
  Folder folder;
  fs::copy(fs::path(source_dir()) / "datasets/tiny_scenes", folder / "scenes", fs::copy_options::recursive);
  const Finished init = run_dlcli({"init", "scenes"}, folder);
  INFO(init.err);
  REQUIRE(init.exit == 0);
  CHECK(init.out.starts_with("found\n  96 images of 3 classes, boxes as COCO has them\n  grey, 48 × 48\n"));
  const std::string config = text_of(folder / "scenes.yaml");
  CHECK(config.find("train: {format: coco, annotations: scenes/train.json, images: scenes/train, size: [48, 48], "
                    "channels: 1}") != std::string::npos);
  CHECK(config.find("test: {format: coco, annotations: scenes/test.json, images: scenes/test, size: [48, 48], "
                    "channels: 1}") != std::string::npos);
  CHECK(run_dlcli({"train", "scenes.yaml", "-q", "--set", "trainer.max_epochs=1"}, folder).exit == 0);
  CHECK(run_dlcli({"init", "scenes/train.json", "-o", "one.yaml"}, folder).exit == 0);
  CHECK(run_dlcli({"init", "scenes", "--target", "box", "-o", "x.yaml"}, folder).err ==
        "error: --target: images with boxes have no columns: all of their boxes are the target\n"
        "  help: leave --target out\n");
  for (const char* part : {"train", "test"}) fs::remove_all(folder / "scenes" / part);
  CHECK(run_dlcli({"init", "scenes/train.json", "-o", "x.yaml"}, folder)
            .err.find("is in no folder beside the file\n  help: put the folder of the images beside the file\n") !=
        std::string::npos);
}

TEST_CASE("init takes the lists of a folder of Pascal VOC's as parts, and its config trains") {
  Folder folder;
  std::string train, val;
  for (int i = 0; i < 24; ++i) {
    const std::string name = "a" + std::to_string(i), at = std::to_string(2 + i % 9);
    draw(folder / "VOC/JPEGImages" / (name + ".png"), {40, 40}, 3, 20 + i);
    write(folder / "VOC/Annotations" / (name + ".xml"),
          "<annotation><filename>" + name +
              ".png</filename><size><width>40</width><height>40</height></size><object><name>" +
              (i % 2 ? "cat" : "dog") + "</name><bndbox><xmin>" + at + "</xmin><ymin>" + at + "</ymin><xmax>" +
              std::to_string(18 + i) + "</xmax><ymax>" + std::to_string(16 + i) +
              "</ymax></bndbox></object></annotation>");
    (i < 16 ? train : val) += name + "\n";
  }
  write(folder / "VOC/ImageSets/Main/train.txt", train);
  write(folder / "VOC/ImageSets/Main/val.txt", val);
  const Finished init = run_dlcli({"init", "VOC", "-o", "pets.yaml"}, folder);
  INFO(init.err);
  REQUIRE(init.exit == 0);
  CHECK(init.out.starts_with("found\n  16 images of 2 classes, boxes as Pascal VOC has them\n"));
  const std::string config = text_of(folder / "pets.yaml");
  CHECK(config.find("train: {format: voc, path: VOC, split: train, size: [40, 40]") != std::string::npos);
  CHECK(config.find("validation: {format: voc, path: VOC, split: val, size: [40, 40]") != std::string::npos);
  CHECK(run_dlcli({"train", "pets.yaml", "-q", "--set", "trainer.max_epochs=1"}, folder).exit == 0);
}

TEST_CASE("init writes a config for a text that trains and continues it") {
  Folder folder;
  std::string song;
  for (int i = 0; i < 200; ++i) song += "la le lu\n";
  write(folder / "song.txt", song);
  const Finished init = run_dlcli({"init", "song.txt"}, folder);
  INFO(init.err);
  REQUIRE(init.exit == 0);
  CHECK(init.out ==
        "found\n"
        "  song.txt: a text of 1800 characters, 6 different ones, in 201 lines\n"
        "chosen\n"
        "  a transformer of 2 blocks, 64 wide, that sees 32 characters; the last tenth\n"
        "    for validation; 500 steps\n"
        "wrote song.yaml\n"
        "next: dlcli train song.yaml\n");
  REQUIRE(run_dlcli({"train", "song.yaml", "-q", "--set", "trainer.max_steps=80", "--set",
                     "trainer.val_check_interval=40 steps"},
                    folder)
              .exit == 0);
  CHECK(
      run_dlcli({"generate", "song", "--prompt", "la l", "--max-new-tokens", "14", "--temperature", "0"}, folder).out ==
      "la le lu\nla le lu\n\n");
}
