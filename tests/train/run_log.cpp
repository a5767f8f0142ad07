// metrics.jsonl, metrics.csv and log.txt.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/run_log.h"

#include <doctest/doctest.h>

#include <optional>

#include "tests/file_size_limit.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

struct Logged : Folder {
  RunPaths run{path};
  std::vector<std::string> warnings;
  RunLog log{run, {"train/loss", "lr", "val/loss", "train/loss_epoch"}, [this](const std::string& text) {
               warnings.push_back(text);
             }};

  void step(int64_t n) {
    log.logged({.step = n,
                .epoch = 0,
                .time_s = 0.12345,
                .values = {{"train/loss", 0.5}, {"lr", 0.1}},
                .samples_per_s = 100.26,
                .input_wait = 0.25});
  }
};

}  // namespace

TEST_CASE("records are lines of JSON and rows of CSV") {
  Logged logged;
  logged.step(4);
  logged.log.validated({.step = 4, .epoch = 0, .time_s = 1, .values = {{"val/loss", 1.0 / 3}}});
  logged.log.epoch_ended({.step = 4, .epoch = 0, .time_s = 2, .values = {{"train/loss", 0.25}, {"val/loss", 1}}});
  CHECK(lines_of(text_of(logged.run.metrics_jsonl())) ==
        std::vector<std::string>{
            R"({"step":4,"epoch":0,"time_s":0.123,"train/loss":0.5,"lr":0.1,"samples_per_s":100.3,"input_wait":0.25})",
            R"({"step":4,"epoch":0,"time_s":1.0,"val/loss":0.3333333333333333})",
            R"({"step":4,"epoch":0,"time_s":2.0,"train/loss_epoch":0.25})"});
  CHECK(lines_of(text_of(logged.run.metrics_csv())) ==
        std::vector<std::string>{"step,epoch,time_s,train/loss,lr,val/loss,train/loss_epoch", "4,0,0.123,0.5,0.1,,",
                                 "4,0,1,,,0.3333333333333333,", "4,0,2,,,,0.25"});
  const std::vector<std::string> text = lines_of(text_of(logged.run.log()));
  REQUIRE(text.size() == 2);
  CHECK(text[0].substr(21) == "step 4: val/loss 0.333333");
  CHECK(text[1].substr(21) == "epoch 1 ended at step 4: train/loss 0.25, val/loss 1 in 0 s");
}

TEST_CASE("a disk that is full while the run begins costs records, and not the names of the columns") {
  const Folder folder;
  const RunPaths run{folder.path};
  std::vector<std::string> warnings;
  std::optional<FileSizeLimit> full(std::in_place, 0);
  RunLog log(run, {"val/loss"}, [&](const std::string& text) { warnings.push_back(text); });
  log.validated({.step = 1, .epoch = 0, .time_s = 1, .values = {{"val/loss", 3}}});
  full.reset();
  log.validated({.step = 2, .epoch = 0, .time_s = 2, .values = {{"val/loss", 2}}});
  log.validated({.step = 3, .epoch = 0, .time_s = 3, .values = {{"val/loss", 1}}});
  CHECK(warnings.size() == 1);
  CHECK(text_of(run.metrics_csv()) == "step,epoch,time_s,val/loss\n2,0,2,2\n3,0,3,1\n");
}

TEST_CASE("cut back, the files hold what they held then; a torn last line is dropped") {
  Logged logged;
  logged.step(1);
  const auto bytes = logged.log.sync();
  const std::string then = text_of(logged.run.metrics_jsonl());
  logged.step(2);
  write(logged.run.metrics_csv(), "step,epoch\n1,0\n2,");  // shorter than it was: somebody's editor, a lost disk block
  RunLog again(logged.run, {"train/loss", "lr"}, [&](const std::string& text) { logged.warnings.push_back(text); });
  again.cut(bytes);
  CHECK(text_of(logged.run.metrics_jsonl()) == then);
  CHECK(text_of(logged.run.metrics_csv()) ==
        "step,epoch,time_s,train/loss,lr,samples_per_s,input_wait\n1,0,0.123,0.5,0.1,100.3,0.25\n");
  CHECK(logged.warnings == std::vector<std::string>{logged.run.metrics_csv().string() +
                                                    " is shorter than at the checkpoint: records are missing"});
}

TEST_CASE("a run that goes on with other figures has a column for each of them and of those before") {
  Logged logged;
  logged.step(1);
  const auto bytes = logged.log.sync();
  logged.step(2);
  const auto warn = [&](const std::string& text) { logged.warnings.push_back(text); };
  const std::vector<std::string> figures{"train/loss", "train/f_beta", "samples_per_s", "input_wait"};
  const std::string header = "step,epoch,time_s,train/loss,train/f_beta,samples_per_s,input_wait,lr\n",
                    first = "1,0,0.123,0.5,,100.3,0.25,0.1\n", third = "3,0,0.5,,0.75,0,0,\n";
  for (int times = 0; times < 2; ++times) {  // the second time after a kill, from the same checkpoint
    RunLog other(logged.run, figures, warn);
    other.cut(bytes);
    CHECK(text_of(logged.run.metrics_csv()) == header + first);
    other.logged({.step = 3, .epoch = 0, .time_s = 0.5, .values = {{"train/f_beta", 0.75}}});
    CHECK(text_of(logged.run.metrics_csv()) == header + first + third);
  }
  RunLog other(logged.run, figures, warn);
  const auto later = other.sync();
  other.logged({.step = 4, .epoch = 0, .time_s = 1, .values = {}});
  RunLog again(logged.run, figures, warn);
  again.cut(later);
  CHECK(text_of(logged.run.metrics_csv()) == header + first + third);
  CHECK(logged.warnings.empty());
}
