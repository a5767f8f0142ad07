// Streams as queues, graphs as lists, kernels by dlsym.
// SPDX-License-Identifier: Apache-2.0
#include "tests/device/cuda/emulated_driver.h"

#include <dlfcn.h>
#include <sys/mman.h>

#include <chrono>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <new>
#include <random>
#include <set>
#include <sstream>

#include "lib/base/division.h"
#include "tests/device/cuda/emulated_thread.h"
#include "tests/device/cuda/undefined.h"

// What the handles point to.
struct CUevent_st {
  int64_t recorded = 0, done = 0;  // how often
  bool timed = false;
  double seconds = 0;
};

namespace {

struct Task {
  std::function<void()> run;
  CUevent_st* waits_for = nullptr;
  int64_t turn = 0;  // of the event
};

}  // namespace

struct CUstream_st {
  std::deque<Task> tasks;
  std::vector<Task>* captured = nullptr;
};
struct CUgraphExec_st {
  std::vector<Task> tasks;
};
struct CUfunc_st {
  dl::cuda::EmulatedEntry entry = nullptr;
  int shared_bytes = 48 << 10;
};
struct CUmod_st {
  std::vector<void*> libraries;
  std::map<std::string, CUfunc_st> functions;
};

namespace dl::cuda {
namespace {

constexpr std::align_val_t alignment{256};
constexpr int64_t guard_bytes = 64 << 10;  // as large as pages are anywhere

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// A driver is called from several threads.
std::recursive_mutex queues;

void begin(Stream stream, Task task) {
  const std::lock_guard lock(queues);
  if (stream->captured) {
    if (task.waits_for) throw Undefined("an event of another stream in a capture");
    stream->captured->push_back(std::move(task));
  } else {
    stream->tasks.push_back(std::move(task));
  }
}

class EmulatedDriver final : public Driver {
 public:
  explicit EmulatedDriver(const EmulatedGpu& gpu) : gpu_(gpu.gpu), order_(gpu.seed) {}
  ~EmulatedDriver() override {
    if (!memory_.empty() || !pinned_.empty() || !streams_.empty())
      std::fprintf(stderr, "emulated driver: %zu blocks of memory, %zu pinned, %zu streams were not released\n",
                   memory_.size(), pinned_.size(), streams_.size());
  }
  Gpu gpu() const override { return gpu_; }
  std::string version() const override { return "13.0"; }
  int64_t free_bytes() const override { return gpu_.memory_bytes - used_; }

