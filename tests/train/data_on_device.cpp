// data.cache: device keeps the training set in the memory of the device that trains: the same run to the bit, without
// what batches cost on their way there.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>

#include "lib/train/plan/planned_step.h"
#include "tests/npy.h"
#include "tests/train/fixture.h"
#include "tests/train/timeless.h"

using namespace dl;
using namespace dl::testing;

namespace {

struct KeptRun {
  std::vector<double> losses;
  std::map<std::string, std::vector<float>> variables;
  std::vector<std::string> log;
};

// Of a run that is stopped after a step and goes on with other `sets`.
KeptRun kept_run(const Workplace& place, const std::vector<std::string>& sets, int64_t stop_after,
                 const std::vector<std::string>& then) {
  const auto plan = place.plan(sets);
  RunFolder folder = place.new_run(*plan);
  Record record;
  StopAfter stop(stop_after);
  Trainer(*plan, {.folder = &folder, .observers = {&record, &stop}, .stop = &stop.stop}).fit();
  const auto again = place.plan(then);
  Trainer trainer(*again, {.folder = &folder, .observers = {&record}});
  trainer.resume(*Checkpoints(folder.paths().checkpoints()).newest({}));
  trainer.fit();
  std::map<std::string, std::vector<float>> variables = contents(trainer.store());
  std::erase_if(variables, [](const auto& v) { return v.first.starts_with("data/"); });
  return {record.losses, std::move(variables), timeless(folder.paths().metrics_jsonl())};
}

}  // namespace

TEST_CASE("a run whose data live on the device is the same bits, and goes on without, and the other way round") {
  const Workplace place;
  for (const std::string device : {"reference", "cpu", "walled"}) {
    CAPTURE(device);
    for (std::vector<std::string> fed :
         {std::vector<std::string>{}, {"trainer.accumulate_grad_batches=2"}, {"data.balanced=true"}}) {
      fed.push_back("trainer.device=" + device);
      std::vector<std::string> kept = fed;
      kept.emplace_back("data.cache=device");
      const KeptRun expected = kept_run(place, fed, 7, fed);
      REQUIRE(!expected.losses.empty());
      for (const auto& [first, then] : {std::pair(kept, kept), {kept, fed}, {fed, kept}}) {
        const KeptRun found = kept_run(place, first, 7, then);
        CHECK(found.losses == expected.losses);
        CHECK(found.variables == expected.variables);
        CHECK(found.log == expected.log);
      }
    }
  }
}

TEST_CASE("numbers and masks live on the device too, and tokens") {
  const Folder folder;
  for (const std::string train : {"{format: random, shape: [6], dtype: f32, targets: 1, samples: 40}",
                                  "{format: random, shape: [5], vocabulary: 7, samples: 40}"}) {
    CAPTURE(train);
    const bool tokens = train.find("vocabulary") != std::string::npos;
    write(folder / "c.yaml",
          concat("data: {train: ", train, ", batch_size: 16}\nmodel: [",
                 tokens ? "embedding: {num_embeddings: 7, embedding_dim: 4}, linear: 7" : "linear: 1", "]\nloss: ",
                 tokens ? "cross_entropy" : "mse", "\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 2}\n"));
    Record records[2];
    for (const bool kept : {false, true}) {
      std::vector<std::string> sets;
      if (kept) sets.emplace_back("data.cache=device");
      const auto plan = plan_run(folder / "c.yaml", sets);
      Trainer(*plan, {.observers = {&records[kept]}}).fit();
    }
    CHECK(records[0].losses.size() == 6);
    CHECK(records[1].losses == records[0].losses);
  }
}

TEST_CASE("data on the device are counted with the variables, not with the batches") {
  const Workplace place;
  const auto fed = place.plan(), kept = place.plan({"data.cache=device"});
  const PlannedStep without(*fed, 16), with(*kept, 16);
  CHECK(with.variable_bytes - without.variable_bytes == 141 * (36 + 1) * 4);
  CHECK(with.memory.batch_bytes * 37 == without.memory.batch_bytes);
}

