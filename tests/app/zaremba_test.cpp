// Zaremba's recipes on a small text in the place of Penn Treebank, which may not be passed on.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/app/run_dlcli.h"

using namespace dl::testing;
using nlohmann::json;

namespace {

// Lines of six words, as Mikolov's files have them.
std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += " word" + std::to_string(i % 7) + " <unk> of N word" + std::to_string(i % 5) + " it \n";
  return text;
}

struct Treebank : Folder {
  Treebank() {
    write("ptb/ptb.train.txt", lines(150));
    write("ptb/ptb.valid.txt", lines(110));
    write("ptb/ptb.test.txt", lines(110) + "new words\n");
  }
  Finished run(std::vector<std::string> arguments) const {
    return run_dlcli(arguments, path, {"DLCLI_DATA=" + path.string()});
  }
};

const std::string configs = source_dir() + "/configs/zaremba-lstm-";

}  // namespace

TEST_CASE(
    "Zaremba's small network halves its learning rate from the fifth epoch on, and takes words it does not know") {
  const Treebank folder;
  const Finished trained = folder.run(
      {"train", configs + "small.yaml", "--set", "trainer.max_epochs=6", "--set", "trainer.log_every_n_steps=1"});
  REQUIRE_MESSAGE(trained.exit == 0, trained.err);
  std::istringstream records(text_of(folder / "runs/zaremba-lstm-small-1/metrics.jsonl"));
  std::vector<double> rates;
  for (std::string line; std::getline(records, line);)
    if (const json record = json::parse(line); record.contains("lr")) rates.push_back(record["lr"]);
  // 1,050 tokens are 52 windows: two batches of 20 rows that go on.
  CHECK(rates == std::vector<double>{20, 20, 20, 20, 20, 20, 20, 20, 10, 10, 5, 5});
  const Finished figures = folder.run({"eval", "zaremba-lstm-small", "--json"});
  CHECK(figures.exit == 0);
  CHECK(json::parse(figures.out)["values"].contains("test/perplexity"));
  CHECK(folder.run({"generate", "zaremba-lstm-small", "--prompt", "never seen", "--max-new-tokens", "3"})
            .out.starts_with("<unk> <unk> "));
}

TEST_CASE("Zaremba's medium network is what the paper says, and without the treebank it is said how to get it") {
  const Treebank folder;
  const Finished checked = folder.run({"check", configs + "medium.yaml", "--resolved"});
  REQUIRE_MESSAGE(checked.exit == 0, checked.err);
  for (const char* key : {"hidden_size: 650", "dropout: 0.5", "uniform: {bound: 0.05, mean: 0}", "lr: 35", "length: 35",
                          "gradient_clip_val: 0.14285714285714285", "max_epochs: 39"})
    CHECK_MESSAGE(checked.out.find(key) != std::string::npos, key);
  const Folder empty;
  const Finished missing = run_dlcli({"check", configs + "medium.yaml"}, empty);
  CHECK(missing.exit == 3);
  CHECK(missing.err.find("'ptb.train.txt' is not there; looked in ") != std::string::npos);
  CHECK(missing.err.find("help: get it with: mkdir -p datasets/ptb && curl -L "
                         "http://www.fit.vutbr.cz/~imikolov/rnnlm/simple-examples.tgz | ") != std::string::npos);
}