  // Between pages that nothing may touch, its end as near the second as its alignment lets it.
  void* allocate(int64_t bytes) override {
    if (bytes > free_bytes()) return nullptr;
    const auto size = static_cast<size_t>(round_up(bytes, 256)),
               mapped = static_cast<size_t>(round_up(bytes, guard_bytes));
    auto* begin =
        static_cast<std::byte*>(mmap(nullptr, mapped + 2 * guard_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    DL_CHECK(begin != MAP_FAILED && mprotect(begin + guard_bytes, mapped, PROT_READ | PROT_WRITE) == 0, "no memory");
    std::byte* memory = begin + guard_bytes + mapped - size;
    std::memset(memory, 0xFF, size);
    memory_[memory] = bytes;
    used_ += bytes;
    return memory;
  }
  void release(void* memory) override {
    const auto found = memory_.find(memory);
    if (found == memory_.end()) throw Undefined("memory is released that the driver does not have");
    const int64_t bytes = found->second, mapped = round_up(bytes, guard_bytes);
    used_ -= bytes;
    memory_.erase(found);
    munmap(static_cast<std::byte*>(memory) + round_up(bytes, 256) - mapped - guard_bytes,
           static_cast<size_t>(mapped + 2 * guard_bytes));
  }
  void* allocate_host(int64_t bytes) override {
    void* memory = ::operator new(static_cast<size_t>(bytes), alignment);
    const std::lock_guard lock(pinned_mutex_);
    pinned_[memory] = bytes;
    return memory;
  }
  void release_host(void* memory) override {
    {
      const std::lock_guard lock(pinned_mutex_);
      if (pinned_.erase(memory) == 0) throw Undefined("memory of the host is released that the driver does not have");
    }
    ::operator delete(memory, alignment);
  }

  Stream make_stream() override {
    auto stream = std::make_unique<CUstream_st>();
    Stream handle = stream.get();
    streams_[handle] = std::move(stream);
    return handle;
  }
  void release(Stream stream) override { streams_.erase(stream); }
  void wait(Stream stream) override {
    if (stream->captured) throw Undefined("the host waits for a stream that is captured");
    run_until([&] { return stream->tasks.empty(); });
  }

  Event make_event(bool timed) override {
    const std::lock_guard lock(queues);
    events_.push_back(std::make_unique<CUevent_st>(CUevent_st{.timed = timed}));
    return events_.back().get();
  }
  void release(Event) override {}  // what was begun may still name it
  void record(Event event, Stream stream) override {
    const std::lock_guard lock(queues);
    const int64_t turn = ++event->recorded;
    begin(stream, {[event, turn] {
            event->done = turn;
            event->seconds = now();
          }});
  }
  void wait(Event event) override {
    run_until([&] { return event->done == event->recorded; });
  }
  void wait_in(Stream stream, Event event) override {
    begin(stream, {.run = [] {}, .waits_for = event, .turn = event->recorded});
  }
  double seconds(Event from, Event to) const override {
    if (!from->timed || !to->timed) throw Undefined("times of events that have none");
    return to->seconds - from->seconds;
  }

  void copy_in(void* device, const void* host, int64_t bytes, Stream stream) override {
    check_device(device, bytes);
    const auto size = static_cast<size_t>(bytes);
    if (is_pinned(host, bytes)) {
      begin(stream, {[=] { std::memcpy(device, host, size); }});
    } else {
      std::string kept(static_cast<const char*>(host), size);
      begin(stream, {[device, kept = std::move(kept)] { std::memcpy(device, kept.data(), kept.size()); }});
    }
  }
  void copy_out(void* host, const void* device, int64_t bytes, Stream stream) override {
    check_device(device, bytes);
    begin(stream, {[=] { std::memcpy(host, device, static_cast<size_t>(bytes)); }});
    if (!is_pinned(host, bytes)) wait(stream);
  }
  void copy(void* to, const void* from, int64_t bytes, Stream stream) override {
    check_device(to, bytes);
    check_device(from, bytes);
    begin(stream, {[=] { std::memmove(to, from, static_cast<size_t>(bytes)); }});
  }
  void fill(void* memory, unsigned char value, int64_t bytes, Stream stream) override {
    check_device(memory, bytes);
    begin(stream, {[=] { std::memset(memory, value, static_cast<size_t>(bytes)); }});
  }

  Module load(const std::string& image) override {
    auto module = std::make_unique<CUmod_st>();
    std::istringstream lines(image);
    for (std::string path; std::getline(lines, path);) {
      void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
      DL_CHECK(library, dlerror());
      module->libraries.push_back(library);
    }
    return module.release();
  }
  // Libraries stay: what is loaded again is there at once, and the sanitizers know where what they tell of lay.
  void release(Module module) override { delete module; }
  Function function(Module module, const std::string& name) override {
    CUfunc_st& function = module->functions[name];
    for (void* library : module->libraries)
      if (void* entry = dlsym(library, name.c_str())) function.entry = reinterpret_cast<EmulatedEntry>(entry);
    DL_CHECK(function.entry, "no kernel ", name);
    return &function;
  }
  void allow_shared(Function function, int bytes) override { function->shared_bytes = bytes; }
  void launch(Function function, const Grid& grid, const void* arguments, size_t bytes, Stream stream) override {
    if (grid.shared_bytes > function->shared_bytes) throw Undefined("more shared memory than was allowed");
    if (grid.x < 1 || grid.y < 1 || grid.z < 1) throw Undefined("a grid without blocks");
    std::vector<std::max_align_t> kept(bytes / sizeof(std::max_align_t) + 1);
    std::memcpy(kept.data(), arguments, bytes);
    begin(stream, {[this, entry = function->entry, grid, kept = std::move(kept)] {
            run_blocks(grid, entry, kept.data(), static_cast<unsigned>(order_()));
          }});
  }

  void begin_capture(Stream stream) override {
    capture_.clear();
    stream->captured = &capture_;
  }
  CapturedGraph end_capture(Stream stream) override {
    stream->captured = nullptr;
    return new CUgraphExec_st{capture_};
  }
  void launch(CapturedGraph graph, Stream stream) override {
    for (const Task& task : graph->tasks) begin(stream, task);
  }
  void release(CapturedGraph graph) override { delete graph; }

 private:
  template <class Done>
  void run_until(Done done) {
    const std::lock_guard lock(queues);
    std::vector<CUstream_st*> ready;
    while (!done()) {
      ready.clear();
      for (const auto& [handle, stream] : streams_) {
        if (stream->tasks.empty()) continue;
        const Task& task = stream->tasks.front();
        if (!task.waits_for || task.waits_for->done >= task.turn) ready.push_back(stream.get());
      }
      if (ready.empty()) throw Undefined("a wait for what nobody does");
      CUstream_st* stream = ready[order_() % ready.size()];
      const Task task = std::move(stream->tasks.front());
      stream->tasks.pop_front();
      task.run();
    }
  }

  static bool within(const std::map<void*, int64_t>& blocks, const void* at, int64_t bytes) {
    auto found = blocks.upper_bound(const_cast<void*>(at));
    if (found == blocks.begin()) return false;
    --found;
    return static_cast<const char*>(at) + bytes <= static_cast<char*>(found->first) + found->second;
  }
  void check_device(const void* at, int64_t bytes) const {
    if (bytes > 0 && !within(memory_, at, bytes)) throw Undefined("a copy or fill of memory that is not the device's");
  }
  bool is_pinned(const void* at, int64_t bytes) {
    const std::lock_guard lock(pinned_mutex_);
    return within(pinned_, at, bytes);
  }

  const Gpu gpu_;
  int64_t used_ = 0;
  std::mt19937 order_;
  std::map<void*, int64_t> memory_, pinned_;
  std::mutex pinned_mutex_;
  std::map<Stream, std::unique_ptr<CUstream_st>> streams_;
  std::vector<std::unique_ptr<CUevent_st>> events_;
  std::vector<Task> capture_;
};

}  // namespace

std::unique_ptr<Driver> make_emulated_driver(const EmulatedGpu& gpu) { return std::make_unique<EmulatedDriver>(gpu); }

void begin_in(Stream stream, std::function<void()> work) { begin(stream, {std::move(work)}); }

}  // namespace dl::cuda
