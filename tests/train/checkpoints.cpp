// A run's checkpoints: which are kept, which is the newest, how each is found.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/train/saved_weights.h"

using namespace dl;
using namespace dl::testing;

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

TEST_CASE("later ones that cannot be removed as a whole are no checkpoints any more") {
  const Folder folder;
  const Checkpoints checkpoints(folder.path);
  Weights w;
  w.save(checkpoints, 1);
  w.save(checkpoints, 2);
  using std::filesystem::perms;
  std::filesystem::permissions(checkpoints.of_step(2), perms::owner_read | perms::owner_exec);
  CHECK(error_text([&] { checkpoints.remove_after(1); }) == "");
  CHECK(checkpoints.steps() == std::vector<int64_t>{1});
  for (const std::string& name : names(folder.path))  // root can remove them
    std::filesystem::permissions(folder.path / name, perms::owner_all);
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
