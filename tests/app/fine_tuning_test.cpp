// docs/fine-tuning.md as a user follows it, small: a backbone of three sources stays as it is, and a new head learns.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstring>

#include "lib/interop/weights/weights_format.h"
#include "tests/app/run_dlcli.h"

namespace dl::testing {
namespace {

constexpr const char* photos_of_five =
    "data: {train: {format: random, shape: [32, 32, 1], samples: 16, classes: 5}, batch_size: 4, "
    "transforms: [rgb, normalize: {mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}]}\n";
constexpr const char* training = "loss: cross_entropy\noptimizer: {adamw: {lr: 1e-2}}\ntrainer: {max_steps: 2}\n";

void succeed(const Folder& folder, const std::vector<std::string>& arguments) {
  const Finished done = run_dlcli(arguments, folder);
  REQUIRE_MESSAGE(done.exit == 0, done.err);
}

std::string bytes_of(const StoredTensor& tensor) {
  std::string bytes(tensor.byte_count(), '\0');
  TensorReader(tensor).read(0, tensor.shape.elements(), reinterpret_cast<std::byte*>(bytes.data()));
  return bytes;
}

// What of the first is in the second with the same bits, by how many tensors, and what is not.
struct Kept {
  int64_t same = 0;
  std::string changed;
};
Kept kept(const Folder& folder, const std::string& before, const std::string& after) {
  Kept found;
  const WeightsTable was = read_weights_table(folder / before), is = read_weights_table(folder / after);
  for (const auto& [name, tensor] : is.tensors()) {
    const StoredTensor* other = was.find(name);
    if (other && bytes_of(*other) == bytes_of(tensor))
      ++found.same;
    else
      found.changed += name + " ";
  }
  return found;
}

// A ResNet-18 of three classes that has been trained a step, as torchvision's file would be.
void make_resnet(const Folder& folder) {
  folder.write("resnet.yaml",
               "data: {train: {format: random, shape: [32, 32, 3], samples: 8, classes: 3}, batch_size: 4}\n"
               "model: models/resnet18.yaml\n" +
                   std::string(training));
  succeed(folder, {"train", "resnet.yaml", "-q"});
}

}  // namespace

TEST_CASE("a ResNet-18 out of a .pt keeps its weights and averages, and its new head learns") {
  const Folder folder;
  make_resnet(folder);
  succeed(folder, {"convert", "resnet", "resnet18.pth"});
  folder.write("tuned.yaml", photos_of_five +
                                 std::string("model: models/resnet18.yaml\n"  // one that comes with dlcli
                                             "init_from: {path: resnet18.pth, ignore: [\"fc.*\"], "
                                             "missing: fresh}\nfreeze: [\"conv1\", \"bn1\", \"layer*\"]\n") +
                                 training);
  succeed(folder, {"train", "tuned.yaml", "-q"});
  succeed(folder, {"convert", "tuned", "tuned.safetensors"});
  const Kept found = kept(folder, "resnet18.pth", "tuned.safetensors");
  CHECK(found.same == 100);
  CHECK(found.changed == "fc.bias fc.weight ");
}

TEST_CASE("a ResNet-18 as an ONNX layer keeps its weights and averages, and its new head learns") {
  const Folder folder;
  make_resnet(folder);
  succeed(folder, {"export", "resnet", "--to", "onnx", "-o", "onnx"});
  folder.write("tuned.yaml", photos_of_five +
                                 std::string("model:\n"
                                             "  - onnx: {path: onnx/model.onnx}\n"
                                             "    name: backbone\n"
                                             "  - linear: ${data.classes}\n"
                                             "freeze: [backbone]\n") +
                                 training);
  succeed(folder, {"train", "tuned.yaml", "-q"});
  succeed(folder, {"convert", "tuned", "tuned.safetensors"});
  succeed(folder, {"convert", "resnet", "before.safetensors", "--prefix", "backbone."});
  const Kept found = kept(folder, "before.safetensors", "tuned.safetensors");
  CHECK(found.changed == "1.bias 1.weight ");
  CHECK(found.same == 102);
}

TEST_CASE("a ResNet of Keras's layers keeps its weights and averages, and its new head learns") {
  const Folder folder;
  succeed(folder, {"import", source_dir() + "/tests/interop/keras/resnet.keras"});
  std::string config = folder.text("runs/resnet-1/config.yaml");
  const auto put = [&](const std::string& before, const std::string& after) {
    const size_t at = config.find(before);
    REQUIRE_MESSAGE(at != std::string::npos, before, " is not in\n", config);
    config.replace(at, before.size(), after);
  };
  put("name: head", "name: new_head");
  folder.write("runs/resnet-1/tuned.yaml", config);
  const std::string weights = (folder / "runs/resnet-1/checkpoints/step-00000000/model.safetensors").string();
  succeed(folder,
          {"train", "runs/resnet-1/tuned.yaml", "-q", "--name", "tuned", "--set",
           "data={train: {format: random, shape: [16, 16, 3], dtype: f32, samples: 8, classes: 5}, batch_size: 4}",
           "--set", "init_from={path: " + weights + ", ignore: [\"head.*\"], missing: fresh}", "--set",
           "freeze=[\"stem*\", \"block*\"]", "--set", "loss=cross_entropy", "--set", "metrics=[]", "--set",
           "optimizer={adamw: {lr: 1e-2}}", "--set", "trainer={max_steps: 2}"});
  succeed(folder, {"convert", "tuned", "tuned.safetensors"});
  succeed(folder, {"convert", weights, "before.safetensors"});
  const Kept found = kept(folder, "before.safetensors", "tuned.safetensors");
  CHECK(found.changed == "new_head.bias new_head.weight ");
  CHECK(found.same == 30);
}

}  // namespace dl::testing
