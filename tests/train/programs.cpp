// The programs of a run, on every device.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/programs/programs.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "lib/base/random.h"
#include "lib/device/cpu/cpu.h"
#include "tests/amx/emulated_gemm.h"
#include "tests/read_registered.h"

using namespace dl;

namespace {

std::vector<ModelItem> items_of(const std::vector<std::string>& layers) {
  std::vector<ModelItem> items;
  for (const std::string& text : layers) {
    const size_t colon = text.find(':');
    Node layer = Node::scalar(text);
    if (colon != std::string::npos) {
      Node keys = Node::map();
      for (size_t at = colon + 1; at < text.size();) {  // "conv2d:out_channels=4,kernel_size=3"
        const size_t equals = text.find('=', at), comma = std::min(text.find(',', at), text.size());
        keys.set(text.substr(at, equals - at), Node::scalar(text.substr(equals + 1, comma - equals - 1)));
        at = comma + 1;
      }
      layer = Node::map();
      layer.set(text.substr(0, colon), keys);
    }
    const int index = static_cast<int>(items.size());
    items.push_back({.path = std::to_string(index),
                     .label = "model[" + std::to_string(index) + "]",
                     .layer = layer,
                     .from = {index - 1}});
  }
  return items;
}

struct Fixture {
  std::vector<Problem> problems;
  Network network;
  std::unique_ptr<Loss> loss = Registry<Loss>::make("cross_entropy");
  std::unique_ptr<Metric> accuracy = Registry<Metric>::make("accuracy");
  std::unique_ptr<Optimizer> optimizer;
  std::unique_ptr<Device> device;
  Store store;
  Recipe recipe;
  Programs programs;

  Fixture(const std::vector<std::string>& layers, Shape input, const std::string& device_name,
          const std::string& optimizer_name = "adam", int threads = 2)
      : Fixture(layers, std::move(input), make_device(device_name, {.threads = threads}), optimizer_name) {}

  Fixture(const std::vector<std::string>& layers, Shape input, std::unique_ptr<Device> on,
          const std::string& optimizer_name)
      : network(items_of(layers), {{"x", Type{DType::f32, input}}}, problems),
        optimizer(Registry<Optimizer>::make(optimizer_name)),
        device(std::move(on)),
        store(*device),
        recipe{.forward = {.network = &network,
                           .fields = {{"y", Type{DType::i32, {}}, {}}},
                           .losses = {{loss.get(), "loss", 1}},
                           .metrics = {{accuracy.get(), "accuracy"}},
                           .seed = 7},
               .updates = {{.ranges = {{.end = network.arena_elements(), .optimizer = optimizer.get()}}}}},
        programs(recipe, store) {
    for (const Problem& p : problems) MESSAGE(render(p));
    REQUIRE(problems.empty());
    programs.initialize();
  }
};

struct ProgramFeed {
  std::vector<float> x;
  std::vector<int32_t> y;
  UpdateTime time{.lr = 0.01};
  int32_t step = 0;

  ProgramFeed(int64_t batch, int64_t features, int classes, uint64_t key)
      : x(static_cast<size_t>(batch * features)), y(static_cast<size_t>(batch)) {
    for (size_t i = 0; i < x.size(); ++i) x[i] = 2 * random_uniform(key, 0, i) - 1;
    for (size_t i = 0; i < y.size(); ++i)
      y[i] = static_cast<int32_t>(random_bits(key, 1, i) % static_cast<uint32_t>(classes));
  }

  // Samples [from, from + count), and what else a program takes.
  void into(Programs& programs, Program& p, size_t from, size_t count) const {
    const size_t features = x.size() / y.size();
    programs.begin_update(time);
    if (p.has_input("x")) p.feed("x", std::span(x).subspan(from * features, count * features));
    if (p.has_input("y")) p.feed("y", std::span(y).subspan(from, count));
    if (p.has_input("step")) p.feed("step", std::span(&step, 1));
  }
  void into(Programs& programs, Program& p) const { into(programs, p, 0, y.size()); }
};

// Without a bias before batch_norm: its gradient is 0 but for rounding, of which Adam would make whole steps.
const std::vector<std::string> small_cnn{"conv2d:out_channels=5,kernel_size=3,padding=same,bias=false",
                                         "batch_norm",
                                         "relu",
                                         "max_pool2d:kernel_size=2",
                                         "dropout:p=0.25",
                                         "flatten",
                                         "linear:out_features=11",
                                         "gelu",
                                         "linear:out_features=4"};

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, static_cast<double>(std::abs(a[i] - b[i])));
  return worst;
}

}  // namespace

