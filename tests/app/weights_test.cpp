// Weights of other programs at the command line: inspect, convert, and a run that begins with them.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/app/run_dlcli.h"

using namespace dl::testing;
using nlohmann::json;

namespace {

std::string weights_file(const std::string& name) { return source_dir() + "/tests/interop/files/" + name; }

}  // namespace

TEST_CASE("inspect shows a file's tensors as a tree, what stands beside them, and what init_from would take") {
  const Finished done = run_dlcli({"inspect", weights_file("training.pt")});
  CHECK(done.exit == 0);
  const std::string& out = done.out;
  CHECK(
      out.starts_with("name                     type  shape         size\n"
                      "model\n"
                      "  0\n"
                      "    weight               F32   [2, 1, 3, 3]  72 B\n"));
  CHECK(out.find("\n    num_batches_tracked") != std::string::npos);
  CHECK(out.find("\nbeside tensors ") != std::string::npos);
  CHECK(out.find("\nepoch ") != std::string::npos);
  CHECK(out.find("PyTorch: ") != std::string::npos);
  CHECK(out.find("'init_from' takes those in 'model',\n  others by 'key': state_dict_ema") != std::string::npos);

  const json read = json::parse(run_dlcli({"inspect", weights_file("views.pt"), "--json"}).out);
  CHECK(read["format"] == "PyTorch");
  CHECK(read["weights_at"] == "");
  CHECK(read["tensors"].size() == 6);
  CHECK(read["tensors"][1] == json({{"name", "transposed"}, {"type", "F32"}, {"shape", {6, 4}}, {"bytes", 96}}));
}

TEST_CASE("convert writes the format that the name's end says, and gives back the same bytes") {
  const Folder folder;
  const auto convert = [&](const std::string& from, const std::string& to) {
    return run_dlcli({"convert", from, to}, folder);
  };
  CHECK(convert(weights_file("state_dict.pt"), "a.safetensors").out == "a.safetensors: 9 tensors, 228 B, of PyTorch\n");
  for (const std::string between : {"b.pt", "b.ckpt", "b.npz", "b.msgpack", "b.weights.h5"}) {
    CAPTURE(between);
    CHECK(convert("a.safetensors", between).exit == 0);
    CHECK(convert(between, "c.safetensors").exit == 0);
    CHECK(folder.text("c.safetensors") == folder.text("a.safetensors"));
  }
  const Finished all = run_dlcli({"convert", weights_file("training.pt"), "ema.pt", "--key", "state_dict_ema"}, folder);
  CHECK(all.out.find(", its dict 'state_dict_ema'") != std::string::npos);

  const Finished unknown = convert("a.safetensors", "b.bin");
  CHECK(unknown.exit == 2);
  CHECK(unknown.err ==
        "error: b.bin: no format is written whose names end so; they end in .ckpt, .msgpack, .npz, .pt, "
        ".pth, .safetensors, .weights.h5\n  help: give it one of these endings\n");
  const Finished broken = convert(weights_file("make.py"), "b.pt");
  CHECK(broken.exit == 3);
  CHECK(broken.err.find("expected a file of weights (") != std::string::npos);
}

TEST_CASE("a run says where its first weights are from, in short where all simply fits") {
  const Folder folder;
  folder.write("my.yaml", R"(
data: {train: {format: random, shape: [4, 4, 1], dtype: f32, classes: 3, samples: 16}, batch_size: 8}
model: [{conv2d: {out_channels: 2, kernel_size: 3}}, batch_norm, flatten, {linear: 3}]
loss: cross_entropy
optimizer: {sgd: {lr: 0.1}}
trainer: {max_steps: 1}
)");
  const Finished done = run_dlcli({"train", "my.yaml", "--set", "init_from=" + weights_file("legacy.pth")}, folder);
  CHECK(done.exit == 0);
  CHECK_MESSAGE(done.out.find("begun with 8 tensors of legacy.pth (PyTorch before 1.6, its dict 'state_dict')") !=
                    std::string::npos,
                done.out);
  for (const char* detail : {"named otherwise", "left in the file", "begun anew"})
    CHECK(done.out.find(detail) == std::string::npos);
  const Finished part =
      run_dlcli({"train", "my.yaml", "--set",
                 "init_from={path: " + weights_file("wrapped.pt") + ", ignore: [\"*.3.*\"], missing: fresh}"},
                folder);
  CHECK_MESSAGE(part.out.find("begun with 6 tensors of wrapped.pt (PyTorch, without '_orig_mod.' and 'module.')") !=
                    std::string::npos,
                part.out);
  CHECK(part.out.find("begun anew: 3.weight, 3.bias\n"
                      "  left in the file: module._orig_mod.3.bias, module._orig_mod.3.weight\n") != std::string::npos);
}
