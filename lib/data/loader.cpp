// A ring of batches that threads fill and the caller empties in order.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/loader.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <thread>

#include "lib/base/clock.h"
#include "lib/base/division.h"
#include "lib/base/error.h"
#include "lib/base/start_threads.h"
#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/padded.h"
#include "lib/data/streamed.h"

namespace dl {
namespace {

constexpr int64_t alignment = 64;

int64_t aligned(int64_t bytes) { return round_up(bytes, alignment); }

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

// "sample 12", or of a stream, whose samples have no numbers, where it was read from.
std::string name_of_sample(const Dataset& data, int64_t sample) {
  return capability<Streamed>(data) ? data.place(sample).text() : concat("sample ", sample);
}

// The first of the values that `refuses`; as many as there are where it refuses none.
template <class T, class Refuses>
int64_t first_refused(const std::byte* values, int64_t count, Refuses refuses) {
  const auto* all = reinterpret_cast<const T*>(values);
  return std::find_if(all, all + count, refuses) - all;
}

// Looks at what a sample's field holds.
void check_allowed(const Allowed& allowed, const Dataset& data, const Type& type, const std::byte* values,
                   int64_t sample) {
  constexpr float rounding = 1e-6f;  // of probabilities
  const SampleField& field = data.fields()[allowed.field];
  const bool whole = type.dtype == DType::i32;
  const int64_t n = type.shape.elements();
  const int64_t at =
      whole ? first_refused<int32_t>(values, n,
                                     [&](int32_t v) { return (v < 0 || v >= allowed.count) && v != allowed.besides; })
            : first_refused<float>(values, n, [&](float v) {
                return (v < -rounding || v > 1 + rounding) &&
                       !(allowed.besides && v == static_cast<float>(*allowed.besides));
              });
  if (at == n) return;
  const std::string found =
      whole ? std::to_string(reinterpret_cast<const int32_t*>(values)[at])
            : number_text(as_written(static_cast<double>(reinterpret_cast<const float*>(values)[at])));
  std::string help = allowed.help;
  for (size_t i; (i = help.find("NUMBER")) != std::string::npos;) help.replace(i, 6, found);
  throw Error(Exit::data, Problem{.where = data.place(sample),
                                  .path = allowed.set,
                                  .what = concat("'", field.name, "' of ", name_of_sample(data, sample),
                                                 n > 1 ? concat(", number ", at, ",") : "", " is ", found,
                                                 "; expected ", allowed.what),
                                  .help = std::move(help)});
}

std::unique_ptr<BatchOrder> order_of(const Dataset& data, const LoaderOptions& options) {
  OrderOptions order{.batch_size = options.batch_size,
                     .shuffle = options.shuffle,
                     .drop_last = options.drop_last,
                     .seed = options.seed,
                     .weights = options.weights};
  if (const auto padded = capability<Padded>(data); padded && !options.buckets.empty()) {
    const int64_t longest = data.fields()[padded->padded_fields().at(0)].type.shape[0];
    order.buckets = options.buckets;
    std::erase_if(order.buckets, [&](int64_t length) { return length >= longest; });
    order.buckets.push_back(longest);
  }
  return batch_order(data, order);
}

struct Stopwatch {
  double& total;
  double began = steady_seconds();
  ~Stopwatch() { total += steady_seconds() - began; }
};

}  // namespace

// Batches are numbered as they are taken from the order. Slot b % slots holds batch b. The caller holds batch `held`;
// batches up to held + prefetch may be claimed by threads, so that none is written to while it is read.
struct Loader::Impl {
  struct Slot {
    Batch batch;
    int64_t holds = -1;  // number of the batch that is ready in it
    std::exception_ptr error;
    Cursor cursor;         // of the batch that was claimed for it
    BatchSamples samples;  // of the same
  };

