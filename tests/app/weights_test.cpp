// Weights of other programs at the command line: inspect, convert, and a run that begins with them.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "lib/base/file.h"
#include "lib/data/file/zip_writer.h"
#include "lib/interop/safetensors.h"
#include "tests/app/run_dlcli.h"
#include "tests/npy.h"

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

namespace {

const std::string sequences_config = R"(
data: {train: {format: random, shape: [6, 4], dtype: f32, classes: 3, samples: 24}, batch_size: 8}
model: [{conv1d: {out_channels: 4, kernel_size: 3}}, batch_norm, {multi_head_attention: 2}, {lstm: 5}, flatten, {linear: 3}]
loss: cross_entropy
optimizer: {adamw: {lr: 0.01}}
trainer: {max_steps: 4, threads: 1}
)";

// A run named "my".
void train_my(const Folder& folder, const std::vector<std::string>& sets = {}) {
  folder.write("my.yaml", sequences_config);
  std::vector<std::string> arguments{"train", "my.yaml", "-q"};
  for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
  const Finished done = run_dlcli(arguments, folder);
  REQUIRE_MESSAGE(done.exit == 0, done.err);
}

}  // namespace

TEST_CASE("a run's weights go out in every format that is written, and come back with the same bits") {
  const Folder folder;
  train_my(folder);
  const std::string step = "runs/my-1/checkpoints/step-00000004";
  REQUIRE(run_dlcli({"convert", step, "a.safetensors"}, folder).exit == 0);
  for (const std::string ending : {".safetensors", ".pt", ".pth", ".ckpt", ".npz", ".msgpack", ".weights.h5"}) {
    CAPTURE(ending);
    CHECK(run_dlcli({"convert", "my", "b" + ending}, folder).exit == 0);
    CHECK(run_dlcli({"convert", "b" + ending, "c.safetensors"}, folder).exit == 0);
    CHECK(folder.text("c.safetensors") == folder.text("a.safetensors"));
    // A run that begins with them, and whose steps are too small to be seen, has them.
    const Finished begun =
        run_dlcli({"train", "my.yaml", "-q", "--name", "back", "--set", "init_from=b" + ending, "--set",
                   "optimizer={sgd: {lr: 1e-30}}", "--set", "trainer.max_steps=1", "--set", "freeze=['1']"},
                  folder);
    CHECK_MESSAGE(begun.exit == 0, begun.err);
    CHECK(run_dlcli({"convert", "back", "d.safetensors"}, folder).exit == 0);
    CHECK(folder.text("d.safetensors") == folder.text("a.safetensors"));
  }
}

TEST_CASE("where a run's training stands goes out with its weights, and inspect shows it") {
  const Folder folder;
  train_my(folder);
  const auto optimizers_in = [&](const std::string& file) {
    return json::parse(run_dlcli({"inspect", file, "--json"}, folder).out)["optimizers"];
  };
  const Finished lightning = run_dlcli({"convert", "my", "last.ckpt", "--prefix", "net."}, folder);
  CHECK_MESSAGE(lightning.exit == 0, lightning.err);
  CHECK(lightning.out.find(", of step 4, and the state of AdamW\n") != std::string::npos);
  const int64_t parameters = optimizers_in("my")[0]["parameters"];
  CHECK(parameters > 10);
  const json states = {"step", "exp_avg", "exp_avg_sq"};
  CHECK(optimizers_in("last.ckpt") ==
        json{{{"at", "optimizer_states.0"}, {"states", states}, {"parameters", parameters}, {"step", 4}}});
  const Finished shown = run_dlcli({"inspect", "my"}, folder);
  CHECK_MESSAGE(
      shown.out.find("\nan optimizer's state in 'optimizer.safetensors': exp_avg, exp_avg_sq of ") != std::string::npos,
      shown.out);
  CHECK(run_dlcli({"convert", "my-1", "all.pt", "--all"}, folder).exit == 0);
  CHECK(json::parse(run_dlcli({"inspect", "all.pt", "--json"}, folder).out)["weights_at"] == "model_state_dict");
  CHECK(optimizers_in("all.pt")[0]["at"] == "optimizer_state_dict");
  CHECK(run_dlcli({"convert", "my-1", "alone.pt"}, folder).exit == 0);
  CHECK(optimizers_in("alone.pt").empty());
  const Finished begun =
      run_dlcli({"train", "my.yaml", "--set", "init_from=last.ckpt", "--set", "trainer.max_steps=1"}, folder);
  CHECK_MESSAGE(begun.out.find("tensors of last.ckpt (PyTorch, its dict 'state_dict', without") != std::string::npos,
                begun.out);
}