TEST_CASE("data that the device has no room for are refused before the first step") {
  const Workplace place(
      "data: {train: {format: random, shape: [4096], dtype: f32, samples: 60000000}, cache: device}\n"
      "model: [linear: 10]\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\n"
      "trainer: {max_epochs: 1}\n");
  const auto plan = place.plan();
  const std::string text = error_text([&] { Trainer(*plan, {}).fit(); }, {{place.path / "", ""}});
  CAPTURE(text);
  CHECK(
      text.starts_with("error: small.yaml:1:86: data.cache: the training set takes 937728 MiB on the device 'cpu', "));
  CHECK(
      text.ends_with(" MiB of its memory are free\n"
                     "  help: leave 'cache' out: batches then go to the device when they are needed"));
}

TEST_CASE("what cannot be kept once and for all is refused, with the reason") {
  const Workplace place;
  const std::string help = "\n  help: leave 'cache' out";
  CHECK(place.refusal({"data.cache=device", "data.transforms=[{random_crop: {size: 6, padding: 1}}]"}) ==
        "error: --set data.cache=device: data.cache: the transforms draw random numbers, so that samples are others in "
        "each "
        "epoch" +
            help);
  CHECK(place.refusal({"data.cache=device", "data.transforms=[{normalize: {mean: 0.5, std: 0.5}}]"}).empty());
  CHECK(place.refusal({"data.cache=gpu"}) ==
        "error: --set data.cache=gpu: data.cache: expected a size in bytes, or 'device', got 'gpu'\n"
        "  help: write '4 GiB', or 'device', which keeps the training set where it is trained on");
  const Folder folder;
  write(folder / "a.txt", "abcdefghijklmnopqrstuvwxyz\n");
  write(
      folder / "c.yaml",
      "data:\n  train: {format: text, path: a.txt, length: 4, windows: random}\n  batch_size: 2\n  cache: device\n"
      "model: [embedding: {num_embeddings: \"${data.vocabulary}\", embedding_dim: 4}, linear: \"${data.vocabulary}\"]\n"
      "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 1}\n");
  CHECK(error_text([&] { plan_run(folder / "c.yaml", {}); }, {{folder / "", ""}}) ==
        "error: c.yaml:4:10: data.cache: the training set is of windows that are drawn or carried on, anew in each "
        "epoch" +
            help);
}

TEST_CASE("a sample that is no number, or of a token there is none of, is named where data live on the device") {
  const Folder folder;
  const auto end_with = [&](const std::string& descr, const std::string& x, const std::string& model) {
    write(folder / "x.npy", npy(descr, "(12, 3)", x));
    write(folder / "y.npy", npy("<i4", "(12,)", bytes(std::vector<int32_t>(12, 1))));
    write(folder / "c.yaml",
          "data: {train: {format: npy, fields: {x: x.npy, y: y.npy}}, batch_size: 2, cache: device}\nmodel: [" + model +
              "linear: 2]\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
    const auto plan = plan_run(folder / "c.yaml", {});
    return Trainer(*plan, {}).fit();
  };
  std::vector<float> numbers(12 * 3, 0.5f);
  numbers[7 * 3 + 1] = NAN;
  const RunFinished end = end_with("<f4", bytes(numbers), "");
  CHECK(end.exit == Exit::diverged);
  CHECK(end.bad_input == "the data held it: sample 7: value 1 of 'x' is .nan");
  std::vector<int32_t> tokens(12 * 3, 4);
  tokens[5 * 3 + 2] = 7;
  const std::string table = "embedding: {num_embeddings: 5, embedding_dim: 4}, flatten, ";
  CHECK(error_text([&] { end_with("<i4", bytes(tokens), table); }) ==
        "error: data.train: 'x' of sample 5, number 2, is 7; expected from 0 to 4, as the table of the layer '0' has 5 "
        "rows\n  help: make 'num_embeddings' larger, or mend the data");
}