  Impl(DatasetPointer set, const LoaderOptions& o)
      : data(std::move(set)), options(fitting(o, data->size())), padded(capability<Padded>(*data)) {
    DL_CHECK(options.batch_size >= 1 && options.threads >= 0 && options.prefetch >= 1, options.batch_size, " ",
             options.threads, " ", options.prefetch);
    order = order_of(*data, options);
    DL_CHECK(order->per_epoch() >= 1, "no batch of ", options.batch_size, " in ", data->size(), " samples");
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
    if (!padded) {  // the types that will occur, so that no step makes one
      type_of(options.batch_size, 0);
      if (const int64_t rest = data->size() % options.batch_size; rest > 0 && !options.drop_last) type_of(rest, 0);
    }
    memory = allocate(memory_bytes(), static_cast<int64_t>(slots.size()), options.batch_size);
    std::byte* at = memory.get();
    for (Slot& slot : slots) {
      for (int64_t bytes : sample_bytes) {
        slot.batch.fields.push_back(at);
        at += aligned(bytes * options.batch_size);
      }
      slot.samples.samples.reserve(static_cast<size_t>(options.batch_size));
    }

    // One for each thread, or for the caller where there is none; made here, as a thread may begin late.
    workers.resize(static_cast<size_t>(std::max(options.threads, 1)));
    for (Sample& sample : workers) sample.fields.resize(sample_bytes.size());
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

  // Made when it first occurs.
  const BatchType& type_of(int64_t count, int64_t length) {
    const auto known = types.find({count, length});
    if (known != types.end()) return known->second;
    return types.emplace(std::pair(count, length), length > 0 ? padded_batch(*data, count, length) : count)
        .first->second;
  }

  // The next batch of the order, with the lock held where there are threads.
  Slot& claim(int64_t number) {
    Slot& slot = slot_of(number);
    slot.cursor = order->cursor();
    order->next(slot.samples);
    slot.batch.type = &type_of(std::ssize(slot.samples.samples), slot.samples.length);
    return slot;
  }

  void assemble(Slot& slot, Sample& sample) const {
    order->resolve(slot.samples);
    const std::span<const int64_t> samples = slot.samples.samples;
    Batch& batch = slot.batch;
    batch.epoch = slot.samples.epoch;
    batch.index = slot.samples.index;
    batch.last = slot.samples.last;
    batch.samples = samples;
    batch.count = std::ssize(samples);
    constexpr int64_t ahead = 8;  // samples that are fetched while others are assembled
    for (int64_t i = 0; i < std::min(ahead, batch.count); ++i) data->expect(samples[static_cast<size_t>(i)]);
    for (int64_t i = 0; i < batch.count; ++i) {
      if (i + ahead < batch.count) data->expect(samples[static_cast<size_t>(i + ahead)]);
      SampleRandom random(options.seed, batch.epoch, slot.samples.first + i);
      sample.random = options.augment ? &random : nullptr;
      for (size_t f = 0; f < sample_bytes.size(); ++f)
        sample.fields[f] = batch.fields[f] + i * bytes_of_sample(slot, f);
      const int64_t index = samples[static_cast<size_t>(i)];
      if (slot.samples.length > 0)
        padded->get_padded(padded.index(index), slot.samples.length, sample);
      else
        data->get(index, sample);
      for (const Allowed& allowed : options.allowed)
        check_allowed(allowed, *data, type_in(slot, allowed.field), sample.fields[allowed.field], index);
    }
  }

  const Type& type_in(const Slot& slot, size_t field) const {
    const SampleField& usual = data->fields()[field];
    return slot.batch.type->other.empty() ? usual.type : slot.batch.type->sample(usual.name, usual.type);
  }
  int64_t bytes_of_sample(const Slot& slot, size_t field) const {
    return slot.batch.type->other.empty() ? sample_bytes[field] : type_in(slot, field).bytes();
  }

  std::optional<std::string> non_finite() const {
    DL_CHECK(held >= 0, "no batch was delivered");
    const Slot& slot = slots[static_cast<size_t>(held) % slots.size()];
    const Batch& batch = slot.batch;
    for (size_t f = 0; f < sample_bytes.size(); ++f) {
      const SampleField& field = data->fields()[f];
      if (field.type.dtype != DType::f32) continue;
      const int64_t values = type_in(slot, f).shape.elements();
      const std::span all(reinterpret_cast<const float*>(batch.fields[f]), static_cast<size_t>(batch.count * values));
      const auto found = std::ranges::find_if(all, [](float value) { return !std::isfinite(value); });
      if (found == all.end()) continue;
      const int64_t at = found - all.begin(), sample = batch.samples[static_cast<size_t>(at / values)];
      const std::string place = data->place(sample).text();
      return concat(place.empty() ? place : place + ": ",
                    capability<Streamed>(*data) ? "" : concat("sample ", sample, ": "), "value ", at % values, " of '",
                    field.name, "' is ", number_text(*found));
    }
    return {};
  }

  void work(Sample& sample) {
    std::unique_lock lock(mutex);
    while (true) {
      room.wait(lock, [&] { return stopping || (!paused && !failed && claimable() > 0); });
      if (stopping) return;
      const int64_t number = ++claimed;
      Slot& slot = slot_of(number);
      std::exception_ptr error;
      try {
        claim(number);
      } catch (...) {
        error = std::current_exception();
        failed = true;
      }
      if (!error) {
        if (claimable() > 0) room.notify_one();
        ++working;
        lock.unlock();
        try {
          assemble(slot, sample);
        } catch (...) {
          error = std::current_exception();
        }
        lock.lock();
        --working;
      }
      slot.holds = number;
      slot.error = error;
      ready.notify_all();
    }
  }

  // Makes the batch there the next one, with the lock held; threads stay paused.
  void go_to(const Cursor& cursor, std::unique_lock<std::mutex>& lock) {
    paused = true;
    ready.wait(lock, [&] { return working == 0; });
    order->seek(cursor);
    for (Slot& slot : slots) {
      slot.holds = -1;
      slot.error = nullptr;
    }
    claimed = held;
    failed = false;
  }

  void resume() {
    paused = false;
    room.notify_all();
  }

  // Of the batch that next() delivers; with the lock held.
  Cursor due() { return claimed > held ? slot_of(held + 1).cursor : order->cursor(); }

  Cursor cursor() {
    const std::lock_guard lock(mutex);
    return due();
  }

  void seek(const Cursor& cursor) {
    std::unique_lock lock(mutex);
    if (const Cursor next = due(); cursor.epoch != next.epoch || cursor.batch != next.batch) go_to(cursor, lock);
    resume();
  }

  const Batch& next() {
    if (threads.empty()) {
      const Stopwatch stopwatch{waited_seconds};
      Slot& slot = slots[0];
      try {
        claim(0);
        assemble(slot, workers[0]);
      } catch (...) {
        order->seek(Cursor(slot.cursor));
        throw;
      }
      held = claimed = 0;
      return slot.batch;
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
      const Cursor again = slot.cursor;
      --held;
      go_to(again, lock);
      std::rethrow_exception(error);
    }
    return slot.batch;
  }

  const DatasetPointer data;
  const LoaderOptions options;
  const Found<Padded> padded;
  std::unique_ptr<BatchOrder> order;
  std::map<std::pair<int64_t, int64_t>, BatchType> types;  // that occurred, by their count and length
  std::vector<int64_t> sample_bytes;                       // of each field
  int64_t batch_bytes = 0;
  Memory memory;
  std::vector<Slot> slots;
  std::vector<Sample> workers;
  double waited_seconds = 0;

  std::mutex mutex;
  std::condition_variable room, ready;
  int64_t held = -1;     // the batch the caller has
  int64_t claimed = -1;  // the last one that a thread took on
  int working = 0;       // threads that are assembling
  bool failed = false;   // the order could not give the batch `claimed`: the caller is to meet that
  bool paused = false, stopping = false;
  std::vector<std::thread> threads;
};

int64_t batches_per_epoch(const Dataset& data, const LoaderOptions& options) {
  return order_of(data, options)->per_epoch();
}

Loader::Loader(DatasetPointer data, const LoaderOptions& options)
    : impl_(std::make_unique<Impl>(std::move(data), options)) {}
Loader::~Loader() = default;

int64_t Loader::per_epoch() const { return impl_->order->per_epoch(); }

Cursor Loader::cursor() const { return impl_->cursor(); }

void Loader::seek(const Cursor& cursor) {
  DL_CHECK(cursor.epoch >= 0 && cursor.batch >= 0 && cursor.batch < per_epoch(), "epoch ", cursor.epoch, ", batch ",
           cursor.batch, " of ", per_epoch());
  impl_->seek(cursor);
}

const Batch& Loader::next() { return impl_->next(); }

std::optional<std::string> Loader::non_finite() const { return impl_->non_finite(); }

double Loader::waited_seconds() const { return impl_->waited_seconds; }
int64_t Loader::memory_bytes() const { return impl_->memory_bytes(); }

}  // namespace dl
