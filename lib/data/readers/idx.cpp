// idx: the format of MNIST (http://yann.lecun.com/exdb/mnist): big-endian sizes, then the values, one file for the
// images and one for the labels, plain or gzip.
// SPDX-License-Identifier: Apache-2.0
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>

#include "lib/base/error.h"
#include "lib/data/file/byte_source.h"
#include "lib/data/fit.h"
#include "lib/data/image/image_layout.h"
#include "lib/data/labelled.h"
#include "lib/data/reader.h"
#include "lib/data/sample_fit.h"

namespace dl {
namespace {

// The types of values, by their number in the header.
struct IdxType {
  int code, bytes;
  const char* name;
};
constexpr IdxType idx_types[] = {{0x08, 1, "u8"},  {0x09, 1, "i8"},  {0x0B, 2, "i16"},
                                 {0x0C, 4, "i32"}, {0x0D, 4, "f32"}, {0x0E, 8, "f64"}};

struct IdxHeader {
  IdxType type;
  std::vector<int64_t> sizes;
  int64_t bytes = 0;        // of the header
  int64_t value_bytes = 0;  // of all values
  int64_t samples() const { return sizes[0]; }
  bool is_float() const { return type.name[0] == 'f'; }
  bool operator==(const IdxHeader& other) const { return type.code == other.type.code && sizes == other.sizes; }
};

[[noreturn]] void fail(const ByteSource& source, std::string what, std::string help = {}) {
  throw Error(Exit::data,
              Problem{.where = {.file = source.path().string()}, .what = std::move(what), .help = std::move(help)});
}

std::string hex(unsigned value) {
  const char* digits = "0123456789abcdef";
  return {digits[value >> 4 & 15], digits[value & 15]};
}

IdxHeader read_header(ByteSource& source, int min_rank, int max_rank) {
  unsigned char bytes[4 + 4 * 4];
  const size_t got = source.read(bytes, 4);
  if (got < 4) fail(source, concat("expected an idx header, the file ends after ", got, " bytes"));
  if (bytes[0] != 0 || bytes[1] != 0)
    fail(source,
         concat("expected an idx file, which begins with bytes 00 00, found ", hex(bytes[0]), " ", hex(bytes[1])));
  const auto* const type = std::ranges::find(idx_types, int{bytes[2]}, &IdxType::code);
  if (type == std::end(idx_types))
    fail(source, concat("expected values of an idx type: 08 (u8), 09 (i8), 0b (i16), 0c (i32), 0d (f32) or 0e (f64), "
                        "found type ",
                        hex(bytes[2])));
  const int rank = bytes[3];
  if (rank < min_rank || rank > max_rank)
    fail(source, concat("expected ", min_rank == max_rank ? "" : concat(min_rank, " to "), max_rank,
                        max_rank == 1 ? " dimension, found " : " dimensions, found ", rank));
  const size_t size_bytes = static_cast<size_t>(rank) * 4;
  if (const size_t more = source.read(bytes + 4, size_bytes); more < size_bytes)
    fail(source, concat("expected an idx header of ", 4 + size_bytes, " bytes, the file ends after ", 4 + more));

  IdxHeader header{.type = *type, .bytes = static_cast<int64_t>(4 + size_bytes), .value_bytes = type->bytes};
  bool overflow = false;
  for (int i = 0; i < rank; ++i) {
    const unsigned char* b = bytes + 4 + 4 * i;
    header.sizes.push_back(int64_t{b[0]} << 24 | b[1] << 16 | b[2] << 8 | b[3]);
    overflow |= __builtin_mul_overflow(header.value_bytes, header.sizes.back(), &header.value_bytes);
  }
  const std::string announced = concat("the header announces sizes ", Shape(header.sizes).text());
  if (std::count(header.sizes.begin(), header.sizes.end(), 0) > 0)
    fail(source, announced + ", expected at least 1 of each");
  if (overflow || static_cast<uint64_t>(header.value_bytes) > source.most_bytes())
    fail(source,
         concat(announced, ", more than the file's ", source.file_bytes(), source.compressed() ? " compressed" : "",
                " bytes hold"),
         "get the file again");
  if (const int64_t memory = int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE); header.value_bytes > memory)
    fail(source, concat(announced, ", ", header.value_bytes, " bytes; the machine has ", memory),
         "read fewer with 'limit'");
  return header;
}

// The first `bytes` values; where these are all, the file must end with them and have the hash, if one is given.
void read_values(ByteSource& source, const IdxHeader& header, uint8_t* into, int64_t bytes, const std::string& xxh64) {
  const size_t got = source.read(into, static_cast<size_t>(bytes));
  const std::string announced = concat("the header announces sizes ", Shape(header.sizes).text(), ", ",
                                       header.bytes + header.value_bytes, " bytes with the header; the file ");
  if (static_cast<int64_t>(got) < bytes)
    fail(source, concat(announced, "ends after ", header.bytes + static_cast<int64_t>(got)),
         "get the file again: it is cut short");
  if (bytes < header.value_bytes) return;
  char more;
  if (source.read(&more, 1) != 0) fail(source, announced + "goes on after them", "get the file again");
  if (const std::string found = hash_text(source.xxh64()); !xxh64.empty() && found != xxh64)
    fail(source, concat("expected contents with XXH64 ", xxh64, ", found ", found),
         "get the file again, or correct the hash if the contents are meant");
}

// Big-endian values as a number type of this machine.
template <class T>
void numbers(const uint8_t* from, int64_t count, const IdxType& type, T* into) {
  for (int64_t i = 0; i < count; ++i, from += type.bytes) {
    uint64_t bits = 0;
    for (int b = 0; b < type.bytes; ++b) bits = bits << 8 | from[b];
    const auto of = [&](auto value) {
      using Value = decltype(value);
      std::memcpy(&value, &bits, sizeof(Value));  // its low bytes, on a little-endian machine
      return static_cast<T>(value);
    };
    into[i] = type.code == 0x08   ? of(uint8_t{})
              : type.code == 0x09 ? of(int8_t{})
              : type.code == 0x0B ? of(int16_t{})
              : type.code == 0x0C ? of(int32_t{})
              : type.code == 0x0D ? of(float{})
                                  : of(double{});
  }
}

class IdxSet final : public Dataset, public Labelled, public Fittable {
 public:
  struct Files {
    std::filesystem::path images, labels;
    std::string images_xxh64, labels_xxh64;
    std::optional<std::string> layout;
    int64_t limit;
  };

