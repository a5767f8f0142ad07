// The reader of numpy's arrays: types, archives, and headers that do not hold.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <random>

#include "tests/data/sets_for_test.h"
#include "tests/npy.h"

using namespace dl;
using namespace dl::testing;
using testing::bytes;
using testing::npy;
using testing::npy_with;

namespace {

std::string little_endian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i, value >>= 8) text += static_cast<char>(value);
  return text;
}

std::string raw_deflated(const std::string& text) {
  const std::string whole = deflated(text);
  return whole.substr(2, whole.size() - 6);  // without zlib's header and sum
}

// An archive of one member, `packed` being what is stored of it.
std::string zip(const std::string& name, const std::string& member, const std::string& packed, int method) {
  const uint32_t sum =
      static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(member.data()), static_cast<uInt>(member.size())));
  const std::string sizes = little_endian(sum, 4) + little_endian(packed.size(), 4) + little_endian(member.size(), 4);
  const std::string common = little_endian(20, 2) + little_endian(0, 2) +
                             little_endian(static_cast<uint64_t>(method), 2) + little_endian(0, 4) + sizes +
                             little_endian(name.size(), 2) + little_endian(0, 2);
  const std::string local = "PK\x03\x04" + common + name + packed;
  const std::string central = "PK\x01\x02" + little_endian(20, 2) + common + little_endian(0, 14) + name;
  return local + central + "PK\x05\x06" + little_endian(0, 4) + little_endian(1, 2) + little_endian(1, 2) +
         little_endian(central.size(), 4) + little_endian(local.size(), 4) + little_endian(0, 2);
}

struct Arrays : Folder {
  Arrays() { write("y.npy", npy("<i8", "(2,)", bytes<int64_t>({1, 0}))); }
  std::unique_ptr<OpenedForTest> open(const std::string& keys = "fields: {x: x.npy, y: y.npy}") const {
    return dl::testing::open("{train: {format: npy, " + keys + "}}", path);
  }
  // What opening says of this x.npy, without the place in the config.
  std::string said(const std::string& x) const {
    write("x.npy", x);
    std::string text = open()->problems;
    if (const size_t note = text.find("\n  named in"); note != std::string::npos)
      text.erase(note, text.find('\n', note + 1) - note);
    return text;
  }
};

}  // namespace

TEST_CASE("floats of every size become f32, and integers classes") {
  Arrays arrays;
  for (const auto& [descr, values] : {std::pair("<f4", bytes<float>({1.5f, -2, 0.25f, 4})),
                                      {"<f8", bytes<double>({1.5, -2, 0.25, 4})},
                                      {"<f2", bytes<uint16_t>({0x3E00, 0xC000, 0x3400, 0x4400})}}) {
    CAPTURE(descr);
    arrays.write("x.npy", npy(descr, "(2, 2)", values));
    const auto opened = arrays.open();
    CHECK(opened->problems == "");
    CHECK(opened->sets.train->fields()[0].type == Type{DType::f32, {2}});
    CHECK(floats(sample(*opened->sets.train, 0)[0]) == std::vector<float>{1.5f, -2});
    CHECK(floats(sample(*opened->sets.train, 1)[0]) == std::vector<float>{0.25f, 4});
    CHECK(opened->sets.classes == std::vector<std::string>{"0", "1"});
    CHECK(label(*opened->sets.train, 0) == 1);
  }
}

TEST_CASE("bytes are images, other integers tokens, and a target of floats is numbers") {
  Arrays arrays;
  arrays.write("x.npy", npy("|u1", "(2, 1, 2)", std::string("\0\xFF\x33\x66", 4)));
  CHECK(arrays.open()->sets.raw_input == Type{DType::u8, {1, 2, 1}});
  CHECK(floats(sample(*arrays.open()->sets.train, 0)[0]) == std::vector<float>{0, 1});
  arrays.write("x.npy", npy("<i4", "(2, 3)", bytes<int32_t>({1, 2, 3, 4, 5, 6})));
  arrays.write("y.npy", npy("<f4", "(2, 1)", bytes<float>({0.5f, 0.75f})));
  const auto opened = arrays.open();
  CHECK(opened->problems == "");
  const auto fields = opened->sets.train->fields();
  CHECK(fields[0].type == Type{DType::i32, {3}});
  CHECK(fields[0].values == 7);
  CHECK(fields[1].type == Type{DType::f32, {1}});
  CHECK(floats(sample(*opened->sets.train, 1)[1]) == std::vector<float>{0.75f});
}

