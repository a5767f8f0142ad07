// onnx: an ONNX model as a layer, trained as any other: its floats that are weights are parameters.
// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <mutex>

#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/interop/onnx_layer/taken.h"
#include "lib/nn/axes.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

// The model of a file, read once for all networks that are built of it.
std::shared_ptr<const onnx::ReadModel> model_of(const fs::path& path) {
  struct Known {
    fs::file_time_type time;
    std::weak_ptr<const onnx::ReadModel> model;
  };
  static std::mutex mutex;
  static std::map<std::string, Known> known;
  std::error_code error;
  const auto time = fs::last_write_time(path, error);
  const std::lock_guard lock(mutex);
  Known& entry = known[path.string()];
  if (auto model = entry.model.lock(); model && entry.time == time) return model;
  auto model = std::make_shared<const onnx::ReadModel>(onnx::read_model(path));
  entry = {time, model};
  return model;
}

struct OnnxLayer final : Layer {
  std::string path;
  std::optional<std::string> output, xxh64;
  std::optional<bool> channels_first;

  void describe(Schema& s) override {
    s.summary("a network that an ONNX file holds, trained on");
    s.details(
        "Parameters are the file's floats that have an axis, named as there; running averages of its "
        "BatchNormalizations are buffers. Images are given channels first, as models have them, and come out as they "
        "are "
        "here. A batch normalization that was folded into a convolution as the file was written is none any more: "
        "export with TrainingMode.PRESERVE and without constant folding to train with it.");
    s.also_known_as({"ONNX", "onnx_model"});
    s.required("path", path, "the file, beside the config").positional().known_as({"file", "model"});
    s.optional("output", output, "the tensor that is the result; without it the model's first output")
        .known_as({"outputs", "layer"});
    s.optional("channels_first", channels_first,
               "whether the model takes [batch, channels, …]; without it images and volumes are taken so, sequences as "
               "they are");
    s.optional("xxh64", xxh64, "the file's hash, which a run keeps: xxhsum -H1 FILE");
    s.example("onnx: resnet.onnx");
    s.example("onnx: {path: resnet.onnx, output: /pool/GlobalAveragePool_output_0}");
    s.check([this](const Report& report) { find_file(report); });
  }

  Value build(Builder& b, std::span<const Value> inputs) const override {
    refuse_decoding(b, name);
    if (!fs::exists(path))
      throw ShapeError(concat("there is no file '", path, "'"), "write its path beside the config");
    const auto model = model_of(path);
    if (model->inputs.size() != inputs.size())
      throw ShapeError(concat("the ONNX model takes ", count_of(std::ssize(model->inputs), "input"), " (",
                              shortened(join(model->input_names()), 400), "), got ", inputs.size()),
                       "name them in this order: from: [x, …]");
    std::map<std::string, onnx::Taken> given;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const int rank = inputs[i].shape().rank();
      const bool first = channels_first.value_or(rank > 3) && rank > 2;
      given[model->inputs[i].name] = {.value = inputs[i],
                                      .order = first ? onnx::channels_last_order(rank) : onnx::natural_order(rank)};
    }
    if (model->outputs.empty()) throw ShapeError("the ONNX model has no output");
    onnx::Taking taking(*model, b);
    const onnx::Taken y = taking.run(given, output.value_or(model->outputs[0]));
    const int rank = y.rank();
    if (rank == 0)
      throw ShapeError("the ONNX model gives one number for all samples", "name a tensor before it as 'output'");
    const bool first = channels_first.value_or(rank > 3) && rank > 2;
    return onnx::transposed_to(y.value, y.order, first ? onnx::channels_last_order(rank) : onnx::natural_order(rank));
  }

 private:
  // Looked for beside the config; from then on it is known by its whole path and its hash.
  void find_file(const Report& report) {
    std::error_code error;
    const fs::path beside = fs::path(place.file).parent_path() / path;
    if (!fs::path(path).is_absolute() && fs::is_regular_file(beside, error)) path = fs::absolute(beside).string();
    if (!fs::is_regular_file(path, error)) return;  // building says so
    path = fs::absolute(path).string();
    try {
      const std::string found = hash_text(model_of(path)->xxh64);
      if (xxh64 && *xxh64 != found)
        report.at("xxh64", concat("expected the file's hash ", *xxh64, ", found ", found),
                  "put the file back that the run was begun with");
      xxh64 = found;
    } catch (const Error& problem) {
      report.at("path", problem.problems().front().what, problem.problems().front().help);
    }
  }
};
DL_LAYER(OnnxLayer, "onnx");

}  // namespace
}  // namespace dl
