// What can be trained but is likely not meant is told while a config is planned.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/doubts/doubts.h"

#include <doctest/doctest.h>

#include "tests/npy.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

const std::string before = R"(
data: {train: {format: idx, images: images.idx, labels: labels.idx}, batch_size: 16}
optimizer: {sgd: {lr: 0.1}}
trainer: {max_epochs: 3}
)";

// The warnings of a config, without the folder; "" where there are none.
std::string doubts(const std::string& config, const std::vector<std::string>& sets = {}, int samples = 181) {
  const Workplace place(config, samples);
  std::string text;
  const auto plan = place.plan(sets);
  for (const Problem& warning : plan->warnings) text += problem_text(warning) + "\n";
  return replaced(text, {{place / "", ""}});
}

std::string ending(const std::string& end, const std::string& loss = "cross_entropy") {
  return doubts(before + "loss: " + loss + "\nmodel: [flatten, linear: 4" + end + "]\n");
}

}  // namespace

TEST_CASE("a classifier that ends with values before the loss's own activation is not doubted") {
  CHECK(ending("") == "");
  CHECK(ending(", {linear: 4}") == "");
  CHECK(ending(", batch_norm") == "");
  CHECK(ending(", dropout: 0.1") == "");
  CHECK(ending(", relu, {linear: 4}") == "");
}

TEST_CASE("an activation between the last weights and cross_entropy is told, whatever rearranges its values") {
  const std::string softmax =
      "small.yaml:6:29: model[2] (softmax): 'cross_entropy' applies a softmax itself: it takes the values before\n"
      "  help: remove 'softmax'; what 'predict' tells are probabilities all the same\n";
  CHECK(ending(", softmax") == softmax);
  CHECK(ending(", softmax, dropout: 0.2, flatten") == softmax);
  CHECK(
      ending(", relu") ==
      "small.yaml:6:29: model[2] (relu): 'cross_entropy' takes values before a softmax, of any size and sign; those of "
      "'relu' are never below 0\n"
      "  help: remove 'relu' at the end\n");
  CHECK(ending(", gelu").find("those of 'gelu' are never below -0.17\n") != std::string::npos);
  CHECK(ending("", "nll") ==
        "small.yaml:6:18: model[1] (linear): 'nll' takes logarithms of probabilities, which 'linear' does not give\n"
        "  help: take 'cross_entropy', which has the softmax and the logarithm in it\n");
  CHECK(ending(", softmax", "nll").find("  help: remove 'softmax', and take 'cross_entropy': it has both in it\n") !=
        std::string::npos);
}

TEST_CASE("an activation at the end of a block is told with the block") {
  const std::string said = doubts(before + R"(loss: cross_entropy
blocks:
  head:
    layers: [linear: 4, softmax]
model:
  - flatten
  - head
)");
  CHECK(said.find("(softmax): 'cross_entropy' applies a softmax itself: it takes the values before\n") !=
        std::string::npos);
}

TEST_CASE("more values than classes are told") {
  CHECK(doubts(before + "loss: cross_entropy\nmodel: [flatten, linear: 100]\n") ==
        "small.yaml:6:8: model: the model ends with 100 values, the data have 4 classes\n"
        "  help: end the model with 'linear: ${data.classes}'\n");
}

