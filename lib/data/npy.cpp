// The header (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html) and rows made numbers of ours.
#include "lib/data/npy.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/file_fingerprint.h"

namespace dl {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr uint64_t most_header_bytes = 64 << 10;

// A header's text, read from left to right; everything but what numpy writes is refused by an empty result.
class HeaderText {
 public:
  explicit HeaderText(std::string_view text) : text_(text) {}

  bool take(std::string_view word) {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  std::optional<std::string> string() {
    if (!take("'")) return {};
    const size_t end = text_.find('\'');
    if (end == std::string_view::npos) return {};
    std::string found(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    return found;
  }
  std::optional<std::vector<int64_t>> sizes() {
    if (!take("(")) return {};
    std::vector<int64_t> sizes;
    while (!take(")")) {
      if (sizes.size() > 16) return {};
      take("");  // blanks
      int64_t size = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), size);
      if (error != std::errc()) return {};
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      sizes.push_back(size);
      take(",");
    }
    return sizes;
  }

 private:
  std::string_view text_;
};

float half_to_float(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const float fraction = static_cast<float>(half & 0x3FF);
  const float size = exponent == 0    ? fraction * 0x1p-24f
                     : exponent == 31 ? (fraction == 0 ? std::numeric_limits<float>::infinity()
                                                       : std::numeric_limits<float>::quiet_NaN())
                                      : (1 + fraction * 0x1p-10f) * __builtin_ldexpf(1, exponent - 15);
  return half & 0x8000 ? -size : size;
}

template <class From, class Into, class Convert>
void convert(const std::byte* from, std::byte* into, int64_t count, Convert one) {
  for (int64_t i = 0; i < count; ++i, from += sizeof(From), into += sizeof(Into)) {
    From value;
    std::memcpy(&value, from, sizeof value);
    const Into converted = one(value);
    std::memcpy(into, &converted, sizeof converted);
  }
}

}  // namespace

bool is_npy(const std::filesystem::path& path) {
  const InputFile file(path);
  char start[magic.size()];
  if (file.size_bytes() < sizeof start) return false;
  file.read(0, start, sizeof start);
  return std::string_view(start, sizeof start) == magic;
}

NpyArray::NpyArray(const std::filesystem::path& path, const std::string& member)
    : file_(path), member_(member), bytes_(file_.size_bytes()) {
  if (!member.empty()) open_member(member);
  read_header();
}

void NpyArray::fail(std::string what, std::string help) const {
  throw Error(Exit::data, Problem{.where = {.file = file_.path().string()},
                                  .what = member_.empty() ? std::move(what) : concat("member '", member_, "': ", what),
                                  .help = std::move(help)});
}

void NpyArray::open_member(const std::string& name) {
  std::vector<std::string> names;
  for (const ZipMember& member : read_zip(file_)) {
    names.push_back(member.name.ends_with(".npy") ? member.name.substr(0, member.name.size() - 4) : member.name);
    if (member.name != name && names.back() != name) continue;
    bytes_ = member.bytes;
    begin_ = zip_data(file_, member);
    if (!member.deflated) return;
    const uint64_t machine =
        static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    if (bytes_ > machine)
      fail(concat("it takes ", bytes_, " bytes, the machine has ", machine), "save it uncompressed");
    inflated_ = std::make_unique_for_overwrite<std::byte[]>(bytes_);
    unzip(file_, member, inflated_.get());
    return;
  }
  const std::string nearest = closest(name, names);
  throw Error(Exit::data, Problem{.where = {.file = file_.path().string()},
                                  .what = concat("expected an array '", name, "', found none"),
                                  .notes = {concat("its arrays: ", join(names))},
                                  .help = nearest.empty() ? "" : concat("write '", nearest, "'")});
}

void NpyArray::read(uint64_t at, void* into, size_t bytes) const {
  if (inflated_) {
    std::memcpy(into, inflated_.get() + at, bytes);
  } else {
    file_.read(begin_ + at, into, bytes);
  }
}

