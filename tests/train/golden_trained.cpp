// Networks trained by optimizers that ask for more than a gradient a step have PyTorch's parameters after each.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "lib/train/programs/line_search.h"
#include "tests/golden/golden.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

const std::string golden_network = R"(
data: {train: {format: random, shape: [3], targets: 2, samples: 5}, batch_size: 5}
model: [{linear: 4}, tanh, {linear: 2}]
trainer: {max_epochs: 1}
optimizer: )";

}  // namespace

TEST_CASE("networks take the steps of recorded runs, on each device") {
  for (const std::string device_name : {"reference", "cpu", "cuda (emulated)"}) {
    if (device_name.starts_with("cuda") && std::getenv("DLCLI_WALLED")) continue;
    CAPTURE(device_name);
    int64_t tried = 0;
    golden::for_each_case("trained", [&](const golden::Json& recorded) {
      if (device_name.starts_with("cuda") && tried++ % 5 > 0) return;  // emulated threads take their time
      const std::string yaml = recorded["yaml"];
      const Workplace place(golden_network + (yaml.starts_with('[') ? yaml : "{" + yaml + "}") +
                            "\nloss: " + recorded["loss"].get<std::string>());
      const auto plan = place.plan();
      const auto device = make_device(device_name, {.threads = 2});
      Store store(*device);
      Programs programs(plan->recipe(), store);
      programs.initialize();
      for (const Tensor& tensor : plan->network->tensors()) {
        const auto values = recorded["start"][tensor.path]["values"].get<golden::Numbers>();
        store.write_part("parameters", tensor.offset, values.data(), std::ssize(values));
      }
      const auto x = recorded["x"].get<golden::Numbers>(), y = recorded["y"].get<golden::Numbers>();
      for (size_t step = 0; step < recorded["steps"].size(); ++step) {
        CAPTURE(step);
        programs.advance(static_cast<int64_t>(step));
        programs.begin_update({.lr = plan->run.optimizer->learning_rate(), .number = static_cast<double>(step + 1)});
        Program& program = programs.step(5);
        const auto tick = static_cast<int32_t>(step);
        if (const Slot slot = program.input("step")) program.feed(slot, std::span(&tick, 1));
        const auto feed = [&](Program& of) {
          of.feed("x", x);
          of.feed("y", y);
        };
        feed(program);
        program.run();
        if (const auto search = plan->run.optimizer->searches()) {
          const auto move = [&](double length) {
            const auto number = static_cast<float>(length);
            programs.move().feed("search/length", std::span(&number, 1));
            programs.move().run();
          };
          search_along_direction(program, double{program.scalar("loss")}, search->tolerance, move, [&] {
            Program& probe = programs.probe(5);
            feed(probe);
            probe.run();
            return Probed{.loss = double{probe.scalar("loss")}, .slope = double{probe.scalar("search/slope")}};
          });
        }
        // A cubic through losses that lie near each other amplifies their rounding.
        const double tolerance = plan->run.optimizer->searches() ? 1e-3 : 2e-5;
        const std::vector<float> flat = store.read("parameters");
        for (const Tensor& tensor : plan->network->tensors())
          golden::check_near(
              tensor.path,
              golden::Numbers(flat.begin() + tensor.offset, flat.begin() + tensor.offset + tensor.shape.elements()),
              recorded["steps"][step][tensor.path].get<golden::Numbers>(), tolerance);
      }
    });
  }
}

TEST_CASE(
    "sam leaves running averages, the loss and the metrics to the weights themselves, and goes on to the same bits") {
  const Workplace place;
  const auto sgd = place.plan({"optimizer={sgd: {lr: 0.1}}", "trainer.max_steps=1", "trainer.log_every_n_steps=1"});
  const auto sam =
      place.plan({"optimizer=[{sam: 0.5}, {sgd: {lr: 0.1}}]", "trainer.max_steps=1", "trainer.log_every_n_steps=1"});
  Record plain, around;
  Trainer one(*sgd, {.observers = {&plain}}), other(*sam, {.observers = {&around}});
  one.fit();
  other.fit();
  CHECK(around.losses == plain.losses);
  CHECK(around.logs[0].values[1].value == plain.logs[0].values[1].value);  // accuracy
  CHECK(other.store().read("1.running_mean") == one.store().read("1.running_mean"));
  CHECK(other.store().read("parameters") != one.store().read("parameters"));
  const auto longer = place.plan({"optimizer=[{sam: 0.5}, {sgd: {lr: 0.1, momentum: 0.9}}]", "trainer.device=cpu"});
  check_goes_on(place, *longer, 7);
}