TEST_CASE("arrays need no target of the name y") {
  const Arrays arrays;
  arrays.write("x.npy", npy("<f4", "(2, 3)", bytes<float>({1, 2, 3, 4, 5, 6})));
  const auto opened = arrays.open("fields: {x: x.npy, kind: y.npy}");
  CHECK(opened->problems == "");
  CHECK(opened->sets.inputs.size() == 2);
  CHECK(opened->sets.classes.empty());
  CHECK(arrays.open("fields: {x: x.npy}")->problems == "");
  CHECK(
      dl::testing::open("{train: {format: npy, fields: {x: x.npy}}, folds: {count: 2, stratified: true}}", arrays.path)
          ->problems.find("expected samples with a class each to take a part of each class, found no field 'y'") !=
      std::string::npos);
  CHECK(arrays.open("fields: {y: y.npy}")->problems.find("expected at least one input") != std::string::npos);
}

TEST_CASE("integers of every size become i32 where they fit") {
  Arrays arrays;
  for (const auto& [descr, values] : {std::pair("<u2", bytes<uint16_t>({1, 40000})),
                                      {"<u4", bytes<uint32_t>({1, 40000})},
                                      {"<i4", bytes<int32_t>({1, 40000})},
                                      {"<i8", bytes<int64_t>({1, 40000})}}) {
    CAPTURE(descr);
    arrays.write("x.npy", npy(descr, "(2, 1)", values));
    const auto opened = arrays.open();
    CHECK(opened->problems == "");
    SampleField expected{"x", {DType::i32, {1}}, 40001};
    expected.number_help = "save the numbers with .astype(numpy.float32)";
    CHECK(opened->sets.train->fields()[0] == expected);
    int32_t x;
    std::memcpy(&x, sample(*opened->sets.train, 1)[0].data(), sizeof x);
    CHECK(x == 40000);
  }
  CHECK(arrays.said(npy("<u4", "(2, 1)", bytes<uint32_t>({1, 1u << 31}))) ==
        "error: DIR/x.npy: data.train: sample 1: expected a number of 32 bits, found 2147483648");
}

