// Beginning with the weights of a file: PyTorch's, a part of one, and a checkpoint's that has changed.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/interop/safetensors.h"
#include "lib/interop/weights/weights_writer.h"
#include "tests/train/fixture.h"

namespace dl {
namespace {

struct Item {
  std::string name;
  Shape shape;
  float value;
};

// A file of tensors with one number each.
void write_weights_file(const std::filesystem::path& path, const std::vector<Item>& items) {
  std::vector<std::vector<float>> values;
  std::vector<SafetensorsItem> tensors;
  for (const Item& item : items)
    values.emplace_back(static_cast<size_t>(std::max<int64_t>(item.shape.elements(), 1)), item.value);
  for (size_t i = 0; i < items.size(); ++i)
    tensors.push_back({items[i].name, {DType::f32, items[i].shape}, values[i].data()});
  std::string bytes;
  write_safetensors(tensors, {}, [&](const void* data, size_t n) { bytes.append(static_cast<const char*>(data), n); });
  testing::write(path, bytes);
}

// Those of small_config, as PyTorch names them.
std::vector<Item> whole() {
  return {{"0.weight", {4, 1, 3, 3}, 1},
          {"0.bias", {4}, 2},
          {"1.weight", {4}, 3},
          {"1.bias", {4}, 4},
          {"1.running_mean", {4}, 5},
          {"1.running_var", {4}, 6},
          {"1.num_batches_tracked", {}, 7},
          {"5.weight", {4, 64}, 8},
          {"5.bias", {4}, 9}};
}

std::string init_from(const std::string& value) { return "init_from=" + value; }

}  // namespace

TEST_CASE("of a PyTorch state_dict the counts of batches are left out, and said to be") {
  const testing::Workplace place;
  write_weights_file(place.path / "w.safetensors", whole());
  const auto plan = place.plan({init_from("w.safetensors")});
  CHECK(plan->initial.taken.size() == 8);
  CHECK(plan->initial.left == std::vector<std::string>{"1.num_batches_tracked"});
  CHECK(plan->initial.fresh.empty());
}

TEST_CASE("a part of a file is taken where the rest is left by name and may be missing") {
  const testing::Workplace place;
  std::vector<Item> other_head = whole();
  other_head[7] = {"fc.weight", {1000, 64}, 8};
  other_head[8] = {"fc.bias", {1000}, 9};
  write_weights_file(place.path / "w.safetensors", other_head);
  const std::string part = "{path: w.safetensors, ignore: [\"fc.*\"], missing: fresh}";
  const auto plan = place.plan({init_from(part), "trainer.max_steps=1", "optimizer={sgd: {lr: 1e-30}}"});
  CHECK(plan->initial.fresh == std::vector<std::string>{"5.weight", "5.bias"});
  CHECK(plan->initial.left == std::vector<std::string>{"1.num_batches_tracked", "fc.bias", "fc.weight"});
  RunFolder folder = place.new_run(*plan);
  Trainer trainer(*plan, {.folder = &folder});
  trainer.fit();
  const std::vector<float> weights = trainer.store().read("parameters");
  for (const Tensor& tensor : plan->network->tensors()) {
    if (!tensor.trained) continue;
    const float first = weights[static_cast<size_t>(tensor.offset)];
    CAPTURE(tensor.path);
    if (tensor.path == "0.weight") CHECK(first == 1);
    if (tensor.path == "1.bias") CHECK(first == 4);
    if (tensor.path == "5.weight") CHECK((first != 8 && std::abs(first) < 0.2f));
  }
  const std::string log = testing::text_of(folder.paths().folder / "log.txt");
  CHECK(log.find("from init_from: 0.weight, 0.bias, 1.weight, 1.bias, 1.running_mean, 1.running_var\n") !=
        std::string::npos);
  CHECK(log.find("begun anew: 5.weight, 5.bias\n") != std::string::npos);
  CHECK(log.find("left in init_from's file: 1.num_batches_tracked, fc.bias, fc.weight\n") != std::string::npos);
}

TEST_CASE("a tensor that has the name of a layer is the layer's only one, whatever axes of size 1 it has") {
  const testing::Workplace place(
      "data: {train: {format: random, shape: [8, 8, 1], dtype: f32, samples: 4, classes: 3}, batch_size: 2}\n"
      "model:\n  - conv2d: {out_channels: 6, kernel_size: 4, stride: 4}\n    name: conv_proj\n  - to_sequence\n"
      "  - class_token:\n    name: class_token\n  - positional_embedding:\n    name: pos\n  - select: 0\n"
      "  - linear: 3\n    name: head\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 1}\n");
  std::vector<Item> items{{"conv_proj.weight", {6, 1, 4, 4}, 1},
                          {"conv_proj.bias", {6}, 2},
                          {"class_token", {1, 1, 6}, 3},
                          {"pos", {1, 5, 6}, 4},
                          {"head.weight", {3, 6}, 5},
                          {"head.bias", {3}, 6}};
  write_weights_file(place.path / "w.safetensors", items);
  CHECK(place.plan({init_from("w.safetensors")})->initial.taken.size() == 6);
  for (Item& item : items) item.name = "module." + item.name;  // behind a wrapper too
  write_weights_file(place.path / "w.safetensors", items);
  const auto plan = place.plan({init_from("w.safetensors"), "optimizer={sgd: {lr: 1e-30}}"});
  CHECK(plan->initial.names.at("pos.weight") == "module.pos");
  Trainer trainer(*plan, {});
  trainer.fit();
  const std::vector<float> weights = trainer.store().read("parameters");
  for (const Tensor& tensor : plan->network->tensors())
    if (tensor.path == "pos.weight") CHECK(weights[static_cast<size_t>(tensor.offset) + 29] == 4);
  items[3].shape = {5, 1, 6, 2};  // of other numbers
  write_weights_file(place.path / "w.safetensors", items);
  CHECK(place.refusal({init_from("w.safetensors")}).find("'pos.weight' is [5, 1, 6, 2] in the file, [5, 6] here") !=
        std::string::npos);
}

TEST_CASE("a pattern that fits nothing, or a file of which nothing fits, is a mistake") {
  const testing::Workplace place;
  const auto refusal = [&](const std::string& value) {
    return testing::replaced(place.refusal({init_from(value)}), {{"--set " + init_from(value) + ": ", ""}});
  };
  const std::string help =
      "  help: name the layers as the file does ('name:'), or take what fits: {path: …, ignore: [\"fc.*\"], missing: "
      "fresh}";
  write_weights_file(place.path / "w.safetensors", whole());
  CHECK(refusal("{path: w.safetensors, ignore: [\"head.*\"]}") ==
        "error: init_from: w.safetensors holds other tensors than the model\n"
        "  nothing in the file fits the pattern 'head.*'\n" +
            help);
  CHECK(refusal("{path: w.safetensors, ignore: [\"*\"], missing: fresh}") ==
        "error: init_from: w.safetensors holds other tensors than the model\n"
        "  no tensor of the file is in the model\n" +
            help);
}

TEST_CASE("what all of the model's names stand behind in a file is told as what to write") {
  const testing::Workplace place;
  std::vector<Item> items;
  for (const std::string before : {"student.", "teacher."})
    for (const Item& item : whole()) items.push_back({before + item.name, item.shape, item.value});
  write_weights_file(place.path / "w.safetensors", items);
  CHECK(place.refusal({init_from("w.safetensors")})
            .find("  help: the file has them behind 'student.': write {path: …, only: [\"student.*\"], rename: "
                  "{\"student.*\": \"*\"}}") != std::string::npos);
  const auto plan =
      place.plan({init_from("{path: w.safetensors, only: [\"student.*\"], rename: {\"student.*\": \"*\"}}")});
  CHECK(plan->initial.taken.size() == 8);
}

TEST_CASE("a tensor of whole numbers is refused before anything is trained") {
  const testing::Workplace place;
  WeightsWriter::Tensors tensors;
  for (const Item& item : whole()) {
    StoredTensor tensor;
    tensor.type = item.name == "5.bias" ? ElementType::i8 : ElementType::f32;
    tensor.shape = item.shape;
    tensor.bytes = StoredBytes::in_memory(std::string(static_cast<size_t>(tensor.byte_count()), '\0'));
    tensors.push_back({item.name, std::move(tensor)});
  }
  dl::write_weights_file(place.path / "w.safetensors", tensors);
  CHECK(place.refusal({init_from("w.safetensors")})
            .find("'5.bias' is of type I8 in the file; F32, F16, BF16, F64 or F8 is needed") != std::string::npos);
}

TEST_CASE("a checkpoint's weights that have changed since they were written are not begun with") {
  const testing::Workplace place;
  const auto plan = place.plan({"trainer.max_steps=2"});
  RunFolder folder = place.new_run(*plan);
  Trainer(*plan, {.folder = &folder}).fit();
  const std::filesystem::path file = Checkpoints(folder.paths().checkpoints()).newest({})->weights();
  CHECK(place.plan({init_from(file.string())})->initial.taken.size() == 8);
  std::string bytes = testing::text_of(file);
  bytes[bytes.size() - 2] = static_cast<char>(bytes[bytes.size() - 2] ^ 0x20);
  testing::write(file, bytes);
  Exit exit = Exit::done;
  const std::string text = testing::error_text([&] { place.plan({init_from(file.string())}); }, {}, &exit);
  CHECK(exit == Exit::data);
  CHECK(text.starts_with("error: " + file.string() + ": has changed since it was written: hash "));
}

TEST_CASE("weights and optimizer state are written in pieces, without a copy of the largest tensor") {
  const testing::Workplace place(R"(
data: {train: {format: random, shape: [600], dtype: f32, classes: 4, samples: 64}, batch_size: 16}
model: [{linear: 600}, {linear: 4}]
loss: cross_entropy
optimizer: {adam: {lr: 0.01}}
trainer: {max_steps: 1}
)");
  const auto plan = place.plan();
  Trainer trainer(*plan, {});
  trainer.fit();
  size_t largest = 0, all = 0;
  const Append measure = [&](const void*, size_t bytes) {
    largest = std::max(largest, bytes);
    all += bytes;
  };
  write_weights(plan->network->tensors(), trainer.store(), measure);
  write_optimizer(plan->network->tensors(), trainer.store(), measure);
  CHECK(all > 3 * 600 * 600 * 4);
  CHECK(largest <= 1 << 18);
}

TEST_CASE("tensors of a file may have other names, and some alone be taken") {
  const testing::Workplace place;
  std::vector<Item> other = whole();
  for (Item& item : other) item.name = "net.body." + item.name;
  other.push_back({"net.head.weight", {9}, 1});
  write_weights_file(place.path / "w.safetensors", other);
  const auto plan =
      place.plan({init_from("{path: w.safetensors, only: [\"net.body.*\"], rename: {\"net.body.*\": \"*\"}}"),
                  "trainer.max_steps=1", "optimizer={sgd: {lr: 1e-30}}"});
  CHECK(plan->initial.taken.size() == 8);
  CHECK(plan->initial.names.at("5.weight") == "net.body.5.weight");
  CHECK(std::ranges::count(plan->initial.left, "net.head.weight") == 1);
  Trainer trainer(*plan, {});
  trainer.fit();
  const std::vector<float> parameters = trainer.store().read("parameters");
  for (const Tensor& tensor : plan->network->tensors())
    if (tensor.path == "5.weight") CHECK(parameters[static_cast<size_t>(tensor.offset)] == 8);
  CHECK(place.refusal({init_from("{path: w.safetensors, rename: {\"net.*\": \"body\"}}")})
            .find("expected one '*' in both names or in none, got 'net.*' and 'body'") != std::string::npos);
  CHECK(place.refusal({init_from("{path: w.safetensors, only: [\"nothing.*\"], missing: fresh}")})
            .find("nothing in the file fits the pattern 'nothing.*'") != std::string::npos);
}

TEST_CASE("a checkpoint of another program's is begun with, without the names of wrappers, and it is said") {
  const testing::Workplace place;
  WeightsWriter::Tensors tensors;
  for (const Item& item : whole()) {
    const std::vector<float> numbers(static_cast<size_t>(std::max<int64_t>(item.shape.elements(), 1)), item.value);
    tensors.push_back({"module._orig_mod." + item.name,
                       {.shape = item.shape,
                        .bytes = StoredBytes::in_memory(std::string(reinterpret_cast<const char*>(numbers.data()),
                                                                    numbers.size() * sizeof(float)))}});
  }
  write_weights_file(place.path / "w.ckpt", tensors);
  const auto plan = place.plan({init_from("w.ckpt"), "trainer.max_steps=1", "optimizer={sgd: {lr: 1e-30}}"});
  CHECK(source_in_words(plan->initial) ==
        "8 tensors of w.ckpt (PyTorch, its dict 'state_dict', without '_orig_mod.' and 'module.')");
  CHECK(plan->initial.names.at("5.weight") == "state_dict.module._orig_mod.5.weight");
  CHECK(plan->initial.left == std::vector<std::string>{"state_dict.module._orig_mod.1.num_batches_tracked"});
  Trainer trainer(*plan, {});
  trainer.fit();
  const std::vector<float> parameters = trainer.store().read("parameters");
  for (const Tensor& tensor : plan->network->tensors())
    if (tensor.path == "5.weight") CHECK(parameters[static_cast<size_t>(tensor.offset)] == 8);
  CHECK(place.refusal({init_from("{path: w.ckpt, key: ema}")})
            .ends_with("w.ckpt: holds no weights under 'ema'\n"
                       "  its dicts of weights: state_dict\n"
                       "  help: write one of these"));
  // With another head the rest is found too.
  tensors[7].name = "module._orig_mod.fc.weight";
  tensors[8].name = "module._orig_mod.fc.bias";
  write_weights_file(place.path / "w.pth", tensors);
  const auto part = place.plan({init_from("{path: w.pth, ignore: [\"*fc.*\"], missing: fresh}")});
  CHECK(part->initial.taken.size() == 6);
  CHECK(part->initial.fresh == std::vector<std::string>{"5.weight", "5.bias"});
}

TEST_CASE("weights of Keras and Flax are turned to ours") {
  const testing::Workplace place;
  std::vector<float> kernel(9 * 4), dense(64 * 4);
  for (size_t i = 0; i < kernel.size(); ++i) kernel[i] = static_cast<float>(i + 1);
  for (size_t i = 0; i < dense.size(); ++i) dense[i] = static_cast<float>(1000 + i);
  const auto stored = [](const Shape& shape, const std::vector<float>& values) {
    return StoredTensor{
        .shape = shape,
        .bytes = StoredBytes::in_memory({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)})};
  };
  const std::vector<float> four(4, 2);
  write_weights_file(place.path / "w.msgpack", {{"0.kernel", stored({3, 3, 1, 4}, kernel)},
                                                {"0.bias", stored({4}, four)},
                                                {"1.scale", stored({4}, four)},
                                                {"1.bias", stored({4}, four)},
                                                {"1.mean", stored({4}, four)},
                                                {"1.var", stored({4}, four)},
                                                {"5.kernel", stored({64, 4}, dense)},
                                                {"5.bias", stored({4}, four)}});
  const auto plan = place.plan({init_from("w.msgpack"), "trainer.max_steps=1", "optimizer={sgd: {lr: 1e-30}}"});
  CHECK(source_in_words(plan->initial) == "8 tensors of w.msgpack (Flax, kernels turned: hwio -> oihw, io -> oi)");
  std::string warnings;
  for (const Problem& warning : plan->warnings) warnings += problem_text(warning) + "\n";
  CAPTURE(warnings);
  CHECK(warnings.find("whose networks flatten images place by place; layer '3' does so channel by channel\n"
                      "  help: write 'flatten: {channels_first: false}'") != std::string::npos);
  Trainer trainer(*plan, {});
  trainer.fit();
  const std::vector<float> parameters = trainer.store().read("parameters");
  for (const Tensor& tensor : plan->network->tensors()) {
    const float* values = parameters.data() + tensor.offset;
    if (tensor.path == "0.weight")  // [out, in, h, w] of [h, w, in, out]
      for (int64_t o = 0; o < 4; ++o)
        for (int64_t hw = 0; hw < 9; ++hw) CHECK(values[o * 9 + hw] == kernel[static_cast<size_t>(hw * 4 + o)]);
    if (tensor.path == "5.weight")
      for (int64_t o = 0; o < 4; ++o)
        for (int64_t i = 0; i < 64; ++i) CHECK(values[o * 64 + i] == dense[static_cast<size_t>(i * 4 + o)]);
  }
}

}  // namespace dl
