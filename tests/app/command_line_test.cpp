// The command line: help, warnings, where a config is taken from, and what goes to which stream.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/app/run_dlcli.h"

using namespace dl::testing;

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
