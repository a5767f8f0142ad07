// tar_shards: a stream of images and labels by key in tar files, as WebDataset writes them.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cstring>
#include <list>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/random.h"
#include "lib/base/text.h"
#include "lib/data/file/file_fingerprint.h"
#include "lib/data/file/tar.h"
#include "lib/data/fit.h"
#include "lib/data/image/image_names.h"
#include "lib/data/image_keys.h"
#include "lib/data/order.h"
#include "lib/data/reader.h"
#include "lib/data/sample_fit.h"
#include "lib/data/streamed.h"
#include "lib/data/windowed.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

constexpr int64_t most_label_bytes = 1 << 20;
constexpr int place_bits = 40;  // of an index: the block of the shard where a sample's headers begin
constexpr int64_t block_bytes = 512;
constexpr int64_t most_shards = int64_t{1} << 22, most_shard_bytes = block_bytes << place_bits;

// What stands before the first dot of a name's last part is the sample's key, what stands behind it the entry's kind.
size_t key_bytes(const std::string& name) {
  const size_t slash = name.rfind('/');
  return std::min(name.find('.', slash == std::string::npos ? 0 : slash + 1), name.size());
}

// The entries of one sample, which lie side by side.
struct Group {
  std::string key;
  TarEntry image, label;
  bool has_image = false, has_label = false;
  int64_t next = 0;  // where the headers behind it begin
};

[[noreturn]] void fail_sample(const TarFile& shard, const std::string& key, std::string what, std::string help = {}) {
  throw Error(
      Exit::data,
      Problem{.where = {.file = (shard.path() / key).string()}, .what = std::move(what), .help = std::move(help)});
}

// The next entry from `at` on that is not hidden, as the ._0001.jpg of a Mac's archives; none at the shard's end.
std::optional<TarEntry> visible_entry(const TarFile& shard, int64_t at) {
  auto entry = shard.entry(at);
  while (entry && entry->name[entry->name.rfind('/') + 1] == '.') entry = shard.entry(entry->next);
  return entry;
}

// The sample whose headers begin at `at`; none at the shard's end. `label` is the kind of the entry with its class.
std::optional<Group> group_at(const TarFile& shard, int64_t at, const std::string& label) {
  auto entry = visible_entry(shard, at);
  if (!entry) return {};
  Group group{.key = entry->name.substr(0, key_bytes(entry->name))};
  for (; entry && entry->name.compare(0, key_bytes(entry->name), group.key) == 0;
       entry = visible_entry(shard, group.next)) {
    const std::string kind = entry->name.substr(std::min(group.key.size() + 1, entry->name.size()));
    const bool is_image = kind.find('.') == std::string::npos && is_image_name(entry->name), is_label = kind == label;
    if ((is_image && group.has_image) || (is_label && group.has_label))
      fail_sample(shard, group.key,
                  concat("the sample has two ", is_image ? "images" : "labels", ", the second is '",
                         shortened(entry->name), "'"),
                  "give each sample a key of its own: what stands before the first dot of a name");
    group.next = entry->next;
    if (is_image) group.image = std::move(*entry);
    if (is_label) group.label = std::move(*entry);
    group.has_image |= is_image;
    group.has_label |= is_label;
  }
  if (!group.has_image || !group.has_label)
    fail_sample(shard, group.key,
                group.has_image ? concat("expected '", group.key, ".", label, "' beside the image, found none")
                                : "expected an image of the sample, found none",
                "put what belongs to a sample side by side, or name the labels' ending as 'label'");
  return group;
}

class TarShards final : public Dataset, public Windowed, public Streamed, public Fittable {
 public:
  struct Options {
    ImageKeys images;
    std::string label, label_key;
    int64_t shuffle;
    std::optional<int64_t> samples;
    std::vector<std::string> classes;
  };

  TarShards(std::vector<fs::path> shards, Options options) : shards_(std::move(shards)), options_(std::move(options)) {
    for (size_t i = 0; i < options_.classes.size(); ++i) names_.emplace(options_.classes[i], static_cast<int32_t>(i));
    const auto first = first_sample();
    const ImageKeys& keys = options_.images;
    size_ = keys.size ? *keys.size
                      : image_size(first.first->path() / first.second.image.name,
                                   first.first->contents(first.second.image, limits_.file_bytes), limits_);
    form_ = keys.form(size_);
    fields_ = {keys.field(size_), {"y", {DType::i32, {}}, std::ssize(options_.classes)}};
    samples_ = options_.samples ? *options_.samples : counted();
  }

