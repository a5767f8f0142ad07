// One reservation of address space, filled sample by sample by whichever thread comes first.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <memory>

#include "lib/base/division.h"
#include "lib/base/error.h"
#include "lib/data/around.h"
#include "lib/data/capability.h"
#include "lib/data/streamed.h"
#include "lib/data/succession.h"
#include "lib/data/windowed.h"

namespace dl {
namespace {

struct Unmap {
  size_t bytes;
  void operator()(std::byte* memory) const { ::munmap(memory, bytes); }
};
using Reservation = std::unique_ptr<std::byte, Unmap>;

Reservation reserve(size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    throw Error(Exit::failed, Problem{.path = "data.cache",
                                      .what = concat("mmap of ", bytes, " bytes failed: ", std::strerror(errno)),
                                      .help = "lower 'cache'"});
  return {static_cast<std::byte*>(memory), Unmap{bytes}};
}

// Of a field in memory: the next one begins where its numbers may.
int64_t kept_bytes(const SampleField& field) { return round_up(field.type.bytes(), 4); }

class Cached final : public Around, public Windowed {
 public:
  Cached(DatasetPointer data, int64_t samples) : Around(std::move(data)), samples_(samples) {
    for (const SampleField& field : data_->fields()) {
      field_begins_.push_back(sample_bytes_);
      field_bytes_.push_back(static_cast<size_t>(field.type.bytes()));
      sample_bytes_ += static_cast<size_t>(kept_bytes(field));
    }
    states_ = std::make_unique<std::atomic<State>[]>(static_cast<size_t>(samples_));
    memory_ = reserve(static_cast<size_t>(samples_) * sample_bytes_);
  }

  bool in_memory() const override { return false; }  // the first time each is read

  void get(int64_t index, Sample& into) const override {
    if (!kept(index, into)) return data_->get(index, into);
    for (size_t f = 0; f < field_bytes_.size(); ++f) copy(index, f, into);
  }

  void expect(int64_t index) const override {
    if (index < samples_) fetch(kept_at(index, 0), sample_bytes_);
  }

  const std::byte* get_in_place(int64_t index, size_t field, Sample& into) const override {
    if (!kept(index, into)) return data_->get_in_place(index, field, into);
    for (size_t f = 0; f < field_bytes_.size(); ++f)
      if (f != field) copy(index, f, into);
    return kept_at(index, field);
  }

  // A sample that is kept is read whole the first time; of one that is not, only the window.
  void get_window(int64_t index, const ImageWindow& window, Pair size, Sample& into) const override {
    if (index < samples_) return window_of_whole(*this, index, window, size, into);
    dl::get_window(*data_, index, window, size, into);
  }

 private:
  enum class State : uint8_t { empty, filling, kept };

  std::byte* kept_at(int64_t index, size_t field) const {
    return memory_.get() + static_cast<size_t>(index) * sample_bytes_ + field_begins_[field];
  }
  void copy(int64_t index, size_t field, Sample& into) const {
    std::memcpy(into.fields[field], kept_at(index, field), field_bytes_[field]);
  }

  // Whether the sample lies in the memory; reads it there if it fits and nobody has begun to.
  bool kept(int64_t index, Sample& into) const {
    if (index >= samples_) return false;
    std::atomic<State>& state = states_[static_cast<size_t>(index)];
    if (state.load(std::memory_order_acquire) == State::kept) return true;
    State expected = State::empty;
    if (!state.compare_exchange_strong(expected, State::filling, std::memory_order_acquire))
      return expected == State::kept;
    const std::vector<std::byte*> fields = into.fields;
    for (size_t f = 0; f < field_bytes_.size(); ++f) into.fields[f] = kept_at(index, f);
    try {
      data_->get(index, into);
    } catch (...) {
      into.fields = fields;
      state.store(State::empty, std::memory_order_release);
      throw;
    }
    into.fields = fields;
    state.store(State::kept, std::memory_order_release);
    return true;
  }

  const int64_t samples_;                           // that are kept
  std::vector<size_t> field_begins_, field_bytes_;  // in a sample, one field behind the other
  size_t sample_bytes_ = 0;
  std::unique_ptr<std::atomic<State>[]> states_;
  Reservation memory_;
};

}  // namespace

DatasetPointer cached(DatasetPointer data, int64_t& bytes_left) {
  int64_t sample_bytes = 0;
  for (const SampleField& field : data->fields()) sample_bytes += kept_bytes(field);
  if (data->in_memory() || !divisible(*data) || capability<Streamed>(*data) || sample_bytes == 0) return data;
  const int64_t samples = std::min(data->size(), bytes_left / sample_bytes);
  bytes_left -= samples * sample_bytes;
  return samples > 0 ? std::make_shared<Cached>(std::move(data), samples) : data;
}

int64_t spare_memory_bytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string key, unit; file >> key;) {
    int64_t kibibytes = 0;
    file >> kibibytes;
    if (key == "MemAvailable:") return kibibytes * 1024 / 2;
    std::getline(file, unit);
  }
  return 0;
}

}  // namespace dl