TEST_CASE("lbfgs with a search goes on to the same bits, never ends a step higher, and is alone") {
  const Workplace place;
  const std::string searching = "optimizer={lbfgs: {line_search: strong_wolfe, history_size: 4}}";
  for (const std::string device : {"device=reference", "device=cpu", "precision=bf16-true"})
    check_goes_on(place,
                  *place.plan({searching, "trainer.max_steps=12", "trainer." + device, "schedule=constant",
                               "trainer.log_every_n_steps=1", "metrics=[accuracy, roc_auc]"}),
                  5);
  // What a step gave is that of its batch, not of where the search looked.
  std::vector<std::vector<Measured>> first;
  for (const std::string search : {"none", "strong_wolfe"}) {
    const auto plan =
        place.plan({"optimizer={lbfgs: {line_search: " + search + "}}", "trainer.max_steps=1",
                    "trainer.log_every_n_steps=1", "schedule=constant", "metrics=[accuracy, roc_auc, log_loss]"});
    Record record;
    Trainer(*plan, {.observers = {&record}}).fit();
    first.push_back(record.logs.at(0).values);
  }
  REQUIRE(first[0].size() == first[1].size());
  for (size_t i = 0; i < first[0].size(); ++i) CHECK(first[0][i].value == first[1][i].value);
  const Workplace square(
      "data: {train: {format: random, shape: [6], targets: 2, samples: 64}, batch_size: 64}\n"
      "model: [linear: 8, tanh, linear: 2]\nloss: mse\noptimizer: {lbfgs: {lr: 5, line_search: strong_wolfe}}\n"
      "trainer: {max_epochs: 30, device: cpu}\n");
  const auto plan = square.plan();
  Record record;
  Trainer(*plan, {.observers = {&record}}).fit();
  for (size_t i = 1; i < record.losses.size(); ++i) CHECK(record.losses[i] <= record.losses[i - 1] * (1 + 1e-6));
  CHECK(record.losses.back() < 0.5 * record.losses.front());
  const std::string clipped = "optimizer=[clip_norm: 1, lbfgs: {line_search: strong_wolfe}]";
  CHECK(place.refusal({clipped}) ==
        "error: --set " + clipped +
            ": optimizer: 'lbfgs' searches along its direction, which 'clip_norm' would leave\n"
            "  help: leave the other rules out, or write 'line_search: none'");
  const std::string grouped = "optimizer={lbfgs: {line_search: strong_wolfe, groups: [{match: \"*.bias\", lr: 0.5}]}}";
  CHECK(
      place.refusal({grouped}) ==
      "error: --set " + grouped +
          ": optimizer: 'lbfgs' searches along its direction of all parameters at once, and groups, or what is frozen "
          "for a while, have directions of their own\n  help: leave 'groups' and 'until' out, or write 'line_search: "
          "none'");
  CHECK(place.refusal({searching,
                       "model=[{reshape: [6, 6]}, {lstm: {hidden_size: 3, stateful: true, return_sequences: "
                       "false}}, {linear: 4}]"}) ==
        "error: --set " + searching +
            ": optimizer: 'lbfgs' searches along its direction by the loss of one batch, which depends on what the "
            "batch "
            "before left in the model\n  help: leave 'stateful' out, or write 'line_search: none'");
}

