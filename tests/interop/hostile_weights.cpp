// Checkpoints that want to run something, take all memory or never end: each is refused in words, and nothing happens.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <chrono>

#include "lib/base/memory.h"
#include "lib/data/file/zip_writer.h"
#include "lib/interop/weights/weights_format.h"
#include "tests/folder.h"
#include "tests/paths.h"

namespace dl {
namespace {

// Pickles by hand, of protocol 2.
std::string low(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}
std::string text_op(const std::string& value) { return "X" + low(value.size(), 4) + value; }
std::string global_op(const std::string& module, const std::string& name) { return "c" + module + "\n" + name + "\n"; }
std::string number_op(int64_t value) { return std::string("\x8A\x08") + low(static_cast<uint64_t>(value), 8); }
std::string tuple_op(const std::vector<std::string>& items) {
  std::string out = "(";
  for (const std::string& item : items) out += item;
  return out + "t";
}
std::string numbers_op(const std::vector<int64_t>& values) {
  std::vector<std::string> items;
  for (const int64_t value : values) items.push_back(number_op(value));
  return tuple_op(items);
}
std::string storage_op(int64_t elements, const std::string& type = "FloatStorage") {
  return tuple_op({text_op("storage"), global_op("torch", type), text_op("0"), text_op("cpu"), number_op(elements)}) +
         "Q";
}
struct PickledTensor {
  int64_t elements = 4, offset = 0;
  std::vector<int64_t> sizes{2, 2}, strides{2, 1};
  std::string type = "FloatStorage";
  std::string op() const {
    return global_op("torch._utils", "_rebuild_tensor_v2") +
           tuple_op({storage_op(elements, type), number_op(offset), numbers_op(sizes), numbers_op(strides), "\x89",
                     global_op("collections", "OrderedDict") + ")R"}) +
           "R";
  }
};
const std::string proto = "\x80\x02";
std::string dict_with(const std::string& value) { return proto + "}" + text_op("w") + value + "s."; }
std::string repeated(const std::string& what, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += what;
  return out;
}

// Around a pickle what torch.save puts there, with one storage of 16 bytes.
std::string archive(const std::string& pickle) {
  std::string bytes;
  ZipWriter zip([&](const void* data, size_t n) { bytes.append(static_cast<const char*>(data), n); });
  zip.add("archive/data.pkl", pickle);
  zip.add("archive/byteorder", "little");
  zip.add("archive/data/0", std::string(16, '\0'));
  zip.add("archive/version", "3\n");
  zip.finish();
  return bytes;
}

// Reads all of a file that may be anything.
void read_everything(const std::filesystem::path& file) {
  const WeightsTable table = read_weights_table(file);
  std::vector<std::byte> piece;
  for (const auto& [name, tensor] : table.tensors()) {
    const int64_t count = std::min<int64_t>(tensor.shape.elements(), 1000);
    piece.resize(static_cast<size_t>(count) * bytes_of(tensor.type));
    TensorReader(tensor).read(0, count, piece.data());
  }
}

std::string refusal_of(const std::string& bytes) {
  const testing::Folder folder;
  folder.write("x.pt", bytes);
  std::string text = testing::error_text(folder, [&] { read_everything(folder / "x.pt"); });
  const std::string head = "error: DIR/x.pt: ";
  return text.starts_with(head) ? text.substr(head.size()) : text;
}

}  // namespace

TEST_CASE("a pickle that calls something is refused by that name, and nothing is called") {
  const testing::Folder folder;
  const std::string mark = (folder / "was-here").string();
  const std::string system = "(" + text_op("touch " + mark) + "tR.";
  const std::string help =
      "\n  help: do not open it with a program that runs what pickles call; ask for the weights as safetensors";
  const std::string what = ", which no table of weights does" + help;
  CHECK(refusal_of(archive(proto + global_op("os", "system") + system)) == "refused: it calls os.system" + what);
  CHECK(refusal_of(archive(proto + global_op("posix", "system") + system)) == "refused: it calls posix.system" + what);
  CHECK(refusal_of(archive(proto + global_op("subprocess", "Popen") + system)) ==
        "refused: it calls subprocess.Popen" + what);
  const std::string eval =
      "\x80\x04\x8C\x08"
      "builtins\x8C\x04"
      "eval\x93\x8C\x01"
      "1\x85R.";
  CHECK(refusal_of(archive(eval)) == "refused: it calls builtins.eval" + what);
  // Its result thrown away, beside good weights, or what is called with them.
  CHECK(refusal_of(archive(proto + global_op("os", "system") + "(" + text_op("x") + "tR0" + "}" + text_op("w") +
                           PickledTensor().op() + "s.")) == "refused: it calls os.system" + what);
  CHECK(refusal_of(archive(dict_with(global_op("numpy.testing._private.utils", "runstring") + "(" + text_op("x") +
                                     "tR"))) == "refused: it calls numpy.testing._private.utils.runstring" + what);
  CHECK(refusal_of(archive(dict_with(global_op("models.net", "Net") + ")\x81}b"))) ==
        "refused: it holds an object of the class models.net.Net, not tensors alone\n"
        "  help: save the weights alone: torch.save(model.state_dict(), \"weights.pt\")");
  CHECK(!std::filesystem::exists(mark));
}

TEST_CASE("a whole module is refused by its class in the form before 1.6 too") {
  const std::string tree =
      proto + tuple_op({text_op("module"), global_op("models.net", "Net"), text_op("net.py"), text_op("")}) + "Q)\x81.";
  CHECK(refusal_of("\x80\x02\x8A\nl\xFC\x9C\x46\xF9 j\xA8P\x19." + proto + "M\xE9\x03." + proto + "}." + tree + proto +
                   "].") ==
        "refused: it holds an object of the class models.net.Net, not tensors alone\n"
        "  help: save the weights alone: torch.save(model.state_dict(), \"weights.pt\")");
}

TEST_CASE(
    "tensors and arrays that are not read are told, and plain data of Python's beside them are none of its calls") {
  const testing::Folder folder;
  const auto read = [&](const std::string& pickle) {
    folder.write("x.pt", archive(pickle));
    return read_weights_table(folder / "x.pt");
  };
  const std::string sparse = global_op("torch._utils", "_rebuild_sparse_tensor") + ")R";
  const std::string typed = global_op("torch._utils", "_rebuild_tensor_v3") +
                            tuple_op({storage_op(16), number_op(0), numbers_op({4}), numbers_op({1}), "\x89", "}",
                                      global_op("torch", "float8_e4m3fnuz")}) +
                            "R";
  const std::string array = global_op("numpy._core.multiarray", "_reconstruct") + ")R}b";
  const WeightsTable table = read(
      proto + "}(" + text_op("w") + PickledTensor().op() + text_op("a") + sparse + text_op("b") + typed + text_op("c") +
      array + text_op("n") + global_op("__builtin__", "complex") + ")R" + text_op("s") + "(K\x01\x91" + text_op("y") +
      std::string("\x96") + low(2, 8) + "ab" + text_op("t") + global_op("datetime", "time") + ")}\x92u.");
  CHECK(table.tensors().size() == 1);
  std::string unread;
  for (const WeightsTable::Other& other : table.unread()) unread += other.name + ": " + other.value + "\n";
  CHECK(unread ==
        "a: a sparse tensor, which is read after to_dense()\n"
        "b: a tensor of torch.float8_e4m3fnuz\n"
        "c: an array of NumPy, which is read after torch.from_numpy()\n");
  CHECK(refusal_of(archive(dict_with(sparse))) ==
        "holds no tensors that are read (PyTorch): 'w', a sparse tensor, which is read after to_dense()");
  CHECK(refusal_of(archive(proto + global_op("torch._utils", "_rebuild_qtensor") + ")R.")) ==
        "holds no tensors that are read (PyTorch): '', a quantized tensor, which is read after dequantize()");
}

TEST_CASE("Lightning's hyperparameters may hold any class, but none that runs things") {
  const auto checkpoint = [](const std::string& value) {
    return archive(proto + "}(" + text_op("pytorch-lightning_version") + text_op("2.0.0") + text_op("state_dict") +
                   "}" + text_op("w") + PickledTensor().op() + "s" + text_op("hyper_parameters") + "}" +
                   text_op("net") + value + "su.");
  };
  CHECK(refusal_of(checkpoint(global_op("mine.config", "Config") + ")\x81}b")) == "");
  // What such a class holds too: an enumeration's value in a dataclass.
  const auto config_with = [&](const std::string& value) {
    return checkpoint(global_op("mine.config", "Config") + ")\x81}" + text_op("mode") + value + "sb");
  };
  CHECK(refusal_of(config_with(global_op("mine.config", "Mode") + "(K\x01tR")) == "");
  CHECK(refusal_of(config_with(global_op("os", "system") + "(" + text_op("x") + "tR"))
            .starts_with("refused: it calls os.system"));
  CHECK(refusal_of(checkpoint(global_op("pathlib", "PosixPath") + "(" + text_op("/") + "tR")) == "");
  CHECK(refusal_of(checkpoint(global_op("os", "system") + "(" + text_op("x") + "tR"))
            .starts_with("refused: it calls os.system"));
}

TEST_CASE("tensors that lie outside of their storage, or repeat it beyond use, are refused by name") {
  const auto refused = [](const PickledTensor& tensor) {
    const std::string text = refusal_of(archive(dict_with(tensor.op())));
    return text.substr(0, text.find('\n'));
  };
  CHECK(refused({}) == "");
  CHECK(refused({.sizes = {int64_t{1} << 40, int64_t{1} << 40}, .strides = {1, 1}}) ==
        "tensor 'w': has shape [1099511627776, 1099511627776], larger than 64 bits count");
  CHECK(refused({.sizes = {1 << 20, 1 << 20}, .strides = {0, 0}}) ==
        "tensor 'w': repeats the 4 elements of its storage to shape [1048576, 1048576]");
  CHECK(refused({.elements = 100, .sizes = {10, 10}, .strides = {10, 1}}) ==
        "tensor 'w': has a storage of 100 elements of F32, in the file are 16 bytes of it");
  CHECK(refused({.offset = 2}) ==
        "tensor 'w': reaches past its storage of 4 elements, with shape [2, 2] from element 2 on");
  CHECK(refused({.strides = {INT64_MAX, INT64_MAX}}) ==
        "tensor 'w': reaches past its storage of 4 elements, with shape [2, 2] from element 0 on");
  CHECK(refused({.offset = -1}) == "tensor 'w': begins at element -1 of its storage");
  CHECK(refused({.strides = {-2, -1}}) == "tensor 'w': has -2 among its strides");
  CHECK(refused({.sizes = {2}}) == "tensor 'w': has 1 sizes and 2 strides");
  CHECK(refused({.elements = INT64_MAX}) == "tensor 'w': has a storage of 9223372036854775807 elements");
  CHECK(refused({.type = "QInt8Storage"}) ==
        "tensor 'w': has elements of type 'torch.QInt8Storage', which is not known");
}

TEST_CASE("pickles that do not end, or grow, are refused soon and in little memory") {
  const auto refused = [](const std::string& pickle) {
    const std::string text = refusal_of(archive(pickle));
    return text.substr(0, text.find('\n'));
  };
  std::string pairs = proto + text_op("x") + "q" + low(0, 1);
  for (uint64_t i = 0; i < 60; ++i) pairs += "h" + low(i, 1) + "h" + low(i, 1) + "\x86q" + low(i + 1, 1);
  const auto begin = std::chrono::steady_clock::now();
  CHECK(refused(pairs + ".") == "holds no tensors (PyTorch)");
  const std::string leaf = PickledTensor().op();
  pairs.replace(proto.size(), text_op("x").size(), leaf);
  CHECK(refused(pairs + ".") == "holds more than 200000 containers and tensors");
  CHECK(refused(proto + repeated("]", 1'000'000) + repeated("a", 999'999) + ".") == "nests deeper than 200");
  CHECK(refused(proto + "}q" + low(0, 1) + text_op("self") + "h" + low(0, 1) + "s.") == "'self' contains itself");
  CHECK(refused(proto + "\x8D" + low(uint64_t{1} << 62, 8) + "abc.") ==
        "the pickle, byte 2: expected 4611686018427387904 more bytes, 4 are left: it is cut short");
  CHECK(refused(proto + "K" + low(1, 1) + "r\xFF\xFF\xFF\xFF.") == "holds no tensors (PyTorch)");
  CHECK(refused(proto + "}" + text_op("w")) ==
        "the pickle, byte 9: expected 1 more bytes, 0 are left: it is cut short");
  CHECK(refused(proto + "i") == "the pickle, byte 2: opcode 105 is none that PyTorch writes");
  CHECK(refused(proto + "R.") == "the pickle, byte 2: takes a value from an empty stack");
  CHECK(refused(proto + "t.") == "the pickle, byte 2: goes back to a mark that was not set");
  CHECK(refused(proto + "h" + low(7, 1) + ".") == "the pickle, byte 2: recalls value 7, which was not remembered");
  CHECK(refused(proto + repeated("N", 5'000'000) + ".") == "the pickle, byte 4000002: holds more than 4000000 values");
  // One list of a thousand items, made a part of a thousand others again and again.
  const std::string thousand = "]q" + low(0, 1) + "(" + repeated("N", 1000) + "e";
  CHECK(refused(proto + thousand + repeated("(" + repeated("h" + low(0, 1), 1000) + "l", 6000) + ".")
            .find("holds more than 4000000 ") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
#ifndef __SANITIZE_ADDRESS__  // keeps freed memory for a while
  CHECK(peak_memory_bytes() < int64_t{600} << 20);
#endif
}

}  // namespace dl
