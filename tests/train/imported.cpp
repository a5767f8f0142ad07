// Networks that transformers saved, imported: their outputs, and a greedy continuation token by token.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "lib/interop/family.h"
#include "lib/interop/weights/weights_format.h"
#include "lib/interop/weights/weights_writer.h"
#include "lib/train/inference/evaluate.h"
#include "lib/train/inference/imported_run.h"
#include "tests/paths.h"
#include "tests/train/fixture.h"
#include "tests/train/given_inputs.h"

using namespace dl;
using namespace dl::testing;

namespace {

struct ImportedNetwork {
  explicit ImportedNetwork(const std::string& name, std::vector<std::string> sets = {})
      : source(source_dir() + "/tests/interop/families/" + name),
        expected(nlohmann::json::parse(text_of(source / "expected.json"))) {
    const FamilyNetwork network = read_family_folder(source);
    RunFolder run = RunFolder::create(folder.path / "runs", name, to_yaml(network.config), to_yaml(network.config));
    sets.insert(sets.end(), {"trainer.device=cpu", "trainer.threads=1"});
    plan = plan_from(run.paths().resolved(), sets, SetsToRead::none());
    const WeightsTable table = read_weights_table(source);
    FamilyWeights weights(network, table);
    const Checkpoint checkpoint =
        keep_imported(*plan, run, [&](const Tensor& t) { return weights.values(t.path, t.shape); });
    left = weights.left();
    inference = std::make_unique<Inference>(*plan, checkpoint);
  }

  // The largest difference between the logarithms of probabilities here and there.
  double error(const DatasetPointer& inputs, int64_t positions) {
    const auto logits = expected.at("logits").get<std::vector<double>>();
    const auto classes = static_cast<size_t>(plan->network->output().shape.last());
    double worst = 0;
    size_t row = 0;
    inference->predict(inputs, [&](const Prediction& prediction) {
      for (int64_t position = 0; position < positions; ++position, ++row) {
        double sum = 0;
        for (size_t c = 0; c < classes; ++c) sum += std::exp(logits.at(row * classes + c));
        for (size_t c = 0; c < classes; ++c)
          worst = std::max(worst, std::abs(std::log(static_cast<double>(prediction.at(position)[c])) -
                                           (logits[row * classes + c] - std::log(sum))));
      }
    });
    CHECK(row * classes == logits.size());
    return worst;
  }

  const Folder folder;
  const std::filesystem::path source;
  const nlohmann::json expected;
  std::unique_ptr<Plan> plan;
  std::unique_ptr<Inference> inference;
  std::vector<std::string> left;
};

// The tokens of the file, each sequence with zeros behind it to the network's length.
DatasetPointer tokens_of(const ImportedNetwork& network, int64_t length) {
  const auto tokens = network.expected.at("input").get<std::vector<int32_t>>();
  const auto given = network.expected.at("shape")[1].get<int64_t>();
  std::vector<int32_t> padded;
  for (size_t i = 0; i < tokens.size(); ++i) {
    padded.push_back(tokens[i]);
    if (static_cast<int64_t>(i + 1) % given == 0)
      for (int64_t more = given; more < length; ++more) padded.push_back(0);
  }
  return std::make_shared<GivenInputs>(Type{DType::i32, {length}}, bytes_of_values(padded));
}

// The images of the file, normalized.
DatasetPointer images_of(const ImportedNetwork& network, std::array<float, 3> mean, std::array<float, 3> std) {
  std::vector<float> values;
  for (const int pixel : network.expected.at("input").get<std::vector<int>>()) {
    const size_t c = values.size() % 3;
    values.push_back((static_cast<float>(pixel) / 255 - mean[c]) / std[c]);
  }
  const auto size = network.expected.at("shape")[1].get<int64_t>();
  return std::make_shared<GivenInputs>(Type{DType::f32, {size, size, 3}}, bytes_of_values(values));
}

}  // namespace

