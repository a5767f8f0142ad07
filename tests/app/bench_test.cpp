// What bench measures: a training step, its prediction, products by a library, layers.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "lib/device/cpu/blas.h"
#include "tests/app/run_dlcli.h"
#include "tests/cache_home.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("the figures of bench are those that benchmark/run reads") {
  const auto result =
      nlohmann::json::parse(run_dlcli({"bench", "tests/app/tiny.yaml", "--seconds", "0.05", "--json"}).out);
  CHECK(result.at("workload") == "tiny");
  CHECK(result.at("min_ms") <= result.at("step_ms"));
  CHECK(result.at("steps") >= 3);
  CHECK(result.at("params") == 64 * 16 + 16 + 16 * 10 + 10);
  CHECK(result.at("flops") >= 2 * 32 * (2 * 64 * 16 + 3 * 16 * 10));
  CHECK(result.at("product_flops") == 2 * 32 * (2 * 64 * 16 + 3 * 16 * 10));
  for (const char* key : {"samples_per_s", "first_step_s", "rss_mb", "gflops", "of_limit"}) CHECK(result.at(key) > 0);
  CHECK(result.at("limits").at("f32_gflops") > 0);
}

TEST_CASE("bench --predict measures the forward pass alone, of as many samples as the batch has") {
  const auto run = [](const std::string& batch) {
    return nlohmann::json::parse(run_dlcli({"bench", "tests/app/tiny.yaml", "--predict", "--set",
                                            "data.batch_size=" + batch, "--seconds", "0.05", "--json"})
                                     .out);
  };
  for (const int batch : {1, 32}) {
    const auto result = run(std::to_string(batch));
    const double products = 2.0 * batch * (64 * 16 + 16 * 10);
    CHECK(result.at("product_flops") >= products);
    CHECK(result.at("product_flops") < 1.01 * products);
    CHECK(result.at("batch_size") == batch);
    CHECK(result.at("params") == 64 * 16 + 16 + 16 * 10 + 10);
    CHECK(result.at("min_ms") <= result.at("step_ms"));
  }
}

TEST_CASE(
    "bench --blas keeps in which products a library is ahead, and check and profile say so where auto goes by it") {
  if (Blas::find() == nullptr) return;
  const CacheHome home;
  const Folder folder;
  write(folder.path / "wide.yaml",
        "data: {train: {format: random, shape: [64], classes: 48, samples: 96}, batch_size: 96}\n"
        "model:\n  - linear: 80\n  - relu\n  - linear: 48\n"
        "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1, threads: 1, blas: auto}\n");
  const Finished bench = run_dlcli({"bench", "wide.yaml", "--blas", "openblas", "--seconds", "0.05", "--json"}, folder);
  REQUIRE(bench.exit == 0);
  const auto result = nlohmann::json::parse(bench.out);
  CHECK(result.at("library") == Blas::find()->title());
  std::set<std::string> products;
  for (const auto& product : result.at("products")) {
    products.insert(product.at("product").get<std::string>());
    CHECK(product.at("calls") == 1);
    CHECK(product.at("own_min_ms") <= product.at("own_ms"));
    CHECK(product.at("library_min_ms") <= product.at("library_ms"));
  }
  CHECK(products.contains("96x80x64 nt epilogue"));
  CHECK(products.contains("80x64x96 tn"));
  const auto said = [&](const std::string& blas) {
    const auto profile = nlohmann::json::parse(
        run_dlcli({"profile", "wide.yaml", "--seconds", "0.05", "--json", "--set", "trainer.blas=" + blas}, folder)
            .out);
    size_t count = 0;
    for (const auto& kernel : profile.at("kernels"))
      count += kernel.at("by").get<std::string>().ends_with(" x by bench");
    return count;
  };
  CHECK(said("auto") == products.size());
  CHECK(said("own") == 0);
  CHECK(run_dlcli({"check", "wide.yaml", "--graph"}, folder).out.find("bench") != std::string::npos);
  CHECK(run_dlcli({"check", "wide.yaml", "--graph", "--set", "trainer.blas=own"}, folder).out.find("bench") ==
        std::string::npos);
  const Finished table = run_dlcli({"bench", "wide.yaml", "--blas", "openblas", "--seconds", "0.05"}, folder);
  CHECK(table.exit == 0);
  CHECK(table.out.find("'trainer.blas: auto' takes it for ") != std::string::npos);

  const Finished none = run_dlcli({"bench", "tests/app/tiny.yaml", "--blas", "openblas"});
  CHECK(none.exit == 2);
  CHECK(none.err ==
        "error: dlcli bench: --blas: no product of 'tiny' is in f32 and has at least 32 rows, columns and terms\n"
        "  help: leave --blas out: our own kernels make all of this config\n");
  const Finished elsewhere =
      run_dlcli({"bench", "wide.yaml", "--blas", "openblas", "--set", "trainer.device=reference"}, folder);
  CHECK(elsewhere.exit == 2);
  CHECK(elsewhere.err ==
        "error: dlcli bench: --blas goes with the device 'cpu', and the config has 'reference'\n"
        "  help: write '--set trainer.device=cpu'\n");
}