TEST_CASE("what is frozen, and running averages, are left as they are by a search") {
  const Workplace place;
  const std::string searching = "optimizer={lbfgs: {line_search: strong_wolfe, history_size: 4}}";
  const auto plan = place.plan({searching, "trainer.max_steps=2", "freeze=[\"0\"]"});
  const auto device = make_device("reference", {.threads = 1});
  Store store(*device);
  Programs(plan->recipe(), store).initialize();
  Trainer trained(*plan, {});
  trained.fit();
  const std::vector<float> before = store.read("parameters"), after = trained.store().read("parameters");
  for (const Tensor& tensor : plan->network->tensors()) {
    if (!tensor.trained) continue;
    CAPTURE(tensor.path);
    const auto own = [&](const std::vector<float>& all) {
      return golden::Numbers(all.begin() + tensor.offset, all.begin() + tensor.offset + tensor.shape.elements());
    };
    CHECK((own(before) == own(after)) == tensor.path.starts_with("0."));
  }
  const auto sgd = place.plan({"optimizer={sgd: {lr: 0.1}}", "trainer.max_steps=1"});
  const auto lbfgs = place.plan({searching, "trainer.max_steps=1"});
  Trainer one(*sgd, {}), other(*lbfgs, {});
  one.fit();
  other.fit();
  CHECK(other.store().read("1.running_mean") == one.store().read("1.running_mean"));
}

TEST_CASE("lbfgs goes on to the same bits, and finds a least square in a few steps") {
  const Workplace place;
  const auto plan = place.plan({"optimizer={lbfgs: {lr: 0.1, history_size: 3}}", "trainer.max_steps=8"});
  check_goes_on(place, *plan, 5);
  const Workplace square(
      "data: {train: {format: random, shape: [6], targets: 1, samples: 64}, batch_size: 64}\nmodel: [linear: 1]\n"
      "loss: mse\noptimizer: {lbfgs: {lr: 1, history_size: 10}}\ntrainer: {max_epochs: 30, device: cpu}\n");
  const auto small = square.plan();
  Record record;
  Trainer(*small, {.observers = {&record}}).fit();
  CHECK(record.losses.back() < record.losses.front());
  CHECK(record.logs.size() == 0);
  CHECK(record.losses[14] == doctest::Approx(record.losses[29]).epsilon(1e-5));
}

TEST_CASE("sophia goes on to the same bits, and asks for a loss that stands for probabilities") {
  const Workplace place;
  const std::string sophia = "optimizer={sophia: {lr: 0.01, every: 3}}";
  check_goes_on(place, *place.plan({sophia, "trainer.max_steps=8"}), 5);
  check_goes_on(place, *place.plan({sophia, "trainer.max_steps=8", "trainer.device=cpu"}), 3);
  CHECK(place.refusal({sophia, "loss=multi_margin"}) ==
        "error: --set loss=multi_margin: loss: 'sophia' draws targets by what the model predicts, and 'multi_margin' "
        "stands for no probabilities\n"
        "  help: take cross_entropy, nll, bce_with_logits or mse, or another optimizer");
  const std::string apart = "optimizer={sophia: {every: 3, groups: [{match: \"*.bias\", every: 2}]}}";
  CHECK(place.refusal({apart}) ==
        "error: --set " + apart +
            ": optimizer: groups of 'sophia' measure the curvature each in updates of their own\n"
            "  help: write 'every' outside of the groups");
}

TEST_CASE("sophia measures the curvature of accumulated batches as that of one, by the mean of their drawn gradients") {
  const Workplace place(
      "data: {train: {format: random, shape: [1], targets: 1, samples: 4}, batch_size: 1}\n"
      "model: [linear: {out_features: 1, bias: false}]\nloss: mse\n"
      "optimizer: {sophia: {betas: [0, 0], every: 1}}\n"
      "trainer: {max_epochs: 1, accumulate_grad_batches: 2, device: cpu}\n");
  const auto plan = place.plan();
  const auto device = make_device("cpu", {.threads = 1});
  Store store(*device);
  Programs programs(plan->recipe(), store);
  programs.initialize();
  const float x = 1, y = 0;
  int tick = 0, same = 0, opposite = 0;
  for (int step = 0; step < 40; ++step) {
    programs.advance(step);
    programs.begin_update({.lr = 1e-4, .number = step + 1.0});
    for (int batch = 0; batch < 2; ++batch, ++tick) {
      Program& program = programs.accumulate(1);
      program.feed("step", std::span(&tick, 1));
      program.feed("x", std::span(&x, 1));
      program.feed("y", std::span(&y, 1));
      program.run();
    }
    programs.update().run();
    // Each batch's drawn target is sqrt(0.5) above or below the prediction, so that its gradient is +-sqrt(2).
    const float curvature = store.read("curvature")[0];
    CAPTURE(curvature);
    const bool are_same = curvature > 2;
    CHECK(curvature == doctest::Approx(are_same ? 4 : 0));
    ++(are_same ? same : opposite);
    CHECK(store.read("drawn_gradients")[0] == 0);
    CHECK(store.read("drawn_gradient_count")[0] == 0);
  }
  CHECK(same > 5);
  CHECK(opposite > 5);
}

