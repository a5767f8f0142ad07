// A config for a text whose next character is to be predicted.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "app/look/look.h"
#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/data/token_line.h"

namespace dl {
namespace {

constexpr uint64_t most_bytes = uint64_t{1} << 30;
constexpr double end_of_training = 0.9;

constexpr const char* blocks =
    "blocks:\n"
    "  # A transformer's block: each position looks at those before it, then two linear maps; both are added to it.\n"
    "  gpt_block:\n"
    "    params: {width: , heads: , dropout: 0}\n"
    "    layers:\n"
    "      - layer_norm\n"
    "      - multi_head_attention: {num_heads: \"${heads}\", causal: true, init: {normal: 0.02}, out_init: {normal: "
    "0.01}}\n"
    "      - dropout: ${dropout}\n"
    "        name: seen\n"
    "      - add:\n"
    "        name: attended\n"
    "        from: [seen, x]\n"
    "      - layer_norm\n"
    "      - linear: {out_features: \"${4 * width}\", init: {normal: 0.02}}\n"
    "      - gelu\n"
    "      - linear: {out_features: \"${width}\", init: {normal: 0.01}}\n"
    "      - dropout: ${dropout}\n"
    "        name: thought\n"
    "      - add:\n"
    "        from: [thought, attended]\n";

}  // namespace

Look look_at_text(const std::filesystem::path& file, const LookOptions& options) {
  const std::string text = read_file(file, most_bytes);
  const bool bytes = !valid_utf8(text);
  const auto refuse = [&](const std::string& what, const std::string& help) {
    throw Error(Exit::data, Problem{.where = {.file = file.string()}, .what = what, .help = help});
  };
  if (text.find('\0') != text.npos)
    refuse("expected images in folders, a table, arrays or a text, found bytes of none of these",
           "name the file or the folder that has the data");
  int64_t characters = 0, lines = std::ranges::count(text, '\n');
  std::set<std::string, std::less<>> before, behind;
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  const int64_t all = bytes ? std::ssize(text) : std::ranges::count_if(text, begins);
  const auto end = static_cast<int64_t>(end_of_training * static_cast<double>(all));
  for (size_t at = 0; at < text.size(); ++characters) {
    const size_t length = bytes ? 1 : character_bytes(std::string_view(text).substr(at));
    const std::string_view character = std::string_view(text).substr(at, length);
    auto& kinds = characters < end ? before : behind;
    if (!kinds.contains(character)) kinds.emplace(character);
    at += length;
  }
  const int64_t length = characters >= 20000 ? 64 : 32;
  if (characters < 20 * length)
    refuse(concat("expected a text of ", 20 * length, " characters at least to learn from, found ", characters),
           "get a longer one");
  const bool has_new =
      std::ranges::any_of(behind, [&](const std::string& character) { return !before.contains(character); });

  Look look;
  look.found.push_back(concat(file.filename().string(), ": a text of ", characters, bytes ? " bytes" : " characters",
                              ", ", before.size(), " different ones, in ", count_of(lines + 1, "line")));
  if (bytes) look.found.push_back("it is not UTF-8, so its bytes are taken");
  if (has_new) look.found.push_back("its last tenth has characters that the others lack; they count as unknown");
  const int64_t steps = characters >= 200000 ? 2000 : characters >= 20000 ? 1000 : 500;
  const int64_t width = characters >= 200000 ? 128 : 64, heads = 4, depth = characters >= 200000 ? 4 : 2;
  const std::string dropout = characters >= 200000 ? "" : ", dropout: 0.1";
  const auto reader = [&](const char* part) {
    return concat("{format: text, path: ", yaml_path(file, options), bytes ? ", level: bytes" : "",
                  has_new ? ", unknown: \"\\uFFFD\"" : "", ", length: ", length, part, "}\n");
  };
  look.config = concat(
      "data:\n  train: ", reader(", windows: random, end: 0.9"), "  validation: ", reader(", begin: 0.9"),
      "  batch_size: 16\n", blocks,
      "model:\n  - embedding: {num_embeddings: \"${data.vocabulary}\", embedding_dim: ", width,
      ", init: {normal: 0.02}}\n  - positional_embedding: {init: {normal: 0.02}}\n  - gpt_block: {width: ", width,
      ", heads: ", heads, dropout, "}\n    repeat: ", depth,
      "\n  - layer_norm\n  - linear: ${data.vocabulary}\nloss: cross_entropy\nmetrics: [perplexity, accuracy]\n",
      "optimizer: {adamw: {lr: 2e-3, betas: [0.9, 0.99], weight_decay: 0.1}}\n",
      "schedule: {cosine: {warmup: 100 steps, min_factor: 0.1}}\ntrainer:\n  max_steps: ", steps,
      "\n  val_check_interval: ", steps / 8, " steps\n  gradient_clip_val: 1.0\n  checkpoint: {every: ", steps / 8,
      " steps, keep: 1, best: val/loss}\n");
  look.chosen.push_back(concat("a transformer of ", depth, " blocks, ", width, " wide, that sees ", length,
                               bytes ? " bytes" : " characters", "; the last tenth for validation; ", steps, " steps"));
  return look;
}

}  // namespace dl
