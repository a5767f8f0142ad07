// What the tests of data share: files made on the spot, and sets read whole.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <zlib.h>

#include <cstring>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/data_spec.h"
#include "lib/spec/yaml.h"
#include "tests/folder.h"
#include "tests/idx.h"

namespace dl::testing {

// What opening the set found worth telling, each rendered and ended by a line's end, with DIR for the folder.
inline std::string warnings(const Folder& folder, const Dataset& data) {
  std::string text;
  for (const Problem& problem : data.warnings()) text += problem_text(problem) + "\n";
  return folder.placeless(text);
}

inline std::string gzip(const std::string& bytes) {
  z_stream z{};
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, bytes.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

inline std::string png_chunk(const std::string& name, const std::string& data) {
  const std::string sealed = name + data;
  return big_endian(static_cast<uint32_t>(data.size())) + sealed +
         big_endian(static_cast<uint32_t>(
             crc32(0, reinterpret_cast<const Bytef*>(sealed.data()), static_cast<uInt>(sealed.size()))));
}

// A PNG of 8 bits a channel, grey or colour; `packed` is the compressed picture.
inline std::string png_packed(uint32_t width, uint32_t height, int channels, const std::string& packed) {
  return "\x89PNG\r\n\x1a\n" +
         png_chunk("IHDR", big_endian(width) + big_endian(height) +
                               std::string{8, static_cast<char>(channels == 1 ? 0 : 2), 0, 0, 0}) +
         png_chunk("IDAT", packed) + png_chunk("IEND", "");
}

inline std::string deflated(const std::string& bytes) {
  std::string out(compressBound(bytes.size()), '\0');
  uLongf size = out.size();
  compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  out.resize(size);
  return out;
}

inline std::string png(uint32_t width, uint32_t height, int channels, const std::string& pixels) {
  std::string rows;
  const size_t row = width * static_cast<size_t>(channels);
  for (size_t y = 0; y < height; ++y) rows += '\0' + pixels.substr(y * row, row);
  return png_packed(width, height, channels, deflated(rows));
}

// One sample's fields, as bytes.
inline std::vector<std::string> sample(const Dataset& data, int64_t index, SampleRandom* random = nullptr) {
  std::vector<std::string> values;
  Sample into;
  into.random = random;
  for (const SampleField& field : data.fields()) values.emplace_back(static_cast<size_t>(field.type.bytes()), '\xEE');
  for (std::string& value : values) into.fields.push_back(reinterpret_cast<std::byte*>(value.data()));
  data.get(index, into);
  return values;
}

inline int32_t label(const Dataset& data, int64_t index) {
  int32_t y;
  std::memcpy(&y, sample(data, index)[1].data(), sizeof y);
  return y;
}

inline std::vector<float> floats(const std::string& bytes) {
  std::vector<float> out(bytes.size() / sizeof(float));
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

// The section `data:` read from YAML; every problem of reading and opening, rendered.
struct OpenedForTest {
  DataSpec spec;
  DataSets sets;
  std::string problems, folder;
};

inline std::unique_ptr<OpenedForTest> open(const std::string& yaml, const std::filesystem::path& folder) {
  auto opened = std::make_unique<OpenedForTest>();
  opened->folder = folder.string();
  std::vector<Problem> problems;
  read_object(parse_yaml(yaml, (folder / "run.yaml").string()), opened->spec, Reading(problems, "data"));
  if (problems.empty()) opened->sets = open_data(opened->spec, folder, 1, problems);
  for (const Problem& problem : problems) opened->problems += render(problem);
  opened->problems = replaced(opened->problems, {{folder.string(), "DIR"}});
  return opened;
}

// Samples 0, 1, … whose "x" is [index, index + 1] and whose "y" is the index.
class CountingSet : public Dataset {
 public:
  explicit CountingSet(int64_t size) : size_(size) {}
  int64_t size() const override { return size_; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return true; }
  uint64_t fingerprint() const override { return static_cast<uint64_t>(size_); }
  void get(int64_t index, Sample& into) const override {
    const float x[] = {static_cast<float>(index), static_cast<float>(index + 1)};
    const auto y = static_cast<int32_t>(index);
    std::memcpy(into.fields[0], x, sizeof x);
    std::memcpy(into.fields[1], &y, sizeof y);
  }

 private:
  const int64_t size_;
  const std::vector<SampleField> fields_{{"x", {DType::f32, {2}}}, {"y", {DType::i32, {}}}};
};

}  // namespace dl::testing
