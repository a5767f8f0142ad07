// TFRecord files that TensorFlow wrote (tfrecord.py), and files that are none.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/file/tfrecord.h"

#include <doctest/doctest.h>

#include <protozero/pbf_writer.hpp>

#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  return bytes;
}

// By TensorFlow 2.21.0.
const char* const numbers_file =
    "3b000000000000001a23ac5c0a390a0e0a056c6162656c12051a030a01010a0f0a046e616d6512070a050a03646f670a160a0676616c756573"
    "120c120a0a080000003f000080bf467b93f33b000000000000001a23ac5c0a390a0e0a056c6162656c12051a030a01000a0f0a046e616d6512"
    "070a050a036361740a160a0676616c756573120c120a0a08000040400000804039986744";
const char* const zipped_file =
    "1f8b0800000000000003d362808075bd13bf726970f171b1e62426a5e608b14a31733132728971b19525e694a6160bf1087171710015da3330"
    "34ec3fa67841520b9f4e264c9d07803a191c38dcd63c0700f91d6cec74000000";
const char* const sequences_file =
    "4800000000000000fe92489d0a0f0a0d0a0179120812060a040000803e12350a330a057374657073122a0a0c120a0a080000803f000000400a"
    "0c120a0a0800004040000080400a0c120a0a080000a0400000c0406695e8c0";
const char* const tokens_file =
    "2800000000000000ff70164a0a260a140a03696473120d1a0b0a090700ac02ffffffff070a0e0a0372617712070a050a0300ff805759533d";

using Floats = std::vector<float>;

std::unique_ptr<OpenedForTest> opened(const Folder& folder, const std::string& bytes, const std::string& keys) {
  folder.write("f.rec", bytes);
  return open("{train: {format: tfrecord, path: f.rec, " + keys + "}}", folder.path);
}

std::vector<int32_t> whole_values(const std::string& bytes) {
  std::vector<int32_t> out(bytes.size() / sizeof(int32_t));
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

}  // namespace

TEST_CASE("examples of TensorFlow are samples, in any order") {
  const Folder folder;
  const auto by_number = opened(folder, from_hex(numbers_file), "features: {values: values, label: class}");
  REQUIRE(by_number->problems == "");
  const Dataset& data = *by_number->sets.train;
  REQUIRE(data.size() == 2);
  CHECK(data.classes().size() == 2);
  CHECK(floats(sample(data, 1)[0]) == Floats{3, 4});
  CHECK(floats(sample(data, 0)[0]) == Floats{0.5f, -1});
  CHECK(label(data, 0) == 1);
  CHECK(label(data, 1) == 0);
  CHECK(data.place(1).text() == (folder.path / "f.rec").string() + ", record 1");

  const auto by_name = opened(folder, from_hex(numbers_file), "features: {values: values, name: class}");
  const auto classes = by_name->sets.train->classes();
  CHECK(std::vector<std::string>(classes.begin(), classes.end()) == std::vector<std::string>{"cat", "dog"});
  CHECK(label(*by_name->sets.train, 0) == 1);
}

TEST_CASE("classes that are numbered from 1 on are told") {
  const Folder folder;
  const auto first = opened(folder, from_hex(numbers_file).substr(0, 75), "features: {values: values, label: class}");
  REQUIRE(first->problems == "");
  CHECK(first->sets.train->size() == 1);
  CHECK(warnings(folder, *first->sets.train) ==
        "DIR/f.rec: the least class is 1, so that classes from 0 on have no records\n  help: number the "
        "classes from 0 on, or name them by strings in the records\n");
  CHECK(warnings(folder,
                 *opened(folder, from_hex(numbers_file), "features: {values: values, label: class}")->sets.train) ==
        "");
}

TEST_CASE("several files, one of them gzip, are one set") {
  const Folder folder;
  folder.write("a", from_hex(numbers_file));
  folder.write("b", from_hex(zipped_file));
  const auto both = open(
      "{train: {format: tfrecord, path: [a, b], features: {values: values, label: class}, classes: 3}}", folder.path);
  REQUIRE(both->problems == "");
  const Dataset& data = *both->sets.train;
  REQUIRE(data.size() == 4);
  CHECK(floats(sample(data, 3)[0]) == Floats{1.5f, 2});
  CHECK(label(data, 3) == 2);
  CHECK(data.place(2).text() == (folder.path / "b").string() + ", record 0");
}

TEST_CASE("feature lists of a SequenceExample are sequences, whole numbers tokens, bytes images as they are") {
  const Folder folder;
  const auto steps = opened(folder, from_hex(sequences_file), "features: {steps: values, 'y': numbers}");
  REQUIRE(steps->problems == "");
  CHECK(steps->sets.train->fields()[0].type == Type{DType::f32, {3, 2}});
  CHECK(floats(sample(*steps->sets.train, 0)[0]) == Floats{1, 2, 3, 4, 5, 6});
  CHECK(floats(sample(*steps->sets.train, 0)[1]) == Floats{0.25f});
  const auto tokens =
      opened(folder, from_hex(tokens_file), "features: {ids: {field: 'y'}, raw: {as: bytes, shape: [1, 3, 1]}}");
  REQUIRE(tokens->problems == "");
  CHECK(tokens->sets.raw_input == Type{DType::u8, {1, 3, 1}});
  CHECK(floats(sample(*tokens->sets.train, 0)[0]) == Floats{0, 1, 128.0f / 255});
  CHECK(whole_values(sample(*tokens->sets.train, 0)[1]) == std::vector<int32_t>{7, 0, 300, 2147483647});
}

