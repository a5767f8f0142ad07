// What is given to options and arguments: twice, empty, not at all, in another form than the usual.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/app/run_dlcli.h"

using namespace dl::testing;

namespace {

const std::string tiny_config = source_dir() + "/tests/app/tiny.yaml";

// A run of one step in `runs` of the folder.
void train_once(const Folder& folder, const std::string& runs) {
  write(folder / "net.yaml",
        "data: {train: {format: random, shape: [3], classes: 2, samples: 8}, "
        "validation: {fraction: 0.5}, batch_size: 4}\nmodel: [linear: 2]\nloss: cross_entropy\n"
        "optimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 1, checkpoint: {best: val/loss}}\n");
  const Finished trained = run_dlcli({"train", "net.yaml", "-q", "--runs", runs}, folder);
  REQUIRE_MESSAGE(trained.exit == 0, trained.err);
}

}  // namespace

TEST_CASE("an option that is there twice, an empty value and one that is missing are each told as what they are") {
  struct Case {
    std::vector<std::string> arguments;
    std::string err;
  };
  const Case cases[] = {
      {{"train", "x.yaml", "--threads", "1", "--threads", "2"},
       "error: dlcli train: option '--threads' is there more than once\n  help: keep one of them\n"},
      {{"eval", "x", "--checkpoint=best", "--checkpoint", "last"},
       "error: dlcli eval: option '--checkpoint' is there more than once\n  help: keep one of them\n"},
      {{"eval", ""}, "error: dlcli eval: RUN is empty\n  help: give it a value, or leave it out\n"},
      {{"predict", "x", ""}, "error: dlcli predict: INPUT is empty\n  help: give it a value, or leave it out\n"},
      {{"eval", "x", "--checkpoint", ""},
       "error: dlcli eval: option '--checkpoint' is empty\n  help: give it a value, or leave it out\n"},
      {{"train", "x.yaml", "--resume="},
       "error: dlcli train: option '--resume' is empty\n  help: give it a value, or leave it out\n"},
      {{"describe", ""}, "error: dlcli describe: NAME is empty\n  help: give it a value, or leave it out\n"},
      {{"export", "x"},
       "error: dlcli export: --to is missing\n"
       "  help: add '--to TARGET', one of c, flax, jax, keras, lightning, numpy, onnx, pytorch\n"},
      {{"completion"},
       "error: dlcli completion: SHELL is missing\n"
       "  help: write 'dlcli completion SHELL', one of bash, zsh, fish, words\n"},
      {{"average", "x"},
       "error: dlcli average: expected two runs or more, got one\n"
       "  help: write 'dlcli average x RUN'; 'dlcli runs' lists them\n"},
  };
  for (const auto& [arguments, err] : cases) {
    const Finished finished = run_dlcli(arguments);
    CHECK(finished.exit == 2);
    CHECK(finished.err == err);
    CHECK(finished.out.empty());
  }
}

TEST_CASE("a file that is written has the ending of its format, and predictions the format of the file's ending") {
  for (const std::string command : {"eval", "data", "predict"}) {
    const Finished refused = run_dlcli({command, "x", "--sheet", "a.txt"});
    CHECK(refused.exit == 2);
    CHECK(refused.err == "error: dlcli " + command +
                             ": --sheet: expected a name that ends in .png, got 'a.txt'\n  help: write 'a.png'\n");
  }
  CHECK(run_dlcli({"profile", "x", "--roofline", "roof"}).err ==
        "error: dlcli profile: --roofline: expected a name that ends in .svg, got 'roof'\n  help: write 'roof.svg'\n");
  const Folder folder;
  train_once(folder, "runs");
  for (const std::string file : {"p.csv", "p.txt", "p.jsonl", "p.npy", "p.PARQUET"})
    REQUIRE(run_dlcli({"predict", "net", "--data", "train", "-o", file}, folder).exit == 0);
  CHECK(text_of(folder / "p.csv").starts_with("input,class,"));
  CHECK(text_of(folder / "p.txt") == text_of(folder / "p.csv"));
  CHECK(text_of(folder / "p.jsonl").starts_with("{\"input\": \"0\""));
  CHECK(text_of(folder / "p.npy").starts_with("\x93NUMPY"));
  CHECK(text_of(folder / "p.PARQUET").starts_with("PAR1"));
  REQUIRE(run_dlcli({"predict", "net", "--data", "train", "--format", "csv", "-o", "p.npy"}, folder).exit == 0);
  CHECK(text_of(folder / "p.npy") == text_of(folder / "p.csv"));
}

TEST_CASE("help of a command that does not exist names the one that is meant") {
  const Finished help = run_dlcli({"help", "trian"});
  CHECK(help.exit == 2);
  CHECK(help.err.starts_with("error: dlcli: unknown command 'trian'\n"));
  CHECK(help.err.ends_with("\n  help: write 'dlcli train'\n"));
  for (const char* word : {"ls", "list", "status", "logs"})
    CHECK(run_dlcli({word}).err.ends_with("\n  help: write 'dlcli runs'\n"));
  CHECK(run_dlcli({"tensorboard", "my-1"}).err.ends_with("\n  help: write 'dlcli plot my-1'\n"));
}

TEST_CASE("the path of a section or a controller is described as its name is") {
  for (const std::string path : {"trainer.checkpoint", "data.validation", "trainer.early_stopping"}) {
    const Finished named = run_dlcli({"describe", path.substr(path.find('.') + 1)});
    CHECK(named.exit == 0);
    CHECK(run_dlcli({"describe", path}).out == named.out);
  }
  CHECK(run_dlcli({"describe", "trainer.precision"}).out.starts_with("precision (key)\n"));
}

