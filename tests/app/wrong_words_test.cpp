// What is wrong on the command line, or written as other programs have it, and what to write.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/app/run_dlcli.h"

using namespace dl::testing;

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
      {{"train", "x.yaml", "--set", "trainer.max_epochs:5"},
       "error: dlcli train: --set: expected KEY=VALUE, as optimizer.adamw.lr=3e-4, got 'trainer.max_epochs:5'\n"
       "  help: write '--set trainer.max_epochs=5'\n"},
      {{"train", "x.yaml", "--set", "~schedule"},
       "error: dlcli train: --set: expected KEY=VALUE, as optimizer.adamw.lr=3e-4, got '~schedule'\n"
       "  help: write '--set schedule=null'\n"},
      {{"train", "x.yaml", "--set", "+trainer.ema=0.9"},
       "error: dlcli train: --set: expected KEY=VALUE, as optimizer.adamw.lr=3e-4, got '+trainer.ema=0.9'\n"
       "  help: write '--set trainer.ema=0.9'\n"},
      {{"train", "x.yaml", "--set", "model[-1].linear=5"},
       "error: dlcli train: --set: expected KEY=VALUE, as optimizer.adamw.lr=3e-4, got 'model[-1].linear=5'\n"
       "  help: write an index from 0 on: 'dlcli summary CONFIG' numbers the layers\n"},
      {{"train", "x.yaml", "--set", "trainer/max_epochs=5"},
       "error: dlcli train: --set: expected KEY=VALUE, as optimizer.adamw.lr=3e-4, got 'trainer/max_epochs=5'\n"
       "  help: write '--set trainer.max_epochs=5'\n"},
      {{"train", "x.yaml", "--set", "metrics+=mae"},
       "error: dlcli train: --set: expected KEY=VALUE, as optimizer.adamw.lr=3e-4, got 'metrics+=mae'\n"
       "  help: write the whole list: --set 'metrics=[…, …]'\n"},
      {{"train", "x.yaml", "-o", "trainer.max_epochs=5"},
       "error: dlcli train: unknown option '-o'\n  help: write '--set trainer.max_epochs=5'\n"},
      {{"train", "x.yaml", "--data", "mnist"},
       "error: dlcli train: unknown option '--data'\n  help: write '--set data.train=mnist'\n"},
      {{"describe", "layer", "conv2d"},
       "error: dlcli describe: unexpected argument 'conv2d'\n  help: write 'dlcli describe conv2d'\n"},
      {{"describe", "early", "stopping"},
       "error: dlcli describe: unexpected argument 'stopping'\n  help: write 'dlcli describe early_stopping'\n"},
      {{"describe", "trainer.epochs"},
       "error: dlcli describe: nothing is named 'trainer.epochs'\n  help: write 'trainer.max_epochs'\n"},
      {{"init", "a.csv", "--label", "kind"},
       "error: dlcli init: unknown option '--label'\n  help: write '--target kind'\n"},
      {{"init", "a.csv", "kind"},
       "error: dlcli init: unexpected argument 'kind'\n"
       "  help: write 'dlcli init a.csv --target kind' for a column of a table\n"},
      {{"init", "a.csv", "--task", "classification"},
       "error: dlcli init: --task: expected class, value, text, got 'classification'\n  help: write 'class'\n"},
      {{"init", "my.yaml"},
       "error: my.yaml: expected data to look at, got the name of a config\n"
       "  help: write 'dlcli init DATA -o my.yaml', DATA being a table, a text or a folder\n"},
      {{"check", "iris.csv"},
       "error: iris.csv: expected a config, got a file of data by its name\n"
       "  help: write 'dlcli init iris.csv', which writes a config for it\n"},
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

TEST_CASE("a config that comes with the program is named where its folder was left out") {
  Folder folder;
  for (const std::string name : {"quickstart", "quickstart.yaml"})
    CHECK(run_dlcli({"check", name}, folder).err ==
          "error: no file '" + name +
              "'\n  looked in .\n  help: write 'configs/quickstart.yaml', which comes with dlcli\n");
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