TEST_CASE("numbers of tokens that a layer weighs as quantities are told") {
  const auto said = [](const std::string& layers) {
    return doubts(
        "data: {train: {format: random, shape: [9], vocabulary: 11, classes: 2, samples: 8}, batch_size: 2}\n"
        "model: [" +
        layers + "]\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
  };
  CHECK(said("linear: 2") ==
        "small.yaml:2:9: model[0] (linear): takes the numbers of 'x', which only count 11 different things, for "
        "quantities\n"
        "  help: put 'embedding: {num_embeddings: ${data.vocabulary}, embedding_dim: 32}' before it; where they are "
        "quantities save them by .astype(numpy.float32)\n");
  CHECK(said("unflatten: [-1, 1], lstm: {hidden_size: 3, return_sequences: false}, linear: 2")
            .starts_with("small.yaml:2:29: model[1] (lstm): takes the numbers of 'x'"));
  CHECK(said("embedding: {num_embeddings: 11, embedding_dim: 4}, global_avg_pool1d, linear: 2") == "");
  const Workplace place(
      "data: {train: {format: csv, path: a.csv, target: kind, columns: {town: {as: index}}}, batch_size: 2}\n"
      "model: [{unsqueeze: 1, from: town, name: t}, {concat: , from: [x, t]}, linear: 2]\n"
      "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
  place.write("a.csv", "n,town,kind\n1,a,p\n2,b,q\n3,a,p\n4,b,q\n");
  const auto plan = place.plan();
  CHECK(std::ranges::count_if(plan->warnings, [](const Problem& warning) {
          return warning.path == "model[2] (linear)" &&
                 warning.what == "takes the numbers of 'town', which only count 3 different things, for quantities";
        }) == 1);
  CHECK(place.refusal({"model=[{concat: , from: [x, town]}, {linear: 2}]"})
            .ends_with("  help: put 'embedding' before the whole numbers among them"));

  const Workplace pixels(
      "data: {train: {format: npy, fields: {x: x.npy, y: y.npy}}, batch_size: 2}\n"
      "model: [{conv2d: {out_channels: 2, kernel_size: 2}}, flatten, linear: 2]\n"
      "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
  std::vector<int64_t> values(4 * 3 * 3);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int64_t>(7 * i % 256);
  pixels.write("x.npy", npy("<i8", "(4, 3, 3, 1)", bytes(values)));
  pixels.write("y.npy", npy("<i8", "(4,)", bytes(std::vector<int64_t>{0, 1, 0, 1})));
  const auto of_pixels = pixels.plan();
  CHECK(std::ranges::count_if(of_pixels->warnings, [](const Problem& warning) {
          return warning.path == "model[0] (conv2d)" &&
                 warning.help.ends_with("' before it; where they are pixels save them by .astype(numpy.uint8)");
        }) == 1);
}

TEST_CASE("a network that sees the token which it is to say is told, one that does not is not") {
  const auto said = [](const std::string& layer) {
    const Workplace place(
        "data: {train: {format: text, path: song.txt, length: 8}, batch_size: 2}\n"
        "model:\n"
        "  - embedding: {num_embeddings: \"${data.vocabulary}\", embedding_dim: 4}\n"
        "  - " +
        layer +
        "\n"
        "  - linear: ${data.vocabulary}\n"
        "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
    place.write("song.txt", "la la li la lo li la la li lo la li la la lo li la li lo la");
    const auto plan = place.plan();
    std::string text;
    for (const Problem& warning : plan->warnings)
      if (warning.path.starts_with("model")) text += problem_text(warning) + "\n";
    return replaced(text, {{place / "", ""}});
  };
  const auto told = [](const std::string& layer, const std::string& help) {
    return "small.yaml:4:5: model[1] (" + layer +
           "): sees the tokens behind each place, of which the first is the one to be predicted\n  help: write '" +
           help + "'\n";
  };
  CHECK(said("multi_head_attention: 2") == told("multi_head_attention", "causal: true"));
  CHECK(said("multi_head_attention: {num_heads: 2, causal: true}") == "");
  CHECK(said("transformer_encoder_layer: 2") == told("transformer_encoder_layer", "causal: true"));
  CHECK(said("lstm: {hidden_size: 3, bidirectional: true}") == told("lstm", "bidirectional: false"));
  CHECK(said("lstm: 3") == "");
  CHECK(said("conv1d: {out_channels: 4, kernel_size: 3, padding: same}") == told("conv1d", "padding: causal"));
  CHECK(said("conv1d: {out_channels: 4, kernel_size: 3, padding: causal}") == "");
  CHECK(said("conv1d: {out_channels: 4, kernel_size: 1}") == "");
}

TEST_CASE("a vocabulary may be padded, but its embedding must have a row for each token") {
  const auto said = [](int rows, int values) {
    return doubts(
        concat("data: {train: {format: random, shape: [9], vocabulary: 11, samples: 8}, batch_size: 2}\n"
               "model:\n  - embedding: {num_embeddings: ",
               rows, ", embedding_dim: 4}\n  - linear: ", values,
               "\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n"));
  };
  CHECK(said(16, 16) == "");
  CHECK(said(10, 11) ==
        "small.yaml:3:5: model[0] (embedding): the table has 10 rows, 'x' counts 11 different numbers\n"
        "  help: write 'num_embeddings: ${data.vocabulary}'\n");
}

TEST_CASE("an input that the prediction does not depend on is told") {
  CHECK(doubts("data: {train: {format: two_inputs}, batch_size: 8}\nmodel: [linear: 1]\nloss: mse\n"
               "optimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n") ==
        "small.yaml:2:8: model: no layer that the prediction depends on reads the input 'count'\n"
        "  help: name it in a layer's 'from:', or leave it out of the data\n");
}

TEST_CASE("a layer that no loss depends on is told, unless it is frozen") {
  const std::string model = before +
                            "loss: cross_entropy\n"
                            "model:\n"
                            "  - flatten:\n"
                            "    name: seen\n"
                            "  - linear: 8\n"
                            "  - linear: 4\n"
                            "    name: aside\n"
                            "  - linear: 4\n"
                            "    from: seen\n";
  CHECK(doubts(model) ==
        "small.yaml:9:5: model[1] (linear): no loss depends on what it gives, so that its parameters are not trained; "
        "nor on 1 other layer\n"
        "  help: name it in a layer's 'from:', or its item in a loss's 'output:'; or take it out\n");
  CHECK(doubts(model, {"freeze=[\"1\", aside]"}) == "");
  CHECK(doubts(model + "    name: read\n  - add:\n    from: [read, aside]\n") == "");
}

TEST_CASE("batch_norm of single samples is refused, and a single sample at an epoch's end is told") {
  const std::string features =
      before + "loss: cross_entropy\nmodel: [flatten, linear: 8, batch_norm, relu, linear: 4]\n";
  const std::string images =
      before +
      "loss: cross_entropy\nmodel: [{conv2d: {out_channels: 4, kernel_size: 3}}, batch_norm, flatten, linear: 4]\n";
  CHECK(doubts(features) == "");
  CHECK(
      doubts(features, {"data.batch_size=15"}) ==
      "small.yaml:6:29: model[2] (batch_norm): the last batch of an epoch is a single sample (181 of 15), which has no "
      "deviation to normalize by\n"
      "  help: write 'data.drop_last: true'\n");
  CHECK(doubts(features, {"data.batch_size=15", "data.drop_last=true"}) == "");
  CHECK(doubts(images, {"data.batch_size=15"}) == "");
  CHECK(doubts(images, {"data.batch_size=1"}) == "");
  const Workplace place(features);
  CHECK(place.refusal({"data.batch_size=1"}) ==
        "error: --set data.batch_size=1: data.batch_size: a batch of one sample has one value of each channel, and the "
        "layer '2' normalizes over the batch: it expects more than one\n"
        "  help: raise it");
}

TEST_CASE("a difference in a column's own units is told where targets are normalized") {
  const auto doubts_of = [](const std::string& normalize, const std::string& loss) {
    const Workplace place("data: {train: {format: csv, path: t.csv, target: {column: y, normalize: " + normalize +
                          "}}, batch_size: 4}\nmodel: [linear: 1]\nloss: " + loss +
                          "\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 3}\n");
    std::string rows = "a,y\n";
    for (int i = 0; i < 12; ++i) rows += concat(i, ",", i * i % 7, "\n");
    place.write("t.csv", rows);
    std::string text;
    const auto plan = place.plan();
    for (const Problem& warning : plan->warnings) text += problem_text(warning) + "\n";
    return replaced(text, {{place / "", ""}});
  };
  CHECK(doubts_of("standard", "{huber: 50}") ==
        "small.yaml:3:8: loss (huber): 'delta' is 50 deviations, as the targets are normalized: nearly none is so far "
        "off\n"
        "  help: write 'target: {column: y, normalize: none}', or lower it\n");
  CHECK(doubts_of("standard", "{smooth_l1: 2}") == "");
  CHECK(doubts_of("none", "{huber: 50}") == "");
}

TEST_CASE("figures of the class that nearly all samples are of, and not of the rare one, are told") {
  const Workplace place(
      "data: {train: {format: csv, path: t.csv, target: kind}, batch_size: 4}\nmodel: [linear: 2]\nloss: "
      "cross_entropy\n"
      "metrics: [precision, {recall: {positive: fraud}}, accuracy]\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: "
      "3}\n");
  std::string rows = "a,kind\n";
  for (int i = 0; i < 20; ++i) rows += concat(i, i == 3 ? ",fraud\n" : ",legit\n");
  place.write("t.csv", rows);
  std::string text;
  const auto plan = place.plan();
  for (const Problem& warning : plan->warnings) text += problem_text(warning) + "\n";
  CHECK(replaced(text, {{place / "", ""}}) ==
        "small.yaml:4:11: metrics[0] (precision): is of the class 'legit', as 19 of 20 training samples are\n"
        "  help: write 'precision: {positive: fraud}'\n");
}

TEST_CASE("rare classes that are both drawn more often and weigh more are told") {
  const auto doubts_of = [](const std::string& balanced, const std::string& loss) {
    return doubts("data: {train: {format: idx, images: images.idx, labels: labels.idx}, batch_size: 16, balanced: " +
                  balanced + "}\nmodel: [flatten, linear: 4]\nloss: {cross_entropy: " + loss +
                  "}\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 3}\n");
  };
  CHECK(
      doubts_of("true", "{weight: balanced}") ==
      "small.yaml:3:8: loss (cross_entropy): 'weight' makes up for rare classes, which 'data.balanced' draws as often "
      "as others\n"
      "  help: keep one of them\n");
  CHECK(doubts_of("true", "{weight: [1, 1, 1, 1]}") == "");
  CHECK(doubts_of("true", "{}") == "");
  CHECK(doubts_of("false", "{weight: balanced}") == "");
}

TEST_CASE("an activation that does not reach numbers with mean 0 is told, one that reaches those from 0 to 1 is not") {
  const auto doubts_of = [](const std::string& normalize, const std::string& end) {
    const Workplace place("data: {train: {format: csv, path: t.csv, target: {column: y, normalize: " + normalize +
                          "}}, batch_size: 4}\nmodel: [linear: 1, " + end +
                          "]\nloss: mse\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 3}\n");
    std::string rows = "a,y\n";
    for (int i = 0; i < 12; ++i) rows += concat(i, ",", i * i % 7, "\n");
    place.write("t.csv", rows);
    std::string text;
    const auto plan = place.plan();
    for (const Problem& warning : plan->warnings) text += problem_text(warning) + "\n";
    return replaced(text, {{place / "", ""}});
  };
  CHECK(doubts_of("standard", "sigmoid") ==
        "small.yaml:2:20: model[1] (sigmoid): what 'sigmoid' gives is never below 0, but the targets are normalized: "
        "half of them are\n"
        "  help: remove 'sigmoid' at the end\n");
  CHECK(doubts_of("standard", "tanh") ==
        "small.yaml:2:20: model[1] (tanh): what 'tanh' gives is never beyond -1 and 1, but the targets are normalized: "
        "many of them are\n"
        "  help: remove 'tanh' at the end\n");
  CHECK(doubts_of("minmax", "sigmoid") == "");
  CHECK(doubts_of("none", "relu") == "");
}

TEST_CASE("learning rates that no run survives are told, those of papers are not") {
  CHECK(doubts(small_config, {"optimizer={adamw: {lr: 1}}"}) ==
        "--set optimizer={adamw: {lr: 1}}: optimizer.adamw.lr: a learning rate of 1 is more than 'adamw' bears\n"
        "  help: lower it; begin with 0.001\n");
  CHECK(doubts(small_config, {"optimizer={sgd: {lr: 1e3}}"}) ==
        "--set optimizer={sgd: {lr: 1e3}}: optimizer.sgd.lr: a learning rate of 1000 is more than 'sgd' bears\n"
        "  help: lower it; begin with 0.01\n");
  CHECK(doubts(small_config, {"optimizer={sgd: {lr: 1.6}}"}) == "");
  CHECK(doubts(small_config, {"optimizer={adamw: {lr: 0.1}}"}) == "");
}

TEST_CASE("schedules that the run does not live to see are told") {
  CHECK(
      doubts(small_config, {"schedule={cosine: {warmup: 4 epochs}}"}) ==
      "--set schedule={cosine: {warmup: 4 epochs}}: schedule: the warm-up takes 4 epochs, the run ends after 27 steps: "
      "before the rate is whole\n"
      "  help: make the warm-up shorter, or the run longer\n");
  CHECK(doubts(small_config, {"schedule={step: {every: 30 epochs}}"}) ==
        "--set schedule={step: {every: 30 epochs}}: schedule: 'step' changes nothing within the 27 steps of the run\n"
        "  help: make its times shorter, or the run longer\n");
  CHECK(doubts(small_config, {"schedule={step: {every: 2 epochs}}"}) == "");
  CHECK(doubts(small_config, {"schedule={constant: {warmup: 5 steps}}"}) == "");
  CHECK(doubts(small_config, {"schedule={step: {every: 30 epochs}}", "trainer.fast_dev_run=true"}) == "");
}

TEST_CASE("a schedule of a rate that the optimizer reads once is told") {
  CHECK(doubts(small_config, {"optimizer=rprop", "schedule=cosine"}) ==
        "--set schedule=cosine: schedule: 'rprop' takes its learning rate for the first step alone: 'cosine' changes "
        "nothing behind it\n"
        "  help: leave 'schedule' out, or take another optimizer\n");
  CHECK(doubts(small_config, {"optimizer=rprop", "schedule=null"}) == "");
}

TEST_CASE("a warm-up over the whole run is a test of rates, however high the last") {
  CHECK(doubts(small_config, {"schedule={constant: {warmup: 27 steps}}", "optimizer={sgd: {lr: 50}}"}) == "");
  CHECK(doubts(small_config, {"schedule={constant: {warmup: 28 steps}}"}) != "");
}

TEST_CASE("updates of more batches than an epoch has are told") {
  CHECK(
      doubts(small_config, {"trainer.accumulate_grad_batches=10"}) ==
      "--set trainer.accumulate_grad_batches=10: trainer.accumulate_grad_batches: an update takes 10 batches, an epoch "
      "has 9: each is of fewer\n"
      "  help: lower it\n");
}

TEST_CASE("modes that take the worse of a figure for the better are told") {
  CHECK(
      doubts(small_config, {"trainer.checkpoint.mode=min"}) ==
      "--set trainer.checkpoint.mode=min: trainer.checkpoint.mode: 'min' takes the worse values of 'val/accuracy' for "
      "the better\n"
      "  help: leave 'mode' out, which is as 'mode: max' then\n");
  CHECK(
      doubts(small_config, {"trainer.early_stopping={monitor: val/loss, mode: max}"}) ==
      "--set trainer.early_stopping={monitor: val/loss, mode: max}: trainer.early_stopping.mode: 'max' takes the worse "
      "values of 'val/loss' for the better\n"
      "  help: leave 'mode' out, which is as 'mode: min' then\n");
  CHECK(doubts(small_config, {"trainer.checkpoint.mode=max", "trainer.reduce_on_plateau={mode: min}"}) == "");
}

TEST_CASE("warnings come in the order of their places, and last those of what --set gave") {
  const std::string config = "variables: {rate: 0.5}" + before +
                             "loss: cross_entropy\n"
                             "model: [{batch_norm: {momentum: 0.99}}, flatten, linear: 100]\n";
  const Workplace place(config);
  std::string places;
  const auto plan = place.plan({"trainer.accumulate_grad_batches=20"});
  for (const Problem& warning : plan->warnings) places += warning.where.text() + " " + warning.path + "\n";
  CHECK(replaced(places, {{place / "", ""}}) ==
        "small.yaml:1:19 variables.rate\n"
        "small.yaml:6:8 model\n"
        "small.yaml:6:10 model[0] (batch_norm)\n"
        "--set trainer.accumulate_grad_batches=20 trainer.accumulate_grad_batches\n");
}

TEST_CASE("variables and parameters of blocks that stand nowhere are told, and refused where --set gives them") {
  const std::string config = "variables: {width: 4, rate: 0.5}" + before +
                             "loss: cross_entropy\n"
                             "blocks: {b: {params: {n: 4, p: 0.1}, layers: [linear: \"${n}\"]}}\n"
                             "model: [flatten, linear: \"${2 * variables.width}\", b: {p: 0.3}]\n";
  CHECK(doubts(config, {"variables.width=6"}) ==
        "small.yaml:1:29: variables.rate: no value of the config is '${variables.rate}'\n"
        "  help: write '${variables.rate}' where it is meant, or take it out\n"
        "small.yaml:6:32: blocks.b.params.p: no value of the block is '${p}'\n"
        "  help: write '${p}' where it is meant, or take it out\n");
  const Workplace place(config);
  CHECK(place.refusal({"variables.rate=1"}) ==
        "error: --set variables.rate=1: variables.rate: no value of the config is '${variables.rate}'\n"
        "  help: write '${variables.rate}' where it is meant, or set the key itself");
  CHECK(place.refusal({"variables.widht=1"}).find("no value of the config is '${variables.widht}'") !=
        std::string::npos);
  place.write("settled.yaml", place.plan()->resolved());
  const auto settled = [&](const std::vector<std::string>& sets) {
    const auto plan = plan_run(place / "settled.yaml", sets);
    std::string text;
    for (const Problem& warning : plan->warnings) text += warning.path + "\n";
    return text;
  };
  CHECK(settled({}) == "blocks.b.params.p\n");
  CHECK(error_text([&] { settled({"variables.width=8"}); }) ==
        "error: --set variables.width=8: variables.width: the run has settled what variables stand for\n"
        "  help: set the keys themselves");
}

TEST_CASE("keys of layers that change nothing, or say something else in another framework, are told") {
  const auto said = [](const std::string& layers) {
    return doubts(before + "loss: cross_entropy\nmodel: [" + layers + ", flatten, linear: 4]\n");
  };
  CHECK(
      said("{batch_norm: {momentum: 0.99}}") ==
      "small.yaml:6:10: model[0] (batch_norm): 'momentum' is the share of the new in the running averages: 0.99 keeps "
      "next to nothing of what was before\n"
      "  help: write 'momentum: 0.01' for what Keras calls 0.99\n");
  CHECK(said("{batch_norm: {momentum: 0.1}}") == "");
  CHECK(said("{instance_norm: {track_running_stats: true, momentum: 0.9}}") ==
        "small.yaml:6:10: model[0] (instance_norm): 'momentum' is the share of the new in the running averages: 0.9 "
        "keeps next to nothing of what was before\n"
        "  help: write 'momentum: 0.1' for what Keras calls 0.9\n");
  CHECK(said("{instance_norm: {track_running_stats: true, momentum: 0.01}}") == "");
  CHECK(said("{instance_norm: {momentum: 0.9}}") ==
        "small.yaml:6:10: model[0] (instance_norm): 'momentum' is that of running averages, and 'track_running_stats' "
        "is false: it changes nothing\n"
        "  help: leave it out, or write 'track_running_stats: true'\n");
  CHECK(said("instance_norm") == "");
  CHECK(said("to_sequence, {lstm: {hidden_size: 3, dropout: 0.2}}") ==
        "small.yaml:6:23: model[1] (lstm): 'dropout' is between the layers of a stack, and 'num_layers' is 1: nothing "
        "is dropped\n"
        "  help: put '- dropout: 0.2' behind it, or write 'num_layers: 2'\n");
  CHECK(said("to_sequence, {lstm: {hidden_size: 3, dropout: 0.2, num_layers: 2}}") == "");
  const std::string conv = "{conv2d: {out_channels: 2, kernel_size: 3";
  CHECK(said(conv + ", padding_mode: reflect}}") ==
        "small.yaml:6:10: model[0] (conv2d): 'padding_mode' says what the padding is, and there is none\n"
        "  help: write 'padding: same', or leave 'padding_mode' out\n");
  CHECK(said(conv + ", padding_mode: reflect, padding: [0, 0]}}") != "");
  CHECK(said(conv + ", padding_mode: reflect, padding: same}}") == "");
  CHECK(said(conv + ", bias: false, bias_init: zeros}}") ==
        "small.yaml:6:10: model[0] (conv2d): 'bias_init' is of a bias, and 'bias: false' leaves it out\n"
        "  help: keep one of them\n");
  CHECK(said(conv + ", bias: true, bias_init: zeros}}") == "");
  const std::string pool = "{avg_pool2d: {kernel_size: 2, padding_mode: reflect";
  CHECK(said(pool + "}}").find("(avg_pool2d): 'padding_mode' says what the padding is") != std::string::npos);
  CHECK(said(pool + ", padding: 1}}") == "");
  CHECK(said("to_sequence, {gru: {hidden_size: 3, bias: false, bias_init: zeros}}").find("(gru): 'bias_init' is of") !=
        std::string::npos);
  const std::string tied = "flatten, {linear: 36, name: a}, {linear: {out_features: 36, init: zeros}, ";
  CHECK(said(tied + "tie: {weight: a.weight}}") ==
        "small.yaml:6:42: model[2] (linear): 'init' is of a weight that another layer has made\n"
        "  help: write it in that layer, or take it out\n");
  CHECK(said(tied + "share: a}") != "");
  CHECK(said(tied + "name: b}") == "");
  CHECK(
      said("{reshape: [-1, 36]}") ==
      "small.yaml:6:10: model[0] (reshape): -1 is 1 here, and makes samples [1, 36]: the batch is not among the sizes\n"
      "  help: write 'flatten', or 1 in the place of -1 where that axis is wanted\n");
  CHECK(said("{reshape: [-1, 6, 6]}").find("  help: write 'reshape: [6, 6]', or 1 in the place of -1") !=
        std::string::npos);
  CHECK(said("{reshape: [-1, 18]}") == "");
  CHECK(said("{reshape: [1, 36]}") == "");
  const std::string two = "{relu: , name: a}, {relu: , name: b}, {concat: ";
  CHECK(said(two + "1, from: [a, b]}") ==
        "small.yaml:6:48: model[2] (concat): axis 1 is the height of an image, [height, width, channels]: images are "
        "laid below each other\n"
        "  help: write 'concat' without an axis to lay channels beside each other, which come last\n");
  CHECK(said(two + "-1, from: [a, b]}") == "");
  CHECK(said(two + "1, from: [a, b]}, to_sequence").find("axis 1") != std::string::npos);
}

TEST_CASE("labels that are there together are told where a loss takes them for probabilities of classes") {
  const auto said = [](const std::string& rows, const std::string& loss) {
    const Workplace place(
        "data: {train: {format: csv, path: a.csv, target: {column: [r, s, t], normalize: none}}, batch_size: 2}\n"
        "model: [linear: 3]\n"
        "loss: " +
        loss + "\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
    place.write("a.csv", "x,r,s,t\n" + rows);
    const auto plan = place.plan();
    std::string text;
    for (const Problem& warning : plan->warnings)
      if (warning.path.starts_with("loss")) text += problem_text(warning) + "\n";
    return replaced(text, {{place / "", ""}});
  };
  const std::string together = "1,0,1,0\n2,1,1,0\n3,0,0,1\n4,1,0,1\n",
                    one = "1,0,1,0\n2,1,0,0\n3,0,0,1\n4,0.5,0.25,0.25\n";
  CHECK(said(together, "cross_entropy") ==
        "small.yaml:3:7: loss (cross_entropy): takes probabilities of classes, which add up to 1; the targets 'y' of "
        "sample 1 add up to 2\n"
        "  help: write 'bce_with_logits' where several classes may be there together\n");
  CHECK(said(together, "bce_with_logits") == "");
  CHECK(said(one, "cross_entropy") == "");

  const Workplace arrays(
      "data: {train: {format: npy, fields: {x: x.npy, y: y.npy}}, batch_size: 2}\nmodel: [linear: 2]\n"
      "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1}\n");
  arrays.write("x.npy", npy("<f4", "(2, 1)", bytes(std::vector<float>{1, 2})));
  arrays.write("y.npy", npy("<f4", "(2, 2)", bytes(std::vector<float>{0, 1, 1, 1})));
  CHECK(std::ranges::count_if(arrays.plan()->warnings, [](const Problem& warning) {
          return warning.path == "loss (cross_entropy)" && warning.what.ends_with("sample 1 add up to 2");
        }) == 1);
}
