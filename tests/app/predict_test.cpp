// What predict and eval say of samples, by the built binary.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>

#include "lib/data/image/write_png.h"
#include "tests/app/run_dlcli.h"
#include "tests/npy.h"

using namespace dl::testing;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// Images of one shade: dark ones in "coal", bright ones in "snow".
void draw(const fs::path& file, int shade) {
  fs::create_directories(file.parent_path());
  dl::write_png(file, {4, 4}, 1, std::vector<uint8_t>(16, static_cast<uint8_t>(shade)));
}

const std::string predict_config =
    "data: {train: {format: image_folder, path: train, channels: 1}, validation: {fraction: 0.25, stratified: true}}\n"
    "model: [flatten, {linear: 8}, relu, {linear: '${data.classes}'}]\n"
    "loss: cross_entropy\n"
    "metrics: [accuracy]\n"
    "optimizer: {adam: {lr: 0.02}}\n"
    "trainer: {max_epochs: 40, threads: 1}\n";

// A run named "shades", trained until it is sure.
void train_shades(const fs::path& folder, const std::string& text = predict_config) {
  for (int i = 0; i < 12; ++i) {
    draw(folder / "train/coal" / (std::to_string(i) + ".png"), 10 + i);
    draw(folder / "train/snow" / (std::to_string(i) + ".png"), 240 + i);
  }
  write(folder / "shades.yaml", text);
  REQUIRE(run_dlcli({"train", "shades.yaml", "-q"}, folder).exit == 0);
}

std::string first_cells(const std::string& line, int count) {
  size_t at = 0;
  while (count-- > 0) at = line.find(',', at) + 1;
  return line.substr(0, at - 1);
}

}  // namespace

TEST_CASE("predict writes an array of what the network gives, in the order of the data") {
  Folder folder;
  train_shades(folder);
  CHECK(run_dlcli({"predict", "shades", "--data", "val", "--format", "npy"}, folder).err.find("-o predictions.npy") !=
        std::string::npos);
  REQUIRE(run_dlcli({"predict", "shades", "--data", "val", "--format", "npy", "-o", "p.npy"}, folder).exit == 0);
  const std::string array = text_of(folder / "p.npy");
  CHECK(array.find("'descr': '<f4', 'fortran_order': False, 'shape': (6, 2), }") == 11);
  REQUIRE(array.size() == 128 + 6 * 2 * sizeof(float));
  const Finished lines = run_dlcli({"predict", "shades", "--data", "val", "--format", "jsonl", "--all"}, folder);
  std::istringstream text(lines.out);
  std::string line;
  for (size_t i = 0; std::getline(text, line); ++i) {
    float coal;
    std::memcpy(&coal, array.data() + 128 + 2 * i * sizeof coal, sizeof coal);
    CHECK(json::parse(line).at("probabilities").at("coal").get<float>() == doctest::Approx(coal).epsilon(1e-4));
  }
}

TEST_CASE("predict takes a folder's images without what is hidden, and says what it passes over") {
  Folder folder;
  train_shades(folder);
  draw(folder / "new/b.png", 12);
  draw(folder / "new/a.PNG", 250);
  draw(folder / "new/below/c.png", 250);
  draw(folder / "new/.Trash-0/d.png", 250);
  write(folder / "new/._a.png", "no image");
  write(folder / "new/notes.txt", "no image");
  fs::create_directory_symlink("..", folder / "new/below/back");
  const Finished predicted = run_dlcli({"predict", "shades", "new"}, folder);
  CHECK(predicted.exit == 0);
  CHECK(predicted.err == "warning: new: 1 file passed over, not named like an image: notes.txt\n");
  const std::vector<std::string> lines = lines_of(predicted.out);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "input,class,probability");
  CHECK(first_cells(lines[1], 2) == "new/a.PNG,snow");
  CHECK(first_cells(lines[2], 2) == "new/b.png,coal");
  CHECK(first_cells(lines[3], 2) == "new/below/c.png,snow");
}

