// Tables by the built binary: what was fitted in training is kept with the run and used afterwards.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/app/run_dlcli.h"

using namespace dl::testing;
using nlohmann::json;

namespace {

// 80 flowers whose kind follows from size and colour.
std::string flowers() {
  std::string text = "size,colour,kind\n";
  for (int i = 0; i < 80; ++i) {
    const bool large = i % 4 >= 2;
    text += (i % 9 ? std::to_string(large ? 90 + i % 7 : 10 + i % 7) : "?") + (i % 2 ? ",red," : ",blue,") +
            (large ? "rose\n" : "violet\n");
  }
  return text;
}

const std::string tables_config =
    "data:\n"
    "  train: {format: csv, path: flowers.csv, target: kind}\n"
    "  validation: {fraction: 0.25, stratified: true}\n"
    "  batch_size: 10\n"
    "model: [{linear: 8}, relu, {linear: '${data.classes}'}]\n"
    "loss: cross_entropy\n"
    "metrics: [accuracy]\n"
    "optimizer: {adam: {lr: 0.05}}\n"
    "trainer: {max_epochs: 10}\n";

}  // namespace

TEST_CASE("a category that looks like a reference is kept as what it is") {
  Folder folder;
  std::string text = flowers();
  for (size_t at; (at = text.find(",red,")) != std::string::npos;) text.replace(at, 5, ",${red},");
  write(folder / "flowers.csv", text);
  write(folder / "garden.yaml", tables_config);
  const Finished trained = run_dlcli({"train", "garden.yaml"}, folder);
  REQUIRE(trained.exit == 0);
  CHECK(text_of(folder / "runs/garden-1/resolved.yaml").find("categories: [\"$${red}\", blue]") != std::string::npos);
  write(folder / "new.csv", "colour,size\n${red},95\nblue,11\n");
  const Finished predicted = run_dlcli({"predict", "garden", "new.csv"}, folder);
  CHECK(predicted.exit == 0);
  CHECK(predicted.out.starts_with("input,class,probability\n0,rose,"));
  CHECK(predicted.out.find("\n1,violet,") != std::string::npos);
}

TEST_CASE("a run is measured by what it held out, not by samples that it was trained on") {
  Folder folder;
  write(folder / "flowers.csv", flowers());
  write(folder / "garden.yaml", tables_config);
  REQUIRE(run_dlcli({"train", "garden.yaml", "-q", "--set", "trainer.max_epochs=1"}, folder).exit == 0);
  CHECK(run_dlcli({"eval", "garden", "--split", "val"}, folder).exit == 0);
  const Finished other = run_dlcli({"eval", "garden", "--split", "val", "--set", "seed=3"}, folder);
  CHECK(other.exit == 2);
  CHECK(other.err ==
        "error: --set seed=3: seed: other samples would be held out than the run was not trained on\n"
        "  help: leave it out\n");
  CHECK(run_dlcli({"eval", "garden", "--split", "val", "--set", "data.validation.fraction=0.5"}, folder).exit == 2);
}

TEST_CASE("a table is trained on, and its fit goes with the checkpoint") {
  Folder folder;
  write(folder / "flowers.csv", flowers());
  write(folder / "garden.yaml", tables_config);
  const Finished trained = run_dlcli({"train", "garden.yaml"}, folder);
  REQUIRE(trained.exit == 0);
  CHECK(trained.out.find("60 samples, 20 for validation") != std::string::npos);
  CHECK(text_of(folder / "runs/garden-1/resolved.yaml").find("categories: [blue, red]") != std::string::npos);

  write(folder / "new.csv", "colour,size\nred,95\nblue,11\n");
  const Finished before = run_dlcli({"predict", "garden", "new.csv"}, folder);
  REQUIRE(before.exit == 0);
  CHECK(before.out.starts_with("input,class,probability\n0,rose,"));
  CHECK(before.out.find("\n1,violet,") != std::string::npos);

  // Other training data would fit otherwise; the run's own fit is used.
  write(folder / "flowers.csv", "size,colour,kind\n1,green,rose\n2,white,violet\n3,green,rose\n4,white,violet\n");
  const Finished after = run_dlcli({"predict", "garden", "new.csv"}, folder);
  CHECK(after.exit == 0);
  CHECK(after.out == before.out);
  std::filesystem::remove(folder / "flowers.csv");
  CHECK(run_dlcli({"predict", "garden", "new.csv"}, folder).out == before.out);
  CHECK(run_dlcli({"summary", "garden"}, folder).exit == 0);
  CHECK(run_dlcli({"eval", "garden", "--split", "val"}, folder).err.find("'flowers.csv' is not there") !=
        std::string::npos);
  CHECK(run_dlcli({"predict", "garden", "new.csv", "new.csv"}, folder).err ==
        "error: dlcli predict: expected one file of rows, got 2\n  help: call it once for each\n");
}