  int64_t size() const override { return samples_; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return options_.classes; }
  bool in_memory() const override { return false; }
  std::vector<Problem> warnings() const override {
    return options_.images.doubts(shards_[0], 1, [this](int64_t) {
      const auto first = first_sample();
      return first.first->contents(first.second.image, limits_.file_bytes);
    });
  }
  Node fit(std::span<const int64_t> /*samples*/) const override { return fit_samples(*this); }
  std::unique_ptr<Pass> pass(bool shuffled, uint64_t seed, int64_t epoch) const override;

  void get(int64_t index, Sample& into) const override { get_window(index, whole_image(size_), size_, into); }

  void get_window(int64_t index, const ImageWindow& window, Pair into_size, Sample& into) const override {
    const auto shard = this->shard(index >> place_bits);
    const auto group = group_at(*shard, block_of(index), options_.label);
    if (!group) fail_sample(*shard, "", "the shard changed while it was in use");
    const int32_t label = label_in(*shard, *group);
    decode_image(shard->path() / group->image.name, shard->contents(group->image, limits_.file_bytes), form_, window,
                 into_size, into.fields[0], limits_);
    std::memcpy(into.fields[1], &label, sizeof label);
  }

  Where place(int64_t index) const override {
    const auto shard = this->shard(index >> place_bits);
    const auto group = group_at(*shard, block_of(index), options_.label);
    return {.file = group ? (shard->path() / group->image.name).string() : shard->path().string()};
  }

  // Of names and files.
  uint64_t fingerprint() const override {
    Xxh64 hash(files_fingerprint(std::ssize(shards_), [this](int64_t i) { return shards_[static_cast<size_t>(i)]; }));
    for (const fs::path& shard : shards_) hash.append(concat(shard.filename().string(), '\0'));
    return hash.value();
  }

 private:
  class InOrder;

  static int64_t block_of(int64_t index) { return (index & ((int64_t{1} << place_bits) - 1)) * block_bytes; }

  // The shard, kept open with the last few others.
  std::shared_ptr<const TarFile> shard(int64_t number) const {
    constexpr size_t most_open = 64;
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(open_, number, [](const auto& shard) { return shard.first; });
    if (found != open_.end()) {
      open_.splice(open_.begin(), open_, found);
    } else {
      open_.emplace_front(number, std::make_shared<TarFile>(shards_[static_cast<size_t>(number)]));
      if (open_.front().second->size_bytes() > most_shard_bytes)
        throw Error(Exit::data, Problem{.where = {.file = shards_[static_cast<size_t>(number)].string()},
                                        .what = "a shard is too large"});
      if (open_.size() > most_open) open_.pop_back();
    }
    return open_.front().second;
  }

  std::pair<std::shared_ptr<const TarFile>, Group> first_sample() const {
    for (int64_t i = 0; i < std::ssize(shards_); ++i) {
      const auto shard = this->shard(i);
      if (auto group = group_at(*shard, 0, options_.label)) return {shard, std::move(*group)};
    }
    throw Error(Exit::data,
                Problem{.where = {.file = shards_[0].string()},
                        .what = concat("expected samples, ", shards_.size() == 1 ? "the shard has" : "the shards have",
                                       " none")});
  }

  // By headers alone.
  int64_t counted() const {
    int64_t samples = 0;
    for (int64_t i = 0; i < std::ssize(shards_); ++i) {
      const auto shard = this->shard(i);
      std::unordered_set<std::string> keys;
      for (auto group = group_at(*shard, 0, options_.label); group;
           group = group_at(*shard, group->next, options_.label)) {
        ++samples;
        if (!keys.insert(group->key).second)
          fail_sample(*shard, group->key, "the shard has two samples of this key",
                      "put what belongs to a sample side by side, and give each a key of its own");
      }
    }
    return samples;
  }

  // A class by its number or its name.
  int32_t label_in(const TarFile& shard, const Group& group) const {
    const std::string text = shard.contents(group.label, most_label_bytes);
    std::string word(trim(text));
    if (options_.label.ends_with("json")) word = word_of_json(shard, group, text);
    int64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    const bool is_number = error == std::errc() && end == word.data() + word.size() && !word.empty();
    if (const auto named = names_.find(word); named != names_.end()) return named->second;
    if (is_number && number >= 0 && number < std::ssize(options_.classes)) return static_cast<int32_t>(number);
    fail_sample(shard, group.label.name,
                concat("expected a class from 0 to ", std::ssize(options_.classes) - 1, ", or its name, found '",
                       shortened(word), "'"));
  }