  IdxSet(Files files, std::vector<std::string> classes) : files_(std::move(files)), classes_(std::move(classes)) {
    ByteSource images(files_.images), labels(files_.labels);
    header_ = read_header(images, 2, 4);
    const IdxHeader label_header = read_header(labels, 1, 1);
    if (header_.samples() != label_header.samples())
      fail(labels, concat("expected a label for each of the ", header_.samples(), " images in ", files_.images.string(),
                          ", found ", label_header.samples()));
    size_ = std::min(header_.samples(), files_.limit);
    if (header_.type.code != 0x08 && !header_.is_float())
      fail(images, concat("expected images of u8, f32 or f64, found ", header_.type.name),
           "write them as u8 or as f32");
    const DType dtype = header_.is_float() ? DType::f32 : DType::u8;
    const LaidOut laid_out =
        lay_out(Shape(std::vector<int64_t>(header_.sizes.begin() + 1, header_.sizes.end())), true, files_.layout);
    if (!laid_out.refused.empty()) fail(images, laid_out.refused, laid_out.help);
    if (!laid_out.warning.empty())
      warnings_.push_back({.where = {.file = files_.images.string()}, .what = laid_out.warning, .help = laid_out.help});
    channels_first_ = laid_out.channels_first;
    fields_ = {{"x", {dtype, laid_out.shape}}, {"y", {DType::i32, {}}}};
    sample_bytes_ = fields_[0].type.bytes();
    read_labels(labels, label_header);
  }

  int64_t size() const override { return size_; }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return true; }
  std::vector<Problem> warnings() const override { return warnings_; }
  Node fit(std::span<const int64_t> /*samples*/) const override { return fit_samples(*this); }

  void get(int64_t index, Sample& into) const override {
    std::memcpy(into.fields[0], get_in_place(index, 0, into), static_cast<size_t>(sample_bytes_));
  }

  void expect(int64_t index) const override {
    if (loaded_.load(std::memory_order_acquire))
      fetch(images_.get() + index * sample_bytes_, static_cast<size_t>(sample_bytes_));
  }

  // The image stays where it is; the label is written in either case.
  const std::byte* get_in_place(int64_t index, size_t field, Sample& into) const override {
    load();
    std::memcpy(into.fields[1], &labels_[static_cast<size_t>(index)], sizeof labels_[0]);
    const auto* image = reinterpret_cast<const std::byte*>(images_.get() + index * sample_bytes_);
    return field == 0 ? image : into.fields[field];
  }

  void load() const override {
    if (loaded_.load(std::memory_order_acquire)) return;
    const std::lock_guard lock(loading_);
    if (loaded_.load(std::memory_order_relaxed)) return;
    ByteSource source(files_.images);
    if (read_header(source, 2, 4) != header_) fail(source, "the file changed while it was in use");
    const int64_t in_file = header_.value_bytes / header_.samples();  // of a sample
    auto images = std::make_unique_for_overwrite<uint8_t[]>(static_cast<size_t>(size_ * in_file));
    read_values(source, header_, images.get(), size_ * in_file, files_.images_xxh64);
    images_ = as_samples(std::move(images));
    images_hash_ = source.xxh64();
    loaded_.store(true, std::memory_order_release);
  }

