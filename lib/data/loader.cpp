// A ring of batches that threads fill and the caller empties in order.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/loader.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <numeric>
#include <thread>

#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/base/start_threads.h"
#include "lib/base/text.h"
#include "lib/data/order.h"

namespace dl {
namespace {

constexpr int64_t alignment = 64;

int64_t aligned(int64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

struct Free {
  void operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t(alignment)); }
};
using Memory = std::unique_ptr<std::byte, Free>;

// Zeroed, so that the pages are there before the first step.
Memory allocate(int64_t bytes, int64_t slots, int64_t batch_size) {
  const int64_t machine = int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  void* memory = nullptr;
  if (bytes <= machine) memory = ::operator new(static_cast<size_t>(bytes), std::align_val_t(alignment), std::nothrow);
  if (!memory)
    throw Error(Exit::failed, Problem{.path = "data.batch_size",
                                      .what = concat(slots, slots == 1 ? " batch" : " batches", " of ", batch_size,
                                                     " samples take ", bytes, " bytes, the machine has ", machine),
                                      .help = "lower data.batch_size or data.prefetch"});
  std::memset(memory, 0, static_cast<size_t>(bytes));
  return Memory(static_cast<std::byte*>(memory));
}

// Looks at what a sample's field holds.
void check_allowed(const Allowed& allowed, const SampleField& field, const std::byte* values, int64_t sample) {
  const auto* numbers = reinterpret_cast<const int32_t*>(values);
  const int64_t n = field.type.shape.elements();
  for (int64_t i = 0; i < n; ++i) {
    const int64_t number = numbers[i];
    if ((number >= 0 && number < allowed.count) || number == allowed.besides) continue;
    std::string help = allowed.help;
    for (size_t at; (at = help.find("NUMBER")) != std::string::npos;) help.replace(at, 6, std::to_string(number));
    throw Error(Exit::data, Problem{.path = allowed.set,
                                    .what = concat("'", field.name, "' of sample ", sample,
                                                   n > 1 ? concat(", number ", i, ",") : "", " is ", number,
                                                   "; expected ", allowed.what),
                                    .help = std::move(help)});
  }
}

struct Stopwatch {
  double& total;
  double began = steady_seconds();
  ~Stopwatch() { total += steady_seconds() - began; }
};

}  // namespace

// Batches are numbered through all epochs. Slot b % slots holds batch b. The caller holds batch `held`; batches up to
// held + prefetch may be claimed by threads, so that none is written to while it is read.
struct Loader::Impl {
  struct Slot {
    Batch batch;
    int64_t holds = -1;  // number of the batch that is ready in it
    std::exception_ptr error;
  };

  // What assembling a batch needs.
  struct Worker {
    Sample sample;
    std::vector<int64_t> indices;  // of the batch's samples
  };

  Impl(DatasetPointer set, const LoaderOptions& o) : data(std::move(set)), options(fitting(o, data->size())) {
    DL_CHECK(options.batch_size >= 1 && options.threads >= 0 && options.prefetch >= 1, options.batch_size, " ",
             options.threads, " ", options.prefetch);
    per_epoch =
        data->size() / options.batch_size + (data->size() % options.batch_size > 0 && !options.drop_last ? 1 : 0);
    DL_CHECK(per_epoch >= 1, "no batch of ", options.batch_size, " in ", data->size(), " samples");
    slots.resize(options.threads == 0 ? 1 : static_cast<size_t>(options.prefetch) + 1);

    const auto fields = data->fields();
    const int64_t most_bytes =
        INT64_MAX / static_cast<int64_t>(slots.size() * fields.size()) - alignment;  // of a field
    for (const SampleField& field : fields) {
      sample_bytes.push_back(field.type.bytes());
      // A product that would wrap is more than any machine has, too.
      batch_bytes += aligned(sample_bytes.back() *
                             std::min(options.batch_size, most_bytes / std::max<int64_t>(sample_bytes.back(), 1)));
    }
    memory = allocate(memory_bytes(), static_cast<int64_t>(slots.size()), options.batch_size);
    std::byte* at = memory.get();
    for (Slot& slot : slots)
      for (int64_t bytes : sample_bytes) {
        slot.batch.fields.push_back(at);
        at += aligned(bytes * options.batch_size);
      }

    // One for each thread, or for the caller where there is none; made here, as a thread may begin late.
    workers.resize(static_cast<size_t>(std::max(options.threads, 1)));
    for (Worker& worker : workers) {
      worker.sample.fields.resize(sample_bytes.size());
      worker.indices.resize(static_cast<size_t>(options.batch_size));
    }
    start_threads(
        threads, options.threads, [this](int i) { work(workers[static_cast<size_t>(i)]); }, [this] { stop(); },
        "data.workers");
  }

  ~Impl() {
    stop();
    for (std::thread& thread : threads) thread.join();
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    room.notify_all();
  }

  // A batch of more samples than there are is one of all: no memory is taken for others.
  static LoaderOptions fitting(LoaderOptions options, int64_t samples) {
    if (!options.drop_last) options.batch_size = std::min(options.batch_size, std::max<int64_t>(samples, 1));
    return options;
  }

  int64_t claimable() const { return held + options.prefetch - claimed; }
  int64_t memory_bytes() const { return batch_bytes * static_cast<int64_t>(slots.size()); }
  Slot& slot_of(int64_t number) { return slots[static_cast<size_t>(number) % slots.size()]; }

