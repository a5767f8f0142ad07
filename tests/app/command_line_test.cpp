// The command line: help, misspellings, and what goes to which stream.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "lib/base/error.h"
#include "lib/data/image/image.h"
#include "lib/device/cpu/blas.h"
#include "lib/device/cpu/isa.h"
#include "tests/app/run_dlcli.h"
#include "tests/cache_home.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::vector<std::string> command_names() {
  std::istringstream help(run_dlcli({"--help"}).out);
  std::vector<std::string> names;
  bool inside = false;
  for (std::string line; std::getline(help, line);) {
    if (line == "commands:") {
      inside = true;
    } else if (line.empty()) {
      inside = false;
    } else if (inside && line.starts_with("  ") && line[2] != ' ') {
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
  }
  return names;
}

}  // namespace

TEST_CASE("every command's help has a usage line and examples of itself") {
  const std::vector<std::string> names = command_names();
  CHECK(names.size() >= 9);
  for (const std::string& name : names) {
    CAPTURE(name);
    const Finished help = run_dlcli({name, "--help"});
    CHECK(help.exit == 0);
    CHECK(help.err.empty());
    CHECK(help.out.find("\nusage: dlcli " + name) != std::string::npos);
    CHECK(help.out.find("\nexamples:\n  dlcli " + name) != std::string::npos);
    std::istringstream lines(help.out);
    for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= 120, line);
  }
}

