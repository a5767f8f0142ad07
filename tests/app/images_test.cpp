// Folders of images by the built binary: what a run keeps of them, and what is told.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/app/run_dlcli.h"

using namespace dl::testing;

namespace {

// Grey images of 2 x 2, light in one class and dark in the other two.
struct Pictures : Folder {
  Pictures() {
    for (const auto& [name, value] : {std::pair("bright", '\xF0'), {"dim", '\x80'}, {"night", '\x08'}})
      for (const char* part : {"train", "test"}) {
        for (int i = 0; i < 4; ++i)
          write(dl::concat(part, "/", name, "/", i, ".pgm"), "P5 2 2 255\n" + std::string(4, value));
      }
    write("c.yaml",
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
  std::filesystem::remove_all(pictures / "train/bright");
  const auto name_of_dim = [&] {
    const Finished done = run_dlcli({"predict", "c", "test/dim/0.pgm"}, pictures);
    CHECK_MESSAGE(done.exit == 0, done.err);
    return done.out.substr(0, done.out.rfind(','));
  };
  CHECK(name_of_dim() == "input,class,probability\ntest/dim/0.pgm,dim");
  std::filesystem::remove_all(pictures / "train");
  CHECK(name_of_dim() == "input,class,probability\ntest/dim/0.pgm,dim");
  const Finished evaluated = run_dlcli({"eval", "c"}, pictures);
  CHECK_MESSAGE(evaluated.exit == 0, evaluated.err);
  std::filesystem::rename(pictures / "test/dim", pictures / "test/dusk");
  const Finished renamed = run_dlcli({"eval", "c"}, pictures);
  CHECK(renamed.exit != 0);
  CHECK(renamed.err.find("the folder is named like none of the 3 classes") != std::string::npos);
}

TEST_CASE("what is left out of a folder of images is told by check, and refused by --strict") {
  const Pictures pictures;
  write(pictures / "train/dim/0.heic", "not read");
  const Finished done = run_dlcli({"check", "c.yaml"}, pictures);
  CHECK(done.exit == 0);
  CHECK(done.err.find("left out, of formats that are not read: 1 file (1 .heic)") != std::string::npos);
  CHECK(run_dlcli({"check", "c.yaml", "--strict"}, pictures).exit == 2);
}