TEST_CASE("with --json check prints one object, whatever it was asked for") {
  const auto said = [](std::vector<std::string> asked) {
    asked.insert(asked.begin(), {"check", tiny_config, "--json"});
    const Finished done = run_dlcli(asked);
    CHECK_MESSAGE(done.exit == 0, done.err);
    return nlohmann::json::parse(done.out);
  };
  CHECK(said({"--resolved"}).at("name") == "tiny");
  CHECK(said({"--resolved"}).at("trainer").at("max_epochs") == 3);
  const nlohmann::json lr = said({"--explain", "optimizer.adam.lr", "--set", "optimizer.adam.lr=0.5"});
  CHECK(lr.at("key") == "optimizer.adam.lr");
  CHECK(lr.at("value") == 0.5);
  CHECK(lr.at("from") == "--set optimizer.adam.lr=0.5");
  CHECK(lr.at("instead_of").at(0).at("value") == "1e-2");
  const nlohmann::json kernels = said({"--graph"}).at("kernels");
  CHECK(kernels.size() > 3);
  for (const auto& kernel : kernels) CHECK(kernel.at("op").is_string());
}

TEST_CASE("an object that cannot be written is a failure of train, a summary that cannot be is none") {
  const Folder folder;
  train_once(folder, "runs");
  const auto code_of = [&](const std::string& options) {
    const std::string train = dlcli_binary() + " train net.yaml -q " + options;
    return WEXITSTATUS(std::system(("cd " + folder.path.string() + " && " + train + " > /dev/full 2> err").c_str()));
  };
  CHECK(code_of("--json") == 4);
  CHECK(text_of(folder / "err").starts_with("error: standard output: write of "));
  CHECK(code_of("--json --resume") == 4);
  CHECK(code_of("") == 0);
}

TEST_CASE("commands of a config take a run, also one of another folder of runs") {
  const Folder folder;
  train_once(folder, "theirs");
  for (const std::string command : {"check", "data", "profile", "bench", "summary"}) {
    std::vector<std::string> asked = {command, "net", "--runs", "theirs"};
    if (command == "profile" || command == "bench") asked.insert(asked.end(), {"--seconds", "0.01"});
    const Finished done = run_dlcli(asked, folder);
    CHECK_MESSAGE(done.exit == 0, command, ": ", done.err);
    CHECK(run_dlcli({command, "net"}, folder).exit == 2);
  }
}

TEST_CASE("a config may end in .yaml in letters of any case, where a run is named by it too") {
  const Folder folder;
  train_once(folder, "runs");
  std::filesystem::rename(folder / "net.yaml", folder / "net.YAML");
  CHECK(run_dlcli({"eval", "net.YAML", "--split", "train"}, folder).exit == 0);
  const Finished again = run_dlcli({"train", "--resume", "net.YAML"}, folder);
  CHECK((again.out + again.err).find("net-1 has already finished") != std::string::npos);
}

TEST_CASE(
    "a trained run is measured by other metrics, whatever chose its best checkpoint, and does not go on by them") {
  const Folder folder;
  write(folder / "net.yaml",
        "data: {train: {format: random, shape: [3], classes: 2, samples: 8}, validation: {fraction: 0.5}}\n"
        "model: [linear: 2]\nloss: cross_entropy\nmetrics: [accuracy]\noptimizer: {sgd: {lr: 0.1}}\n"
        "trainer: {max_steps: 1, checkpoint: {best: val/accuracy}}\n");
  REQUIRE(run_dlcli({"train", "net.yaml", "-q"}, folder).exit == 0);
  const Finished measured = run_dlcli({"eval", "net", "--split", "val", "--set", "metrics=[f_beta]"}, folder);
  CHECK_MESSAGE(measured.exit == 0, measured.err);
  CHECK(measured.out.find("val/f_beta ") != std::string::npos);
  const Finished on = run_dlcli({"train", "--resume=net", "--set", "metrics=[f_beta]"}, folder);
  CHECK(on.exit == 2);
  CHECK(on.err.find("trainer.checkpoint.best: expected one of val/loss, val/f_beta, got 'val/accuracy'") !=
        std::string::npos);
}

TEST_CASE("a checkpoint that is passed over is warned of once") {
  const Folder folder;
  train_once(folder, "runs");
  const std::filesystem::path checkpoints = folder / "runs/net-1/checkpoints";
  std::filesystem::copy(checkpoints / "step-00000001", checkpoints / "step-00000002");
  write(checkpoints / "step-00000002/state.json", "");
  const Finished done = run_dlcli({"eval", "net", "--split", "train"}, folder);
  CHECK(done.exit == 0);
  CHECK(
      done.err.starts_with("warning: step-00000002 is passed over: runs/net-1/checkpoints/step-00000002/state.json: "
                           "has 0 bytes; "));
  CHECK(done.err.find("warning:", 1) == std::string::npos);
}

TEST_CASE("a run is named from within its folder as from outside") {
  const Folder folder;
  train_once(folder, "runs");
  const std::filesystem::path run = folder / "runs/net-1";
  CHECK(run_dlcli({"eval", ".", "--split", "train"}, run).out.starts_with("net-1, step 1, "));
  REQUIRE(run_dlcli({"export", ".", "--to", "onnx"}, run).exit == 0);
  CHECK(std::filesystem::exists(run / "net-1-onnx/model.onnx"));
  REQUIRE(run_dlcli({"export", "runs/net-1/checkpoints/step-00000001/", "--to", "onnx"}, folder).exit == 0);
  CHECK(std::filesystem::exists(folder / "step-00000001-onnx/model.onnx"));
}
