// The header (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html) and rows made numbers of ours.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/array/npy.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/f16.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/file/file_fingerprint.h"

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
      if (text_.starts_with('L')) text_.remove_prefix(1);  // as Python 2 writes integers
      take(",");
    }
    return sizes;
  }

 private:
  std::string_view text_;
};

template <class From, class Into, class Convert>
void convert(const std::byte* from, std::byte* into, int64_t count, Convert one) {
  for (int64_t i = 0; i < count; ++i, from += sizeof(From), into += sizeof(Into)) {
    From value;
    std::memcpy(&value, from, sizeof value);
    const Into converted = one(value, i);
    std::memcpy(into, &converted, sizeof converted);
  }
}

void swap_bytes(std::byte* values, int64_t count, int64_t bytes) {
  for (std::byte* value = values; value < values + count * bytes; value += bytes) std::reverse(value, value + bytes);
}

}  // namespace

NpyHeader read_npy_header(uint64_t bytes, const std::function<void(uint64_t, void*, size_t)>& read,
                          const std::function<void(std::string, std::string)>& fail) {
  unsigned char start[12]{};
  const auto got = static_cast<size_t>(std::min<uint64_t>(bytes, sizeof start));
  read(0, start, got);
  if (got < sizeof start || std::memcmp(start, magic.data(), magic.size()) != 0)
    fail("expected a .npy array, which begins with \\x93NUMPY, found none", "");
  const int version = start[6];
  if (version < 1 || version > 3) fail(concat("expected version 1, 2 or 3 of .npy, found ", version), "");
  const uint64_t prefix = version == 1 ? 10 : 12;
  const uint64_t length = version == 1 ? uint64_t{start[8]} | uint64_t{start[9]} << 8
                                       : uint64_t{start[8]} | uint64_t{start[9]} << 8 | uint64_t{start[10]} << 16 |
                                             uint64_t{start[11]} << 24;
  if (length > most_header_bytes || length > bytes - prefix)
    fail(concat("expected a header of at most ", std::min(most_header_bytes, bytes - prefix), " bytes, found ", length),
         "");
  std::string text(static_cast<size_t>(length), '\0');
  read(prefix, text.data(), text.size());

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
      if (header.take("["))
        fail("expected an array of numbers, found one of records with named columns",
             "save the columns as one array: numpy.lib.recfunctions.structured_to_unstructured(it)");
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
    fail(concat("expected descr, fortran_order and shape in the header, found '", shortened(trim(text), 120), "'"), "");
  const bool has_order = descr->starts_with('<') || descr->starts_with('>') || descr->starts_with('|');
  return {.type = has_order ? descr->substr(1) : *descr,
          .descr = *descr,
          .swapped = descr->starts_with('>'),
          .fortran = *fortran && sizes->size() > 1,
          .sizes = std::move(*sizes),
          .values = prefix + length};
}

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

std::string NpyArray::place() const {
  return member_.empty() ? file_.path().string() : concat(file_.path().string(), ": '", member_, "'");
}

void NpyArray::open_member(const std::string& name) {
  std::vector<std::string> names;
  for (const ZipMember& member : read_zip(file_)) {
    names.push_back(member.name.ends_with(".npy") ? member.name.substr(0, member.name.size() - 4) : member.name);
    if (member.name != name && names.back() != name) continue;
    bytes_ = member.bytes;
    begin_ = zip_data(file_, member);
    if (!member.deflated) return;
    inflated_ = unzip(file_, member, ZipSum::checked);
    return;
  }
  throw Error(Exit::data, Problem{.where = {.file = file_.path().string()},
                                  .what = concat("expected an array '", name, "', found none"),
                                  .notes = {concat("its arrays: ", join(names))},
                                  .help = spelling_help(name, names)});
}

void NpyArray::read(uint64_t at, void* into, size_t bytes) const {
  if (inflated_) {
    std::memcpy(into, inflated_.get() + at, bytes);
  } else {
    file_.read(begin_ + at, into, bytes);
  }
}

void NpyArray::read_header() {
  NpyHeader header = read_npy_header(
      bytes_, [this](uint64_t at, void* into, size_t bytes) { read(at, into, bytes); },
      [this](std::string what, std::string help) { fail(std::move(what), std::move(help)); });
  values_ = header.values;
  dtype_ = std::move(header.type);
  check_type(header.descr);
  value_bytes_ = dtype_[1] - '0';
  swapped_ = header.swapped && value_bytes_ > 1;
  fortran_ = header.fortran;
  if (header.sizes.empty()) fail("expected an array [samples, ...], found a single value");
  int64_t bytes = value_bytes_;
  bool wraps = false;
  for (int64_t size : header.sizes) wraps |= size < 0 || __builtin_mul_overflow(bytes, size, &bytes);
  shape_ = Shape(std::move(header.sizes));
  if (wraps || shape_[0] < 1 || static_cast<uint64_t>(bytes) > bytes_ - values_)
    fail(concat("the header says ", dtype_, " ", shape_.text(), ", behind it are ", bytes_ - values_, " bytes"));
  row_elements_ = shape_.elements() / shape_[0];
  if (row_elements_ < 1) fail(concat("expected samples with values, found shape ", shape_.text()));
}

