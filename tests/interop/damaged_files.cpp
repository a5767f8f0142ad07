// Files of other programs, damaged at random: each is read or refused in words, never a crash, and never for long.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <random>

#include "lib/data/array/npy.h"
#include "lib/data/file/tfrecord.h"
#include "lib/data/table/arrow_table.h"
#include "lib/data/table/parquet_table.h"
#include "lib/interop/keras/keras_model.h"
#include "lib/interop/onnx/write.h"
#include "lib/interop/weights/weights_format.h"
#include "lib/interop/weights/weights_writer.h"
#include "tests/check_layer.h"
#include "tests/folder.h"
#include "tests/from_environment.h"
#include "tests/interop/small_network.h"
#include "tests/paths.h"

namespace dl::testing {
namespace {

namespace fs = std::filesystem;

class Damage {
 public:
  explicit Damage(uint64_t seed) : random_(static_cast<uint32_t>(seed)) {}

  // Some of its bytes others, some gone, or its end cut off.
  std::string of(const std::string& good) {
    std::string bytes = good;
    for (size_t change = 1 + below(6); change > 0 && !bytes.empty(); --change) {
      const size_t at = below(bytes.size());
      switch (below(6)) {
        case 0: bytes[at] = static_cast<char>(random_()); break;
        case 1: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
        case 2: bytes[at] = '\xFF'; break;
        case 3: bytes.replace(at, 4, four()); break;
        case 4: bytes.insert(at, bytes.substr(below(bytes.size()), below(16))); break;
        default:
          if (bytes.size() > 100) bytes.erase(at, 1 + below(8));
      }
    }
    if (below(20) == 0) bytes.resize(below(bytes.size() + 1));
    return bytes;
  }

