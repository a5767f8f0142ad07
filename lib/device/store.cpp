// The memory that outlives a step.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/bf16.h"
#include "lib/base/error.h"
#include "lib/device/program.h"
#include "lib/graph/sizes.h"

namespace dl {

namespace {

// Of the device; where it refuses, the error says what of the run is so large and what to do.
void* memory_for(const std::string& what, int64_t all_bytes, const std::string& help, Device& device, int64_t bytes) {
  try {
    return device.allocate(bytes);
  } catch (const Error& error) {
    Problem problem = error.problems().front();
    problem.notes.insert(problem.notes.begin(), concat(what, " take ", all_bytes, " bytes"));
    problem.help = help + ", or give the process more memory";
    throw Error(error.exit(), std::move(problem));
  }
}

}  // namespace

Store::~Store() {
  for (auto& [name, entry] : variables_)
    if (entry.data) device_.release(entry.data, std::max<int64_t>(entry.variable.type.bytes(), 64));
  if (arena_) device_.release(arena_, arena_bytes_);
}

void Store::declare(const Variable& v) {
  const auto [known, is_new] = variables_.try_emplace(v.name, Entry{v, nullptr, static_cast<int>(variables_.size())});
  const Variable& is = known->second.variable;
  DL_CHECK(is_new || is == v, v.name, " is ", is.type.shape.text(), " of role ", static_cast<int>(is.role),
           ", asked for as ", v.type.shape.text(), " of role ", static_cast<int>(v.role));
}

Store::Entry& Store::entry(const std::string& name) {
  const auto known = variables_.find(name);
  DL_CHECK(known != variables_.end(), "no variable ", name);
  return known->second;
}

const int64_t& Store::changes(const std::string& name) const { return const_cast<Store*>(this)->entry(name).changes; }

void* Store::data(const std::string& name) {
  Entry& entry = this->entry(name);
  if (!entry.data) {
    entry.data = memory_for("weights and optimizer state", variable_bytes(), "make the model smaller", device_,
                            std::max<int64_t>(entry.variable.type.bytes(), 64));
  }
  return entry.data;
}

void Store::allocate() {
  for (const auto& [name, entry] : variables_) data(name);
}

const Variable& Store::description(const std::string& name) const {
  return const_cast<Store*>(this)->entry(name).variable;
}

std::vector<Variable> Store::variables() const {
  std::vector<const Entry*> entries;
  for (const auto& [name, entry] : variables_) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](const Entry* a, const Entry* b) { return a->order < b->order; });
  std::vector<Variable> result;
  for (const Entry* entry : entries) result.push_back(entry->variable);
  return result;
}

std::vector<Variable> Store::of_role(Role role) const {
  std::vector<Variable> result = variables();
  std::erase_if(result, [&](const Variable& v) { return v.role != role; });
  return result;
}

std::vector<float> Store::read(const std::string& name) {
  std::vector<float> values(static_cast<size_t>(description(name).type.shape.elements()));
  read_part(name, 0, static_cast<int64_t>(values.size()), values.data());
  return values;
}

void Store::read_part(const std::string& name, int64_t begin, int64_t count, float* into) {
  if (description(name).type.dtype != DType::bf16) return read_kept(name, begin, count, into);
  std::vector<uint16_t> narrow(static_cast<size_t>(count));
  read_kept(name, begin, count, narrow.data());
  std::ranges::transform(narrow, into, float_of_bf16);
}

void Store::read_kept(const std::string& name, int64_t begin, int64_t count, void* into) {
  const Variable& v = description(name);
  DL_CHECK(begin >= 0 && count >= 0 && begin + count <= v.type.shape.elements(), name, " has ", v.type.shape.elements(),
           " elements, asked for ", count, " from ", begin, " on");
  const int64_t element_bytes = bytes_of(v.type.dtype);
  device_.copy_out(into, static_cast<const char*>(data(name)) + begin * element_bytes, count * element_bytes);
}

void Store::write(const std::string& name, const float* values, int64_t count) {
  const Variable& v = description(name);
  DL_CHECK(count == v.type.shape.elements(), name, " has ", v.type.shape.elements(), " elements, got ", count);
  write_part(name, 0, values, count);
}

void Store::write_part(const std::string& name, int64_t begin, const float* values, int64_t count) {
  const Variable& v = description(name);
  if (v.type.dtype != DType::bf16) return write_kept(name, begin, count, values);
  std::vector<uint16_t> narrow(static_cast<size_t>(count));
  std::transform(values, values + count, narrow.begin(), bf16_of_float);
  write_kept(name, begin, count, narrow.data());
}

void Store::write_kept(const std::string& name, int64_t begin, int64_t count, const void* values) {
  const Variable& v = description(name);
  DL_CHECK(begin >= 0 && count >= 0 && begin + count <= v.type.shape.elements(), name, " has ", v.type.shape.elements(),
           " elements, got ", count, " from ", begin, " on");
  const int64_t element_bytes = bytes_of(v.type.dtype);
  changed(name);
  device_.copy_in(static_cast<char*>(data(name)) + begin * element_bytes, values, count * element_bytes);
}

void Store::zero(const std::string& name) {
  changed(name);
  device_.fill(data(name), std::byte{0}, description(name).type.bytes());
}

void Store::copy(const std::string& to, const std::string& from) {
  const Type &given = description(from).type, &wanted = description(to).type;
  DL_CHECK(given == wanted, to, " is ", name_of(wanted.dtype), " ", wanted.shape.text(), ", ", from, " is ",
           name_of(given.dtype), " ", given.shape.text());
  changed(to);
  device_.copy(data(to), data(from), given.bytes());
}

void Store::spoil_arena(int64_t bytes) {
  if (bytes > 0) device_.fill(arena(bytes), std::byte{0xFF}, bytes);
}

void* Store::arena(int64_t bytes) {
  if (bytes > arena_bytes_) {
    if (arena_) device_.release(arena_, arena_bytes_);
    arena_ = nullptr;
    arena_bytes_ = 0;
    arena_ =
        memory_for("the values of a step", bytes, "lower data.batch_size, or set trainer.memory_limit", device_, bytes);
    arena_bytes_ = bytes;
  }
  return arena_;
}

int64_t Store::variable_bytes() const {
  int64_t bytes = 0;
  for (const auto& [name, entry] : variables_) bytes = plus(bytes, entry.variable.type.bytes());
  return bytes;
}

}  // namespace dl
