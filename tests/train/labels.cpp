// Classes and indices that are none are errors that name the sample, in training and wherever data are read.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/spec/path.h"
#include "tests/npy.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string whole_numbers(const std::vector<int32_t>& numbers, const std::string& shape) {
  return npy("<i4", shape, bytes(numbers));
}

// Four samples of three tokens below 5, each with a class.
struct Sequences : Folder {
  std::vector<int32_t> x{0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1}, y{0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1};
  std::string model = "[{embedding: {num_embeddings: 5, embedding_dim: 8}}, {linear: 5}]";
  std::string shape = "(4, 3)";

  std::unique_ptr<Plan> plan(const std::string& loss) const {
    write(path / "x.npy", whole_numbers(x, "(4, 3)"));
    write(path / "y.npy", whole_numbers(y, shape));
    write(path / "small.yaml",
          "data:\n  train: {format: npy, fields: {x: x.npy, y: y.npy}}\n"
          "  validation: {last: 2}\n  batch_size: 2\nmodel: " +
              model + "\nloss:\n  " + loss +
              "\nmetrics: [accuracy]\noptimizer: {sgd: {lr: 0.1}}\n"
              "trainer: {max_epochs: 1, device: reference, checkpoint: {keep: 1}}\n");
    return plan_run(path / "small.yaml", {});
  }
  // What training says; the exit code is the data's.
  std::string said(const std::string& loss) const {
    Exit exit = Exit::data;
    const std::string text = error_text(
        [&] {
          const auto planned = plan(loss);
          Trainer(*planned, {}).fit();
        },
        {}, &exit);
    CHECK(exit == Exit::data);
    return text;
  }
};

}  // namespace

TEST_CASE("whole numbers that a loss of numbers is to read are told how to be saved") {
  Sequences data;
  data.shape = "(4, 3)";
  CHECK(error_text([&] { data.plan("mse"); })
            .find("expected numbers as targets, the data's are classes: i32 [3]\n"
                  "  help: save the numbers with .astype(numpy.float32), or take a loss or metric of classes: "
                  "'cross_entropy'; or write 'target: x' in it") != std::string::npos);
}

TEST_CASE("a target that is no class is an error with its sample, in training and in validation") {
  Sequences data;
  CHECK(data.said("cross_entropy") == "");
  data.y[4] = -100;
  CHECK(data.said("cross_entropy") ==
        "error: data.train: 'y' of sample 1, number 1, is -100; expected a class from 0 to 4\n"
        "  help: write 'ignore_index: -100' in the loss where such targets count for nothing, or mend the data");
  CHECK(data.said("cross_entropy: {ignore_index: -100}") == "");
  CHECK(data.said("cross_entropy: {ignore_index: -1}") ==
        "error: data.train: 'y' of sample 1, number 1, is -100; expected a class from 0 to 4, or -1 (ignore_index)\n"
        "  help: write 'ignore_index: -100' in the loss where such targets count for nothing, or mend the data");
  data.y[4] = 1;
  data.y[11] = 5;
  CHECK(data.said("cross_entropy") ==
        "error: data.validation: 'y' of sample 1, number 2, is 5; expected a class from 0 to 4\n"
        "  help: write 'ignore_index: 5' in the loss where such targets count for nothing, or mend the data");
}

TEST_CASE("single labels outside the classes are told too") {
  Sequences data;
  data.shape = "(4,)";
  data.model = "[{embedding: {num_embeddings: 5, embedding_dim: 8}}, flatten, {linear: 5}]";
  data.y = {0, 1, 2, 0};
  CHECK(data.said("cross_entropy") == "");
  data.model = "[{embedding: {num_embeddings: 5, embedding_dim: 8}}, flatten, {linear: 1}]";
  data.y = {0, 1, 1, 0};
  CHECK(data.said("bce_with_logits") == "");
}

TEST_CASE("a number that is no probability is an error with its sample where a loss takes probabilities") {
  const auto said = [](const std::vector<float>& y, const std::string& loss) {
    const Folder folder;
    write(folder.path / "x.npy", npy("<f4", "(4, 1)", bytes(std::vector<float>{1, 2, 3, 4})));
    write(folder.path / "y.npy", npy("<f4", "(4,)", bytes(y)));
    write(folder.path / "small.yaml",
          "data: {train: {format: npy, fields: {x: x.npy, y: y.npy}}, batch_size: 2, shuffle: false}\n"
          "model: [linear: 1]\nloss: " +
              loss + "\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1, device: reference}\n");
    return error_text([&] {
      const auto plan = plan_run(folder.path / "small.yaml", {});
      Trainer(*plan, {}).fit();
    });
  };
  CHECK(said({0, 1, 0.25f, 1}, "bce_with_logits") == "");
  CHECK(said({-1, 1, 1, -1}, "soft_margin") == "");
  CHECK(said({0, 1, 2, 1}, "bce_with_logits") ==
        "error: data.train: 'y' of sample 2 is 2; expected a probability from 0 to 1\n"
        "  help: save the labels with .astype(numpy.int64), or else mend the data, or take 'mse' for numbers");
  CHECK(said({-1, 1, 1, -1}, "binary_focal").find("'y' of sample 0 is -1; expected a probability from 0 to 1\n") !=
        std::string::npos);
}