TEST_CASE("arrays that JAX's bfloat16 are come out of numpy's archives, and what is no number is told") {
  const Folder folder;
  dl::AtomicFile file(folder / "x.npz");
  dl::ZipWriter zip([&](const void* data, size_t bytes) { file.append(data, bytes); });
  zip.add("w.npy", npy("<V2", "(2,)", std::string("\x80\x3f\x20\xc0", 4)));
  zip.add("kind.npy", npy("<U1", "(1,)", std::string("a\0\0\0", 4)));
  zip.finish();
  file.commit();
  const Finished done = run_dlcli({"convert", "x.npz", "x.safetensors"}, folder);
  CHECK(done.exit == 0);
  CHECK(done.out == "x.safetensors: 1 tensor, 4 B, of numpy's .npz\n");
  CHECK(done.err == "warning: left out: 'kind', an array of '<U1'\n");
  const dl::SafetensorsFile written(folder / "x.safetensors");
  CHECK(written.tensors().at("w").dtype == "BF16");
  CHECK(written.read_f32("w") == std::vector<float>{1, -2.5});
}

TEST_CASE("convert refuses options that would say nothing") {
  const Folder folder;
  const std::string file = weights_file("training.pt");
  const Finished both = run_dlcli({"convert", file, "x.pt", "--all", "--key", "state_dict_ema"}, folder);
  CHECK(both.exit == 2);
  CHECK(both.err == "error: --key: chooses a dict, and --all takes all of them\n  help: keep one of them\n");
  const Finished of_run = run_dlcli({"convert", file, "x.pt", "--checkpoint", "best"}, folder);
  CHECK(of_run.exit == 2);
  CHECK(of_run.err ==
        "error: --checkpoint: is of a run, and '" + file + "' is a file of weights\n  help: leave it out\n");
}

TEST_CASE("a state that the format or torch.optim does not have is refused in words") {
  const Folder folder;
  train_my(folder, {"optimizer={lion: {lr: 1e-3}}"});
  const auto refused = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "convert");
    const Finished done = run_dlcli(arguments, folder);
    CHECK(done.exit == 2);
    return done.err;
  };
  CHECK(refused({"my", "last.ckpt"}) ==
        "error: optimizer: 'lion' has no counterpart in torch.optim that is known here\n"
        "  help: take the weights alone, as .safetensors, or as .pt without --all\n");
  CHECK(refused({"my", "w.npz", "--all"}) ==
        "error: --all: files of numpy hold no optimizer's state\n"
        "  help: write a .pt or a .ckpt, or leave --all out\n");
  const std::string step = "runs/my-1/checkpoints/step-00000004";
  CHECK(refused({step, "w.pt", "--checkpoint", "best"}) ==
        "error: " + step +
            ": is a checkpoint, so --checkpoint best says nothing of it\n"
            "  help: give the run's name, or leave --checkpoint out\n");
  CHECK(run_dlcli({"convert", "my", "w.pt"}, folder).exit == 0);
  const Finished exported = run_dlcli({"export", "my", "--to", "pytorch", "-o", "out"}, folder);
  CHECK(exported.exit == 0);
  CHECK(exported.err ==
        "warning: the optimizer's state is left: 'lion' has no counterpart in torch.optim that is known here\n");
}