TEST_CASE("what is wrong on the command line is said with what to write") {
  struct Case {
    std::vector<std::string> arguments;
    std::string err;
  };
  std::string names;
  for (const std::string& name : command_names()) names += (names.empty() ? "" : ", ") + name;
  const Case cases[] = {
      {{"trian", "x.yaml"},
       "error: dlcli: unknown command 'trian'\n"
       "  commands: " +
           names +
           "\n"
           "  help: write 'dlcli train x.yaml'\n"},
      {{"configs/quickstart.yaml"},
       "error: dlcli: unknown command 'configs/quickstart.yaml'\n"
       "  commands: " +
           names +
           "\n"
           "  help: write 'dlcli train configs/quickstart.yaml'\n"},
      {{"frobnicate"},
       "error: dlcli: unknown command 'frobnicate'\n"
       "  commands: " +
           names +
           "\n"
           "  help: see 'dlcli --help'\n"},
      {{"train", "--thread", "2", "x.yaml"},
       "error: dlcli train: unknown option '--thread'\n  help: write '--threads'\n"},
      {{"train", "--sets=a=1"}, "error: dlcli train: unknown option '--sets'\n  help: write '--set'\n"},
      {{"train", "x.yaml", "--zzz"}, "error: dlcli train: unknown option '--zzz'\n  help: see 'dlcli train --help'\n"},
      {{"check"}, "error: dlcli check: CONFIG is missing\n  help: write 'dlcli check CONFIG'\n"},
      {{"check", "a.yaml", "b.yaml"},
       "error: dlcli check: unexpected argument 'b.yaml'\n  help: see 'dlcli check --help'\n"},
      {{"train"}, "error: dlcli train: CONFIG is missing\n  help: write 'dlcli train configs/quickstart.yaml'\n"},
      {{"train", "--resume"}, "error: dlcli train: CONFIG is missing\n  help: write 'dlcli train --resume=RUN'\n"},
      {{"train", "x.yaml", "--threads", "two"},
       "error: dlcli train: --threads: expected a whole number from 0 to 1024, got 'two'\n"
       "  help: see 'dlcli train --help'\n"},
      {{"train", "x.yaml", "--set", "seed"},
       "error: dlcli train: --set: expected KEY=VALUE, as optimizer.adamw.lr=3e-4, got 'seed'\n"
       "  help: write '--set seed=…'\n"},
      {{"train", "x.yaml", "--trainer.max_epochs=3"},
       "error: dlcli train: unknown option '--trainer.max_epochs'\n"
       "  help: write '--set trainer.max_epochs=3'\n"},
      {{"export", "a", "--to", "torch"},
       "error: dlcli export: --to: expected c, flax, jax, keras, lightning, numpy, onnx, pytorch, got 'torch'\n"
       "  help: write 'pytorch'\n"},
      {{"train", "x.yaml", "--set"},
       "error: dlcli train: option '--set' needs a value\n  help: see 'dlcli train --help'\n"},
      {{"predict", "quickstart"},
       "error: dlcli predict: there is nothing to predict\n"
       "  help: name image files, a folder or a file of rows, or write '--data test'\n"},
      {{"predict", "quickstart", "a.png", "--data", "test"},
       "error: dlcli predict: INPUT and --data are both given\n  help: keep one of them\n"},
      {{"predict", "quickstart", "a.png", "--format", "xml"},
       "error: dlcli predict: --format: expected csv, jsonl, npy, parquet, got 'xml'\n  help: see 'dlcli predict "
       "--help'\n"},
      {{"bench", "relu"},
       "error: dlcli bench: 'relu' is a layer, and --input is missing\n"
       "  help: write '--input 32,32,64', or whatever one sample is\n"},
      {{"bench", "relu", "--input", "32,"},
       "error: dlcli bench: --input: expected sizes with commas, as 32,32,64, got '32,'\n"
       "  help: write the sizes of one sample: height, width, channels of an image\n"},
      {{"bench", "relu", "--input", "32,0"},
       "error: dlcli bench: --input: expected sizes with commas, as 32,32,64, got '32,0'\n"
       "  help: write the sizes of one sample: height, width, channels of an image\n"},
      {{"bench", "tests/app/tiny.yaml", "--input", "32"},
       "error: dlcli bench: --input, --batch and --tokens go with a layer, and 'tests/app/tiny.yaml' is a config\n"
       "  help: leave them out; the batch is '--set data.batch_size=N'\n"},
      {{"bench", "relu", "--predict", "--input", "32"},
       "error: dlcli bench: --predict goes with a config, and 'relu' is a layer\n"
       "  help: leave it out; a layer's forward is told beside its backward\n"},
      {{"bench", "relu", "--blas", "openblas", "--input", "32"},
       "error: dlcli bench: --blas goes with a config, and 'relu' is a layer\n"
       "  help: leave it out, or write a config with the layer\n"},
      {{"bench", "tests/app/tiny.yaml", "--blas", "openblas", "--predict"},
       "error: dlcli bench: --blas measures a training step, and --predict its prediction\n"
       "  help: leave one of them out\n"},
      {{"bench", "tests/app/tiny.yaml", "--blas", "own"},
       "error: dlcli bench: --blas: expected a library, got 'own'\n"
       "  help: write 'openblas', 'mkl', 'blis' or a library's file\n"},
      {{"bench", "linear: {out_feature: 3}", "--input", "32"},
       "error: LAYER:1:10: model[0] (linear): unknown key 'out_feature'\n"
       "  known keys: bias, bias_init, init, out_features, per_place, spectral_norm, weight_norm\n  help: write "
       "'out_features'\n"},
      {{"describe", "epochs"},
       "error: dlcli describe: nothing is named 'epochs'\n  help: of trainer: write 'max_epochs'\n"},
      {{"describe", "adahessian"},
       "error: dlcli describe: nothing is named 'adahessian'\n"
       "  help: of an optimizer: it takes second derivatives, which there are none of: write 'sophia: {lr: 3e-4}'\n"},
      {{"describe", "con2d"}, "error: dlcli describe: nothing is named 'con2d'\n  help: write 'conv2d'\n"},
      {{"describe", "logsigmoid"},
       "error: dlcli describe: nothing is named 'logsigmoid'\n"
       "  help: write 'log_sigmoid'\n"},
      {{"describe", "dense"}, "error: dlcli describe: nothing is named 'dense'\n  help: write 'linear'\n"},
  };
  for (const Case& c : cases) {
    const Finished finished = run_dlcli(c.arguments);
    CHECK(finished.err == c.err);
    CHECK(finished.out.empty());
    CHECK(finished.exit == 2);
  }
}

