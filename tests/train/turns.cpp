// Steps of several updates: whose parameters each changes, by which losses, and in what order.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/train/inference/evaluate.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

const std::string data = "data: {train: {format: random, shape: [3], samples: 24, classes: 2}, batch_size: 8}\n";
const std::string end = "optimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 4, device: reference}\n";

std::string turns_refusal(const std::string& config) { return Workplace(config).refusal(); }

std::map<std::string, std::vector<float>> trained(const Workplace& place, const std::vector<std::string>& sets = {}) {
  const auto plan = place.plan(sets);
  RunFolder run = place.new_run(*plan);
  Trainer trainer(*plan, {.folder = &run});
  CHECK(trainer.fit().exit == Exit::done);
  return contents(trainer.store());
}

}  // namespace

TEST_CASE("turns on parameters that have nothing to do with each other train as the sum of their losses does") {
  const std::string model = data + "model:\n  - linear: 2\n    name: a\n  - linear: 2\n    from: x\n    name: b\n";
  const Workplace together(model + "losses: {a: {cross_entropy: {output: a}}, b: {cross_entropy: {output: b}}}\n" +
                           end);
  const Workplace in_turns(model +
                           "turns:\n  - {update: a, loss: {cross_entropy: {output: a}}}\n"
                           "  - {update: b, loss: {cross_entropy: {output: b}}}\n" +
                           end);
  CHECK(trained(together) == trained(in_turns));
}

TEST_CASE("each turn sees the parameters as the turn before it left them, and changes its own alone") {
  const Workplace place(
      "data: {train: {format: random, shape: [1], samples: 8}, batch_size: 2}\n"
      "model:\n"  // y = b (a x)
      "  - linear: {out_features: 1, bias: false}\n    name: a\n"
      "  - linear: {out_features: 1, bias: false}\n    name: b\n"
      "turns:\n"
      "  - {update: a, loss: {mse: {output: a, target: 2}}, optimizer: {sgd: {lr: 0.25}}}\n"
      "  - {update: b, loss: {mse: {output: b, target: -1}}}\n" +
      end);
  const auto plan = place.plan();
  const auto device = make_device("reference", {});
  Store store(*device);
  Programs programs(plan->recipe(), store);
  programs.initialize();
  const auto weights = [&] {
    std::map<std::string, double> all;
    const std::vector<float> flat = store.read("parameters");
    for (const Tensor& tensor : plan->network->tensors()) all[tensor.path] = double(flat[size_t(tensor.offset)]);
    return all;
  };
  const std::vector<float> x{0.5f, -2};
  const auto run = [&](size_t turn) {
    programs.begin_update({.lr = 0.1}, turn);
    Program& program = programs.step(2, turn);
    program.feed("x", x);
    if (const Slot step = program.input("step")) program.feed(step, std::vector<int32_t>{0});
    program.run();
    return double(program.scalar("loss"));
  };
  const auto before = weights();
  const double a = before.at("a.weight"), b = before.at("b.weight");

  const auto mean = [&](auto of) { return (of(0.5) + of(-2.0)) / 2; };
  CHECK(run(0) == doctest::Approx(mean([&](double v) { return (a * v - 2) * (a * v - 2); })));
  const double new_a = a - 0.25 * mean([&](double v) { return 2 * (a * v - 2) * v; });
  CHECK(weights().at("a.weight") == doctest::Approx(new_a));
  CHECK(weights().at("b.weight") == b);

  CHECK(run(1) == doctest::Approx(mean([&](double v) { return (b * new_a * v + 1) * (b * new_a * v + 1); })));
  const double new_b = b - 0.1 * mean([&](double v) { return 2 * (b * new_a * v + 1) * new_a * v; });
  CHECK(weights().at("a.weight") == doctest::Approx(new_a));
  CHECK(weights().at("b.weight") == doctest::Approx(new_b));
}

