// tokens: a file of nothing but token numbers of 2 or 4 bytes, little-endian, as nanoGPT's prepare.py writes them; or
// an array of them that numpy saved.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/data/array/npy.h"
#include "lib/data/file/file_fingerprint.h"
#include "lib/data/reader.h"
#include "lib/data/text/token_windows.h"

namespace dl {
namespace {

// Windows are read from the file as they are asked for: what is read is in the system's cache afterwards, and a file
// that was cut short meanwhile is an error, not a fault of a memory map.
class FileTokens final : public Tokens {
 public:
  struct Form {
    uint64_t begin = 0;  // of the numbers in the file
    int64_t count = 0;
    int width = 2;  // bytes each
    bool is_signed = false;
  };
  FileTokens(const std::filesystem::path& path, const Form& form, int64_t vocabulary)
      : file_(path), form_(form), vocabulary_(vocabulary) {}

  int64_t size() const override { return form_.count; }

  void read(int64_t begin, int64_t count, int32_t* into, std::vector<std::byte>& scratch) const override {
    const auto bytes = static_cast<size_t>(count * form_.width);
    scratch.resize(std::max(scratch.size(), bytes));
    file_.read(form_.begin + static_cast<uint64_t>(begin * form_.width), scratch.data(), bytes);
    const int64_t largest = widen(scratch.data(), form_.width, form_.is_signed, count, into);
    if (largest < 0 || largest >= vocabulary_)
      throw Error(Exit::data, Problem{.where = {.file = path()},
                                      .what = concat("expected tokens from 0 to ", vocabulary_ - 1, ", found ", largest,
                                                     " among tokens ", begin, " to ", begin + count - 1),
                                      .help = "write the 'vocabulary' and the 'dtype' that the file has"});
  }

  uint64_t fingerprint() const override { return file_fingerprint(file_); }
  std::string path() const override { return file_.path().string(); }

 private:
  const InputFile file_;
  const Form form_;
  const int64_t vocabulary_;
};

struct TokenFile final : Reader {
  std::string path;
  std::optional<std::string> dtype;
  int64_t vocabulary = 0;
  WindowSpec window;
  void describe(Schema& s) override {
    s.summary("a file of token numbers, each of which is predicted from those before it");
    s.details(
        "Numbers of 2 or 4 bytes, little-endian, without a header, as nanoGPT's prepare.py writes them; or a .npy "
        "file, "
        "known by its first bytes, with an array [tokens] of u2, u4, i4 or i8. Windows are read from the file as they "
        "are needed.");
    s.required("path", path, "the file").known_as({"file", "filename", "root", "folder", "data_dir"});
    s.required("vocabulary", vocabulary, "tokens are numbers below this").at_least(1).at_most(1 << 22);
    window.describe(s);
    s.optional("dtype", dtype, "of numbers without a header; without it u16").one_of({"u16", "u32"});
    s.example("{format: tokens, path: train.npy, vocabulary: 50257, length: 1024}");
    s.example("{format: tokens, path: train.bin, vocabulary: 50257, length: 1024, windows: random}");
  }
  DatasetPointer open(const Folders& folders) const override {
    const std::filesystem::path file = find_data(folders, path);
    const bool has_header = is_npy(file);
    const FileTokens::Form form = has_header ? npy_form(file) : raw_form(file);
    return token_windows(std::make_shared<FileTokens>(file, form, vocabulary), window, vocabulary, {}, nullptr,
                         has_header ? std::vector<Problem>() : width_doubt(file, form));
  }
  bool says_samples() const override { return true; }
  DatasetPointer open_fitted(const Node& /*fit*/) const override { return token_windows(nullptr, window, vocabulary); }

 private:
  FileTokens::Form raw_form(const std::filesystem::path& file) const {
    const int width = dtype.value_or("u16") == "u16" ? 2 : 4;
    const uint64_t bytes = InputFile(file).size_bytes();
    if (bytes % static_cast<uint64_t>(width) != 0)
      throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                      .what = concat("expected numbers of ", width, " bytes, found ", bytes, " bytes"),
                                      .help = "write the 'dtype' that the file has, or get it again"});
    return {.count = static_cast<int64_t>(bytes) / width, .width = width};
  }

  // Numbers of 4 or 8 bytes, read as of 2, are tokens with zeros between them, which any vocabulary takes.
  std::vector<Problem> width_doubt(const std::filesystem::path& file, const FileTokens::Form& form) const {
    constexpr int64_t most_looked_at = 4096, enough = 64;
    const int64_t looked_at = std::min(form.count, most_looked_at) / 2 * 2;
    if (dtype || form.width != 2 || looked_at < enough) return {};
    std::vector<std::byte> bytes(static_cast<size_t>(looked_at) * 2);
    InputFile(file).read(form.begin, bytes.data(), bytes.size());
    std::vector<int32_t> tokens(static_cast<size_t>(looked_at));
    widen(bytes.data(), form.width, false, looked_at, tokens.data());
    bool even = false, odd = false;  // whether one there is not 0
    for (size_t i = 0; i < tokens.size(); i += 2) even |= tokens[i] != 0, odd |= tokens[i + 1] != 0;
    if (odd || !even) return {};
    return {Problem{.where = {.file = file.string()},
                    .what = concat("every other one of the first ", looked_at,
                                   " tokens is 0, as where numbers of 4 bytes are read as of 2"),
                    .help = "write 'dtype: u32' if the file has these, else 'dtype: u16'"}};
  }

  FileTokens::Form npy_form(const std::filesystem::path& file) const {
    const NpyArray array(file, "");
    const std::string& type = array.dtype();
    const auto fail = [&](std::string what, std::string help) {
      throw Error(Exit::data,
                  Problem{.where = {.file = file.string()}, .what = std::move(what), .help = std::move(help)});
    };
    if (array.shape().rank() != 1)
      fail(concat("expected an array [tokens], found ", array.shape().text()), "save numpy.ravel(it)");
    if (type != "u2" && type != "u4" && type != "i4" && type != "i8")
      fail(concat("expected tokens of type u2, u4, i4 or i8, found ", type), "save it with .astype(numpy.uint16)");
    if (array.values_at() == 0)
      fail("expected little-endian tokens, found them the other way round", "save it with .astype(numpy.uint16)");
    if (dtype) fail(concat("its header says the type, ", type, "; the config says 'dtype'"), "leave 'dtype' out");
    return {.begin = array.values_at(),
            .count = array.shape()[0],
            .width = static_cast<int>(array.row_bytes()),
            .is_signed = type[0] == 'i'};
  }
};
DL_READER(TokenFile, "tokens");

}  // namespace
}  // namespace dl