TEST_CASE("warnings of a config are told by check and train, and refused by both with --strict") {
  Folder folder;
  const std::string tiny = source_dir() + "/tests/app/tiny.yaml", set = "--set=data.batch_size=2000";
  const std::string said =
      "a batch of 2000 is more than the 1293 training samples, so that each epoch is one smaller batch\n";
  const Finished checked = run_dlcli({"check", tiny, set}, folder);
  CHECK(checked.exit == 0);
  CHECK(checked.out.find("tiny.yaml: no mistakes, 1 warning\n") != std::string::npos);
  CHECK(checked.err.find(said + "  help: lower it\n") != std::string::npos);
  CHECK(checked.err.starts_with("warning: "));
  CHECK(run_dlcli({"check", tiny, set, "--json"}, folder).out.find("\"warnings\": [\"") != std::string::npos);

  const Finished trained = run_dlcli({"train", tiny, set, "--quiet", "--set=trainer.fast_dev_run=true"}, folder);
  CHECK(trained.exit == 0);
  CHECK(trained.err.find(said) != std::string::npos);
  for (const char* command : {"check", "train"}) {
    const Finished refused = run_dlcli({command, tiny, set, "--strict"}, folder);
    CHECK(refused.exit == 2);
    CHECK(refused.err.find("error: ") == 0);
    CHECK(refused.err.find(said) != std::string::npos);
  }
  CHECK(!std::filesystem::exists(folder / "runs"));
}

TEST_CASE("a key or a value is described wherever it is valid, or where a path names") {
  const auto said = [](const std::string& name) {
    const Finished finished = run_dlcli({"describe", name});
    CHECK(finished.exit == 0);
    CHECK(finished.err.empty());
    return finished.out;
  };
  CHECK(said("max_epochs") ==
        "max_epochs (key)\n\n  the run ends after so many epochs\n    an integer at least 1\n    of section trainer\n");
  CHECK(said("tie") ==
        "tie (key)\n\n  parameters of it that an item before it has made: {weight: NAME.weight}\n    a map of names\n"
        "    beside a layer or a block of a model\n");
  CHECK(said("lr").find("of optimizers ") != std::string::npos);
  const std::string of_adamw = said("optimizer.adamw.lr");
  CHECK(of_adamw.starts_with("lr (key)\n"));
  CHECK(of_adamw.ends_with("\n    of optimizer adamw\n"));
  CHECK(said("optimizer.adamw") == said("adamw"));
  CHECK(said("precision").starts_with("precision (metric): "));
  CHECK(said("trainer.precision").starts_with("precision (key)\n\n  of the numbers: 32-true; "));
  CHECK(said("data.train.path").starts_with("path (key)\n"));  // of all readers, one of which is meant
  const std::string value = said("bf16-mixed");
  CHECK(value.starts_with("bf16-mixed (value)\n\n  precision: of the numbers: 32-true; "));
  CHECK(value.find("\n    of section trainer\n") != std::string::npos);
  const auto json = nlohmann::json::parse(run_dlcli({"describe", "max_epochs", "--json"}).out);
  CHECK(json.at("keys").at(0).at("of").at("section").at(0) == "trainer");
}

TEST_CASE("without a command, help goes to standard error") {
  const Finished finished = run_dlcli({});
  CHECK(finished.exit == 2);
  CHECK(finished.out.empty());
  CHECK(finished.err.find("usage: dlcli COMMAND") != std::string::npos);
}

TEST_CASE("--version and version say the same") {
  CHECK(run_dlcli({"--version"}).out == run_dlcli({"version"}).out);
  CHECK(run_dlcli({"version"}).out.starts_with("dlcli "));
}

