// The memory that outlives a step.
#include <algorithm>

#include "lib/base/bf16.h"
#include "lib/base/error.h"
#include "lib/device/program.h"

namespace dl {

Store::~Store() {
  for (auto& [name, entry] : variables_)
    device_.release(entry.data, std::max<int64_t>(entry.variable.type.bytes(), 64));
  if (arena_) device_.release(arena_, arena_bytes_);
}

void* Store::variable(const Variable& v) {
  const auto known = variables_.find(v.name);
  if (known != variables_.end()) {
    DL_CHECK(known->second.variable == v, v.name, " is ", known->second.variable.type.shape.text(), ", asked for as ",
             v.type.shape.text());
    return known->second.data;
  }
  void* data = device_.allocate(std::max<int64_t>(v.type.bytes(), 64));
  variables_[v.name] = {v, data, static_cast<int>(variables_.size())};
  return data;
}

const Variable& Store::description(const std::string& name) const {
  const auto known = variables_.find(name);
  DL_CHECK(known != variables_.end(), "no variable ", name);
  return known->second.variable;
}

std::vector<Variable> Store::variables() const {
  std::vector<const Entry*> entries;
  for (const auto& [name, entry] : variables_) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](const Entry* a, const Entry* b) { return a->order < b->order; });
  std::vector<Variable> result;
  for (const Entry* entry : entries) result.push_back(entry->variable);
  return result;
}

std::vector<float> Store::read(const std::string& name) {
  const Variable& v = description(name);
  std::vector<float> values(static_cast<size_t>(v.type.shape.elements()));
  const void* data = variables_.at(name).data;
  if (v.type.dtype == DType::bf16) {
    std::vector<uint16_t> narrow(values.size());
    device_.copy_out(narrow.data(), data, v.type.bytes());
    std::ranges::transform(narrow, values.begin(), float_of_bf16);
  } else {
    device_.copy_out(values.data(), data, v.type.bytes());
  }
  return values;
}

void Store::write(const std::string& name, const float* values, int64_t count) {
  const Variable& v = description(name);
  DL_CHECK(count == v.type.shape.elements(), name, " has ", v.type.shape.elements(), " elements, got ", count);
  write_part(name, 0, values, count);
}

void Store::write_part(const std::string& name, int64_t begin, const float* values, int64_t count) {
  const Variable& v = description(name);
  DL_CHECK(begin >= 0 && count >= 0 && begin + count <= v.type.shape.elements(), name, " has ", v.type.shape.elements(),
           " elements, got ", count, " from ", begin, " on");
  const int64_t element_bytes = bytes_of(v.type.dtype);
  void* data = static_cast<char*>(variables_.at(name).data) + begin * element_bytes;
  if (v.type.dtype == DType::bf16) {
    std::vector<uint16_t> narrow(static_cast<size_t>(count));
    std::transform(values, values + count, narrow.begin(), bf16_of_float);
    device_.copy_in(data, narrow.data(), count * element_bytes);
  } else {
    device_.copy_in(data, values, count * element_bytes);
  }
}

void* Store::arena(int64_t bytes) {
  if (bytes > arena_bytes_) {
    if (arena_) device_.release(arena_, arena_bytes_);
    arena_ = nullptr;
    arena_bytes_ = 0;
    arena_ = device_.allocate(bytes);
    arena_bytes_ = bytes;
  }
  return arena_;
}

int64_t Store::variable_bytes() const {
  int64_t bytes = 0;
  for (const auto& [name, entry] : variables_) bytes += entry.variable.type.bytes();
  return bytes;
}

}  // namespace dl
