// Reading, writing and refusing safetensors.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/safetensors.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/folder.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string bytes_of_number(uint64_t n) { return {reinterpret_cast<const char*>(&n), sizeof n}; }

std::string file_bytes(const std::string& header, const std::string& data = "") {
  return bytes_of_number(header.size()) + header + data;
}

std::string error_of(const std::string& bytes) {
  const Folder folder;
  Exit exit = Exit::data;
  const std::string text =
      error_text([&] { const SafetensorsFile tensors(folder.write("FILE", bytes)); }, {{folder / "", ""}}, &exit);
  CHECK(exit == Exit::data);
  return text;
}

std::string written(std::vector<SafetensorsItem> items, const std::map<std::string, std::string>& metadata = {}) {
  std::string out;
  write_safetensors(std::move(items), metadata,
                    [&](const void* data, size_t bytes) { out.append(static_cast<const char*>(data), bytes); });
  return out;
}

std::string entry(const std::string& name, const std::string& shape, const std::string& offsets,
                  const std::string& dtype = "F32") {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

}  // namespace

TEST_CASE("what is written is read back: f32, i32, u8, scalars, empty tensors and metadata") {
  const std::vector<float> w{1, -2, 3.5f, 0, 1e-30f, INFINITY};
  const std::vector<int32_t> n{7};
  const std::vector<uint8_t> b{1, 2, 3};
  const Folder folder;
  folder.write("FILE", written({{"w", {DType::f32, {2, 3}}, w.data()},
                                {"bytes", {DType::u8, {3}}, b.data()},
                                {"n", {DType::i32, {}}, n.data()},
                                {"empty", {DType::f32, {0, 4}}, nullptr}},
                               {{"format", "dlcli"}}));
  const SafetensorsFile tensors(folder / "FILE");
  CHECK(tensors.tensors().size() == 4);
  CHECK(tensors.metadata().at("format") == "dlcli");
  CHECK(tensors.tensors().at("w").shape == Shape{2, 3});
  CHECK(tensors.tensors().at("n").shape == Shape{});
  CHECK(tensors.read_f32("w") == w);
  CHECK(tensors.read_f32("empty").empty());
  int32_t count = 0;
  tensors.read("n", DType::i32, &count);
  CHECK(count == 7);
  std::vector<uint8_t> back(3);
  tensors.read("bytes", DType::u8, back.data());
  CHECK(back == b);
}

TEST_CASE("the bytes written are those of the format") {
  const float x = 1;
  const uint8_t y = 2;
  std::string header =
      R"({"a":{"data_offsets":[4,5],"dtype":"U8","shape":[1]},"b":{"data_offsets":[0,4],"dtype":"F32","shape":[1]}})";
  header.append((8 - header.size() % 8) % 8, ' ');
  CHECK(written({{"a", {DType::u8, {1}}, &y}, {"b", {DType::f32, {1}}, &x}}) ==
        file_bytes(header, std::string("\x00\x00\x80\x3f\x02", 5)));
}

TEST_CASE("F16, BF16 and F64 are read as f32") {
  const uint16_t half[] = {0x3C00, 0xC000, 0x0001, 0x7BFF, 0x7C00, 0x8000};
  const uint16_t bfloat[] = {0x3F80, 0xC000};
  const double wide[] = {0.5};
  std::string data(reinterpret_cast<const char*>(half), sizeof half);
  data.append(reinterpret_cast<const char*>(bfloat), sizeof bfloat).append(reinterpret_cast<const char*>(wide), 8);
  const Folder folder;
  folder.write("FILE",
               file_bytes("{" + entry("h", "[6]", "[0,12]", "F16") + "," + entry("b", "[2]", "[12,16]", "BF16") + "," +
                              entry("d", "[1]", "[16,24]", "F64") + "}",
                          data));
  const SafetensorsFile tensors(folder / "FILE");
  CHECK(tensors.read_f32("h") == std::vector<float>{1, -2, 0x1p-24f, 65504, INFINITY, -0.0f});
  CHECK(tensors.read_f32("b") == std::vector<float>{1, -2});
  CHECK(tensors.read_f32("d") == std::vector<float>{0.5f});
}

