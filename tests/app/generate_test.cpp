// Text continued by the built binary.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/app/run_dlcli.h"

using namespace dl::testing;
using nlohmann::json;

namespace {

const std::string config =
    "data:\n"
    "  train: {format: text, path: song.txt, length: 8, windows: random}\n"
    "  batch_size: 4\n"
    "model:\n"
    "  - embedding: {num_embeddings: '${data.vocabulary}', embedding_dim: 16}\n"
    "  - positional_embedding\n"
    "  - multi_head_attention: {num_heads: 2, causal: true}\n"
    "  - linear: ${data.vocabulary}\n"
    "loss: cross_entropy\n"
    "optimizer: {adam: {lr: 0.02}}\n"
    "trainer: {max_steps: 150}\n";

std::string song() {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "la le lu\n";
  return text;
}

}  // namespace

TEST_CASE("a run keeps its vocabulary: the text it was trained on may change or go") {
  Folder folder;
  write(folder / "song.txt", song());
  write(folder / "other.txt", "lulu lele\nla le lu la le lu\n");
  write(folder / "song.yaml", config);
  REQUIRE(run_dlcli({"train", "song.yaml", "--set", "trainer.max_steps=20"}, folder).exit == 0);
  CHECK(text_of(folder / "runs/song-1/resolved.yaml").find("tokens: \"%0A %20 a e l u\"") != std::string::npos);

  const auto generated = [&] { return run_dlcli({"generate", "song.yaml", "--prompt", "la", "--seed", "3"}, folder); };
  const auto evaluated = [&](const std::string& text) {
    return run_dlcli({"eval", "song", "--json", "--set", "data.test={format: text, path: " + text + ", length: 8}"},
                     folder);
  };
  const Finished text = generated(), figures = evaluated("other.txt");
  REQUIRE(text.exit == 0);
  REQUIRE(figures.exit == 0);
  const auto hold = [&] {
    CHECK(generated().out == text.out);
    CHECK(json::parse(evaluated("other.txt").out)["values"] == json::parse(figures.out)["values"]);
  };
  write(folder / "song.txt", "something else\n");
  hold();
  std::filesystem::remove(folder / "song.txt");
  hold();

  write(folder / "unknown.txt", "la le lo la le lu");
  const Finished unknown = evaluated("unknown.txt");
  CHECK(unknown.exit == 3);
  CHECK(
      unknown.err.ends_with("unknown.txt:1:8: data.test: 'o' is not one of the 6 tokens of the training text\n"
                            "  help: write 'unknown: <unk>' to take all such tokens as one\n"));
}

TEST_CASE("a network trained on a text goes on with it, the same for the same seed") {
  Folder folder;
  write(folder / "song.txt", song());
  write(folder / "song.yaml", config);
  REQUIRE(run_dlcli({"train", "song.yaml"}, folder).exit == 0);

  const Finished text =
      run_dlcli({"generate", "song", "--prompt", "la l", "--max-new-tokens", "14", "--temperature", "0"}, folder);
  CHECK(text.exit == 0);
  CHECK(text.err == "");
  CHECK(text.out == "la le lu\nla le lu\n\n");

  const std::vector<std::string> drawn{"generate", "song", "--max-new-tokens", "30",   "--temperature", "5",
                                       "--top-k",  "6",    "--top-p",          "0.95", "--json",        "--seed"};
  const auto with_seed = [&](const std::string& seed) {
    std::vector<std::string> arguments = drawn;
    arguments.push_back(seed);
    return json::parse(run_dlcli(arguments, folder).out);
  };
  const json one = with_seed("1");
  CHECK(one["prompt"] == "\n");
  CHECK(one["tokens"].size() == 30);
  CHECK(one["text"].get<std::string>().size() == 30);
  CHECK(with_seed("1")["text"] == one["text"]);
  CHECK(with_seed("2")["text"] != one["text"]);

  const Finished unknown = run_dlcli({"generate", "song", "--prompt", "lo"}, folder);
  CHECK(unknown.exit == 2);
  CHECK(unknown.err ==
        "error: --prompt: 'o' is not one of the 6 tokens of the training text\n"
        "  help: write a prompt of what the training text is made of\n");
  CHECK(run_dlcli({"generate", "song", "--prompt", ""}, folder).err ==
        "error: --prompt: expected a token at least, got none\n  help: give a text to begin with\n");
  CHECK(run_dlcli({"generate", "song", "--top-p", "2"}, folder).exit == 2);
}

TEST_CASE("generate says what it cannot begin with, and what it cannot continue") {
  Folder folder;
  write(folder / "song.txt", song());
  write(folder / "song.yaml", config);
  std::string line;
  for (int i = 0; i < 40; ++i) line += "la le lu ";
  write(folder / "line.txt", line);
  const auto trained = [&](const std::string& name, const std::vector<std::string>& sets) {
    std::vector<std::string> arguments{"train", "song.yaml", "-q", "--name", name, "--set", "trainer.max_steps=1"};
    for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
    REQUIRE(run_dlcli(arguments, folder).exit == 0);
  };
  trained("line", {"data.train.path=line.txt"});
  CHECK(run_dlcli({"generate", "line"}, folder).err ==
        "error: --prompt: is missing, and the training text has no line's end to begin with\n"
        "  help: give a text to begin with, of what the training text is made of\n");
  CHECK(run_dlcli({"generate", "line", "--prompt", "la"}, folder).exit == 0);

  std::string tokens;
  for (int i = 0; i < 400; ++i) tokens += {static_cast<char>(i % 7), '\0'};
  write(folder / "numbers.bin", tokens);
  write(folder / "song.yaml",
        "data:\n"
        "  train: {format: tokens, path: numbers.bin, vocabulary: 7, length: 8}\n"
        "  batch_size: 4\n" +
            config.substr(config.find("model:")));
  trained("numbers", {});
  CHECK(run_dlcli({"generate", "numbers"}, folder).err ==
        "error: --prompt: is missing: this run's data are token numbers, without a vocabulary\n"
        "  help: write numbers from 0 to 6 with spaces between them: --prompt \"1\"\n");

  write(folder / "song.yaml",
        "data: {train: {format: random, shape: [4], dtype: f32, classes: 3, samples: 8}}\n"
        "model: [linear: 3]\n" +
            config.substr(config.find("loss:")));
  trained("classes", {});
  for (const char* prompt : {"hi", ""})
    CHECK(run_dlcli({"generate", "classes", "--prompt", prompt}, folder).err ==
          "error: model: expected a network from tokens [length] to values [length, tokens], got f32 [4] to [3]\n"
          "  help: name a run that was trained to continue text\n");
}
