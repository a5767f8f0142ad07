// Folders of images by the built binary: what a run keeps of them, and what is told.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/app/run_dlcli.h"

using namespace dl::test;

namespace {

// Grey images of 2 x 2, light in one class and dark in the other two.
struct Pictures : TemporaryFolder {
  Pictures() {
    for (const auto& [name, value] : {std::pair("bright", '\xF0'), {"dim", '\x80'}, {"night", '\x08'}})
      for (const char* part : {"train", "test"}) {
        const std::filesystem::path folder = path() / part / name;
        std::filesystem::create_directories(folder);
        for (int i = 0; i < 4; ++i)
          write(folder / (std::to_string(i) + ".pgm"), "P5 2 2 255\n" + std::string(4, value));
      }
    write(path() / "c.yaml",
          "data:\n"
          "  train: {format: image_folder, path: train, channels: 1}\n"
          "  test: {format: image_folder, path: test, channels: 1}\n"
          "  batch_size: 4\n"
          "model: [flatten, {linear: '${data.classes}'}]\n"
          "loss: cross_entropy\n"
          "metrics: [accuracy]\n"
          "optimizer: {adam: {lr: 0.1}}\n"
          "trainer: {max_epochs: 40}\n");
  }
};

}  // namespace

TEST_CASE("a run keeps the names of its classes: neither eval nor predict looks at the training folder again") {
  const Pictures pictures;
  REQUIRE(run_dlcli({"train", "c.yaml", "-q"}, pictures).exit == 0);
  std::filesystem::remove_all(pictures.path() / "train/bright");
  const auto name_of_dim = [&] {
    const Finished told = run_dlcli({"predict", "c", "test/dim/0.pgm"}, pictures);
    CHECK_MESSAGE(told.exit == 0, told.err);
    return told.out.substr(0, told.out.rfind(','));
  };
  CHECK(name_of_dim() == "input,class,probability\ntest/dim/0.pgm,dim");
  std::filesystem::remove_all(pictures.path() / "train");
  CHECK(name_of_dim() == "input,class,probability\ntest/dim/0.pgm,dim");
  const Finished evaluated = run_dlcli({"eval", "c"}, pictures);
  CHECK_MESSAGE(evaluated.exit == 0, evaluated.err);
  std::filesystem::rename(pictures.path() / "test/dim", pictures.path() / "test/dusk");
  const Finished renamed = run_dlcli({"eval", "c"}, pictures);
  CHECK(renamed.exit != 0);
  CHECK(renamed.err.find("the folder is named like none of the 3 classes") != std::string::npos);
}

TEST_CASE("what is left out of a folder of images is told by check, and refused by --strict") {
  const Pictures pictures;
  write(pictures.path() / "train/dim/0.heic", "not read");
  const Finished told = run_dlcli({"check", "c.yaml"}, pictures);
  CHECK(told.exit == 0);
  CHECK(told.err.find("left out, of formats that are not read: 1 file (1 .heic)") != std::string::npos);
  CHECK(run_dlcli({"check", "c.yaml", "--strict"}, pictures).exit == 2);
}