TEST_CASE("a file that breaks the format is refused with the reason") {
  const std::string zeros(64, '\0');
  auto data = [&](size_t n) { return zeros.substr(0, n); };
  const struct {
    std::string bytes, error;
  } cases[] = {
      {"\x01\x02", "is no safetensors file: 2 bytes, fewer than the header's size takes"},
      {bytes_of_number(uint64_t{1} << 63) + "{}",
       "is no safetensors file: a header of 9223372036854775808 bytes; at most 100000000 are allowed"},
      {bytes_of_number(UINT64_MAX) + "{}",
       "is no safetensors file: a header of 18446744073709551615 bytes; at most 100000000 are allowed"},
      {bytes_of_number(1000) + "{}", "is cut: a header of 1000 bytes in a file of 10"},
      {file_bytes("{\"w\":"), "the header is not JSON"},
      {file_bytes("{\"\xff\xfe\":1}"), "the header is not JSON"},
      {file_bytes("[]"), "the header is no JSON object"},
      {file_bytes("{\"a\":" + std::string(100000, '[')), "the header nests deeper than a safetensors header does"},
      {file_bytes("{\"w\":3}"), "tensor 'w': is not described by an object"},
      {file_bytes("{\"w\":{}}"), "tensor 'w': has no dtype"},
      {file_bytes("{\"w\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"more\":1}}", data(4)),
       "tensor 'w': has keys beside dtype, shape and data_offsets"},
      {file_bytes("{" + entry("w", "[1]", "[0,4]", "F33") + "}", data(4)),
       "tensor 'w': has dtype 'F33', which is not known"},
      {file_bytes("{\"w\":{\"dtype\":7,\"shape\":[],\"data_offsets\":[0,4]}}", data(4)),
       "tensor 'w': has dtype 7, not a text"},
      {file_bytes("{" + entry("w", "4", "[0,16]") + "}", data(16)), "tensor 'w': has a shape that is no list"},
      {file_bytes("{" + entry("w", "[-1,4]", "[0,16]") + "}", data(16)),
       "tensor 'w': shape holds -1, not a whole number"},
      {file_bytes("{" + entry("w", "[1.5]", "[0,4]") + "}", data(4)),
       "tensor 'w': shape holds 1.5, not a whole number"},
      {file_bytes("{" + entry("w", "[4194305,4194305,211106198978564]", "[0,16]") + "}", data(16)),
       "tensor 'w': has shape [4194305,4194305,211106198978564], larger than 64 bits count"},
      {file_bytes("{" + entry("w", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,4]") + "}", data(4)),
       "tensor 'w': has 17 dimensions; at most 16 are read"},
      {file_bytes("{" + entry("w", "[4]", "[16,0]") + "}", data(16)),
       "tensor 'w': lies at bytes 16 to 0 of the data, which are 16 bytes"},
      {file_bytes("{" + entry("w", "[4]", "[0,16]") + "}", data(8)),
       "tensor 'w': lies at bytes 0 to 16 of the data, which are 8 bytes"},
      {file_bytes("{" + entry("w", "[5]", "[0,16]") + "}", data(16)),
       "tensor 'w': has 16 bytes; shape [5] of F32 needs 20"},
      {file_bytes("{" + entry("w", "[4]", "[0,16,20]") + "}", data(16)),
       "tensor 'w': has data_offsets that are not two numbers"},
      {file_bytes("{" + entry("a", "[4]", "[0,16]") + "," + entry("b", "[4]", "[8,24]") + "}", data(24)),
       "tensor 'b': overlaps the tensor before it"},
      {file_bytes("{" + entry("a", "[1]", "[0,4]") + "," + entry("b", "[1]", "[8,12]") + "}", data(12)),
       "tensor 'b': begins 4 bytes after the tensor before it"},
      {file_bytes("{" + entry("a", "[1]", "[0,4]") + "}", data(20)), "16 bytes at the end belong to no tensor"},
      {file_bytes("{" + entry("w", "[1]", "[0,4]") + "," + entry("w", "[1]", "[4,8]") + "}", data(8)),
       "tensor 'w': stands twice in the header"},
      {file_bytes("{\"__metadata__\":{\"a\":{}}," + entry("w", "[1]", "[0,4]") + "}", data(4)),
       "__metadata__ 'a' is no text"},
      {file_bytes("{\"__metadata__\":3}"), "__metadata__ is no object of texts"},
  };
  for (const auto& c : cases) CHECK(error_of(c.bytes) == "error: FILE: " + c.error);
}

TEST_CASE("a tensor of another type, or of a name that is not there, is refused by name") {
  const int32_t n = 1;
  const Folder folder;
  folder.write("FILE", written({{"n", {DType::i32, {}}, &n}}));
  const SafetensorsFile tensors(folder / "FILE");
  CHECK(error_text(folder, [&] { (void)tensors.read_f32("n"); }) ==
        "error: DIR/FILE: tensor 'n': has dtype I32; F32, F16, BF16 or F64 is needed");
  CHECK(error_text(folder, [&] { (void)tensors.read_f32("w"); }) == "error: DIR/FILE: tensor 'w': is not in the file");
  uint8_t byte = 0;
  CHECK(error_text(folder, [&] { tensors.read("n", DType::u8, &byte); }) ==
        "error: DIR/FILE: tensor 'n': has dtype I32; U8 is needed");
}

TEST_CASE("a flipped bit in a header is an error or a file that reads, never a crash") {
  const std::string good = file_bytes("{" + entry("w", "[2,2]", "[0,16]") + "}", std::string(16, 'x'));
  const Folder folder;
  for (size_t bit = 0; bit < (good.size() - 16) * 8; ++bit) {
    std::string bytes = good;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    folder.write("FILE", bytes);
    try {
      const SafetensorsFile tensors(folder / "FILE");
      for (const auto& [name, tensor] : tensors.tensors()) CHECK(tensor.bytes <= 16);
    } catch (const Error&) {
    }
  }
}