TEST_CASE("language models of transformers give its logits and continue as it does") {
  for (const std::string name : {"gpt2", "llama", "llama_tied"}) {
    CAPTURE(name);
    ImportedNetwork network(name);
    CHECK(network.left == std::vector<std::string>{});
    CHECK(network.error(tokens_of(network, 12), 6) < 1e-5);
    auto tokens = network.expected.at("prompt").get<std::vector<int32_t>>();
    Generation generation = network.inference->generation();
    for (const int32_t expected : network.expected.at("continued").get<std::vector<int32_t>>()) {
      tokens.push_back(draw_token(generation.next(tokens), {.temperature = 0}, std::ssize(tokens)));
      CHECK(tokens.back() == expected);
    }
  }
}

TEST_CASE("a BERT of transformers gives its logits") {
  ImportedNetwork network("bert");
  CHECK(network.left == std::vector<std::string>{});
  CHECK(network.error(tokens_of(network, 6), 1) < 1e-5);
  const auto classes = network.plan->data.train->classes();
  CHECK(std::vector<std::string>(classes.begin(), classes.end()) == std::vector<std::string>{"cat", "dog", "a bird"});
}

TEST_CASE("norms that were called gamma and beta are those of the same layers") {
  const Folder folder;
  const std::filesystem::path source = source_dir() + "/tests/interop/families/bert";
  const FamilyNetwork network = read_family_folder(source);
  const WeightsTable table = read_weights_table(source);
  WeightsWriter::Tensors renamed;
  for (WeightsTable::Entry entry : table.tensors()) {
    for (const auto& [now, before] : {std::pair<std::string, std::string>("LayerNorm.weight", "LayerNorm.gamma"),
                                      {"LayerNorm.bias", "LayerNorm.beta"}})
      if (entry.name.ends_with(now)) entry.name.replace(entry.name.size() - now.size(), now.size(), before);
    renamed.push_back(std::move(entry));
  }
  write_weights_file(folder / "old.safetensors", renamed);
  const WeightsTable old = read_weights_table(folder / "old.safetensors");
  CHECK(old.find("bert.embeddings.LayerNorm.gamma") != nullptr);
  FamilyWeights now(network, table), before(network, old);
  for (const std::string name :
       {"norm.weight", "norm.bias", "layers.1.output_norm.weight", "layers.0.attention_norm.bias"}) {
    CAPTURE(name);
    CHECK(before.values(name, {8}) == now.values(name, {8}));
  }
}

TEST_CASE("image networks of transformers give its logits") {
  ImportedNetwork vit("vit");
  CHECK(vit.error(images_of(vit, {0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}), 1) < 1e-5);
  for (const std::string name : {"resnet", "resnet_bottleneck"}) {
    CAPTURE(name);
    // config.json does not say of what size the images were.
    ImportedNetwork network(name, {"data.train.size=[32, 32]", "data.fitted.fields.0.shape=[32, 32, 3]"});
    CHECK(network.left == std::vector<std::string>{});
    const double scale = std::max(1.0, std::abs(network.expected.at("logits")[0].get<double>()));
    CHECK(network.error(images_of(network, {0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}), 1) < 1e-5 * scale);
  }
}

