// A checkpoint: what is saved is what is read, and whatever happens to its files is found out.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/checkpoint.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cmath>

#include "tests/train/saved_weights.h"

using namespace dl;
using namespace dl::testing;

namespace {

const std::vector<std::string> files{"manifest.json",         "measures.safetensors", "model.safetensors",
                                     "optimizer.safetensors", "resolved.yaml",        "state.json"};

}  // namespace

TEST_CASE("what is saved is what is read: weights, buffers, optimizer state, state and config") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path / "checkpoints");
  Weights w;
  const Checkpoint saved = w.save(checkpoints, 3);
  CHECK(saved.folder == folder.path / "checkpoints" / "step-00000003");
  CHECK(names(saved.folder) == files);
  const Checkpoint opened = open_checkpoint(saved.folder);
  CHECK(opened.state == w.state(3));
  CHECK(opened.size_bytes == saved.size_bytes);
  CHECK(text_of(opened.resolved()) == "name: small\n");
  const auto before = contents(w.store);
  w.fill(100);
  CHECK(contents(w.store) != before);
  read_weights(w.tensors, w.store, opened.weights());
  read_optimizer(w.tensors, w.store, opened.optimizer());
  CHECK(contents(w.store) == before);
}

TEST_CASE("a checkpoint with any byte changed, or cut at any length, is found out and the one before it is taken") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  w.save(checkpoints, 1);
  const Checkpoint last = w.save(checkpoints, 2);
  auto newest_step = [&] {
    int64_t passed_over = 0;
    const auto newest = checkpoints.newest([&](const std::string& line) {
      passed_over += 1;
      CHECK(line.starts_with("step-00000002 is passed over: "));
    });
    REQUIRE(newest);
    CHECK(passed_over == (newest->state.step == 1 ? 1 : 0));
    return newest->state.step;
  };
  CHECK(newest_step() == 2);
  for (const std::string& name : files) {
    CAPTURE(name);
    const std::string good = text_of(last.folder / name);
    for (size_t at = 0; at < good.size(); at += name == "manifest.json" ? 1 : 7) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 0x11);
      write(last.folder / name, bad);
      const int64_t step = newest_step();
      // The manifest's own bytes may change without meaning: the white space between its words.
      CHECK((step == 1 || (name == "manifest.json" && std::isspace(good[at]) != 0)));
      if (name == "manifest.json" && at + 1 == good.size()) continue;  // the line's end
      write(last.folder / name, good.substr(0, at));
      CHECK(newest_step() == 1);
    }
    write(last.folder / name, good);
    std::filesystem::remove(last.folder / name);
    CHECK(newest_step() == 1);
    write(last.folder / name, good);
  }
  CHECK(newest_step() == 2);
}

TEST_CASE("each kind of damage is named") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  const Checkpoint saved = w.save(checkpoints, 7);
  auto damaged = [&](const std::string& name, auto&& change) {
    const std::string good = text_of(saved.folder / name);
    change(saved.folder / name, good);
    const std::string text =
        error_text([&] { open_checkpoint(saved.folder); }, {{saved.folder.string(), "CHECKPOINT"}});
    write(saved.folder / name, good);
    return text;
  };
  auto replace = [](const std::string& from, const std::string& to) {
    return [=](const std::filesystem::path& path, std::string text) {
      const size_t at = text.find(from);
      REQUIRE(at != std::string::npos);
      write(path, text.replace(at, from.size(), to));
    };
  };
  CHECK(damaged("manifest.json", [](const auto& path, const auto&) { std::filesystem::remove(path); }) ==
        "error: CHECKPOINT: is no complete checkpoint: it has no manifest.json");
  CHECK(damaged("manifest.json", [](const auto& path, const auto&) { write(path, "{"); }) ==
        "error: CHECKPOINT/manifest.json: is not the manifest of a dlcli checkpoint");
  CHECK(damaged("manifest.json", replace("\"version\": 1", "\"version\": 2")) ==
        "error: CHECKPOINT/manifest.json: has version 2; this dlcli reads 1\n  help: use the dlcli that wrote it");
  CHECK(damaged("manifest.json", replace("state.json", "status.json")) ==
        "error: CHECKPOINT/manifest.json: does not list state.json");
  CHECK(damaged("manifest.json", replace("\"step\": 7", "\"step\": 8")) ==
        "error: CHECKPOINT/manifest.json: is of step 8, state.json of step 7");
  CHECK(damaged("manifest.json", replace("xxh64", "xxh32")) ==
        "error: CHECKPOINT/measures.safetensors: stands in the manifest without its size or hash");
  CHECK(damaged("state.json", [](const auto& path, const auto&) { std::filesystem::remove(path); }) ==
        "error: CHECKPOINT/state.json: is missing");
  CHECK(damaged("resolved.yaml", [](const auto& path, const auto&) { write(path, "name"); }) ==
        "error: CHECKPOINT/resolved.yaml: has 4 bytes; 12 were written");
  CHECK(
      damaged("resolved.yaml", [](const auto& path, const auto&) { write(path, "name: Small\n"); }) ==
      "error: CHECKPOINT/resolved.yaml: has changed since it was written: hash 37c3471c88881e81, was fd9ae9c37c47e8c0");
}