TEST_CASE("bench --predict takes a network that carries its state from batch to batch") {
  const Folder folder;
  write(folder.path / "carried.yaml",
        "data: {train: {format: random, shape: [5], vocabulary: 7, samples: 32}, batch_size: 4}\n"
        "model:\n  - embedding: {num_embeddings: 7, embedding_dim: 3}\n"
        "  - lstm: {hidden_size: 4, stateful: true}\n  - linear: 7\n"
        "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
  const Finished bench = run_dlcli({"bench", "carried.yaml", "--predict", "--seconds", "0.05"}, folder);
  CHECK(bench.exit == 0);
  CHECK(bench.out.find("  batch ") != std::string::npos);
  CHECK(bench.out.find("batches/s") != std::string::npos);
  CHECK(bench.out.find("step") == std::string::npos);
}

TEST_CASE("bench of a layer has its forward and its backward, with the operations each takes") {
  const auto result = nlohmann::json::parse(
      run_dlcli({"bench", "linear: 16", "--input", "64", "--batch", "32", "--seconds", "0.05", "--json"}).out);
  CHECK(result.at("layer") == "linear");
  CHECK(result.at("output") == nlohmann::json{16});
  CHECK(result.at("params") == 64 * 16 + 16);
  const double product = 2.0 * 32 * 64 * 16;
  CHECK(result.at("forward").at("flops") >= product);
  CHECK(result.at("forward").at("flops") < 1.1 * product);
  CHECK(result.at("backward").at("flops") >= 2 * product);
  CHECK(result.at("backward").at("flops") < 2.1 * product);
  CHECK(result.at("backward").at("time_ms") > 0);
}

TEST_CASE("bench runs layers that draw random numbers, whose step it counts") {
  const Finished bench =
      run_dlcli({"bench", "dropout: 0.5", "--input", "64", "--batch", "8", "--seconds", "0.05", "--json"});
  CHECK(bench.exit == 0);
  CHECK(nlohmann::json::parse(bench.out).at("layer") == "dropout");
}

TEST_CASE("bench counts and times every turn of a step") {
  const Folder folder;
  const std::string common =
      "data: {train: {format: random, shape: [8], samples: 32, classes: 2}, batch_size: 8}\n"
      "model:\n  - linear: 2\n    name: a\n  - linear: 2\n    from: x\n    name: b\n"
      "optimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n";
  write(folder.path / "one.yaml", common + "turns: [{update: a, loss: {cross_entropy: {output: a}}}]\n");
  write(folder.path / "two.yaml", common +
                                      "turns:\n  - {update: a, loss: {cross_entropy: {output: a}}}\n"
                                      "  - {update: b, loss: {cross_entropy: {output: b}}}\n");
  const auto flops = [&](const std::string& config) {
    return nlohmann::json::parse(run_dlcli({"bench", config, "--seconds", "0.05", "--json"}, folder).out)
        .at("product_flops")
        .get<double>();
  };
  CHECK(flops("one.yaml") > 0);
  CHECK(flops("two.yaml") == 2 * flops("one.yaml"));
}
