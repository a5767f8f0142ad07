// Figures of training and of splits: over which samples they are means, and where there are none.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/running_figures.h"

#include <doctest/doctest.h>

#include "tests/train/process.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("targets that are all left out are told, of training as of a split") {
  const Workplace place;
  const auto all_ignored = [&](const std::string& validation) {
    // The loss ignores the labels of class 0, which are all but the last.
    write(place.path / "labels.idx", std::string("\0\0\x08\x01", 4) + big_endian(181) + std::string(180, '\0') + '\1');
    const auto plan = place.plan({"loss.cross_entropy.ignore_index=0", "data.validation=" + validation,
                                  "trainer.max_steps=2", "data.shuffle=false", "trainer.checkpoint.best=null"});
    return train(*plan, nullptr);
  };
  CHECK(error_text([&] { all_ignored("null"); }) ==
        "error: expected targets that count in the split 'train', the loss ignores all of them\n"
        "  help: mend its 'ignore_index', or the targets");
  CHECK(error_text([&] { all_ignored("{first: 40}"); }) ==
        "error: expected targets that count in the split 'val', the loss ignores all of them\n"
        "  help: mend its 'ignore_index', or the targets");
  const auto alone = place.plan({"loss=triplet", "metrics=[]", "data.batch_size=1", "data.validation=null",
                                 "trainer.max_steps=2", "trainer.checkpoint.best=null"});
  CHECK(error_text([&] {
          train(*alone, nullptr);
        }).find("make 'data.batch_size' larger where the loss compares a batch's samples") != std::string::npos);
}

TEST_CASE("a metric without targets of its own is not told, and never a gain") {
  const Workplace place;
  write(place.path / "labels.idx", std::string("\0\0\x08\x01", 4) + big_endian(181) + std::string(181, '\1'));
  const auto plan = place.plan({"metrics=[accuracy: {ignore_index: 1}]", "model.5.linear=4",
                                "trainer.early_stopping={monitor: val/accuracy, patience: 2}"});
  const Run run = train(*plan, nullptr);
  CHECK(run.end.reason == "early_stopping: val/accuracy was no number in 2 validations");
  CHECK(run.end.best_step == -1);
  for (const ValidationRecord& record : run.record.validations) {
    REQUIRE(record.values.size() == 1);
    CHECK(record.values[0].name == "val/loss");
  }
}

TEST_CASE("what a run ends with is told in one order: of training, then of the validation") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_steps=2", "trainer.max_epochs=null"});  // validated before any record
  std::vector<std::string> names;
  for (const Measured& m : train(*plan, nullptr).end.values) names.push_back(m.name);
  CHECK(names == std::vector<std::string>{"train/loss", "train/accuracy", "val/loss", "val/accuracy"});
}

TEST_CASE("the epoch's figures are means over its samples, a short batch counted by its size") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_epochs=1"});
  const Run run = train(*plan, nullptr);
  double sum = 0;
  for (size_t i = 0; i < 9; ++i) sum += run.record.losses[i] * (i < 8 ? 16 : 13);
  CHECK(run.record.epochs.at(0).values.at(0).name == "train/loss");
  CHECK(run.record.epochs.at(0).values.at(0).value == doctest::Approx(sum / 141));
}

TEST_CASE("figures of an epoch in which a run goes on with another metric of the same name are of that one alone") {
  const Workplace place;
  const std::string once = "trainer.max_epochs=1";
  const auto other = place.plan({once, "metrics=[accuracy: {top_k: 3}]"});
  const auto goes_on_from = [&](const std::string& metrics) {
    const auto plan = place.plan({once, "trainer.checkpoint.best=null", metrics});
    RunFolder folder = place.new_run(*plan);
    train(*plan, &folder, 4);
    return train(*other, &folder, -1, true).record.epochs.at(0).values;
  };
  const auto values = goes_on_from("metrics=[accuracy]"), alone = goes_on_from("metrics=[]");
  for (size_t i = 0; i < 2; ++i) {
    CHECK(values.at(i).name == (i == 0 ? "train/loss" : "train/accuracy"));
    CHECK(values.at(i).value == alone.at(i).value);
  }
}