TEST_CASE("--json prints one JSON object on standard output and nothing else there") {
  const std::string config = "tests/app/tiny.yaml";
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"version", "--json"},
           {"check", config, "--json"},
           {"summary", config, "--json"},
           {"describe", "conv2d", "--json"},
           {"bench", config, "--seconds", "0.05", "--json"},
           {"profile", config, "--seconds", "0.05", "--json"},
           {"bench", "relu", "--input", "8", "--seconds", "0.05", "--json"},
           {"doctor", "--json"},
       }) {
    CAPTURE(arguments[0]);
    const Finished finished = run_dlcli(arguments);
    CHECK(finished.exit == 0);
    CHECK(finished.err.empty());
    CHECK(nlohmann::json::parse(finished.out, nullptr, false).is_object());
    CHECK(finished.out.find('\n') == finished.out.size() - 1);
  }
}

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

TEST_CASE("doctor measures each instruction path and each memory, on one core and on all") {
  const auto result = nlohmann::json::parse(run_dlcli({"doctor", "--json"}).out);
  CHECK(result.at("peak_gflops").contains("portable"));
  CHECK(result.at("peak_gflops").contains(result.at("instructions").get<std::string>()));
  const std::string unit = result.at("bf16");
  CHECK((unit == "emulated" || result.at("peak_gflops").contains(unit)));
  for (const auto& peak : result.at("peak_gflops")) CHECK(peak.at("one") > 0);
  CHECK(result.at("images").get<std::vector<std::string>>() == image_decoders());
  CHECK(result.at("memory_levels").at("memory").at("all_gbps") > 0);
}

TEST_CASE("doctor tells which GPUs and libraries the device 'cuda' has, or why it has none") {
  const auto cuda = nlohmann::json::parse(run_dlcli({"doctor", "--json"}).out).at("cuda");
  CHECK(cuda.at("gpus").empty() == cuda.at("problem").is_string());
  CHECK(cuda.at("gpus").empty() == cuda.at("limits").is_null());
  for (const char* name : {"NVRTC", "cuBLASLt", "cuDNN", "NCCL"}) {
    const auto& library = cuda.at("libraries").at(name);
    CHECK((library.is_null() || std::filesystem::exists(library.at("path").get<std::string>())));
  }
}

TEST_CASE("doctor has a line for each unit that multiplies bf16, also where the processor lacks it") {
  const std::string out = run_dlcli({"doctor"}).out;
  for (Bf16Unit unit : {Bf16Unit::avx512_bf16, Bf16Unit::amx}) {
    const size_t line = out.find(concat("peak ", name_of(unit), " "));
    REQUIRE(line != std::string::npos);
    const bool missing = out.substr(line, out.find('\n', line) - line).ends_with("  not on this processor");
    CHECK(missing == !supported(unit));
  }
}

TEST_CASE("version names the instructions and the unit for bf16 that are used here") {
  const Isa isa = best_isa();
  CHECK(run_dlcli({"version"})
            .out.ends_with(concat(", ", name_of(isa), ", products of bf16: ", name_of(best_bf16_unit(isa)), "\n")));
  const auto json = nlohmann::json::parse(run_dlcli({"version", "--json"}).out);
  CHECK(json.at("instructions") == name_of(isa));
  CHECK(json.at("bf16") == name_of(best_bf16_unit(isa)));
}

TEST_CASE("a config that comes with the program is named where its folder was left out") {
  Folder folder;
  for (const std::string name : {"quickstart", "quickstart.yaml"})
    CHECK(run_dlcli({"check", name}, folder).err ==
          "error: no file '" + name +
              "'\n  looked in .\n  help: write 'configs/quickstart.yaml', which comes with dlcli\n");
}