TEST_CASE("a folder that is none of a known network says why") {
  const Folder folder;
  const auto refusal = [&](const std::string& config) {
    folder.write("config.json", config);
    return error_text([&] { read_family_folder(folder.path); }, {{folder.path.string(), "DIR"}});
  };
  CHECK(refusal(R"({"model_type": "mamba"})").find("'model_type' is 'mamba', which is no family") != std::string::npos);
  CHECK(refusal(R"({"model_type": "../gpt2"})").find("no family") != std::string::npos);
  CHECK(refusal("{").find("DIR/config.json") != std::string::npos);
  const std::string bert = R"({"model_type": "bert", "architectures": ["BertForSequenceClassification"], )";
  CHECK(refusal(bert + R"("problem_type": "multi_label_classification"})") ==
        "error: DIR/config.json: 'problem_type' is 'multi_label_classification'; networks of this family are read with "
        "'single_label_classification' alone");
  const std::string llama = R"({"model_type": "llama", "architectures": ["LlamaForCausalLM"], )";
  CHECK(
      refusal(llama + R"("rope_scaling": {"type": "linear", "factor": 2.0}})") ==
      "error: DIR/config.json: 'rope_scaling.type' is 'linear'; networks of this family are read with 'default' alone");
  CHECK(refusal(llama + R"("rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}})")
            .find("'rope_parameters.partial_rotary_factor' is 0.5; networks of this family") != std::string::npos);
  CHECK(refusal(bert + R"("id2label": {"0": "LABEL_0"}})") ==
        "error: DIR/config.json: 'id2label' has one label: the network gives a number, not classes");
  CHECK(refusal(R"({"model_type": "gpt2", "architectures": ["GPT2Model"]})")
            .find("'architectures' is 'GPT2Model', expected GPT2LMHeadModel") != std::string::npos);
  const std::string sizes =
      R"("architectures": ["GPT2LMHeadModel"], "n_embd": 4, "n_layer": 1, "n_head": 2, "vocab_size": 3, "n_positions": 5)";
  CHECK(refusal(R"({"model_type": "gpt2", "activation_function": "snake", )" + sizes + "}") ==
        "error: DIR/config.json: 'activation_function' is 'snake', expected one of gelu_new, gelu_pytorch_tanh, gelu, "
        "relu, silu");
  CHECK(refusal(R"({"model_type": "gpt2", "scale_attn_weights": false, )" + sizes + "}").find("'scale_attn_weights'") !=
        std::string::npos);
  CHECK(refusal(R"({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]})") ==
        "error: DIR/config.json: expected the keys 'vocab_size', 'n_positions', 'n_embd', 'n_head', 'n_layer', found "
        "none");
  CHECK(refusal(
            R"({"model_type": "resnet", "architectures": ["ResNetForImageClassification"], "depths": [1, 1, 1, 1, 1], )"
            R"("hidden_sizes": [4, 4, 4, 4, 4]})") ==
        "error: DIR/config.json: 'depths' is a list of 5; networks of this family are read with 4 at most");
  CHECK(refusal(R"({"model_type": "gpt2", )" + sizes + "}") == "");
}

TEST_CASE("images are normalized as the folder's preprocessor_config.json says") {
  const Folder folder;
  folder.write(
      "config.json",
      R"({"model_type": "vit", "architectures": ["ViTForImageClassification"], "image_size": 8, "patch_size": 4, )"
      R"("hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 4})");
  const auto transforms = [&] {
    const FamilyNetwork network = read_family_folder(folder.path);
    return to_json(*network.config.find("data")->find("transforms"), 0) + " " + network.notes.at(0);
  };
  CHECK(transforms() ==
        "[{\"normalize\": {\"mean\": 0.5, \"std\": 0.5}}] the folder has no preprocessor_config.json: images are "
        "normalized as most networks of this family have them, see 'data.transforms'");
  folder.write("preprocessor_config.json",
               R"({"do_normalize": true, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], )"
               R"("rescale_factor": 0.003921569})");
  CHECK(transforms() ==
        "[{\"normalize\": {\"mean\": [0.485, 0.456, 0.406], \"std\": [0.229, 0.224, 0.225]}}] images are normalized as "
        "preprocessor_config.json says");
  folder.write("preprocessor_config.json", R"({"do_normalize": false})");
  CHECK(transforms() == "[] images are normalized as preprocessor_config.json says");
  folder.write("preprocessor_config.json", R"({"rescale_factor": 0.0078431})");
  CHECK(error_text([&] { read_family_folder(folder.path); }, {{folder.path.string(), "DIR"}}) ==
        "error: DIR/preprocessor_config.json: 'rescale_factor' is 0.0078431; networks of this family are read with "
        "0.00392156862745098 alone");
}