TEST_CASE("a few steps on one batch lower its loss") {
  for (const std::string device : {"reference", "cpu"}) {
    CAPTURE(device);
    Fixture f(small_cnn, {8, 6, 3}, device);
    ProgramFeed feed(12, 8 * 6 * 3, 4, 3);
    Program& step = f.programs.step(12);
    float first = 0, last = 0;
    for (int i = 0; i < 30; ++i) {
      feed.step = i;
      feed.time.number = i + 1;
      feed.into(f.programs, step);
      step.run();
      (i == 0 ? first : last) = step.scalar("loss");
    }
    CHECK(first == doctest::Approx(std::log(4.0)).epsilon(0.5));
    CHECK(last < 0.5f * first);
    Program& evaluate = f.programs.evaluate(12);
    feed.into(f.programs, evaluate);
    evaluate.run();
    const Measures kept = Tally(f.store, false).take(f.programs.measures());
    CHECK(kept.at("accuracy").number("count") == 12);
    CHECK(kept.at("accuracy").number("sum") <= 12);
  }
}

TEST_CASE("a training step on the cpu gives what the reference device gives") {
  for (const char* optimizer : {"sgd", "adam", "adamw"}) {
    CAPTURE(optimizer);
    Fixture a(small_cnn, {8, 6, 3}, "reference", optimizer), b(small_cnn, {8, 6, 3}, "cpu", optimizer);
    REQUIRE(a.store.read("parameters") == b.store.read("parameters"));
    ProgramFeed feed(9, 8 * 6 * 3, 4, 5);
    feed.step = 3;
    for (Fixture* f : {&a, &b}) {
      Program& step = f->programs.step(9);
      feed.into(f->programs, step);
      step.run();
    }
    CHECK(a.programs.step(9).scalar("loss") == doctest::Approx(b.programs.step(9).scalar("loss")).epsilon(1e-5));
    CHECK(a.programs.step(9).scalar("grad_norm") ==
          doctest::Approx(b.programs.step(9).scalar("grad_norm")).epsilon(1e-4));
    CHECK(distance(a.store.read("1.running_var"), b.store.read("1.running_var")) < 1e-5);
    // Adam divides by the gradient's size, so that its steps carry the gradient's relative error.
    CHECK(distance(a.store.read("parameters"), b.store.read("parameters")) < 2e-3);
  }
}

TEST_CASE("accumulated micro-batches, a short one included, update as the whole batch does") {
  const std::vector<std::string> layers{"flatten", "linear:out_features=9", "relu", "linear:out_features=4"};
  for (const std::string device : {"reference", "cpu"}) {
    CAPTURE(device);
    Fixture whole(layers, {4, 4, 1}, device, "sgd"), parts(layers, {4, 4, 1}, device, "sgd");
    const ProgramFeed all(10, 16, 4, 9);
    all.into(whole.programs, whole.programs.step(10));
    whole.programs.step(10).run();
    for (const auto& [from, count] : {std::pair<size_t, size_t>{0, 4}, {4, 4}, {8, 2}}) {
      Program& p = parts.programs.accumulate(count);
      all.into(parts.programs, p, from, count);
      p.run();
    }
    all.into(parts.programs, parts.programs.update());
    parts.programs.update().run();
    CHECK(distance(whole.store.read("parameters"), parts.store.read("parameters")) < 1e-6);
    const std::vector<float> left = parts.store.read("gradients");
    CHECK(std::accumulate(left.begin(), left.end(), 0.0) == 0);
    CHECK(parts.store.read("gradient_count") == std::vector<float>{0});
  }
}

