// A detector from data to boxes, by the built binary.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "lib/data/image/write_png.h"
#include "tests/app/run_dlcli.h"

using namespace dl::testing;
using nlohmann::json;

namespace {

const std::string detector =
    "data: {train: tiny_scenes, validation: {last: 16}, batch_size: 8}\n"
    "model:\n"
    "  - conv2d: {out_channels: 8, kernel_size: 3, stride: 2, padding: 1}\n"
    "  - relu\n"
    "  - conv2d: {out_channels: 16, kernel_size: 3, stride: 2, padding: 1}\n"
    "  - relu\n"
    "  - conv2d: {out_channels: 32, kernel_size: 3, padding: 1}\n"
    "  - relu\n"
    "  - ssd_head: {anchors: [10, 16], classes: '${data.classes}'}\n"
    "loss: ssd\n"
    "metrics: [mean_average_precision]\n"
    "optimizer: {adam: {lr: 0.005}}\n"
    "trainer: {max_epochs: 12, threads: 1}\n";

void train_detector(const Folder& folder) {
  write(folder / "detector.yaml", detector);
  const Finished trained = run_dlcli({"train", "detector.yaml", "-q"}, folder);
  REQUIRE_MESSAGE(trained.exit == 0, trained.err);
}

// The figures of val/mean_average_precision_50, in the order of the run.
std::vector<double> precisions(const Folder& folder) {
  std::vector<double> values;
  std::istringstream records(text_of(folder / "runs/detector-1/metrics.jsonl"));
  for (std::string line; std::getline(records, line);)
    if (const json record = json::parse(line); record.contains("val/mean_average_precision_50"))
      values.push_back(record["val/mean_average_precision_50"]);
  return values;
}

}  // namespace

TEST_CASE("a detector learns, and its boxes are told in the pixels of each image's file") {
  Folder folder;
  train_detector(folder);
  const std::vector<double> learned = precisions(folder);
  REQUIRE(learned.size() > 2);
  CHECK(learned.back() > 0.1);
  CHECK(learned.back() > learned.front());

  // A bright square on grey, twice as wide and three times as high as the images it was trained on.
  std::vector<uint8_t> dots(96 * 144, 60);
  for (size_t y = 36; y < 84; ++y)
    for (size_t x = 20; x < 52; ++x) dots[y * 96 + x] = 220;
  dl::write_png(folder / "square.png", {144, 96}, 1, dots);
  const Finished lines = run_dlcli({"predict", "detector", "square.png", "--format", "jsonl"}, folder);
  REQUIRE_MESSAGE(lines.exit == 0, lines.err);
  const json found = json::parse(lines.out);
  CHECK(found["input"] == "square.png");
  REQUIRE(found["boxes"].size() > 0);
  const json& best = found["boxes"][0];
  const std::vector<double> box = best["box"], there{20, 36, 52, 84};
  CHECK(best["score"] > 0.1);
  for (size_t i = 0; i < 4; ++i) CHECK(std::abs(box[i] - there[i]) < (i % 2 ? 15 : 10));

  const Finished table = run_dlcli({"predict", "detector", "square.png"}, folder);
  CHECK(table.out.starts_with("input,class,score,left,top,right,bottom\nsquare.png,"));
  const Finished test = run_dlcli({"predict", "detector", "--data", "test", "--first", "2"}, folder);
  CHECK(test.out.find("/test/00.png,") != std::string::npos);
  CHECK(run_dlcli({"predict", "detector", "--data", "test", "--first", "4", "--sheet", "found.png"}, folder).exit == 0);
  CHECK(text_of(folder / "found.png").starts_with("\x89PNG"));
  CHECK(run_dlcli({"predict", "detector", "--data", "test", "--format", "npy", "-o", "found.npy"}, folder).exit == 0);
  CHECK(text_of(folder / "found.npy").find("'shape': (32, 100, 6), }") != std::string::npos);
  const Finished figures = run_dlcli({"eval", "detector", "--split", "test"}, folder);
  REQUIRE_MESSAGE(figures.exit == 0, figures.err);
  CHECK(figures.out.find("mean_average_precision_75") != std::string::npos);
  CHECK(figures.out.find("triangle") != std::string::npos);
}

TEST_CASE("a detector of another number of classes, and a mix of boxes, are refused") {
  Folder folder;
  const auto refused = [&](const std::string& what, const std::string& by) {
    write(folder / "detector.yaml", replaced(detector, {{what, by}}));
    const Finished checked = run_dlcli({"check", "detector.yaml"}, folder);
    CHECK(checked.exit == 2);
    return checked.err;
  };
  CHECK(refused("'${data.classes}'", "7")
            .find("loss (ssd): the model tells 7 classes apart, the data have 3\n  help: write 'classes: "
                  "${data.classes}' in "
                  "'ssd_head'\n") != std::string::npos);
  CHECK(refused("loss: ssd", "loss: mse").find("loss (mse)") != std::string::npos);
  CHECK(refused("[mean_average_precision]", "[accuracy]")
            .find("the loss (ssd) takes anchors with offsets and one value a class\n  help: leave it out, or write "
                  "'mean_average_precision'") != std::string::npos);
  CHECK(refused("batch_size: 8", "batch_size: 8, batch_transforms: [mixup]")
            .find("the loss (ssd) takes boxes, which a mix of them is not\n  help: remove 'batch_transforms'") !=
        std::string::npos);
}