TEST_CASE("a checkpoint of another version is no reason to begin anew") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  const Checkpoint saved = w.save(checkpoints, 1);
  std::string manifest = text_of(saved.folder / "manifest.json");
  write(saved.folder / "manifest.json", manifest.replace(manifest.find("\"version\": 1") + 11, 1, "2"));
  CHECK(error_text([&] { checkpoints.newest([](const std::string&) {}); }, {{saved.folder.string(), "CHECKPOINT"}}) ==
        "error: CHECKPOINT/manifest.json: has version 2; this dlcli reads 1\n  help: use the dlcli that wrote it");
}

TEST_CASE("where no checkpoint is whole each one's damage is told, and none is taken for nothing") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  CHECK(!checkpoints.newest(none_passed_over));
  w.save(checkpoints, 1);
  w.save(checkpoints, 2);
  std::filesystem::remove(checkpoints.of_step(1) / "state.json");
  std::filesystem::remove(checkpoints.of_step(2) / "resolved.yaml");
  REQUIRE(mkfifo((checkpoints.of_step(2) / "resolved.yaml").c_str(), 0600) == 0);
  Exit exit = Exit::done;
  CHECK(error_text([&] { checkpoints.newest(none_passed_over); }, {{folder.path.string(), "FOLDER"}}, &exit) ==
        "error: FOLDER: no checkpoint is whole, of 2\n"
        "  step-00000002 is passed over: FOLDER/step-00000002/resolved.yaml: is no regular file\n"
        "  step-00000001 is passed over: FOLDER/step-00000001/state.json: is missing\n"
        "  help: put back the files as they were, or begin another run");
  CHECK(exit == Exit::data);
}

TEST_CASE("a link that leads out of a checkpoint is no part of it") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path / "checkpoints");
  Weights w;
  const Checkpoint saved = w.save(checkpoints, 1);
  const std::filesystem::path file = saved.folder / "resolved.yaml";
  std::filesystem::rename(file, folder.path / "elsewhere");
  std::filesystem::create_symlink(folder.path / "elsewhere", file);
  CHECK(error_text([&] { open_checkpoint(saved.folder); }, {{saved.folder.string(), "CHECKPOINT"}}) ==
        "error: CHECKPOINT/resolved.yaml: is a link that leads out of the checkpoint");
  CHECK(visible_damage(saved.folder) == file.string() + ": is a link that leads out of the checkpoint");
}

TEST_CASE("a checkpoint of the same step is replaced") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  w.save(checkpoints, 4);
  TrainState state = w.state(4);
  state.samples = 99;
  checkpoints.save(state, w.tensors, w.store, "", no_measures);
  CHECK(names(folder.path) == std::vector<std::string>{"step-00000004"});
  CHECK(checkpoints.newest(none_passed_over)->state.samples == 99);
}

TEST_CASE("weights that are not finite are not saved") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  std::vector<float> values(32, 0);
  values[17] = NAN;
  w.store.write("parameters", values.data(), 32);
  Exit exit = Exit::done;
  CHECK(error_text([&] { checkpoints.save(w.state(1), w.tensors, w.store, "", no_measures); }, {}, &exit) ==
        "error: 0.bias: holds values that are not finite");
  CHECK(exit == Exit::diverged);
  CHECK(names(folder.path).empty());
}
