// tokens: a file of nothing but token numbers of 2 or 4 bytes, little-endian, as nanoGPT's prepare.py writes them.
#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/data/reader.h"
#include "lib/data/token_windows.h"

namespace dl {
namespace {

// Windows are read from the file as they are asked for: what is read is in the system's cache afterwards, and a file
// that was cut short meanwhile is an error, not a fault of a memory map.
class FileTokens final : public Tokens {
 public:
  FileTokens(const std::filesystem::path& path, int width, int64_t vocabulary)
      : file_(path), width_(width), vocabulary_(vocabulary) {
    if (file_.size_bytes() % static_cast<uint64_t>(width) != 0)
      throw Error(Exit::data,
                  Problem{.where = {.file = path.string()},
                          .what = concat("expected numbers of ", width, " bytes, found ", file_.size_bytes(), " bytes"),
                          .help = "write the 'dtype' that the file has, or get it again"});
  }
  int64_t size() const override { return static_cast<int64_t>(file_.size_bytes()) / width_; }

  void read(int64_t begin, int64_t count, int32_t* into, std::vector<std::byte>& scratch) const override {
    const auto bytes = static_cast<size_t>(count * width_);
    scratch.resize(std::max(scratch.size(), bytes));
    file_.read(static_cast<uint64_t>(begin * width_), scratch.data(), bytes);
    if (const uint32_t largest = widen(scratch.data(), width_, count, into); int64_t{largest} >= vocabulary_)
      throw Error(Exit::data, Problem{.where = {.file = path()},
                                      .what = concat("expected tokens below ", vocabulary_, ", found ", largest,
                                                     " among tokens ", begin, " to ", begin + count - 1),
                                      .help = "write the 'vocabulary' and the 'dtype' that the file has"});
  }

  // Of the size and of parts from all over the file: a large one is not read whole.
  uint64_t fingerprint() const override {
    constexpr uint64_t parts = 64, part_bytes = 16 << 10;
    const uint64_t size = file_.size_bytes();
    std::vector<char> bytes(std::min(size, part_bytes));
    uint64_t hash = size;
    for (uint64_t i = 0; i < parts; ++i) {
      file_.read((size - bytes.size()) / (parts - 1) * i, bytes.data(), bytes.size());
      hash = xxh64({bytes.data(), bytes.size()}, hash);
    }
    return hash;
  }
  std::string path() const override { return file_.path().string(); }

 private:
  const InputFile file_;
  const int width_;  // bytes a token
  const int64_t vocabulary_;
};

struct TokenFile final : Reader {
  std::string path, dtype = "u16";
  int64_t vocabulary = 0;
  WindowSpec window;
  void describe(Schema& s) override {
    s.summary("a file of token numbers, each of which is predicted from those before it");
    s.details("Numbers of 2 or 4 bytes, little-endian, without a header, as nanoGPT's prepare.py writes them.");
    s.required("path", path, "the file");
    s.required("vocabulary", vocabulary, "tokens are numbers below this").at_least(1).at_most(INT32_MAX);
    window.describe(s);
    s.optional("dtype", dtype, "of the numbers").one_of({"u16", "u32"});
    s.example("{format: tokens, path: train.bin, vocabulary: 50257, length: 1024, windows: random}");
  }
  DatasetPointer open(const Folders& folders) const override {
    const int width = dtype == "u16" ? 2 : 4;
    return token_windows(std::make_shared<FileTokens>(find_data(folders, path), width, vocabulary), window, vocabulary);
  }
};
DL_READER(TokenFile, "tokens");

}  // namespace
}  // namespace dl
