// dlcli generate: a text continued by a network that was trained to predict what comes next.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <sstream>

#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/options.h"
#include "app/trained.h"
#include "lib/base/clock.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"
#include "lib/data/text/tokenized.h"
#include "lib/train/inference/evaluate.h"

namespace dl {
namespace {

// Tokens from text and back; of data without a vocabulary the tokens are numbers with spaces between.
class TextOfTokens {
 public:
  TextOfTokens(const Vocabulary* vocabulary, int64_t tokens) : vocabulary_(vocabulary), tokens_(tokens) {}

  std::vector<int32_t> encode(const std::string& prompt) const {
    std::vector<int32_t> numbers;
    if (vocabulary_) {
      try {
        const std::vector<uint32_t> encoded = vocabulary_->encode(prompt, {}).numbers;
        for (const uint32_t number : encoded) numbers.push_back(static_cast<int32_t>(number));
      } catch (const Error& error) {
        Problem problem = error.problems()[0];
        problem.path = "--prompt";
        problem.help = "write a prompt of what the training text is made of";
        throw Error(Exit::usage, problem);
      }
    } else {
      std::istringstream words(prompt);
      for (std::string word; words >> word;) {
        const std::optional<int64_t> number = integer_in(word);
        if (!number || *number < 0 || *number >= tokens_)
          throw Error(Exit::usage,
                      Problem{.path = "--prompt",
                              .what = concat("expected numbers from 0 to ", tokens_ - 1, ", got '", word, "'"),
                              .help = "write the tokens' numbers: this data has no vocabulary"});
        numbers.push_back(static_cast<int32_t>(*number));
      }
    }
    if (numbers.empty())
      throw Error(Exit::usage, Problem{.path = "--prompt",
                                       .what = "expected a token at least, got none",
                                       .help = "give a text to begin with"});
    return numbers;
  }

  // What is begun with where no prompt is given: a line's end, where the training text has such a token.
  std::string default_prompt() const {
    if (!vocabulary_)
      throw Error(Exit::usage, Problem{.path = "--prompt",
                                       .what = "is missing: this run's data are token numbers, without a vocabulary",
                                       .help = concat("write numbers from 0 to ", tokens_ - 1,
                                                      " with spaces between them: --prompt \"",
                                                      std::min<int64_t>(tokens_ - 1, 1), "\"")});
    for (const std::string& token : vocabulary_->tokens())
      if (token == "\n" || token == vocabulary_->tokenizer().line_end) return "\n";
    throw Error(Exit::usage, Problem{.path = "--prompt",
                                     .what = "is missing, and the training text has no line's end to begin with",
                                     .help = "give a text to begin with, of what the training text is made of"});
  }

  std::string decode(const std::vector<int32_t>& numbers) const {
    if (vocabulary_) return vocabulary_->decode(numbers);
    std::string text;
    for (const int32_t number : numbers) text += (text.empty() ? "" : " ") + std::to_string(number);
    return text;
  }

 private:
  const Vocabulary* vocabulary_;
  int64_t tokens_;
};

// How much of a text ends with a whole character: tokens may be parts of one.
size_t whole_characters(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if (byte >> 6 == 2) continue;
    return byte < 0xC0 || first_character(text.substr(text.size() - back)).valid ? text.size() : text.size() - back;
  }
  return text.size();
}

class Generate final : public Command {
 public:
  std::string summary() const override { return "continues a text with a trained network"; }
  std::vector<std::string> other_names() const override { return {"sample", "complete", "chat", "write"}; }

  void declare(CLI::App& app) override {
    app.add_option("RUN", what_, "a run, a checkpoint's folder, or a config: its newest run")->required();
    app.add_option("--prompt", prompt_, "the text to continue; if left out, a line's end")
        ->type_name("TEXT")
        ->check(any_text());
    app.add_option("--max-new-tokens", new_tokens_, "how many tokens are added (200)")
        ->type_name("N")
        ->check(whole_number(1, 100'000'000));
    app.add_option("--temperature", sampling_.temperature,
                   "below 1 likely tokens become likelier, above 1 less so; 0: always the likeliest (1)")
        ->type_name("T")
        ->check(number(0, 1e6));
    app.add_option("--top-k", sampling_.top_k, "only from the K likeliest; 0: from all (0)")
        ->type_name("K")
        ->check(whole_number(0, 1'000'000'000));
    app.add_option("--top-p", sampling_.top_p, "only from the likeliest that together have this probability (1)")
        ->type_name("P")
        ->check(number(0, 1));
    app.add_option("--seed", sampling_.seed, "of the draws; the same gives the same text (0)")->type_name("N");
    app.add_option("--checkpoint", checkpoint_, "best, last, step-120 or a folder; if left out, the best there is")
        ->type_name("WHICH");
    declare_runs(app, runs_);
    overrides_.declare_machine(app);
    declare_json(app, json_);
    examples(app, {{"dlcli generate nanogpt-cpu --prompt \"ROMEO:\"", "with the newest run's best weights"},
                   {"dlcli generate nanogpt-cpu --temperature 0.8 --top-k 200 --seed 7", "likelier text, another draw"},
                   {"dlcli generate nanogpt-cpu --max-new-tokens 1000 --json", "for scripts"}});
  }

  Exit run() override {
    const Trained trained = open_trained(what_, runs_, checkpoint_, overrides_.sets(), SetsToRead::none());
    Inference& inference = *trained.inference;
    Generation generation = inference.generation();  // refuses networks that continue nothing
    const TextOfTokens text(vocabulary(*trained.plan->data.train), trained.plan->network->output().shape.last());
    const std::string prompt = prompt_ ? *prompt_ : text.default_prompt();
    std::vector<int32_t> tokens = text.encode(prompt);
    const size_t given = tokens.size();
    std::string printed;
    const auto show = [&](bool last = false) {
      std::string all = text.decode(tokens);
      if (!last) all.resize(whole_characters(all));
      if (!json_) print(std::string_view(all).substr(std::min(printed.size(), all.size())));
      printed = all;
    };
    show();
    const double start = steady_seconds();
    while (tokens.size() < given + static_cast<size_t>(new_tokens_)) {
      tokens.push_back(draw_token(generation.next(tokens), sampling_, static_cast<int64_t>(tokens.size())));
      if (!json_) show();
    }
    const double seconds = steady_seconds() - start;
    if (!json_) {
      show(true);
      print("\n");
      return Exit::done;
    }
    const std::vector<int32_t> added(tokens.begin() + static_cast<std::ptrdiff_t>(given), tokens.end());
    Node numbers = Node::list({});
    for (const int32_t token : added) numbers.items.push_back(Node::integer(token));
    print(json_line(json_object({{"run", Node::string(trained.name)},
                                 {"checkpoint", Node::string(trained.checkpoint.folder.string())},
                                 {"step", Node::integer(trained.checkpoint.state.step)},
                                 {"prompt", Node::string(prompt)},
                                 {"text", Node::string(text.decode(tokens).substr(printed.size()))},
                                 {"tokens", numbers},
                                 {"time_s", Node::number(seconds)},
                                 {"tokens_per_s", Node::number(static_cast<double>(new_tokens_) / seconds)}})));
    return Exit::done;
  }

 private:
  std::string what_, checkpoint_;
  std::optional<std::string> prompt_;
  int64_t new_tokens_ = 200;
  Sampling sampling_;
  bool json_ = false;
  std::string runs_ = "runs";
  Overrides overrides_;
};

DL_COMMAND(Generate, "generate");

}  // namespace
}  // namespace dl