TEST_CASE("a turn with 'every' leaves its parameters as they are in the steps between") {
  const std::string config = data +
                             "model:\n  - linear: 2\n    name: a\n  - linear: 2\n    from: x\n    name: b\n"
                             "turns:\n  - {update: a, loss: {cross_entropy: {output: a}}}\n"
                             "  - {update: b, every: 3, loss: {cross_entropy: {output: b}}}\n" +
                             end;
  const Workplace place(config);
  const auto b_of = [&](int steps) {
    const auto plan = place.plan({concat("trainer.max_steps=", steps)});
    RunFolder run = place.new_run(*plan);
    Trainer trainer(*plan, {.folder = &run});
    trainer.fit();
    const std::vector<float> all = trainer.store().read("parameters");
    for (const Tensor& tensor : plan->network->tensors())
      if (tensor.path == "b.weight")
        return std::vector<float>(all.begin() + tensor.offset, all.begin() + tensor.offset + 6);
    return std::vector<float>();
  };
  const std::vector<float> first = b_of(1);
  CHECK(b_of(2) == first);
  CHECK(b_of(3) != first);
  CHECK(b_of(5) == b_of(3));
}

const std::string adversaries = R"(
data: {train: {format: random, shape: [6], samples: 40}, batch_size: 8}
blocks:
  judge: {layers: [{linear: 8}, batch_norm, {leaky_relu: 0.2}, {linear: 1}]}
model:
  - random_normal: [4]
  - linear: 6
    name: drawn
  - judge:
    name: judge
    from: x
  - judge:
    name: judge_drawn
    from: drawn
    share: judge
turns:
  - update: judge
    losses:
      real: {bce_with_logits: {output: judge, target: 1}}
      drawn: {bce_with_logits: {output: judge_drawn, target: 0}}
  - {update: drawn, name: draw, every: 2, loss: {bce_with_logits: {output: judge_drawn, target: 1}}}
optimizer: {adam: {lr: 0.01}}
trainer: {max_epochs: 3, device: reference, log_every_n_steps: 1, gradient_clip_val: 1}
)";

TEST_CASE("an average that one turn keeps has the parameters of the others as they are") {
  const Workplace place(adversaries);
  const std::string ema = "turns.1.optimizer=[adam: {lr: 0.01}, ema: 0.5]";
  for (const std::string device : {"trainer.device=reference", "trainer.device=cpu"}) {
    CAPTURE(device);
    const auto plan = place.plan({ema, device});
    Trainer trainer(*plan, {});
    trainer.fit();
    const std::vector<float> now = trainer.store().read("parameters"), average = trainer.store().read("ema");
    for (const Tensor& tensor : plan->network->tensors()) {
      if (!tensor.trained) continue;
      CAPTURE(tensor.path);
      const auto begin = now.begin() + tensor.offset;
      const bool same = std::equal(begin, begin + tensor.shape.elements(), average.begin() + tensor.offset);
      CHECK(same == tensor.path.starts_with("judge."));
    }
  }
  check_goes_on(place, *place.plan({ema}), 7);
  const auto both = place.plan({ema, "turns.0.optimizer=[sgd: {lr: 0.1}, lookahead: {k: 2}]"});
  Trainer trainer(*both, {});
  trainer.fit();
  CHECK(trainer.store().read("ema") == trainer.store().read("slow"));
}

