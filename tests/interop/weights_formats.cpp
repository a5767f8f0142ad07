// Files of weights as the frameworks wrote them (tests/interop/files/make.py): every tensor bit for bit.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/f16.h"
#include "lib/interop/weights/chosen_weights.h"
#include "lib/interop/weights/weights_format.h"
#include "lib/interop/weights/weights_writer.h"
#include "tests/folder.h"
#include "tests/paths.h"

namespace dl {
namespace {

std::filesystem::path weights_files() { return std::filesystem::path(testing::source_dir()) / "tests/interop/files"; }

template <class T>
double number_at(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<double>(value);
}

double element(ElementType type, const std::byte* at) {
  switch (type) {
    case ElementType::boolean:
    case ElementType::u8: return number_at<uint8_t>(at);
    case ElementType::i8: return number_at<int8_t>(at);
    case ElementType::u16: return number_at<uint16_t>(at);
    case ElementType::i16: return number_at<int16_t>(at);
    case ElementType::u32: return number_at<uint32_t>(at);
    case ElementType::i32: return number_at<int32_t>(at);
    case ElementType::u64: return number_at<uint64_t>(at);
    case ElementType::i64: return number_at<int64_t>(at);
    case ElementType::f64: return number_at<double>(at);
    default: break;
  }
  float value = 0;
  to_f32(type, at, {&value, 1});
  return value;
}

std::vector<double> elements_of(const StoredTensor& tensor) {
  std::vector<std::byte> bytes(tensor.byte_count());
  TensorReader(tensor).read(0, tensor.shape.elements(), bytes.data());
  std::vector<double> values;
  for (size_t at = 0; at < bytes.size(); at += bytes_of(tensor.type))
    values.push_back(element(tensor.type, bytes.data() + at));
  return values;
}

void check_equal(const WeightsTable& table, const nlohmann::json& wanted) {
  CHECK(table.tensors().size() == wanted.size());
  for (const auto& [name, tensor] : wanted.items()) {
    CAPTURE(name);
    const StoredTensor* found = table.find(name);
    REQUIRE(found);
    CHECK(name_of(found->type) == tensor["type"].get<std::string>());
    CHECK(found->shape.sizes() == tensor["shape"].get<std::vector<int64_t>>());
    const auto values = tensor["values"].get<std::vector<double>>();
    const std::vector<double> read = elements_of(*found);
    REQUIRE(read.size() == values.size());
    for (size_t i = 0; i < values.size(); ++i)
      CHECK(std::bit_cast<uint64_t>(read[i]) == std::bit_cast<uint64_t>(values[i]));
  }
}

// Of ONNX only where its reader is built.
nlohmann::json expected_weights() {
  nlohmann::json expected = nlohmann::json::parse(testing::text_of(weights_files() / "expected.json"));
  if (std::ranges::count(weights_format_names(), "ONNX") == 0)
    for (const char* file : {"model.onnx", "outside.onnx"}) expected.erase(file);
  return expected;
}

std::string said_of(const std::filesystem::path& file) {
  return testing::error_text([&] { read_weights_table(file); });
}

}  // namespace

TEST_CASE("files of weights are read bit for bit, whoever wrote them") {
  const nlohmann::json expected = expected_weights();
  for (const auto& [file, tensors] : expected.items()) {
    CAPTURE(file);
    check_equal(read_weights_table(weights_files() / file), tensors);
  }
}

TEST_CASE("what is written is read again bit for bit, and says the same") {
  const testing::Folder folder;
  const nlohmann::json expected = expected_weights();
  for (const auto& [file, tensors] : expected.items()) {
    const WeightsTable table = read_weights_table(weights_files() / file);
    for (const std::string& ending : weights_endings()) {
      if (ending == ".ckpt") continue;  // below
      const WeightsWriter& writer = weights_writer_for("x" + ending);
      WeightsWriter::Tensors kept;
      nlohmann::json wanted;
      for (const auto& entry : table.tensors())
        if (writer.has(entry.tensor.type)) {
          kept.push_back(entry);
          wanted[entry.name] = tensors[entry.name];
        }
      CAPTURE(file);
      CAPTURE(ending);
      write_weights_file(folder / ("x" + ending), kept);
      check_equal(read_weights_table(folder / ("x" + ending)), wanted);
    }
  }
}

TEST_CASE("a checkpoint of Lightning's has its weights in state_dict") {
  const testing::Folder folder;
  const WeightsTable table = read_weights_table(weights_files() / "state_dict.pt");
  write_weights_file(folder / "x.ckpt", table.tensors());
  const WeightsTable written = read_weights_table(folder / "x.ckpt");
  CHECK(weights_place(written, {}).key == "state_dict");
  CHECK(written.tensors().size() == table.tensors().size());
}

TEST_CASE("a storage that two tensors share is written once") {
  const testing::Folder folder;
  const std::string bytes(4000, 'x');
  const StoredTensor tensor{.shape = {1000}, .bytes = StoredBytes::in_memory(bytes)};
  write_weights_file(folder / "x.pt", {{"a", tensor}, {"b", tensor}});
  CHECK(std::filesystem::file_size(folder / "x.pt") < 6000);
  CHECK(read_weights_table(folder / "x.pt").find("b")->byte_count() == 4000);
}

TEST_CASE("the dict that holds the weights is found, and another is taken where it is asked for") {
  const WeightsTable table = read_weights_table(weights_files() / "training.pt");
  const WeightsPlace place = weights_place(table, {});
  CHECK(place.key == "model");
  CHECK(place.passed == std::vector<std::string>{"state_dict_ema"});
  CHECK(names_at(table, weights_place(table, "state_dict_ema")).at("0.weight") == "state_dict_ema.0.weight");
  Exit exit = Exit::done;
  CHECK(testing::error_text([&] { weights_place(table, "state_dict_emma"); }, {{weights_files().string(), "DIR"}},
                            &exit) ==
        "error: DIR/training.pt: holds no weights under 'state_dict_emma'\n"
        "  its dicts of weights: model, optimizer.state.0, optimizer.state.1, optimizer.state.2, optimizer.state.3, "
        "optimizer.state.4, optimizer.state.5, state_dict_ema\n"
        "  help: write 'state_dict_ema'");
  CHECK(exit == Exit::usage);
}

TEST_CASE("a layer called net beside others is no dict of all weights where dicts are layers") {
  const testing::Folder folder;
  const StoredTensor tensor{.shape = {2}, .bytes = StoredBytes::in_memory(std::string(8, 'x'))};
  write_weights_file(folder / "x.msgpack", {{"head.bias", tensor}, {"net.bias", tensor}});
  const WeightsTable table = read_weights_table(folder / "x.msgpack");
  CHECK(weights_place(table, {}).key.empty());
  CHECK(names_at(table, weights_place(table, {})).size() == 2);
  CHECK(weights_place(table, "net").key == "net");
  CHECK(read_weights_table(weights_files() / "torchscript.pt").dicts_are_layers());
  CHECK(!read_weights_table(weights_files() / "training.pt").dicts_are_layers());
}

TEST_CASE("what wrappers put before names is taken away where all are found then and none is as it stands") {
  using Names = std::vector<std::string>;
  CHECK(wrappers({"module._orig_mod.0.weight", "module._orig_mod.0.bias"}, {"0.weight", "0.bias"}) ==
        Names{"_orig_mod.", "module."});
  CHECK(unwrapped("module._orig_mod.0.weight", {"_orig_mod.", "module."}) == "0.weight");
  CHECK(wrappers({"layers._orig_mod.0.weight"}, {"layers.0.weight"}) == Names{"_orig_mod."});
  CHECK(wrappers({"layers._orig_mod.0.weight", "head.weight"}, {"layers.0.weight", "head.weight"}) ==
        Names{"_orig_mod."});
  CHECK(wrappers({"module._fsdp_wrapped_module.0._checkpoint_wrapped_module.weight"}, {"0.weight"}).size() == 3);
  CHECK(wrappers({"0._checkpoint_wrapped_module.weight", "1.weight"}, {"0.weight", "1.weight"}) ==
        Names{"_checkpoint_wrapped_module."});
  CHECK(wrappers({"backbone.a", "head.b"}, {"a"}) == Names{"backbone."});
  CHECK(wrappers({"backbone.a", "a"}, {"a"}).empty());
  CHECK(wrappers({"module.a"}, {"a", "b"}).empty());
  CHECK(wrappers({"my_orig_mod.a"}, {"mya"}).empty());
}

TEST_CASE("a file of no known format, and names that no format has, say what there is") {
  const testing::Folder folder;
  const std::string formats = said_of(folder.write("x.pt", "hello"));
  CHECK(formats.find("expected a file of weights (") != std::string::npos);
  CHECK(formats.find("PyTorch, ") != std::string::npos);
  CHECK(formats.ends_with("found one that begins with 'hello'"));
  CHECK(said_of(folder.write("e.pt", "")).ends_with("found one that is empty"));
  CHECK(said_of(folder.path) ==
        "error: " + folder.path.string() +
            ": is a folder without model.safetensors or pytorch_model.bin\n  help: name the file");
  std::filesystem::create_directories(folder / "run/checkpoints/step-00000004");
  folder.write("run/checkpoints/step-00000004/model.safetensors", "");
  CHECK(said_of(folder / "run")
            .ends_with("help: name its newest checkpoint: '" + (folder / "run/checkpoints/step-00000004").string() +
                       "'"));
  CHECK(testing::error_text([&] {
          weights_writer_for("x.bin");
        }).starts_with("error: x.bin: no format is written whose names end so; they end in .ckpt, "));
  folder.write("index.json", "{\"weight_map\": {\"a\": \"../x.bin\"}}");
  CHECK(said_of(folder / "index.json").ends_with(": names '../x.bin', which is no file beside it"));
  folder.write("index.json", "{\"weight_map\": {\"a\": \"x.bin\"}}");
  CHECK(said_of(folder / "index.json").find("names 'x.bin', which is not there\n") != std::string::npos);
}

TEST_CASE("beside tensors there is what Keras and training loops say of them") {
  const auto other = [](const char* file, const std::string& name) {
    const WeightsTable table = read_weights_table(weights_files() / file);
    for (const WeightsTable::Other& o : table.others())
      if (o.name == name) return o.value;
    return std::string();
  };
  CHECK(other("model.weights.h5", "layers.conv2d.vars.name") == "'first'");
  CHECK(other("plain.h5", "texts") == "'[a, bc]'");
  CHECK(other("plain.h5", "number") == "'7'");
  CHECK(other("training.pt", "name") == "'run ä'");
  CHECK(other("training.pt", "big") == "an integer beyond 64 bits");
}

TEST_CASE("a file of Keras says which layer's kernel a numbered variable is") {
  for (const char* file : {"model.weights.h5", "model.keras"}) {
    const WeightsTable table = read_weights_table(weights_files() / file);
    CHECK(table.meaning("layers.conv2d.vars.0") == "first.kernel");
    CHECK(table.meaning("layers.conv2d.vars.1") == "first.bias");
    CHECK(table.meaning("layers.batch_normalization.vars.2") == "batch_normalization.moving_mean");
  }
  const WeightsTable legacy = read_weights_table(weights_files() / "legacy.h5");
  std::set<std::string> meanings;
  for (const auto& entry : legacy.tensors()) meanings.insert(legacy.meaning(entry.name));
  CHECK(meanings.contains("first.kernel"));
  CHECK(meanings.contains("batch_normalization.gamma"));
}

TEST_CASE("names in files of older Keras and TensorFlow say which layer's variable each is") {
  const testing::Folder folder;
  const auto meaning = [&](const std::string& name) {
    WeightsTable::Entry entry{.name = name, .tensor = {}};
    entry.tensor.shape = {1};
    entry.tensor.bytes = StoredBytes::in_memory(std::string(4, '\0'));
    const std::filesystem::path file = folder / "x.weights.h5";
    std::filesystem::remove(file);
    write_weights_file(file, {entry});
    const WeightsTable table = read_weights_table(file);
    return table.meaning(table.tensors().at(0).name);
  };
  CHECK(meaning("model_weights.first.first.kernel") == "first.kernel");
  CHECK(meaning("model_weights.first.kernel:0") == "first.kernel");
  CHECK(meaning("model_weights.first.net.first.kernel:0") == "first.kernel");
  CHECK(meaning("model_weights.look.look.query.bias") == "look.query.bias");
  CHECK(meaning("model_weights.a.a.lstm_cell_3.recurrent_kernel:0") == "a.lstm_cell.recurrent_kernel");
  CHECK(meaning("a.a.backward_lstm.lstm_cell_1.bias:0") == "a.backward_rnn.lstm_cell.bias");
  CHECK(meaning("a.a.bias") == "a.a.bias");
}

TEST_CASE("states of optimizers and of random numbers are beside weights") {
  for (const char* name :
       {"n_averaged", "optimizer.vars.3", "optimizer_weights.adam.iteration", "layers.dropout.seed_generator.vars.0"})
    CHECK(is_beside_weights(name));
  for (const char* name : {"optimizer.weight", "layers.dense.vars.0"}) CHECK(!is_beside_weights(name));
}

TEST_CASE("bytes of an ONNX model lie beside it and nowhere else") {
  if (std::ranges::count(weights_format_names(), "ONNX") == 0) return;
  const testing::Folder folder;
  std::string model = testing::text_of(weights_files() / "outside.onnx");
  folder.write("outside.onnx", model);
  CHECK(said_of(folder / "outside.onnx").find("outside.bin") != std::string::npos);
  const std::string_view place = "outside.bin", elsewhere = "../side.bin";
  for (size_t at = 0; (at = model.find(place, at)) != std::string::npos;) model.replace(at, place.size(), elsewhere);
  folder.write("outside.onnx", model);
  CHECK(said_of(folder / "outside.onnx").ends_with("stands in '../side.bin', which is no file beside the model"));
}

TEST_CASE("a name with a '/' in any of its parts is none of a format of groups") {
  const testing::Folder folder;
  const StoredTensor tensor{.shape = {2}, .bytes = StoredBytes::in_memory(std::string(8, 'x'))};
  for (const std::string name : {"a/b", "a/b.weight", "c.a/b.weight"}) {
    CAPTURE(name);
    CHECK(testing::error_text(folder,
                              [&] {
                                write_weights_file(folder / "x.weights.h5", {{name, tensor}});
                              }) ==
          "error: tensor '" + name +
              "': has a name with an empty part or a '/', which no format of groups can have\n"
              "  help: convert it to .safetensors");
  }
  CHECK(folder.names().empty());
}

TEST_CASE("types that a format does not have are refused by name, and nothing is written") {
  const testing::Folder folder;
  const WeightsTable table = read_weights_table(weights_files() / "types.pt");
  CHECK(testing::error_text(folder, [&] { write_weights_file(folder / "x.npz", table.tensors()); }) ==
        "error: DIR/x.npz: tensor 'bf16': is of type BF16, which numpy does not have\n"
        "  help: convert it to .safetensors");
  CHECK(folder.names().empty());
}

}  // namespace dl
