// What `dlcli data` tells of a config's data.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "lib/data/image/write_png.h"
#include "tests/app/run_dlcli.h"

using namespace dl::testing;
using nlohmann::json;

namespace {

const std::string rest =
    "model: [linear: '${data.classes}']\n"
    "loss: cross_entropy\n"
    "optimizer: {sgd: {lr: 0.1}}\n"
    "trainer: {max_epochs: 1}\n";

}  // namespace

TEST_CASE("data tells a table's parts, classes and columns, and what is alike in them") {
  Folder folder;
  write(folder / "train.csv",
        "size,colour,id,kind\n1,red,7,a\n2,blue,8,b\n3,NA,9,a\n1,red,7,b\nNA,red,1,a\n9,red,2,a\n");
  write(folder / "test.csv", "size,colour,id,kind\n2,blue,5,b\n7,red,6,a\n");
  write(folder / "rows.yaml",
        "data:\n"
        "  train: {format: csv, path: train.csv, target: kind, columns: {id: ignore}}\n"
        "  test: {format: csv, path: test.csv, target: kind, columns: {id: ignore}}\n" +
            rest);
  const Finished done = run_dlcli({"data", "rows.yaml"}, folder);
  CHECK(done.exit == 0);
  CHECK(done.out ==
        "part   samples\n"
        "train        6\n"
        "test         2\n"
        "\n"
        "a sample\n"
        "  input  x f32 [4]\n"
        "  target  y i32 [], from 0 to 1\n"
        "\n"
        "class  train  test   share\n"
        "a          4     1  66.7 %\n"
        "b          2     1  33.3 %\n"
        "the largest class has 2 times the samples of the smallest\n"
        "\n"
        "columns of the training part\n"
        "column  kind     missing  values\n"
        "size    numeric        1  from 1 to 9, mean 3.2\n"
        "colour  one_hot        1  of 2: red 4, blue 1\n"
        "id      ignored        0\n"
        "kind    class          0  of 2: a 4, b 2\n"
        "\n"
        "1 sample of train is as another of it, 1 with another target\n"
        "  train.csv:5 = train.csv:2\n"
        "1 sample of test is in train too\n"
        "  test.csv:2 = train.csv:3\n");
  const json object = json::parse(run_dlcli({"data", "rows.yaml", "--json"}, folder).out);
  CHECK(object.at("parts").at("train").at("classes") == json({{"a", 4}, {"b", 2}}));
  CHECK(object.at("columns").at(1).at("kinds") == json({{"red", 4}, {"blue", 1}}));
  CHECK(object.at("alike").at(0).at("other_targets") == 1);
  CHECK(run_dlcli({"data", "rows.yaml", "--sheet", "x.png"}, folder).err ==
        "error: --sheet: expected images to draw, the samples are f32 [4]\n  help: leave --sheet out\n");
}

TEST_CASE("data draws a sheet of images, and names what the vocabulary of a text has") {
  Folder folder;
  for (int i = 0; i < 3; ++i)
    for (const char* name : {"coal", "snow"}) {
      std::filesystem::create_directories(folder / "set" / name);
      dl::write_png(folder / "set" / name / (std::to_string(i) + ".png"), {4, 4}, 1,
                    std::vector<uint8_t>(16, static_cast<uint8_t>(i * 40 + (name[0] == 's' ? 120 : 0))));
    }
  write(folder / "set.yaml",
        "data: {train: {format: image_folder, path: set, channels: 1}, transforms: [{normalize: {mean: 0.5, std: "
        "0.5}}]}\n"
        "model: [flatten, {linear: '${data.classes}'}]\n" +
            rest.substr(rest.find("loss")));
  const Finished drawn = run_dlcli({"data", "set.yaml", "--sheet", "set.png"}, folder);
  CHECK(drawn.exit == 0);
  CHECK(drawn.out.find("  input  x u8 [4, 4, 1]\n") != std::string::npos);
  CHECK(drawn.out.ends_with("no two samples are alike\n"));
  CHECK(text_of(folder / "set.png").starts_with("\x89PNG\r\n\x1a\n"));

  std::string song;
  for (int i = 0; i < 20; ++i) song += "la le lu\n";
  write(folder / "song.txt", song);
  write(folder / "song.yaml",
        "data: {train: {format: text, path: song.txt, length: 8}}\n"
        "model: [{embedding: {num_embeddings: '${data.vocabulary}', embedding_dim: 4}}, {linear: "
        "'${data.vocabulary}'}]\n" +
            rest.substr(rest.find("loss")));
  CHECK(run_dlcli({"data", "song.yaml"}, folder)
            .out.find("  a vocabulary of 6 tokens: \"\\n\", \" \", \"a\", \"e\", \"l\", \"u\"\n") != std::string::npos);
}