 private:
  size_t below(size_t n) { return n == 0 ? 0 : std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  std::string four() {
    const uint32_t value = random_();
    return {reinterpret_cast<const char*>(&value), sizeof value};
  }
  std::mt19937 random_;
};

struct Reader {
  std::string name;
  std::vector<std::string> files;  // good ones
  std::function<void(const fs::path&)> read;
};

// DLCLI_DAMAGED_FILES: how many damages for each reader, over its files. DLCLI_DAMAGED_SEED: which.
// DLCLI_DAMAGED_READER: of the readers with this name only.
void read_damaged(const Reader& reader) {
  if (const char* only = std::getenv("DLCLI_DAMAGED_READER"); only != nullptr && reader.name != only) return;
  CAPTURE(reader.name);
  REQUIRE(!reader.files.empty());
  const int64_t usual = 400, count = from_environment("DLCLI_DAMAGED_FILES", usual);
  Damage damage(static_cast<uint64_t>(from_environment("DLCLI_DAMAGED_SEED", 5)));
  const Folder folder;
  const fs::path file = folder / "damaged";
  int64_t refused = 0;
  double longest = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds_since = [](auto start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  for (int64_t i = 0; i < count; ++i) {
    folder.write("damaged", damage.of(reader.files[static_cast<size_t>(i) % reader.files.size()]));
    const auto start = std::chrono::steady_clock::now();
    try {
      reader.read(file);
    } catch (const Error& error) {
      ++refused;
      CHECK(std::string_view(error.what()).size() < 5000);
    }
    longest = std::max(longest, seconds_since(start));
  }
  CHECK(longest < 10);
  if (count > usual)
    MESSAGE(reader.name, ": ", count, " damaged files, ", refused, " refused, ", seconds_since(begin),
            " s, the longest ", longest, " s");
}

void read_weights_of(const fs::path& file) {
  const WeightsTable table = read_weights_table(file);
  std::vector<std::byte> piece;
  for (const auto& [name, tensor] : table.tensors()) {
    const int64_t count = std::min<int64_t>(tensor.shape.elements(), 1000);
    piece.resize(static_cast<size_t>(count) * bytes_of(tensor.type));
    TensorReader(tensor).read(0, count, piece.data());
  }
}

void read_cells_of(const TableText& table) {
  for (int64_t row = 0; row < std::min<int64_t>(table.rows(), 100); ++row)
    for (int64_t column = 0; column < table.columns(); ++column) table.cell(row, column);
}

const auto every_column = [](const std::string&) { return true; };

std::vector<std::string> files_in(const std::string& folder, const std::vector<std::string>& endings) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(fs::path(source_dir()) / "tests" / folder))
    if (std::ranges::count(endings, entry.path().extension().string()) > 0) paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<std::string> files;
  for (const fs::path& path : paths) files.push_back(text_of(path));
  return files;
}

}  // namespace

TEST_CASE("damaged files of weights are read or refused") {
  std::map<std::string, Reader> readers;
  for (const auto& entry : fs::directory_iterator(fs::path(source_dir()) / "tests/interop/files")) {
    const std::string extension = entry.path().extension();
    if (extension == ".py" || extension == ".json" || extension == ".bin") continue;
    const std::string name = read_weights_table(entry.path()).format();
    readers.try_emplace(name, Reader{name, {}, read_weights_of}).first->second.files.push_back(text_of(entry.path()));
  }
  // What this program writes.
  const Folder folder;
  const WeightsTable table = read_weights_table(fs::path(source_dir()) / "tests/interop/files/state_dict.pt");
  for (const std::string& ending : weights_endings()) {
    const fs::path file = folder / ("written" + ending);
    write_weights_file(file, table.tensors());
    const std::string name = read_weights_table(file).format();
    readers.try_emplace(name, Reader{name, {}, read_weights_of}).first->second.files.push_back(text_of(file));
  }
  CHECK(readers.size() >= 8);
  for (const auto& [name, reader] : readers) read_damaged(reader);
}

TEST_CASE("damaged tables, records and arrays are read or refused") {
  read_damaged({"Parquet", files_in("data/columnar", {".parquet"}),
                [](const fs::path& file) { read_cells_of(*read_parquet(file, every_column)); }});
  read_damaged({"Arrow", files_in("data/columnar", {".feather", ".arrows"}),
                [](const fs::path& file) { read_cells_of(*read_arrow(file, every_column)); }});
  // An example with a feature of each kind: {"x": [1.5, 2], "n": [3], "s": ["ab"]}.
  const std::string example(
      "\x0A\x2A\x0A\x11\x0A\x01x\x12\x0C\x12\x0A\x0A\x08\x00\x00\xC0\x3F\x00\x00\x00\x40"
      "\x0A\x0A\x0A\x01n\x12\x05\x1A\x03\x0A\x01\x03\x0A\x09\x0A\x01s\x12\x04\x0A\x02\x0A\x00",
      44);
  read_damaged({"TFRecord", {tfrecord(example) + tfrecord(example)}, [](const fs::path& file) {
                  const TfrecordFile records(file);
                  for (int64_t i = 0; i < records.size(); ++i) {
                    const std::string record = records.record(i);
                    example_features(record, example_names(record));
                  }
                }});
  // Their checksums are right, so that it is the example that is read.
  Damage damage(1);
  const int64_t count = from_environment("DLCLI_DAMAGED_FILES", 400);
  for (int64_t i = 0; i < count; ++i) {
    const std::string record = damage.of(example);
    try {
      example_features(record, example_names(record));
    } catch (const std::exception&) {
    }
  }
  const auto read_array = [](const fs::path& file) {
    const NpyArray array(file, "");
    const int64_t rows = array.shape().rank() == 0 ? 1 : std::min<int64_t>(array.shape()[0], 10);
    if (rows * array.row_bytes() > 1 << 20) return;
    std::vector<std::byte> values(static_cast<size_t>(rows * array.row_elements()) * 4 + 64),
        scratch(static_cast<size_t>(rows * array.row_bytes()) + 64);
    array.read_values(0, rows, array.is_float() ? DType::f32 : DType::i32, values.data(), scratch.data());
  };
  std::string array = npy_head("<f4", {3, 2}) + std::string(24, '\x3F');
  read_damaged({"npy", {array}, read_array});
}

TEST_CASE("damaged models of ONNX and of Keras are made layers or refused") {
  std::vector<std::string> models;
  for (const std::string yaml :
       {"model: [{conv2d: {out_channels: 4, kernel_size: 3, padding: same}}, batch_norm, relu, {max_pool2d: 2}, "
        "flatten, "
        "{linear: 5}, softmax]",
        "model: [{conv_transpose2d: {out_channels: 3, kernel_size: 3, stride: 2}}, {avg_pool2d: 2}, gelu]"}) {
    const SmallNetwork small(yaml, {DType::f32, {6, 4, 3}});
    onnx::Model model = onnx::write(small.trained(), true).model;
    models.push_back(onnx::bytes_of(model));
  }
  read_damaged({"ONNX", models, [](const fs::path& file) {
                  fs::last_write_time(file, fs::file_time_type::clock::now());
                  std::vector<Problem> problems;
                  const auto layer =
                      read_registered(Registry<Layer>::instance(),
                                      parse_yaml("onnx: {path: " + file.string() + "}", "test"), Reading(problems));
                  if (!problems.empty()) throw Error(Exit::usage, std::move(problems));
                  try {
                    BuiltLayer(dynamic_cast<const Layer&>(*layer), {Type{DType::f32, {2, 6, 4, 3}}}, false);
                  } catch (const ShapeError&) {
                  }
                }});
  read_damaged({"Keras", files_in("interop/keras", {".keras"}), [](const fs::path& file) {
                  if (keras::is_model(file)) keras::read_model(file);
                }});
}

}  // namespace dl::testing
