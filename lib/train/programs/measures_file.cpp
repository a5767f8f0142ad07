// Measures of a checkpoint: sums of the host as the bytes of f64, all else f32.
// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <optional>

#include "lib/base/error.h"
#include "lib/interop/safetensors.h"
#include "lib/train/programs/measures.h"

namespace dl {
namespace {

// Metrics' names and those of their sums have no such character.
constexpr char between = '/';

struct Name {
  std::string kind, owner, name;  // "interval", "accuracy", "count"
};

std::string text(const Name& n) { return n.kind + between + n.owner + between + n.name; }

std::optional<Name> parse(const std::string& text) {
  const size_t first = text.find(between), last = text.rfind(between);
  if (first == std::string::npos || first == last) return {};
  return Name{text.substr(0, first), text.substr(first + 1, last - first - 1), text.substr(last + 1)};
}

class Items {
 public:
  void add(const Name& name, const std::vector<float>& values) {
    items.push_back({.name = text(name), .type = {DType::f32, {std::ssize(values)}}, .data = values.data()});
  }
  void add(const Name& name, const std::vector<double>& values) {
    const auto bytes = std::ssize(values) * static_cast<int64_t>(sizeof(double));
    items.push_back({.name = text(name), .type = {DType::u8, {bytes}}, .data = values.data()});
  }
  void add(const std::string& kind, const Measures& measures) {
    for (const auto& [owner, kept] : measures) {
      for (const auto& [name, values] : kept.sums) add({kind + "-sums", owner, name}, values);
      for (const auto& [name, values] : kept.columns) add({kind + "-rows", owner, name}, values);
    }
  }
  std::vector<SafetensorsItem> items;
};

}  // namespace

void write_measures(const SavedMeasures& saved, const std::function<void(const void* data, size_t bytes)>& append) {
  Items items;
  items.add("interval", saved.interval);
  items.add("epoch", saved.epoch);
  items.add("waiting", saved.rows);
  for (const Tally::Sum& sum : saved.sums) {
    items.add({"device", sum.owner, sum.name}, sum.values);
    items.add({"device-rest", sum.owner, sum.name}, sum.rest);
  }
  write_safetensors(std::move(items.items), {{"format", "dlcli measures"}, {"version", "1"}}, append);
}

SavedMeasures read_measures(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  SavedMeasures saved;
  for (const auto& [written, entry] : file.tensors()) {
    const std::optional<Name> name = parse(written);
    const auto refuse = [&, tensor = written] {
      throw Error(Exit::data, Problem{.where = {.file = path.string()},
                                      .what = concat("holds '", tensor, "', which is no measure of a checkpoint")});
    };
    if (!name) refuse();
    const auto doubles = [&](Measures& into) {
      std::vector<unsigned char> bytes(entry.bytes);
      file.read(written, DType::u8, bytes.data());
      std::vector<double>& values = into[name->owner].sums[name->name];
      values.resize(bytes.size() / sizeof(double));
      std::memcpy(values.data(), bytes.data(), values.size() * sizeof(double));
    };
    const auto rows = [&](Measures& into) { into[name->owner].columns[name->name] = file.read_f32(written); };
    if (name->kind == "interval-sums")
      doubles(saved.interval);
    else if (name->kind == "epoch-sums")
      doubles(saved.epoch);
    else if (name->kind == "interval-rows")
      rows(saved.interval);
    else if (name->kind == "epoch-rows")
      rows(saved.epoch);
    else if (name->kind == "waiting-rows")
      rows(saved.rows);
    else if (name->kind == "device")
      saved.sums.push_back({name->owner, name->name, file.read_f32(written),
                            file.read_f32(text({"device-rest", name->owner, name->name}))});
    else if (name->kind != "device-rest")
      refuse();
  }
  return saved;
}

}  // namespace dl
