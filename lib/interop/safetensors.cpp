// Reading and writing of safetensors.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "lib/base/error.h"

namespace dl {
namespace {

using Json = nlohmann::json;

constexpr uint64_t max_header_bytes = 100'000'000;  // the reference implementation's limit
constexpr int max_header_depth = 3;                 // { name: { key: [
constexpr size_t max_rank = 16;

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& tensor, std::string what) {
  throw Error(Exit::data, Problem{.where = {.file = file.string()},
                                  .path = tensor.empty() ? "" : "tensor '" + tensor + "'",
                                  .what = std::move(what)});
}

// The header's JSON; a name twice in one object and nesting deeper than the format's are refused while parsing.
Json parse_header(const std::filesystem::path& file, const std::string& text) {
  std::vector<std::set<std::string>> names;  // of the objects that are open
  auto check = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > max_header_depth) fail(file, "", "the header nests deeper than a safetensors header does");
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second)
      fail(file, parsed.get<std::string>(), "stands twice in the header");
    return true;
  };
  try {
    return Json::parse(text, check);
  } catch (const Json::exception&) {
    fail(file, "", "the header is not JSON");
  }
}

uint64_t unsigned_number(const Json& value, const std::filesystem::path& file, const std::string& tensor,
                         const char* what) {
  if (!value.is_number_unsigned()) fail(file, tensor, concat(what, " holds ", value.dump(), ", not a whole number"));
  return value.get<uint64_t>();
}

SafetensorsFile::Entry parse_entry(const Json& value, const std::filesystem::path& file, const std::string& name,
                                   uint64_t data_bytes) {
  if (!value.is_object()) fail(file, name, "is not described by an object");
  for (const char* key : {"dtype", "shape", "data_offsets"})
    if (!value.contains(key)) fail(file, name, concat("has no ", key));
  if (value.size() != 3) fail(file, name, "has keys beside dtype, shape and data_offsets");

  SafetensorsFile::Entry entry;
  if (!value["dtype"].is_string()) fail(file, name, concat("has dtype ", value["dtype"].dump(), ", not a text"));
  entry.dtype = value["dtype"].get<std::string>();
  const std::optional<ElementType> type = element_type(entry.dtype);
  if (!type) fail(file, name, concat("has dtype '", entry.dtype, "', which is not known"));

  const Json& shape = value["shape"];
  if (!shape.is_array()) fail(file, name, "has a shape that is no list");
  if (shape.size() > max_rank)
    fail(file, name, concat("has ", shape.size(), " dimensions; at most ", max_rank, " are read"));
  std::vector<int64_t> sizes;
  uint64_t bytes = bytes_of(*type);
  for (const Json& item : shape) {
    const uint64_t size = unsigned_number(item, file, name, "shape");
    if (size > uint64_t{INT64_MAX} || __builtin_mul_overflow(bytes, size, &bytes))
      fail(file, name, concat("has shape ", shape.dump(), ", larger than 64 bits count"));
    sizes.push_back(static_cast<int64_t>(size));
  }
  entry.shape = Shape(std::move(sizes));

  const Json& offsets = value["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2) fail(file, name, "has data_offsets that are not two numbers");
  const uint64_t begin = unsigned_number(offsets[0], file, name, "data_offsets");
  const uint64_t end = unsigned_number(offsets[1], file, name, "data_offsets");
  if (end < begin || end > data_bytes)
    fail(file, name, concat("lies at bytes ", begin, " to ", end, " of the data, which are ", data_bytes, " bytes"));
  if (end - begin != bytes)
    fail(file, name,
         concat("has ", end - begin, " bytes; shape ", entry.shape.text(), " of ", entry.dtype, " needs ", bytes));
  entry.offset = begin;
  entry.bytes = bytes;
  return entry;
}

// Tensors must follow each other without overlap or hole and cover the data.
void check_cover(const std::map<std::string, SafetensorsFile::Entry>& tensors, const std::filesystem::path& file,
                 uint64_t data_bytes) {
  std::vector<std::pair<const SafetensorsFile::Entry*, const std::string*>> order;
  for (const auto& [name, entry] : tensors) order.emplace_back(&entry, &name);
  std::ranges::sort(order, [](const auto& a, const auto& b) {
    return std::tuple(a.first->offset, a.first->bytes) < std::tuple(b.first->offset, b.first->bytes);
  });
  uint64_t at = 0;
  for (const auto& [entry, name] : order) {
    if (entry->offset < at) fail(file, *name, "overlaps the tensor before it");
    if (entry->offset > at)
      fail(file, *name, concat("begins ", entry->offset - at, " bytes after the tensor before it"));
    at += entry->bytes;
  }
  if (at != data_bytes) fail(file, "", concat(data_bytes - at, " bytes at the end belong to no tensor"));
}

}  // namespace