TEST_CASE("images that cannot be read are named, the others are predicted, and the exit code says so") {
  Folder folder;
  train_shades(folder);
  for (const char* name : {"0.png", "2.png", "4.png"}) draw(folder / "new" / name, 12);
  write(folder / "new/1.png", "");
  write(folder / "new/3.png", "\x89PNG\r\n\x1a\n");
  const Finished predicted = run_dlcli({"predict", "shades", "new", "-o", "out.csv"}, folder);
  CHECK(predicted.exit == 3);
  CHECK(predicted.out == "");
  CHECK(predicted.err ==
        "error: new/1.png: expected an image, the file is empty\n"
        "error: new/3.png: expected a PNG's header, found none in the file's 8 bytes\n"
        "  3 of 5 images were predicted\n");
  const std::vector<std::string> lines = lines_of(text_of(folder / "out.csv"));
  REQUIRE(lines.size() == 4);
  for (int i = 0; i < 3; ++i)
    CHECK(first_cells(lines[static_cast<size_t>(i) + 1], 2) == "new/" + std::to_string(2 * i) + ".png,coal");
}

TEST_CASE("an image that cannot be read is NaN in an array, no picture, and no activations") {
  Folder folder;
  train_shades(folder);
  draw(folder / "new/0.png", 12);
  write(folder / "new/1.png", "");
  const std::string told = "error: new/1.png: expected an image, the file is empty\n  1 of 2 images were predicted\n";
  const Finished array = run_dlcli({"predict", "shades", "new", "--format", "npy", "-o", "out.npy"}, folder);
  CHECK(array.exit == 3);
  CHECK(array.err == told);
  const std::vector<float> values = floats_of(folder / "out.npy");
  REQUIRE(values.size() == 4);
  CHECK(values[0] + values[1] == doctest::Approx(1));
  CHECK(std::isnan(values[2]));
  CHECK(std::isnan(values[3]));
  const Finished activations = run_dlcli({"predict", "shades", "new", "--activations", "out.npz"}, folder);
  CHECK(activations.exit == 3);
  CHECK(activations.err == told);
  CHECK(!fs::exists(folder / "out.npz"));
  CHECK(run_dlcli({"predict", "shades", "new", "--activations", "out.npz", "--sheet", "out.png"}, folder).err ==
        "error: dlcli predict: --sheet and --activations are both given\n  help: call it once for each\n");
}

TEST_CASE("a file name that is not UTF-8 leaves JSON lines and CSV UTF-8") {
  Folder folder;
  train_shades(folder);
  draw(folder / "new/caf\xe9.png", 12);
  draw(folder / "new/a \"b\",\xff.png", 12);
  const Finished lines = run_dlcli({"predict", "shades", "new", "--format", "jsonl"}, folder);
  const Finished csv = run_dlcli({"predict", "shades", "new"}, folder);
  REQUIRE(lines.exit == 0);
  const std::vector<std::string> objects = lines_of(lines.out);
  REQUIRE(objects.size() == 2);
  CHECK(json::parse(objects[0]).at("input") == "new/a \"b\",\xEF\xBF\xBD.png");
  CHECK(json::parse(objects[1]).at("input") == "new/caf\xEF\xBF\xBD.png");
  CHECK(first_cells(lines_of(csv.out)[2], 2) == "new/caf\\xe9.png,coal");
  CHECK(csv.out.find("\n\"new/a \"\"b\"\",\\xff.png\",coal,") != std::string::npos);
}

TEST_CASE("predictions of a data set stand beside its targets and where they were read from") {
  Folder folder;
  train_shades(folder);
  const std::vector<std::string> lines = lines_of(run_dlcli({"predict", "shades", "--data", "val"}, folder).out);
  REQUIRE(lines.size() == 7);
  CHECK(lines[0] == "input,class,probability,target,place");
  CHECK(first_cells(lines[1], 2) == "0,coal");
  CHECK(lines[1].find(",coal,train/coal/") != std::string::npos);
  CHECK(first_cells(lines[6], 2) == "5,snow");
  CHECK(lines[6].find(",snow,train/snow/") != std::string::npos);
  const json last = json::parse(
      lines_of(run_dlcli({"predict", "shades", "--data", "val", "--format", "jsonl", "--all"}, folder).out)[5]);
  CHECK(last.at("class") == "snow");
  CHECK(last.at("target") == "snow");
  CHECK(last.at("place").get<std::string>().starts_with("train/snow/"));
  CHECK(last.at("probabilities").at("coal").get<double>() + last.at("probability").get<double>() == doctest::Approx(1));
}