TEST_CASE("a step of several turns renews the average of running statistics once") {
  const Workplace place(
      "data: {train: {format: random, shape: [3], samples: 32}, batch_size: 8}\n"
      "model:\n  - batch_norm:\n    name: norm\n  - linear: 2\n    name: a\n  - linear: 2\n    from: norm\n    name: "
      "b\n"
      "turns:\n  - {update: a, loss: {mse: {output: a, target: 1}}}\n"
      "  - {update: b, loss: {mse: {output: b, target: 1}}}\n"
      "optimizer: {sgd: {lr: 0.1}}\n"
      "trainer: {max_steps: 2, device: reference, ema: {decay: 0.75, warmup: false}}\n");
  const auto after = [&](int steps, const std::string& variable) {
    const auto plan = place.plan({concat("trainer.max_steps=", steps)});
    Trainer trainer(*plan, {});
    trainer.fit();
    return trainer.store().read(variable);
  };
  const auto first = after(1, "norm.running_mean"), second = after(2, "norm.running_mean"),
             average = after(2, "ema/norm.running_mean");
  for (size_t i = 0; i < 3; ++i) CHECK(average[i] == doctest::Approx(0.75 * first[i] + 0.25 * second[i]).epsilon(1e-4));
  check_goes_on(place, *place.plan({"turns.0.every=2", "trainer.max_steps=6"}), 3);
}

TEST_CASE("averages of several turns each begin at the initial weights") {
  const Workplace place(adversaries);
  const auto plan = place.plan({"turns.0.optimizer=[sgd: {lr: 0.1}, ema: 0.5]", "trainer.max_steps=1",
                                "turns.1.optimizer=[adam: {lr: 0.01}, lookahead: {k: 4}]"});
  Trainer trainer(*plan, {});
  trainer.fit();
  const std::vector<float> now = trainer.store().read("parameters"), slow = trainer.store().read("slow");
  for (const Tensor& tensor : plan->network->tensors())  // the turn of 'drawn' is that of the second step
    if (tensor.path.starts_with("drawn."))
      for (int64_t i = tensor.offset; i < tensor.offset + tensor.shape.elements(); ++i)
        CHECK(slow[static_cast<size_t>(i)] == now[static_cast<size_t>(i)]);
}

TEST_CASE("turns whose optimizers keep states of one name, of all parameters and of tensors, go on to the same bits") {
  const Workplace place(adversaries);
  for (const std::string own : {"muon: {lr: 0.01}", "adafactor: {lr: 0.01}"})
    for (const char* turn : {"0", "1"}) {
      CAPTURE(own);
      CAPTURE(turn);
      check_goes_on(place, *place.plan({concat("turns.", turn, ".optimizer={", own, "}")}), 3);
    }
}

TEST_CASE("two networks train against each other, and go on to the same bits after a stop") {
  const Workplace place(adversaries);
  const auto plan = place.plan();
  CHECK(plan->objectives.figures() ==
        std::vector<std::string>{"loss", "judge_real_loss", "judge_drawn_loss", "draw_loss"});
  CHECK(plan_from(place.path / "small.yaml", {})->resolved() == plan->resolved());
  for (const int64_t stop : {1, 2, 7}) check_goes_on(place, *plan, stop);
  RunFolder run = place.new_run(*plan);
  Record record;
  Trainer(*plan, {.folder = &run, .observers = {&record}}).fit();
  const auto names = [](const StepRecord& log) {
    std::vector<std::string> all;
    for (const Measured& m : log.values) all.push_back(m.name);
    return all;
  };
  CHECK(names(record.logs[0]) ==
        std::vector<std::string>{"train/loss", "train/judge_real_loss", "train/judge_drawn_loss", "lr", "grad_norm"});
  CHECK(names(record.logs[1]) == std::vector<std::string>{"train/loss", "train/judge_real_loss",
                                                          "train/judge_drawn_loss", "train/draw_loss", "lr",
                                                          "grad_norm"});
}

TEST_CASE("turns give the same figures on the processor as on the reference device") {
  const Workplace place(adversaries);
  std::map<std::string, std::vector<double>> losses;
  for (const std::string device : {"reference", "cpu"}) {
    const auto plan = place.plan({"trainer.device=" + device});
    RunFolder run = place.new_run(*plan);
    Record record;
    Trainer(*plan, {.folder = &run, .observers = {&record}}).fit();
    losses[device] = record.losses;
  }
  REQUIRE(losses["cpu"].size() == 15);
  for (size_t i = 0; i < 15; ++i) CHECK(losses["cpu"][i] == doctest::Approx(losses["reference"][i]).epsilon(1e-4));
}