TEST_CASE("a target of numbers is trained on standardised, and figures and predictions are in its own units") {
  Folder folder;
  std::string text = "size,town,price\n";
  for (int i = 0; i < 100; ++i)
    text += std::to_string(i) + (i % 2 ? ",A," : ",B,") + std::to_string(100000 + 2000 * i) + "\n";
  write(folder / "houses.csv", text);
  write(folder / "houses.yaml",
        "data:\n"
        "  train: {format: csv, path: houses.csv, target: price}\n"
        "  validation: {fraction: 0.2}\n"
        "  batch_size: 20\n"
        "model: [{linear: 1}]\n"
        "loss: mse\n"
        "metrics: [rmse]\n"
        "optimizer: {adam: {lr: 0.05}}\n"
        "trainer: {max_epochs: 60}\n");
  REQUIRE(run_dlcli({"train", "houses.yaml"}, folder).exit == 0);
  const json result = json::parse(run_dlcli({"eval", "houses", "--split", "val", "--json"}, folder).out).at("values");
  const double loss = result.at("val/loss"), rmse = result.at("val/rmse"),
               deviation = 57735;  // about, of 0 … 99 * 2000
  CHECK(loss < 0.01);
  CHECK(rmse == doctest::Approx(std::sqrt(loss) * deviation).epsilon(0.2));
  write(folder / "new.csv", "size,town\n50,A\n");
  const json prediction = json::parse(run_dlcli({"predict", "houses", "new.csv", "--format", "jsonl"}, folder).out);
  CHECK(prediction.at("prediction") == doctest::Approx(200000).epsilon(0.05));
}

TEST_CASE("several targets of each position of a series stand beside what is predicted of them") {
  Folder folder;
  std::string hours = "load,heat\n";
  for (int i = 0; i < 20; ++i) hours += std::to_string(i) + "," + std::to_string(100 + i) + "\n";
  write(folder / "hours.csv", hours);
  write(folder / "hours.yaml",
        "data: {train: {format: series, path: hours.csv, length: 2, horizon: 2, normalize: none}}\n"
        "model: [linear: 2]\nloss: mse\noptimizer: {sgd: {lr: 1e-9}}\ntrainer: {max_steps: 1}\n");
  const Finished trained = run_dlcli({"train", "hours.yaml", "-q"}, folder);
  REQUIRE_MESSAGE(trained.exit == 0, trained.err);
  const auto said = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"predict", "hours", "--data", "train", "--first", "2"});
    return run_dlcli(more, folder).out;
  };
  std::istringstream lines(said({}));
  std::string line;
  REQUIRE(std::getline(lines, line));
  CHECK(line == "input,position,output_load,output_heat,target_load,target_heat,place");
  for (const char* targets : {",2,102,hours.csv:", ",3,103,hours.csv:", ",3,103,hours.csv:", ",4,104,hours.csv:"}) {
    REQUIRE(std::getline(lines, line));
    CHECK_MESSAGE(line.find(targets) != std::string::npos, line);
  }
  CHECK(said({"--format", "jsonl"}).find("\"targets\": [[2, 102], [3, 103]]") != std::string::npos);
}
