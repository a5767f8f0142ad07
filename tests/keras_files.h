// Models of Keras without weights, as archives written by hand.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>

#include "lib/base/file.h"
#include "lib/data/file/zip_writer.h"
#include "tests/folder.h"

namespace dl::testing {

// Of this config.json, saved by a version of Keras.
inline std::filesystem::path keras_archive(const Folder& folder, const std::string& config,
                                           const std::string& version = "3.0.0") {
  const std::filesystem::path file = folder / "model.keras";
  AtomicFile written(file);
  ZipWriter zip([&](const void* data, size_t bytes) { written.append(data, bytes); });
  zip.add("metadata.json", R"({"keras_version": ")" + version + "\"}");
  zip.add("config.json", config);
  zip.finish();
  written.commit();
  return file;
}

// One of these layers behind an input of 4 numbers.
inline std::filesystem::path keras_file(const Folder& folder, const std::string& layers,
                                        const std::string& compiled = "{}") {
  return keras_archive(folder,
                       R"({"class_name": "Sequential", "config": {"name": "m", "layers": [{"class_name": "InputLayer",
                  "config": {"name": "in", "batch_shape": [null, 4], "dtype": "float32"}}, )" +
                           layers + R"(]}, "compile_config": )" + compiled + "}");
}

// One layer of a Functional model, called once with these arguments.
inline std::string keras_call(const std::string& kind, const std::string& name, const std::string& config,
                              const std::string& args, const std::string& keywords = "",
                              const std::string& module = "keras.layers") {
  return R"({"module": ")" + module + R"(", "class_name": ")" + kind + R"(", "config": {"name": ")" + name + "\"" +
         config + R"(}, "inbound_nodes": [{"args": [)" + args + R"(], "kwargs": {)" + keywords + "}}]}";
}
inline std::string keras_tensor(const std::string& layer, int output = 0) {
  return R"({"class_name": "__keras_tensor__", "config": {"keras_history": [")" + layer + "\", 0, " +
         std::to_string(output) + "]}}";
}
// A Functional model with the inputs a and b of 4 numbers, or of `shape`, and these layers.
inline std::filesystem::path keras_graph(const Folder& folder, const std::string& layers, const std::string& outputs,
                                         const std::string& compiled = "{}", const std::string& shape = "[null, 4]") {
  const auto input = [&](const std::string& name) {
    return R"({"class_name": "InputLayer", "inbound_nodes": [], "config": {"dtype": "float32", "name": ")" + name +
           R"(", "batch_shape": )" + shape + "}}, ";
  };
  return keras_archive(folder, R"({"class_name": "Functional", "config": {"layers": [)" + input("a") + input("b") +
                                   layers + R"(], "input_layers": {"b": ["b", 0, 0], "a": ["a", 0, 0]},
                                   "output_layers": )" +
                                   outputs + R"(}, "compile_config": )" + compiled + "}");
}

}  // namespace dl::testing
