// text: a text file cut into characters, bytes or words, each of which is predicted from those before it.
#include <algorithm>
#include <cstring>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/data/reader.h"
#include "lib/data/token_windows.h"
#include "lib/data/vocabulary.h"

namespace dl {
namespace {

constexpr uint64_t max_bytes = uint64_t{8} << 30;

class TextTokens final : public Tokens {
 public:
  TextTokens(const std::vector<uint32_t>& numbers, std::string path) : path_(std::move(path)) {
    for (const uint32_t number : numbers) largest_ = std::max(largest_, number);
    width_ = largest_ < 1 << 8 ? 1 : largest_ < 1 << 16 ? 2 : 4;
    bytes_.resize(numbers.size() * static_cast<size_t>(width_));
    for (size_t i = 0; i < numbers.size(); ++i)
      std::memcpy(bytes_.data() + i * static_cast<size_t>(width_), &numbers[i], static_cast<size_t>(width_));
  }
  int64_t size() const override { return static_cast<int64_t>(bytes_.size()) / width_; }
  void read(int64_t begin, int64_t count, int32_t* into, std::vector<std::byte>&) const override {
    widen(bytes_.data() + begin * width_, width_, count, into);
  }
  uint64_t fingerprint() const override {
    return xxh64({reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}, static_cast<uint64_t>(width_));
  }
  std::string path() const override { return path_; }

 private:
  const std::string path_;
  uint32_t largest_ = 0;
  int width_ = 1;  // bytes a token
  std::vector<std::byte> bytes_;
};

struct Text final : Reader {
  std::string path, level = "characters", xxh64;
  double begin = 0, end = 1;
  std::optional<std::string> line_end, unknown;
  WindowSpec window;
  void describe(Schema& s) override {
    s.summary("a text whose next character, byte or word is to be predicted");
    s.details(
        "A sample is a window of the text, its target the same window one token further on. The vocabulary is that of "
        "the training part, sorted, and has a number for each token; the other parts use it.");
    s.required("path", path, "the file, UTF-8");
    s.optional("level", level, "what a token is; words are what stands between white space")
        .one_of({"characters", "bytes", "words"});
    window.describe(s);
    s.optional("begin", begin, "this part begins at such a share of the text").at_least(0).below(1);
    s.optional("end", end, "and ends at such a share").above(0).at_most(1);
    s.optional("line_end", line_end, "of words: a token for the end of each line, <eos>; without it, none");
    s.optional("unknown", unknown,
               "the token for all that the training part lacks, <unk>; without it, they are errors");
    s.optional("xxh64", xxh64, "hash that the file must have: xxhsum -H1 FILE");
    s.example("{format: text, path: input.txt, length: 64, windows: random, end: 0.9}");
    s.example("{format: text, path: ptb.train.txt, level: words, line_end: <eos>, length: 20, windows: carried}");
    s.check([this](const Report& report) {
      if (begin >= end) report.at("end", concat("expected more than 'begin', ", begin, ", got ", end));
      if (line_end && level != "words") report.at("line_end", "only words have a 'line_end'", "write 'level: words'");
    });
  }

  DatasetPointer open(const Folders& folders) const override {
    const std::filesystem::path file = find_data(folders, path);
    const std::string whole = read_file(file, max_bytes);
    if (const std::string found = hash_text(dl::xxh64(whole)); !xxh64.empty() && found != xxh64)
      throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                      .what = concat("expected xxh64 ", xxh64, ", found ", found),
                                      .help = "get the file again"});
    const TextLevel as = level == "bytes"   ? TextLevel::bytes
                         : level == "words" ? TextLevel::words
                                            : TextLevel::characters;
    const Tokenizer tokenizer{.level = as, .line_end = line_end, .unknown = unknown};
    const std::string_view text = part_of(whole, as);
    const auto vocabulary = folders.classes.empty() ? std::make_shared<Vocabulary>(tokenizer, text, file)
                                                    : std::make_shared<Vocabulary>(tokenizer, folders.classes);
    const auto offset = static_cast<size_t>(text.data() - whole.data());
    return token_windows(std::make_shared<TextTokens>(vocabulary->encode(text, file, offset), file.string()), window,
                         vocabulary->size(), vocabulary->tokens(), vocabulary);
  }

  // From `begin` to `end`, counted in characters, or in bytes; words begin at the next line.
  std::string_view part_of(std::string_view whole, TextLevel as) const {
    const auto at_share = [&](double share) -> size_t {
      if (share == 0) return 0;
      if (share == 1) return whole.size();
      if (as == TextLevel::bytes) return static_cast<size_t>(share * static_cast<double>(whole.size()));
      if (as == TextLevel::words)
        return std::min(whole.find('\n', static_cast<size_t>(share * static_cast<double>(whole.size()))) + 1,
                        whole.size());
      const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
      const auto characters = std::count_if(whole.begin(), whole.end(), begins);
      auto left = static_cast<int64_t>(share * static_cast<double>(characters));
      size_t at = 0;
      for (; at < whole.size(); ++at)
        if (begins(whole[at]) && left-- == 0) break;
      return at;
    };
    const size_t from = at_share(begin);
    return whole.substr(from, at_share(end) - from);
  }
};
DL_READER(Text, "text");

}  // namespace
}  // namespace dl