TEST_CASE("an index without a row in an embedding's table is an error with its sample") {
  Sequences data;
  data.x[3] = 5;
  CHECK(data.said("cross_entropy") ==
        "error: data.train: 'x' of sample 1, number 0, is 5; expected from 0 to 4, as the table of the layer '0' has 5 "
        "rows\n"
        "  help: make 'num_embeddings' larger, or mend the data");
}

TEST_CASE("a length of more steps than a sequence has is an error with its sample") {
  const Folder folder;
  write(folder.path / "x.npy", whole_numbers({0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1}, "(4, 3)"));
  write(folder.path / "n.npy", whole_numbers({3, 1, 4, 2}, "(4,)"));
  write(folder.path / "y.npy", whole_numbers({0, 1, 2, 0}, "(4,)"));
  for (const std::string layer : {"lstm: {hidden_size: 2, return_sequences: false}", "gru: {hidden_size: 2}",
                                  "global_avg_pool1d: {}", "global_max_pool1d: {}", "multi_head_attention: 2"}) {
    CAPTURE(layer);
    write(folder.path / "small.yaml",
          "data: {train: {format: npy, fields: {x: x.npy, n: n.npy, y: y.npy}}, batch_size: 2}\n"
          "model: [{embedding: {num_embeddings: 5, embedding_dim: 4}, name: e}, {" +
              layer +
              ", from: [e, n], name: l}, flatten, linear: 3]\n"
              "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1, device: reference}\n");
    CHECK(error_text([&] { Trainer(*plan_run(folder.path / "small.yaml", {}), {}).fit(); }) ==
          "error: data.train: 'n' of sample 2 is 4; expected from 0 to 3, as so many positions are there for the layer "
          "'l'\n"
          "  help: mend the data, or let the layers before it keep the length, as 'padding: same' does");
  }
}

TEST_CASE("a length of more places than a loss or a metric has is an error with its sample") {
  const Folder folder;
  write(folder.path / "x.npy", whole_numbers({0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1}, "(4, 3)"));
  write(folder.path / "y.npy", whole_numbers({0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2}, "(4, 3)"));
  write(folder.path / "n.npy", whole_numbers({3, 1, 4, 2}, "(4,)"));
  write(folder.path / "m.npy", whole_numbers({3, 1, 3, 0}, "(4,)"));
  const auto said = [&](const std::string& loss, const std::string& metric) {
    write(folder.path / "small.yaml",
          "data: {train: {format: npy, fields: {x: x.npy, y: y.npy, n: n.npy, m: m.npy}}, batch_size: 2}\n"
          "model: [embedding: {num_embeddings: 5, embedding_dim: 4}, linear: 3]\nloss: {cross_entropy: {lengths: " +
              loss + "}}\nmetrics: [accuracy: {lengths: " + metric +
              "}]\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_epochs: 1, device: reference}\n");
    return error_text([&] { Trainer(*plan_run(folder.path / "small.yaml", {}), {}).fit(); });
  };
  const std::string error =
      "error: data.train: 'n' of sample 2 is 4; expected from 0 to 3, as so many places are there\n"
      "  help: mend the data, or let the layers keep the length, as 'padding: same' does";
  CHECK(said("m", "m") == "");
  CHECK(said("n", "m") == error);
  CHECK(said("m", "n") == error);
  CHECK(plan_run(folder.path / "small.yaml", {})->warnings.empty());  // the metric reads what no layer does
}

TEST_CASE("training with targets that are all ignored ends with an error, not without figures") {
  Sequences data;
  std::fill(data.y.begin(), data.y.begin() + 6, -100);  // those that are trained on
  CHECK(data.said("cross_entropy: {ignore_index: -100}") ==
        "error: expected targets that count in the split 'train', the loss ignores all of them\n"
        "  help: mend its 'ignore_index', or the targets");
}

TEST_CASE("class weights are counted from the training set and kept in the resolved config") {
  Sequences data;
  data.model = "[{embedding: {num_embeddings: 5, embedding_dim: 8}}, {linear: 3}]";
  data.y = {0, 0, 0, 1, 1, 2, 0, 1, 2, 0, 1, 2};  // the first six are trained on
  const auto plan = data.plan("cross_entropy: {weight: balanced}");
  const Node resolved = plan->resolved_node();
  const Node* weight = find_path(resolved, "loss.cross_entropy.weight");
  REQUIRE(weight);
  CHECK(to_json(*weight, 0) == "[0.6666666666666666, 1, 2]");
  CHECK(data.said("cross_entropy: {weight: balanced}") == "");
}