TEST_CASE("micro-batches weigh by the targets that count, and by the weights of their classes: one, three, and none") {
  for (const std::string yaml : {"{ignore_index: 0}", "{weight: [0, 0.1, 0.25, 0.05]}",
                                 "{weight: [3, 0.1, 0.25, 0.05], ignore_index: 0, label_smoothing: 0.1}"}) {
    CAPTURE(yaml);
    const std::vector<std::string> layers{"flatten", "linear:out_features=9", "relu", "linear:out_features=4"};
    const auto loss = dl::testing::read_registered_as<Loss>("cross_entropy: " + yaml);
    Fixture whole(layers, {4, 4, 1}, "reference", "sgd"), parts(layers, {4, 4, 1}, "reference", "sgd");
    whole.recipe.forward.losses[0].loss = parts.recipe.forward.losses[0].loss = loss.get();
    Programs at_once(whole.recipe, whole.store), in_parts(parts.recipe, parts.store);
    ProgramFeed all(12, 16, 4, 9);
    all.time.lr = 1;
    all.y = {0, 2, 0, 0, 1, 3, 0, 2, 0, 0, 0, 0};
    const std::vector<float> before = whole.store.read("parameters");
    Program& step = at_once.step(12);
    all.into(at_once, step);
    step.run();
    const double targets = double{step.scalar("loss/count")};
    CHECK(targets == doctest::Approx(yaml == "{ignore_index: 0}" ? 4 : 0.1 + 2 * 0.25 + 0.05));
    double sum = 0;
    for (const size_t from : {0, 4, 8}) {
      Program& p = in_parts.accumulate(4);
      all.into(in_parts, p, from, 4);
      p.run();
      sum += p.scalar("loss") * p.scalar("loss/count");
    }
    all.into(in_parts, in_parts.update());
    in_parts.update().run();
    CHECK(sum / targets == doctest::Approx(step.scalar("loss")).epsilon(1e-6));
    CHECK(in_parts.update().scalar("grad_norm") == doctest::Approx(step.scalar("grad_norm")).epsilon(1e-6));
    CHECK(distance(whole.store.read("parameters"), parts.store.read("parameters")) < 1e-6);
    CHECK(distance(before, parts.store.read("parameters")) > 1e-2);
  }
}

TEST_CASE("clipping by norm scales the gradient to the norm asked for") {
  const std::vector<std::string> layers{"flatten", "linear:out_features=4"};
  Fixture f(layers, {4, 4, 1}, "reference", "sgd");
  const auto clip = testing::read_registered_as<UpdateRule>("clip_norm: 0.01");
  f.recipe.updates[0].before = {clip.get()};
  Programs clipped(f.recipe, f.store);
  ProgramFeed feed(10, 16, 4, 9);
  feed.time.lr = 1;
  Program& step = clipped.step(10);
  feed.into(clipped, step);
  const std::vector<float> before = f.store.read("parameters");
  step.run();
  const std::vector<float> after = f.store.read("parameters");
  double squares = 0;
  for (size_t i = 0; i < before.size(); ++i) squares += std::pow(before[i] - after[i], 2);
  CHECK(step.scalar("grad_norm") > 0.01);
  CHECK(std::sqrt(squares) == doctest::Approx(0.01).epsilon(1e-3));
}

namespace {

struct Trained {
  std::vector<float> parameters, losses;
  bool operator==(const Trained&) const = default;
};

Trained trained(const std::vector<std::string>& layers, int64_t size, std::unique_ptr<Device> device,
                Precision precision) {
  const ProgramFeed feed(6, size * size * 3, 4, 3);
  Fixture f(layers, {size, size, 3}, std::move(device), "sgd");
  Recipe recipe = f.recipe;
  recipe.precision = precision;
  Programs programs(recipe, f.store);
  Trained result;
  for (int step = 0; step < 5; ++step) {
    Program& p = programs.step(6);
    feed.into(programs, p);
    p.run();
    result.losses.push_back(p.scalar("loss"));
  }
  result.parameters = f.store.read("parameters");
  return result;
}

void check_rounded(const Trained& exact, const Trained& mixed) {
  CHECK(distance(exact.parameters, mixed.parameters) < 2e-3);
  CHECK(distance(exact.parameters, mixed.parameters) > 1e-7);  // it does round
  CHECK(distance(exact.losses, mixed.losses) < 1e-2);
}

double norm(const std::vector<float>& x) { return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0)); }

}  // namespace