SafetensorsFile::SafetensorsFile(std::filesystem::path path) : file_(std::move(path)) {
  const std::filesystem::path& name = file_.path();
  const uint64_t file_bytes = file_.size_bytes();
  uint64_t header_bytes = 0;
  if (file_bytes < sizeof header_bytes)
    fail(name, "", concat("is no safetensors file: ", file_bytes, " bytes, fewer than the header's size takes"));
  file_.read(0, &header_bytes, sizeof header_bytes);
  if (header_bytes > max_header_bytes)
    fail(name, "",
         concat("is no safetensors file: a header of ", header_bytes, " bytes; at most ", max_header_bytes,
                " are allowed"));
  if (header_bytes > file_bytes - sizeof header_bytes)
    fail(name, "", concat("is cut: a header of ", header_bytes, " bytes in a file of ", file_bytes));
  std::string text(header_bytes, '\0');
  file_.read(sizeof header_bytes, text.data(), text.size());

  const Json header = parse_header(name, text);
  if (!header.is_object()) fail(name, "", "the header is no JSON object");
  const uint64_t data_begin = sizeof header_bytes + header_bytes;
  const uint64_t data_bytes = file_bytes - data_begin;
  for (const auto& [key, value] : header.items()) {
    if (key != "__metadata__") {
      tensors_.emplace(key, parse_entry(value, name, key, data_bytes));
      continue;
    }
    if (!value.is_object()) fail(name, "", "__metadata__ is no object of texts");
    for (const auto& [word, meaning] : value.items()) {
      if (!meaning.is_string()) fail(name, "", concat("__metadata__ '", word, "' is no text"));
      metadata_[word] = meaning.get<std::string>();
    }
  }
  check_cover(tensors_, name, data_bytes);
  for (auto& [key, entry] : tensors_) entry.offset += data_begin;
}

const SafetensorsFile::Entry& SafetensorsFile::entry(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) fail(path(), name, "is not in the file");
  return found->second;
}

std::vector<float> SafetensorsFile::read_f32(const std::string& name) const {
  std::vector<float> values(static_cast<size_t>(entry(name).shape.elements()));
  read_f32(name, 0, values);
  return values;
}

void SafetensorsFile::read_f32(const std::string& name, int64_t begin, std::span<float> into) const {
  const Entry& e = entry(name);
  DL_CHECK(begin >= 0 && begin + static_cast<int64_t>(into.size()) <= e.shape.elements(), name, " ", e.shape.text(),
           " from ", begin, " on");
  const ElementType type = *element_type(e.dtype);
  if (!is_float(type)) fail(path(), name, concat("has dtype ", e.dtype, "; F32, F16, BF16 or F64 is needed"));
  const uint64_t width = bytes_of(type), from = e.offset + static_cast<uint64_t>(begin) * width;
  if (type == ElementType::f32) return file_.read(from, into.data(), into.size_bytes());
  std::vector<std::byte> piece(std::min<size_t>(into.size(), 1 << 16) * width);
  for (size_t at = 0; at < into.size(); at += piece.size() / width) {
    const std::span<float> part = into.subspan(at, std::min(piece.size() / width, into.size() - at));
    file_.read(from + at * width, piece.data(), part.size() * width);
    to_f32(type, piece.data(), part);
  }
}

void SafetensorsFile::read(const std::string& name, DType dtype, void* into) const {
  const Entry& e = entry(name);
  if (e.dtype != name_of(element_type(dtype)))
    fail(path(), name, concat("has dtype ", e.dtype, "; ", name_of(element_type(dtype)), " is needed"));
  file_.read(e.offset, into, e.bytes);
}

void write_safetensors(std::vector<SafetensorsItem> items, const std::map<std::string, std::string>& metadata,
                       const std::function<void(const void* data, size_t bytes)>& append) {
  std::ranges::sort(items, [](const SafetensorsItem& a, const SafetensorsItem& b) {
    return std::tuple(bytes_of(b.type.element), std::cref(a.name).get()) <
           std::tuple(bytes_of(a.type.element), std::cref(b.name).get());
  });
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t at = 0;
  for (const SafetensorsItem& item : items) {
    DL_CHECK(!header.contains(item.name), item.name, " twice");
    const uint64_t bytes = item.type.bytes();
    header[item.name] = {
        {"dtype", name_of(item.type.element)}, {"shape", item.type.shape.sizes()}, {"data_offsets", {at, at + bytes}}};
    at += bytes;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  const uint64_t header_bytes = text.size();
  append(&header_bytes, sizeof header_bytes);
  append(text.data(), text.size());
  for (const SafetensorsItem& item : items) {
    if (item.data || !item.write)
      append(item.data, item.type.bytes());
    else
      item.write(append);
  }
}

}  // namespace dl