TEST_CASE("what measures curvature goes on to the same bits where batches are accumulated") {
  const Workplace place;
  for (const std::string chain : {"{sophia: {lr: 0.01, every: 3}}", "[sam: 0.05, sophia: {lr: 0.01, every: 2}]"}) {
    CAPTURE(chain);
    for (const int64_t stop_after : {3, 4})
      check_goes_on(place,
                    *place.plan({"optimizer=" + chain, "trainer.max_steps=8", "trainer.device=cpu",
                                 "trainer.accumulate_grad_batches=2"}),
                    stop_after);
  }
}

TEST_CASE("a search over accumulated batches is that of one batch of all their samples, and goes on to the same bits") {
  const Workplace square(
      "data: {train: {format: random, shape: [6], targets: 2, samples: 60}, batch_size: 60, shuffle: false}\n"
      "model: [linear: 8, tanh, linear: 2]\nloss: mse\noptimizer: {lbfgs: {line_search: strong_wolfe}}\n"
      "trainer: {max_epochs: 5, device: cpu}\n");
  std::vector<Record> records;
  for (const std::string batch : {"60", "16"}) {  // the last of four is shorter
    const auto plan = square.plan({"data.batch_size=" + batch, "trainer.accumulate_grad_batches=4"});
    Record record;
    Trainer(*plan, {.observers = {&record}}).fit();
    records.push_back(std::move(record));
  }
  REQUIRE(records[0].losses.size() == 5);
  REQUIRE(records[1].losses.size() == 5);
  for (size_t i = 0; i < 4; ++i)  // a cubic through losses that lie near each other amplifies their rounding
    CHECK(records[1].losses[i] == doctest::Approx(records[0].losses[i]).epsilon(1e-2));
  CHECK(records[1].losses[1] == doctest::Approx(records[0].losses[1]).epsilon(1e-4));
  CHECK(records[1].losses[4] < 0.8 * records[1].losses[0]);
  const Workplace place;
  check_goes_on(place,
                *place.plan({"optimizer={lbfgs: {line_search: strong_wolfe, history_size: 4}}", "schedule=constant",
                             "trainer.max_steps=6", "trainer.device=cpu", "trainer.accumulate_grad_batches=2",
                             "trainer.log_every_n_steps=1"}),
                4);
}

TEST_CASE("sophia goes on to the same bits among other rules, in groups, and in bf16") {
  const Workplace place;
  for (const std::string chain :
       {"[sam: 0.05, sophia: {lr: 0.01, every: 3}]", "[clip_norm: 1, sophia: {lr: 0.01, every: 3}, lookahead: {k: 2}]",
        "[sophia: {lr: 0.01, every: 3, groups: [{match: \"*.bias\", weight_decay: 0}]}, ema: 0.9]"}) {
    CAPTURE(chain);
    check_goes_on(place, *place.plan({"optimizer=" + chain, "trainer.max_steps=8", "trainer.device=cpu"}), 4);
  }
  check_goes_on(place,
                *place.plan({"optimizer={sophia: {every: 2}}", "trainer.max_steps=6", "trainer.device=cpu",
                             "trainer.precision=bf16-mixed"}),
                3);
}

TEST_CASE("sophia's curvature is that of the mean over the targets, whatever classes weigh") {
  const Workplace place;
  const auto after = [&](const std::string& loss) {
    const auto plan = place.plan({"optimizer={sophia: {lr: 0.01, rho: 30, every: 2}}", "trainer.max_steps=4", loss});
    Trainer trainer(*plan, {});
    trainer.fit();
    return trainer.store().read("parameters");
  };
  const auto plain = after("loss=cross_entropy"), weighed = after("loss={cross_entropy: {weight: [3, 3, 3, 3]}}");
  for (size_t i = 0; i < plain.size(); ++i) CHECK(weighed[i] == doctest::Approx(plain[i]).epsilon(1e-3));
}