TEST_CASE("the classes of another set mean what they mean to the network, or its targets are left out") {
  Folder folder;
  train_shades(folder);
  draw(folder / "new/snow/a.png", 245);
  const Finished keys =
      run_dlcli({"predict", "shades", "--data", "{format: image_folder, path: new, channels: 1}"}, folder);
  REQUIRE(keys.exit == 0);
  CHECK(lines_of(keys.out).at(0) == "input,class,probability,target,place");
  CHECK(lines_of(keys.out).at(1).find(",snow,new/snow/a.png") != std::string::npos);
  const std::string described =
      "summary: new\nsource: here\nlicence: none\nroot: .\ntrain: {format: image_folder, path: new, channels: 1}\n";
  write(folder / "new.yaml", described);
  const Finished same = run_dlcli({"predict", "shades", "--data", "new.yaml"}, folder);
  CHECK(same.out == keys.out);
  CHECK(same.err.find("are others than") == std::string::npos);
  write(folder / "new.yaml", described + "classes: [snow, rain]\n");
  draw(folder / "new/rain/b.png", 100);
  const Finished others = run_dlcli({"predict", "shades", "--data", "new.yaml"}, folder);
  CHECK(others.exit == 0);
  CHECK(lines_of(others.out).at(0) == "input,class,probability,place");
  CHECK(others.err.find(
            "the classes of 'new.yaml' are others than the network's, so that its targets are left out: snow, rain") !=
        std::string::npos);
  const std::string test = "data.test={set: new.yaml}";
  CHECK(run_dlcli({"eval", "shades", "--split", "test", "--set", test}, folder)
            .err.find("data.test: the data set 'new.yaml' has no test part") != std::string::npos);
  write(folder / "new.yaml",
        described + "classes: [snow, rain]\ntest: {format: image_folder, path: new, channels: 1}\n");
  CHECK(run_dlcli({"eval", "shades", "--split", "test", "--set", test}, folder)
            .err.find("expected the classes of the training data in their order, coal, snow; found snow, rain") !=
        std::string::npos);
}

TEST_CASE("several targets are predicted by their columns' names, in their own units") {
  Folder folder;
  std::string text = "size,price,age\n";
  for (int i = 0; i < 20; ++i)
    text += std::to_string(i) + "," + std::to_string(1000 + 10 * i) + "," + std::to_string(i % 7) + "\n";
  write(folder / "houses.csv", text);
  write(folder / "houses.yaml",
        "data: {train: {format: csv, path: houses.csv, target: [age, price]}, validation: {first: 2}}\n"
        "model: [linear: 2]\n"
        "loss: mse\n"
        "metrics: [mae]\n"
        "optimizer: {sgd: {lr: 0.1}}\n"
        "trainer: {max_epochs: 20}\n");
  REQUIRE(run_dlcli({"train", "houses.yaml", "-q"}, folder).exit == 0);
  const std::vector<std::string> lines = lines_of(run_dlcli({"predict", "houses", "--data", "val"}, folder).out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "input,output_age,output_price,target_age,target_price,place");
  CHECK(lines[1].ends_with(",0,1000,houses.csv:2"));
  CHECK(lines[2].ends_with(",1,1010,houses.csv:3"));
  const json line =
      json::parse(lines_of(run_dlcli({"predict", "houses", "--data", "val", "--format", "jsonl"}, folder).out)[1]);
  CHECK(line.at("targets") == json({1, 1010}));
  CHECK(line.at("outputs").at("output_price").get<double>() == doctest::Approx(1010).epsilon(0.05));
}

