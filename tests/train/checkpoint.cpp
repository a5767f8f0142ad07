// Checkpoints: complete or not there, whatever happens to the files.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/checkpoint.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <thread>

#include "lib/train/programs/measures.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

void no_measures(const Append& append) { write_measures({}, append); }

// A store with a weight, a bias, a buffer and Adam's state, without a network.
struct Weights {
  Weights() : device(make_device("reference", {})), store(*device) {
    tensors = {{"0.weight", {2, 3}, true, 0, "linear", nullptr},
               {"0.bias", {2}, true, 16, "linear", nullptr},
               {"1.running_mean", {2}, false, 0, "batch_norm", nullptr}};
    store.declare({"parameters", {DType::f32, {32}}, Role::parameter});
    for (const char* name : {"exp_avg", "exp_avg_sq"}) store.declare({name, {DType::f32, {32}}, Role::optimizer_state});
    store.declare({"1.running_mean", {DType::f32, {2}}});
  }
  void fill(float x) {
    for (const Variable& v : store.variables()) {
      std::vector<float> values(static_cast<size_t>(v.type.shape.elements()), 0);
      for (size_t i = 0; i < values.size(); ++i)
        if (i < 6 || (i >= 16 && i < 18)) values[i] = x += 0.25f;  // the gaps stay 0
      store.write(v.name, values.data(), static_cast<int64_t>(values.size()));
    }
  }
  TrainState state(int64_t step) const {
    TrainState s;
    s.step = step;
    s.best_step = 2;
    s.monitor = "val/loss";
    return s;
  }
  Checkpoint save(const Checkpoints& checkpoints, int64_t step) {
    fill(static_cast<float>(step));
    return checkpoints.save(state(step), tensors, store, "name: small\n", no_measures);
  }

  std::unique_ptr<Device> device;
  Store store;
  Tensors tensors;
};

void none_passed_over(const std::string& line) { FAIL(line); }

std::vector<std::string> names(const std::filesystem::path& folder) {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) out.push_back(entry.path().filename());
  std::ranges::sort(out);
  return out;
}

const std::vector<std::string> files{"manifest.json",         "measures.safetensors", "model.safetensors",
                                     "optimizer.safetensors", "resolved.yaml",        "state.json"};

// What a child process does with a limit on the size of files, which stands for a full disk.
int in_child_with_limit(rlim_t bytes, const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
    int code = 0;
    try {
      work();
    } catch (const Error& error) {
      code = static_cast<int>(error.exit());
    }
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

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

TEST_CASE("a full disk at any point of saving leaves the older checkpoint and nothing else") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  w.save(checkpoints, 1);
  int failed = 0;
  for (rlim_t limit = 0; limit < 2000; limit += 50) {
    const int code = in_child_with_limit(limit, [&] { w.save(checkpoints, 2); });
    if (code == 0) break;
    CHECK(code == static_cast<int>(Exit::io));
    CHECK(names(folder.path) == std::vector<std::string>{"step-00000001"});
    failed += 1;
  }
  CHECK(failed > 5);
  CHECK(checkpoints.newest(none_passed_over)->state.step == 2);
}

TEST_CASE("a process killed while it saves leaves a checkpoint to go on from") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  w.save(checkpoints, 1);
  for (int i = 0; i < 30; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      for (int64_t step = 2;; ++step) {
        w.save(checkpoints, step % 5 + 1);  // new ones, and ones that replace another
        checkpoints.prune(2, -1);
      }
    }
    usleep(static_cast<useconds_t>(500 + i * 397));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    checkpoints.clean();
    const auto newest = checkpoints.newest(none_passed_over);
    REQUIRE(newest);
    for (const std::string& name : names(folder.path)) CHECK(name.starts_with("step-"));
    w.fill(static_cast<float>(newest->state.step));
    const auto expected = contents(w.store);
    w.fill(0);
    read_weights(w.tensors, w.store, newest->weights());
    read_optimizer(w.tensors, w.store, newest->optimizer());
    CHECK(contents(w.store) == expected);
  }
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