TEST_CASE("integers of every size, either byte order and Fortran's order are read as numpy means them") {
  Arrays arrays;
  const std::string images = bytes<float>({1, 2, 3, 4});
  arrays.write("x.npy", npy("<f4", "(2, 2)", images));
  for (const auto& [descr, values] : {std::pair("|i1", std::string("\1\0", 2)),
                                      {"<i2", bytes<int16_t>({1, 0})},
                                      {"<u8", bytes<uint64_t>({1, 0})},
                                      {"|b1", std::string("\1\0", 2)},
                                      {">i2", std::string("\0\1\0\0", 4)},
                                      {">i8", std::string("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0", 16)}}) {
    CAPTURE(descr);
    arrays.write("y.npy", npy(descr, "(2L,)", values));
    const auto opened = arrays.open();
    CHECK(opened->problems == "");
    CHECK(opened->sets.classes == std::vector<std::string>{"0", "1"});
    CHECK(label(*opened->sets.train, 0) == 1);
    CHECK(label(*opened->sets.train, 1) == 0);
  }
  arrays.write("x.npy", npy(">f4", "(2, 1)", std::string("\x3F\x80\0\0\x40\0\0\0", 8)));
  CHECK(floats(sample(*arrays.open()->sets.train, 1)[0]) == std::vector<float>{2});
  // [[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]]
  arrays.write("x.npy", npy_with("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2, 3), }\n",
                                 bytes<float>({1, 7, 4, 10, 2, 8, 5, 11, 3, 9, 6, 12})));
  CHECK(floats(sample(*arrays.open()->sets.train, 0)[0]) == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(floats(sample(*arrays.open()->sets.train, 1)[0]) == std::vector<float>{7, 8, 9, 10, 11, 12});
}

TEST_CASE("labels bound the number of classes before a name is made for each") {
  Arrays arrays;
  arrays.write("x.npy", npy("<f4", "(2, 1)", bytes<float>({1, 2})));
  const auto said = [&](const std::string& y) {
    arrays.write("y.npy", y);
    const std::string text = arrays.open()->problems;
    return text.substr(0, text.find("\n"));
  };
  CHECK(said(npy("<i8", "(2,)", bytes<int64_t>({0, 2000000000}))) ==
        "error: DIR/y.npy: data.train: sample 1: expected a label from 0 to 1048575, found 2000000000");
  CHECK(said(npy("<i4", "(2,)", bytes<int32_t>({-1, 0}))) ==
        "error: DIR/y.npy: data.train: sample 0: expected a label from 0 on, found -1");
  CHECK(said(npy("<u8", "(2,)", bytes<uint64_t>({0, ~uint64_t{0}}))) ==
        "error: DIR/y.npy: data.train: sample 1: expected a number of 32 bits, found 18446744073709551615");
  CHECK(
      arrays.open()->problems.ends_with("expected a number of 32 bits, found 18446744073709551615\n"
                                        "  named in DIR/run.yaml:1:9"));
}

TEST_CASE("labels with gaps, and classes saved as floats, are told with what to write") {
  Arrays arrays;
  arrays.write("x.npy", npy("<f4", "(2, 1)", bytes<float>({1, 2})));
  const auto warning_of = [&](const std::string& y) {
    arrays.write("y.npy", y);
    const auto opened = arrays.open();
    CHECK(opened->problems == "");
    return warnings(arrays, *opened->sets.train);
  };
  CHECK(warning_of(npy("<i4", "(2,)", bytes<int32_t>({0, 1}))) == "");
  CHECK(warning_of(npy("<i4", "(2,)", bytes<int32_t>({3, 1000}))) ==
        "DIR/y.npy: the largest label is 1000, so there are 1001 classes, of which 2 have samples\n"
        "  help: number the classes from 0 on: numpy.unique(y, return_inverse=True)[1]\n");
  CHECK(warning_of(npy("<f8", "(2, 1)", bytes<double>({0, 1}))) ==
        "DIR/y.npy: the labels are floats and so numbers to be predicted, but all are whole, from 0 to 1\n"
        "  help: if they are classes save them with .astype(numpy.int64)\n");
  CHECK(warning_of(npy("<f4", "(2,)", bytes<float>({0, 1.5f}))) == "");
  CHECK(warning_of(npy("<f4", "(2,)", bytes<float>({25, 346}))) == "");
  CHECK(warning_of(npy("<i4", "(2,)", bytes<int32_t>({2, 1}))) ==
        "DIR/y.npy: the least label is 1, so that there is a class 0 without samples\n"
        "  help: number the classes from 0 on: numpy.unique(y, return_inverse=True)[1]\n");
}

TEST_CASE("a label in an axis of its own is a class") {
  Arrays arrays;
  arrays.write("x.npy", npy("<f4", "(2, 1)", bytes<float>({1, 2})));
  arrays.write("y.npy", npy("<i8", "(2, 1)", bytes<int64_t>({1, 0})));
  const auto opened = arrays.open();
  REQUIRE(opened->problems == "");
  CHECK(opened->sets.target == Type{DType::i32, {}});
  CHECK(opened->sets.classes == std::vector<std::string>{"0", "1"});
}

TEST_CASE("the layout says where the channels of images stand, and likely mistakes are told") {
  Arrays arrays;
  arrays.write("x.npy", npy("<f4", "(2, 1, 5)", bytes<float>({1, 2, 3, 4, 5, 6, 7, 8, 9, 10})));
  const auto open = [&](const std::string& layout) {
    return arrays.open("fields: {x: x.npy, y: y.npy}" + (layout.empty() ? "" : ", layout: " + layout));
  };
  CHECK(open("")->sets.raw_input == Type{DType::f32, {1, 5}});
  CHECK(open("grey")->sets.raw_input == Type{DType::f32, {1, 5, 1}});
  arrays.write("x.npy", npy("<f4", "(2, 2, 3)", bytes<float>({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})));
  const auto sequences = open("channels_first");
  CHECK(sequences->problems == "");
  CHECK(sequences->sets.raw_input == Type{DType::f32, {3, 2}});
  CHECK(floats(sample(*sequences->sets.train, 1)[0]) == std::vector<float>{7, 10, 8, 11, 9, 12});
  arrays.write("x.npy", npy("|u1", "(2, 3, 1, 5)", "rstuvRSTUV01234rstuvRSTUV01234"));
  CHECK(warnings(arrays, *open("")->sets.train) ==
        "DIR/x.npy: samples [3, 1, 5] look like [channels, height, width], and are read as height 3, width 1 and 5 "
        "channels\n  help: write 'layout: channels_first', or 'layout: channels_last' if it is meant so\n");
  CHECK(warnings(arrays, *open("channels_last")->sets.train) == "");
  const auto first = open("channels_first");
  CHECK(first->problems == "");
  CHECK(first->sets.raw_input == Type{DType::u8, {1, 5, 3}});
  CHECK(floats(sample(*first->sets.train, 1)[0])[4] == static_cast<float>('S') / 255);
  CHECK(open("grey")->problems ==
        "error: DIR/x.npy: data.train: expected samples of 2 sizes with 'layout: grey', found [3, 1, 5]\n"
        "  named in DIR/run.yaml:1:9\n  help: leave 'layout' out");
  arrays.write("x.npy", npy("<i4", "(2, 1)", bytes<int32_t>({0, 1})));
  CHECK(open("grey")->problems ==
        "error: DIR/x.npy: data.train: expected images of u1, f2, f4 or f8 for 'layout', found i4\n"
        "  named in DIR/run.yaml:1:9\n  help: leave 'layout' out");
}

TEST_CASE("the fit of arrays keeps their fields and classes") {
  Arrays arrays;
  arrays.write("x.npy", npy("|u1", "(2, 1, 2)", "abcd"));
  const auto opened = arrays.open();
  CHECK(to_yaml(opened->sets.fitted) ==
        "fields:\n  - name: x\n    dtype: u8\n    shape: [1, 2, 1]\n    values: 0\n    boxes: false\n    pixels: "
        "false\n    value_names: "
        "[]\n  - name: y\n    "
        "dtype: i32\n    shape: []\n    values: 2\n    boxes: false\n    pixels: false\n    value_names: []\nclasses: "
        "\"\"\nnumbered_classes: 2\n");
  std::filesystem::remove(arrays / "x.npy");
  opened->spec.fitted = opened->sets.fitted;
  std::vector<Problem> problems;
  const DataSets known = open_data(opened->spec, arrays.path, 1, problems, SetsToRead::none());
  CHECK(problems.empty());
  CHECK(known.classes == std::vector<std::string>{"0", "1"});
  CHECK(known.raw_input == Type{DType::u8, {1, 2, 1}});
}

TEST_CASE("the fingerprint of arrays is one of their contents") {
  Arrays arrays;
  const std::string x = npy("<f4", "(2, 1)", bytes<float>({3, 4}));
  const auto of_file = [&](const std::string& contents) {
    arrays.write("x.npy", contents);
    return arrays.open()->sets.train->fingerprint();
  };
  const uint64_t before = of_file(x);
  CHECK(of_file(x) == before);
  CHECK(of_file(npy("<f4", "(2, 1)", bytes<float>({3, 5}))) != before);
  const auto of_archive = [&](const std::string& member, int method) {
    arrays.write("a.npz", zip("x.npy", member, method == 0 ? member : raw_deflated(member), method));
    return arrays.open("path: a.npz, fields: {x: x, y: x}")->sets.train->fingerprint();
  };
  for (const int method : {0, 8})
    CHECK(of_archive(x, method) != of_archive(npy("<f4", "(2, 1)", bytes<float>({3, 5})), method));
}

TEST_CASE("members of an archive are read stored or deflated, without unpacking it") {
  Arrays arrays;
  const std::string x = npy("<f4", "(2, 1)", bytes<float>({3, 4}));
  for (const int method : {0, 8}) {
    CAPTURE(method);
    arrays.write("a.npz", zip("both.npy", x, method == 0 ? x : raw_deflated(x), method));
    const auto opened = arrays.open("path: a.npz, fields: {x: both, y: both.npy}");
    CHECK(opened->problems == "");
    CHECK(floats(sample(*opened->sets.train, 1)[0]) == std::vector<float>{4});
  }
  CHECK(arrays.open("path: a.npz, fields: {x: boht, y: both}")->problems ==
        "error: DIR/a.npz: data.train: expected an array 'boht', found none\n"
        "  its arrays: both\n  named in DIR/run.yaml:1:9\n  help: write 'both'");
}

TEST_CASE("arrays that are no arrays of numbers are refused") {
  const Arrays arrays;
  CHECK(arrays.said("no array") ==
        "error: DIR/x.npy: data.train: expected a .npy array, which begins with \\x93NUMPY, found none");
  CHECK(arrays.said(npy("|O", "(2,)", "pickle")) ==
        "error: DIR/x.npy: data.train: expected an array of numbers, found Python objects of type '|O'\n"
        "  help: save inputs with .astype(numpy.float32), classes with .astype(numpy.int64)");
  CHECK(arrays.said(npy("<U5", "(2,)", "text")) ==
        "error: DIR/x.npy: data.train: expected an array of numbers, found texts of type '<U5'\n"
        "  help: number them: numpy.unique(it, return_inverse=True)[1] are classes from 0 on");
  CHECK(arrays.said(npy("<c16", "(2,)", "complex")) ==
        "error: DIR/x.npy: data.train: expected an array of numbers, found values of type '<c16'\n"
        "  help: save inputs with .astype(numpy.float32), classes with .astype(numpy.int64)");
  CHECK(arrays.said(npy("<f4", "(-2, 4)", "")) ==
        "error: DIR/x.npy: data.train: the header says f4 [-2, 4], behind it are 0 bytes");
  CHECK(arrays.said(npy("<f4", "(4611686018427387904, 4)", "")) ==
        "error: DIR/x.npy: data.train: the header says f4 [4611686018427387904, 4], behind it are 0 bytes");
  CHECK(arrays.said(npy("<f4", "(2, 2)", "short")) ==
        "error: DIR/x.npy: data.train: the header says f4 [2, 2], behind it are 5 bytes");
  CHECK(arrays.said(npy_with("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}\n", "")) ==
        "error: DIR/x.npy: data.train: expected an array of numbers, found one of records with named columns\n"
        "  help: save the columns as one array: numpy.lib.recfunctions.structured_to_unstructured(it)");
  CHECK(arrays.said(npy_with("{'descr': '<f4', 'shape': (2,)}\n", "")) ==
        "error: DIR/x.npy: data.train: expected descr, fortran_order and shape in the header, found '{'descr': '<f4', "
        "'shape': (2,)}'");
  CHECK(arrays.said(npy("<f4", "(3, 1)", bytes<float>({1, 2, 3}))) ==
        "error: DIR/run.yaml:1:9: data.train: expected as many samples in 'y' as in 'x' (3), found 2");
}

TEST_CASE("whatever byte of an array or an archive is changed or missing, it is an error or other numbers") {
  const Arrays arrays;
  const std::string x = npy("<f4", "(2, 1)", bytes<float>({3, 4}));
  const std::string archive = zip("x.npy", x, raw_deflated(x), 8);
  std::mt19937 random(1);
  const auto read = [&](const std::string& name, const std::string& bytes, const std::string& keys) {
    arrays.write(name, bytes);
    const auto opened = arrays.open(keys);
    if (opened->problems.empty()) error_text(arrays, [&] { sample(*opened->sets.train, 0); });
    return opened->problems;
  };
  const std::string of_archive = "path: a.npz, fields: {x: x, y: x}", of_file = "fields: {x: x.npy, y: y.npy}";
  CHECK(read("a.npz", archive, of_archive) == "");
  for (size_t length = 0; length < archive.size(); ++length)
    CHECK(read("a.npz", archive.substr(0, length), of_archive) != "");
  for (size_t length = 0; length < x.size(); ++length) CHECK(read("x.npy", x.substr(0, length), of_file) != "");
  for (int i = 0; i < 1500; ++i) {
    std::string changed = i % 2 ? archive : x;
    for (uint32_t n = random() % 3 + 1; n > 0; --n) changed[random() % changed.size()] = static_cast<char>(random());
    read(i % 2 ? "a.npz" : "x.npy", changed, i % 2 ? of_archive : of_file);
  }
}