  std::vector<int64_t> labels() const override { return {labels_.begin(), labels_.begin() + size_}; }

  uint64_t fingerprint() const override {
    load();
    const uint64_t parts[] = {images_hash_, labels_hash_};
    return xxh64({reinterpret_cast<const char*>(parts), sizeof parts});
  }

 private:
  void read_labels(ByteSource& source, const IdxHeader& header) {
    if (header.is_float())
      fail(source, concat("expected labels of whole numbers, found ", header.type.name), "write them as u8 or i32");
    std::vector<uint8_t> bytes(static_cast<size_t>(header.value_bytes));
    read_values(source, header, bytes.data(), header.value_bytes, files_.labels_xxh64);
    labels_hash_ = source.xxh64();
    labels_.resize(static_cast<size_t>(header.samples()));
    numbers(bytes.data(), header.samples(), header.type, labels_.data());
    const int64_t most = (classes_.empty() ? most_classes : static_cast<int64_t>(classes_.size())) - 1;
    for (size_t i = 0; i < labels_.size(); ++i)
      if (labels_[i] < 0 || labels_[i] > most)
        fail(source, concat("sample ", i, ": expected a label from 0 to ", most, ", found ", labels_[i]));
    if (classes_.empty()) classes_ = numbered_classes(int64_t{*std::ranges::max_element(labels_)} + 1);
  }

  // The values of the file, with the channels last, as u8 or f32.
  std::unique_ptr<uint8_t[]> as_samples(std::unique_ptr<uint8_t[]> values) const {
    const Type& type = fields_[0].type;
    const int64_t elements = type.shape.elements();
    if (type.dtype == DType::f32) {
      auto floats = std::make_unique_for_overwrite<uint8_t[]>(static_cast<size_t>(size_ * sample_bytes_));
      numbers(values.get(), size_ * elements, header_.type, reinterpret_cast<float*>(floats.get()));
      values = std::move(floats);
    }
    if (channels_first_) {
      std::vector<std::byte> planes(static_cast<size_t>(sample_bytes_));
      for (int64_t i = 0; i < size_; ++i) {
        auto* const image = reinterpret_cast<std::byte*>(values.get() + i * sample_bytes_);
        std::copy_n(image, sample_bytes_, planes.begin());
        interleave_channels(planes.data(), type, image);
      }
    }
    return values;
  }

  const Files files_;
  std::vector<std::string> classes_;
  IdxHeader header_;
  int64_t size_ = 0, sample_bytes_ = 0;
  std::vector<SampleField> fields_;
  std::vector<int32_t> labels_;
  std::vector<Problem> warnings_;
  bool channels_first_ = false;
  uint64_t labels_hash_ = 0;

  mutable std::mutex loading_;
  mutable std::atomic<bool> loaded_ = false;
  mutable std::unique_ptr<uint8_t[]> images_;
  mutable uint64_t images_hash_ = 0;
};

struct Idx final : Reader {
  std::string images, labels, images_xxh64, labels_xxh64;
  std::optional<std::string> layout;
  std::optional<int64_t> limit;
  void describe(Schema& s) override {
    s.summary("images and labels in idx files, the format of MNIST, plain or gzip");
    s.details(
        "Images are u8, f32 or f64 (read as f32): [samples, height, width], [samples, height, width, channels] or "
        "[samples, features]; labels are whole numbers of any type, [samples]. Without names of classes there are as "
        "many as the largest label says.");
    s.required("images", images, "file of the images");
    s.required("labels", labels, "file of the labels");
    s.optional("images_xxh64", images_xxh64,
               "hash that the images' file must have, decompressed: zcat FILE | xxhsum -H1");
    s.optional("labels_xxh64", labels_xxh64, "the same for the labels' file");
    s.optional("layout", layout, "of the images; grey ones have no channels").one_of(image_layouts());
    s.optional("limit", limit, "read only so many samples, from the beginning").at_least(1);
    s.example("{format: idx, images: train-images-idx3-ubyte.gz, labels: train-labels-idx1-ubyte.gz}");
  }
  DatasetPointer open(const Folders& folders) const override {
    return std::make_shared<IdxSet>(IdxSet::Files{.images = find_data(folders, images),
                                                  .labels = find_data(folders, labels),
                                                  .images_xxh64 = images_xxh64,
                                                  .labels_xxh64 = labels_xxh64,
                                                  .layout = layout,
                                                  .limit = limit.value_or(INT64_MAX)},
                                    folders.classes);
  }
  DatasetPointer open_fitted(const Node& fit) const override { return samples_of_fit(fit); }
};
DL_READER(Idx, "idx");

}  // namespace
}  // namespace dl