TEST_CASE("what a killed process left half done is mended") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  w.save(checkpoints, 1);
  w.save(checkpoints, 2);
  std::filesystem::rename(checkpoints.of_step(1), folder.path / ".old-step-00000001");
  std::filesystem::copy(checkpoints.of_step(2), folder.path / ".old-step-00000002");
  std::filesystem::create_directory(folder.path / ".new-step-00000003");
  std::filesystem::create_directory(folder.path / ".gone-step-00000000");
  checkpoints.clean();
  CHECK(names(folder.path) == std::vector<std::string>{"step-00000001", "step-00000002"});
}

TEST_CASE("the newest are kept, and the one to be spared") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  for (int64_t step = 1; step <= 6; ++step) w.save(checkpoints, step);
  checkpoints.prune(2, 3);
  CHECK(checkpoints.steps() == std::vector<int64_t>{3, 5, 6});
  checkpoints.remove_after(4);
  CHECK(checkpoints.steps() == std::vector<int64_t>{3});
  checkpoints.prune(5, -1);
  CHECK(checkpoints.steps() == std::vector<int64_t>{3});
}

TEST_CASE("the newest is the one of the highest step, whatever the files' times say") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  w.save(checkpoints, 10);
  w.save(checkpoints, 9);
  std::filesystem::last_write_time(checkpoints.of_step(9),
                                   std::filesystem::file_time_type::clock::now() + std::chrono::hours(24));
  CHECK(checkpoints.newest(none_passed_over)->state.step == 10);
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

TEST_CASE("checkpoints are found by name, and what cannot be found is told with what there is") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  auto refusal = [&](const std::string& which) {
    return error_text([&] { checkpoints.find(which, none_passed_over); }, {{folder.path.string(), "FOLDER"}});
  };
  CHECK(refusal("last") ==
        "error: FOLDER: there is no complete checkpoint\n  there are: none\n  help: train the run first");
  w.save(checkpoints, 2);
  w.save(checkpoints, 8);
  CHECK(checkpoints.find("last", none_passed_over).state.step == 8);
  CHECK(checkpoints.find("best", none_passed_over).state.step == 2);
  CHECK(checkpoints.find("8", none_passed_over).state.step == 8);
  CHECK(checkpoints.find("step-2", none_passed_over).state.step == 2);
  CHECK(checkpoints.find(checkpoints.of_step(2).string(), none_passed_over).state.step == 2);
  CHECK(refusal("step-3") ==
        "error: FOLDER: there is no checkpoint of step 3\n"
        "  there are: step-00000002, step-00000008\n"
        "  help: name one of them, or 'last'");
  CHECK(refusal("newest") ==
        "error: FOLDER: there is no checkpoint 'newest'\n"
        "  there are: step-00000002, step-00000008\n"
        "  help: name one of them, 'last', 'best' or a checkpoint's folder");
  TrainState state = w.state(9);
  state.best_step = -1;
  checkpoints.save(state, w.tensors, w.store, "", no_measures);
  CHECK(refusal("best") ==
        "error: FOLDER: no best checkpoint is known\n"
        "  there are: step-00000002, step-00000008, step-00000009\n"
        "  help: name one of them or 'last'; there was no validation yet");
  state.latest["val/loss"] = 1;
  state.monitor = "val/roc_auc";
  checkpoints.save(state, w.tensors, w.store, "", no_measures);
  CHECK(refusal("best").ends_with("help: name one of them or 'last'; val/roc_auc was a number in no validation"));
  state.step = 10;
  state.monitor = "";
  checkpoints.save(state, w.tensors, w.store, "", no_measures);
  CHECK(refusal("best").ends_with(
      "help: name one of them or 'last'; 'trainer.checkpoint.best: val/loss' would keep the best"));
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

TEST_CASE("a reader finds a checkpoint at any time while its writer saves and removes them") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  w.save(checkpoints, 1);
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int64_t step = 2; step <= 60; ++step) {
      w.save(checkpoints, step);
      checkpoints.prune(1, -1);
    }
    done = true;
  });
  int64_t newest = 0;
  while (!done) {
    const auto found = checkpoints.newest(none_passed_over);
    REQUIRE(found);
    CHECK(found->state.step >= newest);
    newest = found->state.step;
  }
  writer.join();
  CHECK(checkpoints.newest(none_passed_over)->state.step == 60);
}