TEST_CASE("encoded images in records are decoded to one size") {
  const Folder folder;
  std::string file;
  for (const char value : {'\x10', '\x20'}) {
    std::string record;
    {
      protozero::pbf_writer example(record);
      protozero::pbf_writer features(example, 1), entry(features, 1);
      entry.add_string(1, "image");
      protozero::pbf_writer feature(entry, 2), list(feature, 1);
      list.add_bytes(1, png(2, 2, 1, std::string(4, value)));
    }
    file += tfrecord(record);
  }
  const auto images = opened(folder, file, "features: {image: image}, size: [4, 4], channels: 1");
  REQUIRE(images->problems == "");
  CHECK(images->sets.raw_input == Type{DType::u8, {4, 4, 1}});
  CHECK(floats(sample(*images->sets.train, 1)[0]) == Floats(16, 32.0f / 255));
}

TEST_CASE("classes that are named by numbers come in the order of these, files of a pattern too") {
  const Folder folder;
  for (const std::string name : {"9", "10", "2"}) {
    std::string record;
    {
      protozero::pbf_writer example(record);
      protozero::pbf_writer features(example, 1);
      for (const std::string key : {"kind", "raw"}) {
        protozero::pbf_writer entry(features, 1);
        entry.add_string(1, key);
        protozero::pbf_writer feature(entry, 2), list(feature, 1);
        list.add_bytes(1, key == "kind" ? name : std::string(1, 'x'));
      }
    }
    folder.write("f-" + name + ".rec", tfrecord(record));
  }
  const auto set =
      open("{train: {format: tfrecord, path: 'f-*.rec', features: {raw: {as: bytes}, kind: class}}}", folder.path);
  REQUIRE(set->problems == "");
  CHECK(set->sets.classes == std::vector<std::string>{"2", "9", "10"});
  for (int64_t i = 0; i < 3; ++i) CHECK(label(*set->sets.train, i) == i);
}

TEST_CASE("damaged records and features that are not there name the record") {
  const Folder folder;
  const std::string good = from_hex(numbers_file);
  const auto said = [&](const std::string& bytes, const std::string& keys = "features: {values: values}") {
    try {
      const auto set = opened(folder, bytes, keys);
      if (!set->problems.empty()) return set->problems;
      for (int64_t i = 0; i < set->sets.train->size(); ++i) sample(*set->sets.train, i);
    } catch (const Error& error) {
      return folder.placeless(error.what());
    }
    return std::string();
  };
  CHECK(said(good) == "");
  std::string damaged = good;
  damaged[good.size() - 10] ^= 1;
  CHECK(said(damaged).find("DIR/f.rec, record 1: the checksum of its bytes is another") != std::string::npos);
  damaged = good;
  damaged[good.size() / 2 + 1] ^= 1;
  CHECK(said(damaged).find("record 1: data.train: the checksum of its length is another") != std::string::npos);
  CHECK(said(good.substr(0, good.size() - 1))
            .find("record 1: data.train: it is 59 bytes long, but the file ends before") != std::string::npos);
  CHECK(said(good + "torn").find("record 2: data.train: the file ends within its head") != std::string::npos);
  CHECK(said("").find("the files have none") != std::string::npos);
  CHECK(said("no records at all").find("record 0") != std::string::npos);
  CHECK(said(good, "features: {valeus: values}").find("expected a feature 'valeus', found none\n") !=
        std::string::npos);
  CHECK(said(good, "features: {valeus: values}").find("label, name, values") != std::string::npos);
  CHECK(said(good, "features: {values: class}").find("expected one class") != std::string::npos);
  CHECK(said(good, "features: {name: values}").find("write 'as: image'") != std::string::npos);
  CHECK(said(good, "features: {values: {shape: [3]}}").find("expected 3 values, found 2") != std::string::npos);
  CHECK(said(good, "features: {values: values, label: values}").find("two features are the field 'x'") !=
        std::string::npos);
  CHECK(said(tfrecord("\x0a\x7f")).find("record 0: data.train: it is no tf.train.Example") != std::string::npos);
}

TEST_CASE("records with any byte changed are read or refused, whatever it is") {
  const Folder folder;
  const std::string record = from_hex(numbers_file).substr(12, 59);
  uint64_t state = 7;
  const auto draw = [&](uint64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
  };
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = record;
    for (uint64_t n = 1 + draw(4); n > 0; --n) bytes[draw(bytes.size())] = static_cast<char>(draw(256));
    if (draw(3) == 0) bytes.resize(draw(bytes.size()));
    try {
      const auto features = example_features(bytes, {"values", "label", "name"});
      for (const ExampleFeature& feature : features) CHECK(feature.count() <= 100);
      example_names(bytes);
    } catch (const std::runtime_error&) {
    }
  }
}