TEST_CASE("targets that are numbers are told as the table has them") {
  Folder folder;
  std::string text = "size,price\n";
  for (int i = 0; i < 20; ++i) text += std::to_string(i) + "," + std::to_string(1234567 + 1001 * i) + ".25\n";
  write(folder / "houses.csv", text);
  write(folder / "houses.yaml",
        "data: {train: {format: csv, path: houses.csv, target: price}, validation: {first: 2}}\n"
        "model: [linear: 1]\n"
        "loss: mse\n"
        "optimizer: {sgd: {lr: 0.1}}\n"
        "trainer: {max_epochs: 1}\n");
  REQUIRE(run_dlcli({"train", "houses.yaml", "-q"}, folder).exit == 0);
  const std::vector<std::string> lines = lines_of(run_dlcli({"predict", "houses", "--data", "val"}, folder).out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "input,prediction,target,place");
  CHECK(lines[1].ends_with(",1234567.25,houses.csv:2"));
  CHECK(lines[2].ends_with(",1235568.25,houses.csv:3"));
  const json line =
      json::parse(lines_of(run_dlcli({"predict", "houses", "--data", "val", "--format", "jsonl"}, folder).out)[0]);
  CHECK(line.at("target") == 1234567.25);
}

TEST_CASE("predictions of sequences have a line for each position, or a list") {
  Folder folder;
  std::string song;
  for (int i = 0; i < 42; ++i) song += "abcd";
  song += "ab";
  write(folder / "song.txt", song);
  write(
      folder / "song.yaml",
      "data: {train: {format: text, path: song.txt, length: 4}, test: {format: text, path: song.txt, length: 4, end: "
      "0.1}}\n"
      "model: [{embedding: {num_embeddings: '${data.vocabulary}', embedding_dim: 8}}, {linear: '${data.vocabulary}'}]\n"
      "loss: cross_entropy\n"
      "optimizer: {adam: {lr: 0.1}}\n"
      "trainer: {max_epochs: 20}\n");
  REQUIRE(run_dlcli({"train", "song.yaml", "-q"}, folder).exit == 0);
  const std::vector<std::string> lines = lines_of(run_dlcli({"predict", "song", "--data", "test"}, folder).out);
  REQUIRE(lines.size() == 17);
  CHECK(lines[0] == "input,position,class,probability,target");
  CHECK(first_cells(lines[1], 3) == "0,0,b");
  CHECK(lines[1].ends_with(",b"));
  CHECK(first_cells(lines[8], 3) == "1,3,a");
  const json line =
      json::parse(lines_of(run_dlcli({"predict", "song", "--data", "test", "--format", "jsonl"}, folder).out)[0]);
  CHECK(line == json({{"input", "0"}, {"classes", {"b", "c", "d", "a"}}, {"targets", {"b", "c", "d", "a"}}}));
  CHECK(run_dlcli({"eval", "song", "--mistakes", "3"}, folder).err ==
        "error: --mistakes: expected a network that tells each sample's class, this one does not\n"
        "  help: leave it out; 'dlcli predict' shows targets beside predictions\n");
}

TEST_CASE("eval tells which classes are taken for which, and what it is most surely wrong about") {
  Folder folder;
  train_shades(folder);
  draw(folder / "test/coal/ok.png", 12);
  draw(folder / "test/coal/wrong.png", 245);
  draw(folder / "test/snow/ok.png", 245);
  const std::string test = "data.test={format: image_folder, path: test, channels: 1}";
  const Finished text = run_dlcli({"eval", "shades", "--set", test, "--mistakes", "2", "--sheet", "wrong.png"}, folder);
  CHECK(text.exit == 0);
  const size_t tables = text.out.find("\n\n");
  REQUIRE(tables != std::string::npos);
  const std::string shown = text.out.substr(tables);
  CHECK(
      shown.starts_with("\n\ntrue classes in rows, predicted ones in columns\n"
                        "class  coal  snow\n"
                        "coal      1     1\n"
                        "snow      0     1\n"
                        "\n"
                        "class  samples  predicted  precision  recall      f1\n"
                        "coal         2          1      1.000  0.5000  0.6667\n"
                        "snow         1          2     0.5000   1.000  0.6667\n"
                        "\n"
                        "1 of 3 samples are taken for another class; pictures: wrong.png; it is surest of these\n"
                        "sample  class  taken for  probability  place\n"
                        "1       coal   snow "));
  CHECK(shown.ends_with("test/coal/wrong.png\n"));
  CHECK(text_of(folder / "wrong.png").starts_with("\x89PNG\r\n\x1a\n"));

  const json object =
      json::parse(run_dlcli({"eval", "shades", "--set", test, "--mistakes", "2", "--json"}, folder).out);
  CHECK(object.at("classes").at(0).at("recall") == 0.5);
  CHECK(object.at("confusions") == json::array({{{"class", "coal"}, {"predicted", "snow"}, {"samples", 1}}}));
  CHECK(object.at("mistakes").at(0).at("place") == "test/coal/wrong.png");
  CHECK(object.at("mistakes").at(0).at("target") == "coal");
}