TEST_CASE("names, keys and values from outside never steer the terminal, and --json is JSON whatever they hold") {
  Folder folder;
  CHECK(run_dlcli({"check", "\x1b[2J\xff.yaml"}, folder)
            .err.starts_with("error: no file '\\x1b[2J\\xff.yaml'\n  looked in ."));
  CHECK(run_dlcli({"tra\x1b[7min"}, folder).err.starts_with("error: dlcli: unknown command 'tra\\x1b[7min'\n"));
  const std::string rest =
      "data: {train: {format: random, shape: [4], classes: 3, samples: 8}, batch_size: 4}\n"
      "model: [linear: 3]\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n";
  write(folder / "key.yaml", "\"\\e]0;x\\a\": 1\n" + rest);
  CHECK(run_dlcli({"check", "key.yaml"}, folder).err.starts_with("error: key.yaml:1:1: unknown key ' ]0;x '\n"));
  write(folder / "name.yaml", "name: \"a\\e[31m\"\n" + rest);
  CHECK(run_dlcli({"check", "name.yaml"}, folder).err ==
        "error: name.yaml:1:7: name: a name with control characters, or that is not UTF-8: 'a\\x1b[31m'\n"
        "  help: write 'name: …', in letters, digits, - and _\n");
  const std::filesystem::path bad = folder / "\xff";
  std::filesystem::create_directory(bad);
  write(bad / "c.yaml", rest);
  CHECK(run_dlcli({"check", "\xff/c.yaml"}, folder).err ==
        "error: the config's folder has a name that is not UTF-8: '" + folder.path.string() +
            "/\\xff'\n"
            "  help: rename the folder: the run keeps its name, and a run's config is UTF-8 text\n");
  write(folder / "label.yaml", rest);
  const Finished checked = run_dlcli({"bench", "label.yaml", "--set", "name=\xe2\x80\xaa", "--json"}, folder);
  CHECK(checked.exit == 2);
}

