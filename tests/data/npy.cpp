// The reader of numpy's arrays: types, archives, and headers that do not hold.
#include <doctest/doctest.h>

#include <random>

#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string little_endian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i, value >>= 8) text += static_cast<char>(value);
  return text;
}

std::string npy_with(const std::string& header, const std::string& values) {
  return std::string("\x93NUMPY\x01\0", 8) + little_endian(header.size(), 2) + header + values;
}

std::string npy(const std::string& descr, const std::string& shape, const std::string& values) {
  return npy_with("{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }          \n", values);
}

template <class T>
std::string bytes(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
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

struct Arrays : FolderForTest {
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
    CHECK(opened->sets.train->fields()[0] == SampleField{"x", {DType::i32, {1}}, 40001});
    int32_t x;
    std::memcpy(&x, sample(*opened->sets.train, 1)[0].data(), sizeof x);
    CHECK(x == 40000);
  }
  CHECK(arrays.said(npy("<u4", "(2, 1)", bytes<uint32_t>({1, 1u << 31}))) ==
        "error: DIR/x.npy: data.train: sample 1: expected a number of 32 bits, found 2147483648");
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

TEST_CASE("arrays that are no arrays of numbers in C order are refused") {
  const Arrays arrays;
  CHECK(arrays.said("no array") ==
        "error: DIR/x.npy: data.train: expected a .npy array, which begins with \\x93NUMPY, found none");
  CHECK(
      arrays.said(npy("|O", "(2,)", "pickle")) ==
      "error: DIR/x.npy: data.train: expected values of type <f2, <f4, <f8, <i4, <i8, <u2, <u4, |b1, |u1, found '|O'\n"
      "  help: save it with .astype(numpy.float32) or another of these types");
  CHECK(arrays.said(npy("<f4", "(-2, 4)", "")) ==
        "error: DIR/x.npy: data.train: the header says f4 [-2, 4], behind it are 0 bytes");
  CHECK(arrays.said(npy("<f4", "(4611686018427387904, 4)", "")) ==
        "error: DIR/x.npy: data.train: the header says f4 [4611686018427387904, 4], behind it are 0 bytes");
  CHECK(arrays.said(npy("<f4", "(2, 2)", "short")) ==
        "error: DIR/x.npy: data.train: the header says f4 [2, 2], behind it are 5 bytes");
  CHECK(arrays.said(npy_with("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1), }\n", bytes<float>({1, 2}))) ==
        "error: DIR/x.npy: data.train: expected the array in C order, found it in Fortran's\n"
        "  help: save numpy.ascontiguousarray(it)");
  CHECK(arrays.said(npy_with("{'descr': [('a', '<f4')], 'shape': (2,)}\n", "")) ==
        "error: DIR/x.npy: data.train: expected descr, fortran_order and shape in the header, found '{'descr': [('a', "
        "'<f4')], 'shape': (2,)}'");
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
    if (opened->problems.empty()) told(arrays, [&] { sample(*opened->sets.train, 0); });
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