  std::string word_of_json(const TarFile& shard, const Group& group, const std::string& text) const {
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    const nlohmann::json* value = &json;
    if (json.is_object()) {
      const auto found = json.find(options_.label_key);
      value = found == json.end() ? nullptr : &*found;
    }
    if (value && value->is_number_integer()) return value->dump();
    if (value && value->is_string()) return value->get<std::string>();
    fail_sample(shard, group.label.name,
                concat("expected JSON with a class, a number or a name, as '", options_.label_key, "', found '",
                       shortened(trim(text)), "'"),
                "name the key of the class as 'label_key'");
  }

  const std::vector<fs::path> shards_;
  const Options options_;
  const ImageLimits limits_ = options_.images.limits();
  std::map<std::string, int32_t> names_;  // of the classes
  Pair size_;
  ImageForm form_;
  std::vector<SampleField> fields_;
  int64_t samples_ = 0;
  mutable std::mutex mutex_;
  mutable std::list<std::pair<int64_t, std::shared_ptr<const TarFile>>> open_;  // the last used first
};

// The shards one behind another, shuffled in an order drawn for the epoch, with a buffer from which samples are drawn.
class TarShards::InOrder final : public Pass {
 public:
  InOrder(const TarShards& set, bool shuffled, uint64_t seed, int64_t epoch)
      : set_(set),
        buffered_(shuffled ? std::max<int64_t>(set.options_.shuffle, 1) : 1),
        key_(random_key(seed, random_stream("shuffle buffer"))),
        epoch_(epoch) {
    if (shuffled) order_.emplace(std::ssize(set.shards_), random_key(seed, random_stream("shards")), epoch);
  }

  std::optional<int64_t> next() override {
    while (std::ssize(buffer_) < buffered_) {
      const auto found = next_in_file();
      if (!found) break;
      buffer_.push_back(*found);
    }
    if (buffer_.empty()) return {};
    const uint64_t bits = philox(key_, static_cast<uint64_t>(taken_++), static_cast<uint64_t>(epoch_))[0];
    int64_t& drawn = buffer_[buffer_.size() == 1 ? 0 : static_cast<size_t>(bits * buffer_.size() >> 32)];
    const int64_t sample = std::exchange(drawn, buffer_.back());
    buffer_.pop_back();
    return sample;
  }

  std::vector<int64_t> place() const override {
    std::vector<int64_t> place{taken_, shard_, at_};
    place.insert(place.end(), buffer_.begin(), buffer_.end());
    return place;
  }

  void go_to(const std::vector<int64_t>& place) override {
    const auto is_one = [&](int64_t sample) { return sample >= 0 && sample >> place_bits < std::ssize(set_.shards_); };
    if (place.size() < 3 || std::ssize(place) - 3 > buffered_ || place[0] < 0 || place[1] < 0 ||
        place[1] > std::ssize(set_.shards_) || place[2] < 0 || !std::all_of(place.begin() + 3, place.end(), is_one))
      throw Error(Exit::data, Problem{.what = "the checkpoint's place in the stream is none of these data"});
    taken_ = place[0];
    shard_ = place[1];
    at_ = place[2];
    buffer_.assign(place.begin() + 3, place.end());
  }

 private:
  std::optional<int64_t> next_in_file() {
    for (; shard_ < std::ssize(set_.shards_); ++shard_, at_ = 0) {
      const int64_t number = order_ ? (*order_)(shard_) : shard_;
      const auto group = group_at(*set_.shard(number), at_, set_.options_.label);
      if (!group) continue;
      const int64_t sample = number << place_bits | at_ / block_bytes;
      at_ = group->next;
      return sample;
    }
    return {};
  }

  const TarShards& set_;
  const int64_t buffered_;
  const uint64_t key_;
  const int64_t epoch_;
  std::optional<Permutation> order_;  // of the shards
  int64_t taken_ = 0;                 // samples
  int64_t shard_ = 0, at_ = 0;        // where the next sample is found, the shard by its place in the order
  std::vector<int64_t> buffer_;
};