  void assemble(int64_t number, Batch& batch, Worker& worker) const {
    batch.epoch = number / per_epoch;
    batch.index = number % per_epoch;
    batch.last = batch.index == per_epoch - 1;
    const int64_t first = batch.index * options.batch_size;
    batch.count = std::min(options.batch_size, data->size() - first);
    const std::span<int64_t> indices = std::span(worker.indices).first(static_cast<size_t>(batch.count));
    if (options.shuffle) {
      Permutation(data->size(), options.seed, batch.epoch).fill(first, indices);
    } else {
      std::iota(indices.begin(), indices.end(), first);
    }
    Sample& sample = worker.sample;
    constexpr int64_t ahead = 8;  // samples that are fetched while others are assembled
    for (int64_t i = 0; i < std::min(ahead, batch.count); ++i) data->expect(indices[static_cast<size_t>(i)]);
    for (int64_t i = 0; i < batch.count; ++i) {
      if (i + ahead < batch.count) data->expect(indices[static_cast<size_t>(i + ahead)]);
      SampleRandom random(options.seed, batch.epoch, first + i);
      sample.random = options.augment ? &random : nullptr;
      for (size_t f = 0; f < sample_bytes.size(); ++f) sample.fields[f] = batch.fields[f] + i * sample_bytes[f];
      data->get(indices[static_cast<size_t>(i)], sample);
      for (const Allowed& allowed : options.allowed)
        check_allowed(allowed, data->fields()[allowed.field], sample.fields[allowed.field],
                      indices[static_cast<size_t>(i)]);
    }
  }

  std::optional<std::string> non_finite() const {
    DL_CHECK(held >= 0, "no batch was delivered");
    const Batch& batch = slots[static_cast<size_t>(held) % slots.size()].batch;
    for (size_t f = 0; f < sample_bytes.size(); ++f) {
      const SampleField& field = data->fields()[f];
      if (field.type.dtype != DType::f32) continue;
      const int64_t values = field.type.shape.elements();
      const std::span all(reinterpret_cast<const float*>(batch.fields[f]), static_cast<size_t>(batch.count * values));
      const auto found = std::ranges::find_if(all, [](float value) { return !std::isfinite(value); });
      if (found == all.end()) continue;
      const int64_t at = found - all.begin(), position = batch.index * options.batch_size + at / values;
      const int64_t sample =
          options.shuffle ? Permutation(data->size(), options.seed, batch.epoch)(position) : position;
      const std::string place = data->place(sample).text();
      return concat(place.empty() ? place : place + ": ", "sample ", sample, ": value ", at % values, " of '",
                    field.name, "' is ", number_text(*found));
    }
    return {};
  }

  void work(Worker& worker) {
    std::unique_lock lock(mutex);
    while (true) {
      room.wait(lock, [&] { return stopping || (!paused && claimable() > 0); });
      if (stopping) return;
      const int64_t number = ++claimed;
      if (claimable() > 0) room.notify_one();
      Slot& slot = slot_of(number);
      ++working;
      lock.unlock();
      std::exception_ptr error;
      try {
        assemble(number, slot.batch, worker);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      --working;
      slot.holds = number;
      slot.error = error;
      ready.notify_all();
    }
  }

  // Makes `number` the next batch, with the lock held; threads stay paused.
  void seek(int64_t number, std::unique_lock<std::mutex>& lock) {
    paused = true;
    ready.wait(lock, [&] { return working == 0; });
    for (Slot& slot : slots) {
      slot.holds = -1;
      slot.error = nullptr;
    }
    held = claimed = number - 1;
  }

  void resume() {
    paused = false;
    room.notify_all();
  }

  void start(int64_t number) {
    std::unique_lock lock(mutex);
    if (number != held + 1) seek(number, lock);
    resume();
  }

  const Batch& next() {
    if (threads.empty()) {
      const Stopwatch stopwatch{waited_seconds};
      assemble(held + 1, slots[0].batch, workers[0]);
      ++held;
      return slots[0].batch;
    }
    std::unique_lock lock(mutex);
    Slot& slot = slot_of(++held);
    paused = false;
    // A thread is woken for half of the ring at once, as waking it costs about as much as assembling small samples.
    if (slot.holds != held || claimable() >= (options.prefetch + 1) / 2) room.notify_one();
    if (slot.holds != held) {
      const Stopwatch stopwatch{waited_seconds};
      ready.wait(lock, [&] { return slot.holds == held; });
    }
    if (slot.error) {
      const std::exception_ptr error = slot.error;
      seek(held, lock);
      std::rethrow_exception(error);
    }
    return slot.batch;
  }

  const DatasetPointer data;
  const LoaderOptions options;
  int64_t per_epoch = 0;
  std::vector<int64_t> sample_bytes;  // of each field
  int64_t batch_bytes = 0;
  Memory memory;
  std::vector<Slot> slots;
  std::vector<Worker> workers;
  double waited_seconds = 0;

  std::mutex mutex;
  std::condition_variable room, ready;
  int64_t held = -1;     // the batch the caller has
  int64_t claimed = -1;  // the last one that a thread took on
  int working = 0;       // threads that are assembling
  bool paused = false, stopping = false;
  std::vector<std::thread> threads;
};

Loader::Loader(DatasetPointer data, const LoaderOptions& options)
    : impl_(std::make_unique<Impl>(std::move(data), options)) {}
Loader::~Loader() = default;

int64_t Loader::batches_per_epoch() const { return impl_->per_epoch; }

void Loader::start(int64_t epoch, int64_t index) {
  DL_CHECK(epoch >= 0 && index >= 0 && index < impl_->per_epoch, "epoch ", epoch, ", batch ", index, " of ",
           impl_->per_epoch);
  impl_->start(epoch * impl_->per_epoch + index);
}

const Batch& Loader::next() { return impl_->next(); }

std::optional<std::string> Loader::non_finite() const { return impl_->non_finite(); }

double Loader::waited_seconds() const { return impl_->waited_seconds; }
int64_t Loader::memory_bytes() const { return impl_->memory_bytes(); }

}  // namespace dl