TEST_CASE("a split whose targets are all ignored is told by eval, with the exit code of data") {
  Folder folder;
  write(folder / "rows.csv", "a,y\n1,0\n2,1\n3,0\n4,1\n");
  write(folder / "zeros.csv", "a,y\n1,0\n2,0\n");
  write(folder / "rows.yaml",
        "data: {train: {format: csv, path: rows.csv, target: {column: y, as: class}}, test: {format: csv, path: "
        "zeros.csv, "
        "target: {column: y, as: class}}}\n"
        "model: [linear: '${data.classes}']\n"
        "loss: {cross_entropy: {ignore_index: 0}}\n"
        "optimizer: {sgd: {lr: 0.1}}\n"
        "trainer: {max_epochs: 1}\n");
  REQUIRE(run_dlcli({"train", "rows.yaml", "-q"}, folder).exit == 0);
  const Finished evaluated = run_dlcli({"eval", "rows"}, folder);
  CHECK(evaluated.exit == 3);
  CHECK(evaluated.err ==
        "error: expected targets that count in the split 'test', the loss ignores all of them\n"
        "  help: mend its 'ignore_index', or the targets\n");
}

TEST_CASE("predict tells an item of the model by its name, of as many samples as are wanted, and draws images") {
  Folder folder;
  train_shades(folder, [] {
    std::string text = predict_config;
    const std::string model = "model: [flatten, {linear: 8}, relu, {linear: '${data.classes}'}]\n";
    text.replace(text.find(model), model.size(),
                 "model:\n  - flatten\n  - linear: 16\n    name: wide\n  - unflatten: [4, 4, 1]\n    name: drawn\n"
                 "  - relu\n  - flatten\n  - linear: 2\n");
    return text;
  }());
  const Finished wide = run_dlcli({"predict", "shades", "--data", "train", "--item", "wide", "--first", "3"}, folder);
  CHECK(wide.exit == 0);
  const std::vector<std::string> lines = lines_of(wide.out);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].starts_with("input,output_0,output_1,"));
  CHECK(lines[0].ends_with(",output_15,place"));
  CHECK(lines[3].starts_with("2,"));
  const Finished classes = run_dlcli({"predict", "shades", "--data", "train", "--first", "1"}, folder);
  CHECK(lines_of(classes.out)[0] == "input,class,probability,target,place");

  const Finished drawn = run_dlcli(
      {"predict", "shades", "--data", "train", "--item", "drawn", "--first", "5", "--sheet", "drawn.png"}, folder);
  CHECK(drawn.err == "");
  CHECK(text_of(folder / "drawn.png").starts_with("\x89PNG"));

  CHECK(run_dlcli({"predict", "shades", "--data", "train", "--item", "draw"}, folder).err ==
        "error: draw: no item of the model has this name\n  items: 0, wide, drawn, 3, 4, 5\n  help: write 'drawn'\n");
  CHECK(run_dlcli({"predict", "shades", "--data", "train", "--item", "wide", "--sheet", "wide.png"}, folder).err ==
        "error: --sheet: expected images to draw, the outputs are f32 [16]\n  help: leave --sheet out\n");
  CHECK(run_dlcli({"predict", "shades", "--data", "train", "--sheet", "a.png", "-o", "a.csv"}, folder).exit == 2);
}