void NpyArray::check_type(const std::string& descr) {
  static const std::vector<std::string> known{"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"};
  if (std::ranges::count(known, dtype_) > 0) return;
  const std::string found = concat("expected an array of numbers, found ",
                                   dtype_.starts_with('O')                              ? "Python objects"
                                   : dtype_.starts_with('S') || dtype_.starts_with('U') ? "texts"
                                                                                        : "values",
                                   " of type '", shortened(descr), "'");
  if (dtype_.starts_with('S') || dtype_.starts_with('U'))
    fail(found, "number them: numpy.unique(it, return_inverse=True)[1] are classes from 0 on");
  fail(found, "save inputs with .astype(numpy.float32), classes with .astype(numpy.int64)");
}

uint64_t NpyArray::fingerprint() const { return xxh64(member_, file_fingerprint(file_)); }

// The file's last index runs slowest: value [i, j, …] of C's order stands at i + j n + …
void NpyArray::bring_into_c_order() const {
  const std::vector<int64_t>& sizes = shape_.sizes();
  const int64_t values = shape_.elements(), bytes = value_bytes_;
  const int64_t machine = int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  if (values * bytes > machine / 2)
    fail(concat("it is in Fortran's order and takes ", values * bytes, " bytes twice, the machine has ", machine),
         "save numpy.ascontiguousarray(it)");
  const auto as_read = std::make_unique_for_overwrite<std::byte[]>(static_cast<size_t>(values * bytes));
  read(values_, as_read.get(), static_cast<size_t>(values * bytes));
  auto ordered = std::make_unique_for_overwrite<std::byte[]>(static_cast<size_t>(values * bytes));
  std::vector<int64_t> index(sizes.size()), steps(sizes.size(), 1);
  for (size_t axis = 1; axis < sizes.size(); ++axis) steps[axis] = steps[axis - 1] * sizes[axis - 1];
  int64_t from = 0;
  for (int64_t into = 0; into < values; ++into) {
    std::memcpy(ordered.get() + into * bytes, as_read.get() + from * bytes, static_cast<size_t>(bytes));
    for (size_t axis = sizes.size(); axis-- > 0;) {
      from += steps[axis];
      if (++index[axis] < sizes[axis]) break;
      from -= steps[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
  in_c_order_ = std::move(ordered);
}

void NpyArray::read_values(int64_t first, int64_t count, DType into_type, std::byte* into, std::byte* scratch) const {
  const bool as_it_is = (into_type == DType::u8 && value_bytes_ == 1) || (into_type == DType::f32 && dtype_ == "f4") ||
                        (into_type == DType::i32 && dtype_ == "i4");
  std::byte* const raw = as_it_is ? into : scratch;
  const auto bytes = static_cast<size_t>(count * value_bytes_);
  if (fortran_) {
    std::call_once(ordering_, [&] { bring_into_c_order(); });
    std::memcpy(raw, in_c_order_.get() + first * value_bytes_, bytes);
  } else {
    read(values_ + static_cast<uint64_t>(first * value_bytes_), raw, bytes);
  }
  if (swapped_) swap_bytes(raw, count, value_bytes_);
  if (as_it_is) return;
  if (dtype_ == "f2")
    return convert<uint16_t, float>(raw, into, count, [](uint16_t v, int64_t) { return f16_value(v); });
  if (dtype_ == "f8")
    return convert<double, float>(raw, into, count, [](double v, int64_t) { return static_cast<float>(v); });
  DL_CHECK(into_type == DType::i32 && dtype_[0] != 'f', dtype_, " as ", name_of(into_type));
  const auto narrowed = [&](auto v, int64_t i) {
    if (!std::in_range<int32_t>(v))
      fail(concat("sample ", (first + i) / row_elements_, ": expected a number of 32 bits, found ", v));
    return static_cast<int32_t>(v);
  };
  if (dtype_ == "i8") return convert<int64_t, int32_t>(raw, into, count, narrowed);
  if (dtype_ == "u8") return convert<uint64_t, int32_t>(raw, into, count, narrowed);
  if (dtype_ == "u4") return convert<uint32_t, int32_t>(raw, into, count, narrowed);
  const auto widened = [](auto v, int64_t) { return int32_t{v}; };
  if (dtype_ == "i2") return convert<int16_t, int32_t>(raw, into, count, widened);
  if (dtype_ == "u2") return convert<uint16_t, int32_t>(raw, into, count, widened);
  if (dtype_ == "i1") return convert<int8_t, int32_t>(raw, into, count, widened);
  convert<uint8_t, int32_t>(raw, into, count, widened);
}

std::string npy_head(const std::string& descr, const Shape& shape) {
  std::string sizes;
  for (const int64_t size : shape.sizes()) sizes += concat(size, ", ");
  if (shape.rank() > 1) sizes.erase(sizes.size() - 2);
  if (shape.rank() == 1) sizes.pop_back();
  std::string text = concat("{'descr': '", descr, "', 'fortran_order': False, 'shape': (", sizes, "), }");
  constexpr size_t prefix = 10;
  text.append(63 - (prefix + text.size()) % 64, ' ');
  text += '\n';
  std::string head = "\x93NUMPY";
  head += std::string("\x01\x00", 2);
  head += static_cast<char>(text.size() & 0xFF);
  head += static_cast<char>(text.size() >> 8);
  return head + text;
}

}  // namespace dl