TEST_CASE("with parameters in bf16 updates far below its spacing add up, to the same bits on any threads and again") {
  const ProgramFeed feed(10, 8, 3, 5);
  const auto trained = [&](const std::string& device, Precision precision, int threads) {
    Fixture f({"linear:out_features=64", "relu", "linear:out_features=3"}, {8}, device, "sgd", threads);
    Recipe recipe = f.recipe;
    recipe.precision = precision;
    Store store(*f.device);
    Programs programs(recipe, store);
    programs.initialize();
    CHECK(store.description("parameters").type.dtype == (precision == Precision::bf16_true ? DType::bf16 : DType::f32));
    const std::vector<float> before = store.read("parameters");
    ProgramFeed mine = feed;
    mine.time.lr = 1e-4;  // of weights about 0.2, whose spacing is 1e-3, gradients about 0.05
    for (mine.step = 0; mine.step < 300; ++mine.step) {
      Program& p = programs.step(10);
      mine.into(programs, p);
      p.run();
    }
    std::vector<float> moved = store.read("parameters");
    for (size_t i = 0; i < moved.size(); ++i) moved[i] -= before[i];
    return moved;
  };
  const std::vector<float> exact = trained("cpu", Precision::f32, 2), one = trained("cpu", Precision::bf16_true, 1);
  CHECK(one == trained("cpu", Precision::bf16_true, 2));
  CHECK(one == trained("cpu", Precision::bf16_true, 2));
  for (const std::vector<float>& moved : {one, trained("reference", Precision::bf16_true, 1)}) {
    const double along = std::inner_product(moved.begin(), moved.end(), exact.begin(), 0.0) / norm(exact) / norm(exact);
    CHECK(along == doctest::Approx(1).epsilon(0.3));  // rounded to the nearest it would be 0
  }
}

TEST_CASE(
    "in mixed precision a step is the reference's in f32 within bf16's rounding, with the same bits on any threads") {
  const std::vector<std::string> layers{"conv2d:out_channels=16,kernel_size=3,padding=same,bias=false",
                                        "batch_norm",
                                        "relu",
                                        "max_pool2d:kernel_size=2",
                                        "conv2d:out_channels=20,kernel_size=3,stride=2,padding=1",
                                        "gelu",
                                        "flatten",
                                        "linear:out_features=33",
                                        "relu",
                                        "linear:out_features=4"};
  const auto on = [&](const std::string& device, Precision precision, int threads) {
    return trained(layers, 8, make_device(device, {.threads = threads}), precision);
  };
  const Trained exact = on("reference", Precision::f32, 1), one = on("cpu", Precision::bf16_mixed, 1);
  CHECK(one == on("cpu", Precision::bf16_mixed, 2));
  CHECK(one == on("cpu", Precision::bf16_mixed, 3));
  check_rounded(exact, one);
  check_rounded(exact, on("reference", Precision::bf16_mixed, 1));
}

TEST_CASE("with products on emulated tiles a step is the reference's within bf16's rounding, on any threads") {
  // 1 x 1 convolutions are products of so many rows that loops follow each block of them.
  const std::vector<std::string> layers{"conv2d:out_channels=40,kernel_size=1,bias=false",
                                        "batch_norm",
                                        "relu",
                                        "conv2d:out_channels=24,kernel_size=1",
                                        "gelu",
                                        "max_pool2d:kernel_size=2",
                                        "flatten",
                                        "linear:out_features=33",
                                        "relu",
                                        "linear:out_features=4"};
  const auto on_tiles = [&](int threads) {
    const DeviceOptions options{.threads = threads};
    return trained(layers, 14, std::make_unique<CpuDevice>(options, amx_emulated::bf16_gemm_kernels),
                   Precision::bf16_mixed);
  };
  const Trained exact = trained(layers, 14, make_device("reference", {}), Precision::f32), one = on_tiles(1);
  CHECK(one == on_tiles(2));
  CHECK(one == on_tiles(3));
  check_rounded(exact, one);
  CHECK(!(one == trained(layers, 14, make_device("cpu", {.threads = 1}), Precision::bf16_mixed)));  // it was on tiles
}