TEST_CASE("words and options of other programs lead to ours") {
  Folder folder;
  write(folder / "my.yaml",
        "data: {train: {format: random, shape: [4], classes: 3, samples: 8}, batch_size: 4}\n"
        "model: [linear: 3]\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
  using Words = std::vector<std::string>;
  const std::pair<Words, const char*> cases[] = {
      {{"fit", "my.yaml"}, "write 'dlcli train my.yaml'"},
      {{"evaluate", "my-1"}, "write 'dlcli eval my-1'"},
      {{"test", "my-1"}, "write 'dlcli eval my-1'"},
      {{"score", "my-1"}, "write 'dlcli eval my-1'"},
      {{"validate", "my.yaml"}, "write 'dlcli check my.yaml'"},
      {{"lint", "my.yaml"}, "write 'dlcli check my.yaml'"},
      {{"benchmark", "my.yaml"}, "write 'dlcli bench my.yaml'"},
      {{"infer", "my-1", "a.png"}, "write 'dlcli predict my-1 a.png'"},
      {{"resume", "my-1"}, "write 'dlcli train --resume=my-1'"},
      {{"resume"}, "write 'dlcli train --resume=RUN'"},
      {{"download"}, "write 'dlcli doctor'"},
      {{"descirbe", "conv2d"}, "write 'dlcli describe conv2d'"},
      {{"train", "my.yaml", "--lr", "0.1"}, "write '--set optimizer.sgd.lr=0.1'"},
      {{"train", "--learning-rate=0.1", "my.yaml"}, "write '--set optimizer.sgd.lr=0.1'"},
      {{"train", "gone.yaml", "--lr", "0.1"}, "write '--set optimizer.adamw.lr=0.1'"},
      {{"train", "my.yaml", "--epochs", "5"}, "write '--set trainer.max_epochs=5'"},
      {{"train", "--max-epochs", "5", "my.yaml"}, "write '--set trainer.max_epochs=5'"},
      {{"check", "my.yaml", "--batch-size", "64"}, "write '--set data.batch_size=64'"},
      {{"train", "my.yaml", "--seed=7"}, "write '--set seed=7'"},
      {{"train", "my.yaml", "--patience", "3"}, "write '--set trainer.early_stopping.patience=3'"},
      {{"train", "my.yaml", "--gpus", "1"},
       "leave it out: dlcli trains on one device; 'trainer.threads' says how many cores compute"},
      {{"train", "--config", "my.yaml"}, "leave it out: the file stands alone, 'dlcli train my.yaml'"},
      {{"train", "my.yaml", "trainer.max_epochs=3"}, "write '--set trainer.max_epochs=3'"},
      {{"train", "my.yaml", "--device", "gpu"}, "write 'cuda', or 'cpu' where there is no GPU"},
      {{"train", "my.yaml", "--set", "optimizer.lr=1"}, "write --set optimizer.sgd.lr=…"},
      {{"generate", "my-1", "--temperature", "-1"}, "see 'dlcli generate --help'"},
  };
  for (const auto& [arguments, help] : cases) {
    const Finished finished = run_dlcli(arguments, folder);
    CHECK_MESSAGE(finished.err.ends_with(std::string("\n  help: ") + help + "\n"), finished.err);
    CHECK(finished.err.find("error: ", 1) == std::string::npos);
    CHECK(finished.out.empty());
    CHECK(finished.exit == 2);
  }
  CHECK(run_dlcli({"generate", "my-1", "--temperature", "-1"}, folder)
            .err.starts_with("error: dlcli generate: --temperature: expected a number from 0 to 1e+06, got '-1'\n"));
}

TEST_CASE("help and the version are found by their usual words") {
  const std::string all = run_dlcli({"--help"}).out, train = run_dlcli({"train", "--help"}).out;
  CHECK(run_dlcli({"help"}).out == all);
  CHECK(run_dlcli({"help", "train"}).out == train);
  CHECK(run_dlcli({"train", "help"}).out == train);
  CHECK(run_dlcli({"-V"}).out == run_dlcli({"--version"}).out);
}

TEST_CASE("a run is taken where a config is, but not to be trained anew; -- ends the options") {
  Folder folder;
  write(folder / "my.yaml",
        "data: {train: {format: random, shape: [4], classes: 3, samples: 8}, batch_size: 4}\n"
        "model: [linear: 3]\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
  REQUIRE(run_dlcli({"train", "my.yaml", "-q", "--name=-x"}, folder).exit == 0);
  REQUIRE(run_dlcli({"train", "my.yaml", "-q"}, folder).exit == 0);
  const std::string checked = run_dlcli({"check", "my.yaml"}, folder).out;
  REQUIRE(checked.starts_with("my.yaml: no mistakes\n"));
  CHECK(run_dlcli({"check", "my-1"}, folder).out == "my-1" + checked.substr(std::string("my.yaml").size()));
  CHECK(run_dlcli({"bench", "my-1", "--seconds", "0.01"}, folder).exit == 0);
  CHECK(run_dlcli({"profile", "runs/my-1", "--seconds", "0.01"}, folder).exit == 0);
  CHECK(run_dlcli({"train", "my-1"}, folder).err ==
        "error: dlcli train: 'my-1' is a run\n  help: write 'dlcli train --resume=my-1' to go on with it\n");
  CHECK(run_dlcli({"train", "--resume", "my-1", "-q"}, folder).exit == 0);
  CHECK(run_dlcli({"eval", "--split", "train", "--", "-x-1"}, folder).exit == 0);
  CHECK(run_dlcli({"check", "--", "my.yaml"}, folder).exit == 0);
  CHECK(run_dlcli({"check", "my.yaml", "--", "-b"}, folder).err ==
        "error: dlcli check: unexpected argument '-b'\n  help: see 'dlcli check --help'\n");
  CHECK(run_dlcli({"eval", "my-1", "--split", "validation"}, folder).err ==
        "error: there is no split 'validation'; there are: train\n  help: name one of them\n");
}