std::unique_ptr<Pass> TarShards::pass(bool shuffled, uint64_t seed, int64_t epoch) const {
  return std::make_unique<InOrder>(*this, shuffled, seed, epoch);
}

// `shards/{000..015}.tar`: the names for each number of the braces, as wide as the first.
std::vector<std::string> with_numbers(const std::string& name, const Where& where) {
  const size_t open = name.find('{'), close = name.find('}', open), dots = name.find("..", open);
  if (open == std::string::npos) return {name};
  const std::string_view text(name);
  int64_t first = 0, last = -1;
  if (dots < close && close != std::string::npos) {
    const std::string_view a = text.substr(open + 1, dots - open - 1), b = text.substr(dots + 2, close - dots - 2);
    const auto read = [](std::string_view digits, int64_t& number) {
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
      return error == std::errc() && end == digits.data() + digits.size();
    };
    if (!read(a, first) || !read(b, last)) last = -1;
    if (last >= first && first >= 0 && last - first < most_shards) {
      std::vector<std::string> names;
      for (int64_t i = first; i <= last; ++i) {
        std::string number = std::to_string(i);
        if (number.size() < a.size()) number.insert(0, a.size() - number.size(), '0');
        for (const std::string& rest : with_numbers(name.substr(close + 1), where))
          names.push_back(concat(text.substr(0, open), number, rest));
        if (std::ssize(names) > most_shards) break;
      }
      if (std::ssize(names) <= most_shards) return names;
    }
  }
  throw Error(Exit::usage, Problem{.where = where,
                                   .what = concat("expected numbers in braces, {000..015}, found '", name, "'"),
                                   .help = "write the first and the last number of the shards"});
}

struct TarShardsReader final : Reader {
  std::vector<std::string> paths;
  std::string label = "cls", label_key = "label";
  int64_t shuffle = 1000;
  std::optional<int64_t> samples;
  ClassCount count;
  ImageKeys images;
  void describe(Schema& s) override {
    s.summary("a stream of images and labels in tar files, as WebDataset writes them");
    s.details(
        "What stands before the first dot of a file's name is its sample's key: 0001.jpg and 0001.cls are one sample, "
        "and lie side by side; names that begin with a dot are passed over. A label is a class's number or name; of "
        "JSON the value itself, or that of 'label_key'. "
        "In training shards come in an order drawn for each epoch, and samples are drawn from a buffer of those that "
        "come next, so that no more than the buffer is known of a set of any size; what is drawn depends on the seed "
        "and the epoch alone, and a run goes on where it stopped. The archives are not compressed.");
    s.required("paths", paths,
               "the shards; {000..015} in a name stands for each of these numbers, and '*' for any characters")
        .known_as({"path", "urls", "shards", "files"});
    s.optional("label", label, "the ending of the entries with the class: cls, txt, json");
    s.optional("label_key", label_key, "of JSON, the key of the class");
    count.describe(s, most_classes);
    s.optional("shuffle", shuffle,
               "samples in the buffer from which training draws; 1: shards are shuffled, samples not")
        .at_least(1)
        .at_most(1 << 17)
        .known_as({"buffer_size", "shuffle_buffer", "buffer"});
    s.optional("samples", samples, "an epoch; without it all, which are counted by the headers before the run begins")
        .at_least(1);
    images.describe(s);
    s.example("{format: tar_shards, paths: ['shards/train-{000..146}.tar'], classes: 1000, size: [224, 224]}");
    s.check([this](const Report& report) {
      if (paths.empty()) report.at("paths", "expected a shard at least, got none");
    });
  }

  DatasetPointer open(const Folders& folders) const override {
    std::vector<std::string> classes = count.names(folders, place, "", 1000);
    std::vector<fs::path> shards;
    for (const std::string& written : paths)
      for (const std::string& name : with_numbers(written, place))
        for (fs::path& shard : find_all_data(folders, name)) shards.push_back(std::move(shard));
    return std::make_shared<TarShards>(std::move(shards), TarShards::Options{.images = images,
                                                                             .label = label,
                                                                             .label_key = label_key,
                                                                             .shuffle = shuffle,
                                                                             .samples = samples,
                                                                             .classes = std::move(classes)});
  }
  DatasetPointer open_fitted(const Node& fit) const override { return samples_of_fit(fit); }
};
DL_READER(TarShardsReader, "tar_shards");

}  // namespace
}  // namespace dl
