// A file of a model: its config, and what it was compiled with.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/keras_model.h"

#include <algorithm>
#include <cstring>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/data/file/zip.h"
#include "lib/interop/keras/keras_call.h"
#include "lib/interop/keras/keras_compiled.h"
#include "lib/interop/keras/keras_graph.h"
#include "lib/interop/weights/hdf5.h"
#include "lib/interop/weights/stored_tensor.h"

namespace dl::keras {
namespace {

namespace fs = std::filesystem;

// A member of the archive; "" where there is none.
std::string text_of_member(const fs::path& file, std::string_view name) {
  const auto opened = std::make_shared<const InputFile>(file);
  for (const ZipMember& member : read_zip(*opened))
    if (member.name == name) {
      const StoredBytes::Pointer bytes = StoredBytes::in_zip(opened, member);
      if (bytes->size() > (64 << 20)) return "";
      std::string text(bytes->size(), '\0');
      if (bytes->is_deflated())
        std::memcpy(text.data(), bytes->inflated().get(), text.size());
      else
        bytes->read(0, text.data(), text.size());
      return text;
    }
  return "";
}

}  // namespace

bool is_model(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return false;
  try {
    const std::string config = text_of_member(file, "config.json");
    return config.find("\"class_name\"") != std::string::npos;
  } catch (const Error&) {
    return false;
  }
}

bool is_older_model(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return false;
  try {
    const auto opened = std::make_shared<const InputFile>(file);
    std::string start(static_cast<size_t>(std::min<uint64_t>(opened->size_bytes(), 8)), '\0');
    opened->read(0, start.data(), start.size());
    if (!is_hdf5(start)) return false;
    for (const Hdf5Object& object : read_hdf5(file, StoredBytes::in_file(opened, 0, opened->size_bytes())))
      if (object.path.empty()) return object.attributes.contains("model_config");
  } catch (const Error&) {
  }
  return false;
}

FamilyNetwork read_model(const fs::path& file, const GivenSizes& given) {
  KerasItems items(given);
  items.is_before_3 = text_of_member(file, "metadata.json").find("\"keras_version\": \"2.") != std::string::npos;
  FamilyNetwork network;
  try {
    // What reads it calls itself for what is within.
    const Json model =
        Json::parse(text_of_member(file, "config.json"), [&](int depth, Json::parse_event_t, const Json&) {
          if (depth > most_depth)
            throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                            .what = concat("its config.json is nested deeper than ", most_depth)});
          return true;
        });
    add_model(model, items);
    network.architecture = concat("Keras ", model.value("class_name", ""));
    for (const auto& [name, sizes] : given)
      if (!items.named_inputs.contains(name)) {
        items.problems.push_back(concat("the model has no input '", name, "'"));
        items.help = concat("its inputs: ",
                            join(std::vector<std::string>(items.named_inputs.begin(), items.named_inputs.end())));
      }
    if (!items.problems.empty()) {
      Problem problem{.where = {.file = file.string()}, .what = items.problems[0], .help = items.help};
      problem.notes.assign(items.problems.begin() + 1, items.problems.end());
      throw Error(Exit::usage, problem);
    }
    if (items.items.items.empty() || items.inputs.empty())
      throw Error(Exit::usage,
                  Problem{.where = {.file = file.string()}, .what = "the model has no layers, or no input"});
    Node config = Node::map(), trainer = Node::map();
    trainer.set("max_epochs", Node::integer(1));
    const Json compiled = model.contains("compile_config") && model["compile_config"].is_object()
                              ? model["compile_config"]
                              : Json::object();
    const OutputLosses losses = add_loss(compiled, items, config, network.left_out);
    add_optimizer(compiled, config, trainer, network.left_out);
    for (const auto& [key, of_layers] : items.left_out)
      network.left_out.push_back(concat("'", key, "' of ", shortened(join(of_layers), 60)));
    if (!items.frozen.empty() && items.trained.empty()) network.left_out.push_back("that all its layers are frozen");
    if (!items.frozen.empty() && !items.trained.empty()) {
      Node names = Node::list();
      for (const std::string& name : items.frozen) names.items.push_back(Node::string(name));
      config.set("freeze", std::move(names));
    }
    Node ordered = Node::map();
    ordered.set("model", std::move(items.items));
    for (const std::string& key : config.keys()) ordered.set(key, *config.find(key));
    ordered.set("trainer", std::move(trainer));
    network.config = std::move(ordered);
    network.tensors = std::move(items.tensors);
    // Keras counts the samples that a Normalization has seen.
    network.ignore = {"optimizer.vars.*", "layers.normalization.vars.2", "layers.normalization_*.vars.2"};
    const auto gives = outputs_of(*network.config.find("model"), items.inputs, items.outputs);
    network.config.set("data", imported_data(items.inputs, losses, gives));
  } catch (const Json::exception& error) {
    throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                    .what = concat("its config.json is no model of Keras's: ", error.what())});
  }
  return network;
}

}  // namespace dl::keras