TEST_CASE("an item that shares has no tensors of its own, and gradients of both uses") {
  const std::string head = "data: {train: {format: random, shape: [3], samples: 8}, batch_size: 2}\nmodel:\n";
  const Workplace shared(head +
                         "  - linear: 1\n    name: once\n  - linear: 1\n    from: x\n    name: twice\n    share: once\n"
                         "losses: {a: {mse: {output: once, target: 1}}, b: {mse: {output: twice, target: 3}}}\n" +
                         end);
  const Workplace single(head +
                         "  - linear: 1\n    name: once\n"
                         "losses: {a: {mse: {output: once, target: 1}}, b: {mse: {output: once, target: 3}}}\n" +
                         end);
  CHECK(shared.plan()->network->parameter_count() == 4);
  const auto ours = trained(shared), expected = trained(single);
  REQUIRE(ours.at("parameters").size() == expected.at("parameters").size());
  for (size_t i = 0; i < ours.at("parameters").size(); ++i)
    CHECK(ours.at("parameters")[i] == doctest::Approx(expected.at("parameters")[i]).epsilon(1e-5));
}

TEST_CASE("the running averages of a shared batch_norm are renewed by each use") {
  const Workplace place(
      "data: {train: {format: random, shape: [3], samples: 8}, batch_size: 8}\n"
      "model:\n  - batch_norm: {momentum: 0.5}\n    name: norm\n  - batch_norm: {momentum: 0.5}\n    from: x\n    "
      "share: norm\n"
      "    name: again\n"
      "losses: {a: {mse: {output: norm, target: 1}}, b: {mse: {output: again, target: 1}}}\n"
      "optimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 1, device: reference}\n");
  const Workplace once(
      "data: {train: {format: random, shape: [3], samples: 8}, batch_size: 8}\n"
      "model:\n  - batch_norm: {momentum: 0.75}\n    name: norm\n"
      "loss: {mse: {output: norm, target: 1}}\n"
      "optimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 1, device: reference}\n");
  const auto twice = trained(place).at("norm.running_mean"), at_once = trained(once).at("norm.running_mean");
  for (size_t i = 0; i < 3; ++i) CHECK(twice[i] == doctest::Approx(at_once[i]));  // 1 - 0.5 * 0.5
}