void NpyArray::read_header() {
  unsigned char start[12]{};
  const auto got = static_cast<size_t>(std::min<uint64_t>(bytes_, sizeof start));
  read(0, start, got);
  if (got < sizeof start || std::memcmp(start, magic.data(), magic.size()) != 0)
    fail("expected a .npy array, which begins with \\x93NUMPY, found none");
  const int version = start[6];
  if (version < 1 || version > 3) fail(concat("expected version 1, 2 or 3 of .npy, found ", version));
  const uint64_t prefix = version == 1 ? 10 : 12;
  const uint64_t length = version == 1 ? uint64_t{start[8]} | uint64_t{start[9]} << 8
                                       : uint64_t{start[8]} | uint64_t{start[9]} << 8 | uint64_t{start[10]} << 16 |
                                             uint64_t{start[11]} << 24;
  if (length > most_header_bytes || length > bytes_ - prefix)
    fail(concat("expected a header of at most ", std::min(most_header_bytes, bytes_ - prefix), " bytes, found ",
                length));
  std::string text(static_cast<size_t>(length), '\0');
  read(prefix, text.data(), text.size());
  values_ = prefix + length;
  parse_header(text);
}

void NpyArray::parse_header(std::string_view text) {
  HeaderText header(text);
  std::optional<std::string> descr;
  std::optional<std::vector<int64_t>> sizes;
  std::optional<bool> fortran;
  bool good = header.take("{");
  while (good && !header.take("}")) {
    const auto key = header.string();
    good = key && header.take(":");
    if (!good) break;
    if (*key == "descr") {
      descr = header.string();
      good = descr.has_value();
    } else if (*key == "shape") {
      sizes = header.sizes();
      good = sizes.has_value();
    } else if (*key == "fortran_order") {
      const bool yes = header.take("True");
      good = yes || header.take("False");
      fortran = yes;
    } else {
      good = false;
    }
    header.take(",");
  }
  if (!good || !descr || !sizes || !fortran)
    fail(concat("expected descr, fortran_order and shape in the header, found '", shortened(trim(text), 120), "'"));
  static const std::vector<std::string> known{"<f2", "<f4", "<f8", "<i4", "<i8", "<u2", "<u4", "|b1", "|u1"};
  if (std::ranges::count(known, *descr) == 0)
    fail(concat("expected values of type ", join(known), ", found '", shortened(*descr), "'"),
         "save it with .astype(numpy.float32) or another of these types");
  if (*fortran) fail("expected the array in C order, found it in Fortran's", "save numpy.ascontiguousarray(it)");
  if (sizes->empty()) fail("expected an array [samples, ...], found a single value");
  dtype_ = descr->substr(1);
  value_bytes_ = dtype_[1] - '0';
  int64_t bytes = value_bytes_;
  bool wraps = false;
  for (int64_t size : *sizes) wraps |= size < 0 || __builtin_mul_overflow(bytes, size, &bytes);
  shape_ = Shape(*sizes);
  if (wraps || shape_[0] < 1 || static_cast<uint64_t>(bytes) > bytes_ - values_)
    fail(concat("the header says ", dtype_, " ", shape_.text(), ", behind it are ", bytes_ - values_, " bytes"));
  row_elements_ = shape_.elements() / shape_[0];
  if (row_elements_ < 1) fail(concat("expected samples with values, found shape ", shape_.text()));
}

uint64_t NpyArray::fingerprint() const { return xxh64(member_, file_fingerprint(file_)); }

void NpyArray::row(int64_t i, DType into_type, std::byte* into, std::byte* scratch) const {
  const bool as_it_is = (into_type == DType::u8 && value_bytes_ == 1) || (into_type == DType::f32 && dtype_ == "f4") ||
                        (into_type == DType::i32 && dtype_ == "i4");
  std::byte* const raw = as_it_is ? into : scratch;
  read(values_ + static_cast<uint64_t>(i * row_bytes()), raw, static_cast<size_t>(row_bytes()));
  if (as_it_is) return;
  const int64_t n = row_elements_;
  if (dtype_ == "f2") return convert<uint16_t, float>(raw, into, n, half_to_float);
  if (dtype_ == "f8") return convert<double, float>(raw, into, n, [](double v) { return static_cast<float>(v); });
  const auto narrowed = [&](int64_t v) {
    if (v < INT32_MIN || v > INT32_MAX) fail(concat("sample ", i, ": expected a number of 32 bits, found ", v));
    return static_cast<int32_t>(v);
  };
  if (dtype_ == "i8") return convert<int64_t, int32_t>(raw, into, n, narrowed);
  if (dtype_ == "u4") return convert<uint32_t, int32_t>(raw, into, n, narrowed);
  if (dtype_ == "u2") return convert<uint16_t, int32_t>(raw, into, n, narrowed);
  DL_CHECK(value_bytes_ == 1 && into_type == DType::i32, dtype_, " as ", name_of(into_type));
  convert<uint8_t, int32_t>(raw, into, n, [](uint8_t v) { return int32_t{v}; });
}

}  // namespace dl