TEST_CASE("turns and shared items that make no sense are refused with what would") {
  const std::string model = data + "model:\n  - linear: 2\n    name: a\n  - linear: 2\n    from: x\n    name: b\n";
  const auto turns = [&](const std::string& two) { return turns_refusal(model + "turns:\n" + two + end); };
  CHECK(turns("  - {update: c, loss: {cross_entropy: {output: a}}}\n") ==
        "error: small.yaml:9:14: turns[0].update: no parameter of the model is c\n"
        "  help: write an item of the model that has some: a, b");
  CHECK(turns("  - {update: [a, c], loss: {cross_entropy: {output: a}}}\n") ==
        "error: small.yaml:9:14: turns[0].update: no parameter of the model is c\n"
        "  help: write an item of the model that has some: a, b");
  CHECK(turns("  - {update: a, loss: {cross_entropy: {output: a}}}\n"
              "  - {update: \"*.weight\", name: w, loss: {cross_entropy: {output: b}}}\n") ==
        "error: small.yaml:10:14: turns[1].update: 'a.weight' is updated by turns[0] already\n"
        "  help: let each turn update parameters of its own");
  CHECK(turns("  - {update: a, loss: {cross_entropy: {output: b}}}\n") ==
        "error: small.yaml:9:5: turns[0]: the loss depends on no parameter that is updated\n"
        "  help: let it read the output of a layer with weights, or one behind it");
  CHECK(turns("  - {update: a, every: 2, loss: {cross_entropy: {output: a}}}\n") ==
        "error: small.yaml:9:3: turns: there are steps in which no turn is taken\n"
        "  help: leave 'every' out of one of them");
  CHECK(
      turns("  - {update: a, loss: {cross_entropy: {output: a}}, optimizer: {lbfgs: {line_search: strong_wolfe}}}\n") ==
      "error: small.yaml:9:3: turns: 'lbfgs' searches along its direction, and a turn is one update\n"
      "  help: write 'line_search: none'");
  CHECK(turns("  - {update: a}\n") ==
        "error: small.yaml:9:5: turns[0]: key 'loss' is missing\n  loss: what the turn makes small\n"
        "  help: write 'loss: {mse: {output: NAME}}'");
  CHECK(turns_refusal(model +
                      "loss: {cross_entropy: {output: a}}\nturns: [{update: a, loss: {cross_entropy: {output: a}}}]\n" +
                      end) ==
        "error: small.yaml:9:8: turns: 'turns' and 'loss' are both given\n"
        "  help: write the loss in the turn that it is of");
  CHECK(turns_refusal(model + "turns: [{update: a, loss: {cross_entropy: {output: a}}}]\noptimizer: {sgd: {lr: 0.1}}\n"
                              "trainer: {max_epochs: 4, accumulate_grad_batches: 2}\n") ==
        "error: small.yaml:8:8: turns: each turn sees the parameters after the turn before, so that batches cannot be "
        "added up\n  help: leave 'trainer.accumulate_grad_batches' out, and make 'data.batch_size' larger");
  const auto share = [&](const std::string& item) {
    return turns_refusal(data + "model:\n  - linear: 2\n    name: first\n" + item + "loss: cross_entropy\n" + end);
  };
  CHECK(share("  - linear: 2\n    share: frist\n") ==
        "error: small.yaml:6:12: model[1].share: expected the name of an item before this one, got 'frist'\n"
        "  help: write 'first'");
  CHECK(share("  - linear: 2\n    share: first\n") ==
        "error: small.yaml:5:5: model[1] (linear): cannot share weight [2, 2] with first.weight [2, 3]\n"
        "  help: give both items inputs of one shape");
  CHECK(share("  - batch_norm:\n    share: first\n") ==
        "error: small.yaml:5:5: model[1] (batch_norm): cannot share weight [2] with first.weight [2, 3]\n"
        "  help: give both items inputs of one shape");
  CHECK(turns_refusal(data +
                      "model:\n  - layer_norm:\n    name: first\n  - rms_norm:\n    share: first\n  - linear: 2\n"
                      "loss: cross_entropy\n" +
                      end) ==
        "error: small.yaml:5:5: model[1] (rms_norm): shares 'weight' with 'first.weight', which 'layer_norm' has made\n"
        "  help: share an item that is the same layer or block with the same keys");
}

TEST_CASE("a number in the place of targets is for losses of numbers and of a sigmoid") {
  const std::string model = data + "model:\n  - linear: 2\n    name: a\n";
  CHECK(turns_refusal(model + "loss: {cross_entropy: {target: 1}}\n" + end) ==
        "error: small.yaml:5:8: loss (cross_entropy): takes classes, of which 1 for all is no data\n"
        "  help: write 'target: FIELD', or take a loss of numbers or of a sigmoid");
  CHECK(turns_refusal(model + "loss: {mse: {target: 0.5}}\nmetrics: [{mae: {target: 1}}]\n" + end) ==
        "error: small.yaml:6:12: metrics[0] (mae): reads the number 1 in the place of targets, as losses may\n"
        "  help: write 'target: FIELD', or leave the metric out");
}

TEST_CASE("a loss that no parameter changes is refused before anything is trained") {
  CHECK(turns_refusal(data +
                      "model:\n  - relu:\n    name: first\n  - linear: 2\nloss: {mse: {output: first, target: x}}\n" +
                      end) ==
        "error: small.yaml:6:7: loss: the loss depends on no parameter that is updated\n"
        "  help: let it read the output of a layer with weights, or one behind it");
}
