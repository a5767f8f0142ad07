// NVIDIA's driver, through functions that are looked up where the program runs. The GPU's primary context is used,
// which cuBLASLt and cuDNN take too; it is made current on each thread that calls the driver.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/driver.h"

#include <array>

#include "lib/base/text.h"
#include "lib/device/cuda/driver_functions.h"

namespace dl::cuda {

namespace {

using Address = unsigned long long;
using F = DriverFunctions;

// The first version of CUDA, as the driver counts, and the first driver that knows it.
constexpr int oldest_cuda = 12000;
constexpr const char* oldest_driver = "525";
// All kernels copy asynchronously and multiply bf16, which GPUs do from here on.
constexpr int oldest_capability = 8;

constexpr const char* install_driver =
    "install NVIDIA's driver (the package nvidia-driver of Debian, nvidia-driver-580 of Ubuntu; a container is started "
    "with --gpus all or --nv), or write 'cpu'";

constexpr const char* see_that_one_is_there =
    "see that 'nvidia-smi' lists one and that CUDA_VISIBLE_DEVICES does not hide it, or write 'cpu'";

Address address_of(const void* memory) { return reinterpret_cast<Address>(memory); }

[[noreturn]] void unusable(std::string what, std::string help, std::vector<std::string> notes = {}) {
  throw Error(
      Exit::usage,
      Problem{.path = "trainer.device", .what = std::move(what), .notes = std::move(notes), .help = std::move(help)});
}

// "CUDA_ERROR_ILLEGAL_ADDRESS (700): an illegal memory access was encountered".
std::string words(const DriverFunctions& f, int result) {
  const char *name = nullptr, *text = nullptr;
  f.cuGetErrorName(result, &name);
  f.cuGetErrorString(result, &text);
  return concat(name != nullptr ? name : "an unknown error", " (", result, ")", text != nullptr ? ": " : "",
                text != nullptr ? text : "");
}

std::string version_text(int version) { return concat(version / 1000, ".", version % 1000 / 10); }

Library open_driver(const Loader& loader) {
  std::string why;
  void* handle = loader.open("libcuda.so.1", why);
  if (handle == nullptr) unusable("there is no driver of an NVIDIA GPU: " + why, install_driver);
  return {handle, loader};
}

std::vector<std::string> visible_note(const Variable& variable) {
  const std::string visible = variable("CUDA_VISIBLE_DEVICES");
  if (visible.empty()) return {};
  return {concat("CUDA_VISIBLE_DEVICES is '", shortened(visible), "', which hides all others")};
}

// The number of GPUs.
int begin(const DriverFunctions& f, const std::string& path, const Variable& variable) {
  int version = 0;
  const int result = f.cuInit(0);
  if (result == F::stub_library)
    unusable(concat(path, " is the toolkit's stub, which programs are linked with: there is no driver in it"),
             "take the folder 'stubs' out of LD_LIBRARY_PATH, and install NVIDIA's driver, or write 'cpu'");
  if (result == F::no_device) unusable("the driver finds no GPU", see_that_one_is_there, visible_note(variable));
  if (result == F::versions_differ)
    unusable(concat("the driver in the kernel is of another version than ", path, ": ", words(f, result)),
             "start the machine again, which loads the new one, or write 'cpu'");
  if (result != F::success)
    unusable(concat("the driver does not begin its work: ", words(f, result)),
             "see that 'nvidia-smi' lists a GPU, or write 'cpu'");
  f.cuDriverGetVersion(&version);
  if (version < oldest_cuda)
    unusable(concat("the driver knows CUDA up to ", version_text(version), ", and ", version_text(oldest_cuda),
                    " is needed"),
             concat("install NVIDIA's driver ", oldest_driver, " or a later one, or write 'cpu'"));
  int count = 0;
  f.cuDeviceGetCount(&count);
  if (count == 0) unusable("the driver finds no GPU", see_that_one_is_there, visible_note(variable));
  return count;
}

class NvidiaDriver final : public Driver {
 public:
  NvidiaDriver(int index, const Loader& loader, const Variable& variable)
      : library_(open_driver(loader)), f_(library_) {
    const int count = begin(f_, library_.path, variable);
    if (index >= count)
      unusable(concat("there is no GPU ", index, ": the driver finds ", count == 1 ? "one" : concat(count)),
               concat("write 'cuda:", count - 1, "'", count > 1 ? " or a smaller number" : ""), visible_note(variable));
    check(f_.cuDeviceGet(&device_, index), "cuDeviceGet");
    describe();
    if (gpu_.major < oldest_capability)
      unusable(concat("GPU ", index, ", ", gpu_.name, ", has compute capability ", gpu_.major, ".", gpu_.minor,
                      ", and 8.0 is needed"),
               concat(count > 1 ? "choose another GPU, as in 'cuda:1', or " : "", "write 'cpu'"));
    if (const int result = f_.cuDevicePrimaryCtxRetain(&context_, device_); result != F::success)
      unusable(concat("GPU ", index, ", ", gpu_.name, ", cannot be used: ", words(f_, result)),
               "see with 'nvidia-smi' whether another process holds it, or write 'cpu'");
  }
  ~NvidiaDriver() override {
    f_.cuCtxSetCurrent(nullptr);
    current() = nullptr;
    f_.cuDevicePrimaryCtxRelease_v2(device_);
  }
  NvidiaDriver(const NvidiaDriver&) = delete;
  NvidiaDriver& operator=(const NvidiaDriver&) = delete;

  Gpu gpu() const override { return gpu_; }
  std::string version() const override {
    int version = 0;
    f_.cuDriverGetVersion(&version);
    return version_text(version);
  }

  void make_current() const override { enter(); }

  int64_t free_bytes() const override {
    enter();
    size_t free = 0, all = 0;
    check(f_.cuMemGetInfo_v2(&free, &all), "cuMemGetInfo");
    return static_cast<int64_t>(free);
  }
  void* allocate(int64_t bytes) override {
    enter();
    Address address = 0;
    const int result = f_.cuMemAlloc_v2(&address, static_cast<size_t>(bytes));
    if (result == F::out_of_memory) return nullptr;
    check(result, "cuMemAlloc");
    return reinterpret_cast<void*>(address);
  }
  void* allocate_host(int64_t bytes) override {
    enter();
    void* memory = nullptr;
    const int result = f_.cuMemHostAlloc(&memory, static_cast<size_t>(bytes), F::host_portable);
    if (result == F::out_of_memory) return nullptr;
    check(result, "cuMemHostAlloc");
    return memory;
  }

  Stream make_stream() override {
    enter();
    void* stream = nullptr;
    check(f_.cuStreamCreate(&stream, F::stream_non_blocking), "cuStreamCreate");
    return static_cast<Stream>(stream);
  }
  void wait(Stream stream) override {
    enter();
    check(f_.cuStreamSynchronize(stream), "cuStreamSynchronize");
  }
  Event make_event(bool timed) override {
    enter();
    void* event = nullptr;
    check(f_.cuEventCreate(&event, timed ? 0 : F::event_disable_timing), "cuEventCreate");
    return static_cast<Event>(event);
  }
  void record(Event event, Stream stream) override {
    enter();
    check(f_.cuEventRecord(event, stream), "cuEventRecord");
  }
  void wait(Event event) override {
    enter();
    check(f_.cuEventSynchronize(event), "cuEventSynchronize");
  }
  void wait_in(Stream stream, Event event) override {
    enter();
    check(f_.cuStreamWaitEvent(stream, event, 0), "cuStreamWaitEvent");
  }
  double seconds(Event from, Event to) const override {
    enter();
    float milliseconds = 0;
    check(f_.cuEventElapsedTime(&milliseconds, from, to), "cuEventElapsedTime");
    return 1e-3 * static_cast<double>(milliseconds);
  }

  // Nothing is neither copied nor filled: what a driver says of it differs.
  void copy_in(void* device, const void* host, int64_t bytes, Stream stream) override {
    if (bytes == 0) return;
    enter();
    check(f_.cuMemcpyHtoDAsync_v2(address_of(device), host, static_cast<size_t>(bytes), stream), "cuMemcpyHtoDAsync");
  }
  void copy_out(void* host, const void* device, int64_t bytes, Stream stream) override {
    if (bytes == 0) return;
    enter();
    check(f_.cuMemcpyDtoHAsync_v2(host, address_of(device), static_cast<size_t>(bytes), stream), "cuMemcpyDtoHAsync");
  }
  void copy(void* to, const void* from, int64_t bytes, Stream stream) override {
    if (bytes == 0) return;
    enter();
    check(f_.cuMemcpyDtoDAsync_v2(address_of(to), address_of(from), static_cast<size_t>(bytes), stream),
          "cuMemcpyDtoDAsync");
  }
  void fill(void* memory, unsigned char value, int64_t bytes, Stream stream) override {
    if (bytes == 0) return;
    enter();
    check(f_.cuMemsetD8Async(address_of(memory), value, static_cast<size_t>(bytes), stream), "cuMemsetD8Async");
  }

  Module load(const std::string& image) override {
    enter();
    void* module = nullptr;
    check(f_.cuModuleLoadData(&module, image.data()), "cuModuleLoadData");
    return static_cast<Module>(module);
  }
  Function function(Module module, const std::string& name) override {
    enter();
    void* function = nullptr;
    check(f_.cuModuleGetFunction(&function, module, name.c_str()), "cuModuleGetFunction");
    return static_cast<Function>(function);
  }
  void allow_shared(Function function, int bytes) override {
    enter();
    check(f_.cuFuncSetAttribute(function, F::max_dynamic_shared_bytes, bytes), "cuFuncSetAttribute");
  }
  void launch(Function function, const Grid& grid, const void* arguments, size_t, Stream stream) override {
    enter();
    void* all[] = {const_cast<void*>(arguments)};  // read only
    const auto number = [](int x) { return static_cast<unsigned>(x); };
    check(f_.cuLaunchKernel(function, number(grid.x), number(grid.y), number(grid.z), number(grid.threads), 1, 1,
                            number(grid.shared_bytes), stream, all, nullptr),
          "cuLaunchKernel");
  }

  // Relaxed: a library may load a kernel at its first use, and another thread may ask for pinned memory meanwhile.
  void begin_capture(Stream stream) override {
    enter();
    check(f_.cuStreamBeginCapture_v2(stream, F::capture_relaxed), "cuStreamBeginCapture");
  }
  CapturedGraph end_capture(Stream stream) override {
    enter();
    void *graph = nullptr, *executable = nullptr;
    check(f_.cuStreamEndCapture(stream, &graph), "cuStreamEndCapture");
    const int result = f_.cuGraphInstantiateWithFlags(&executable, graph, 0);
    f_.cuGraphDestroy(graph);
    check(result, "cuGraphInstantiate");
    return static_cast<CapturedGraph>(executable);
  }
  void launch(CapturedGraph graph, Stream stream) override {
    enter();
    check(f_.cuGraphLaunch(graph, stream), "cuGraphLaunch");
  }

  // What went wrong before was said by the call that found it: these come from destructors.
  void release(void* memory) override { quietly(f_.cuMemFree_v2, address_of(memory)); }
  void release_host(void* memory) override { quietly(f_.cuMemFreeHost, memory); }
  void release(Stream stream) override { quietly(f_.cuStreamDestroy_v2, stream); }
  void release(Event event) override { quietly(f_.cuEventDestroy_v2, event); }
  void release(Module module) override { quietly(f_.cuModuleUnload, module); }
  void release(CapturedGraph graph) override { quietly(f_.cuGraphExecDestroy, graph); }

 private:
  static void*& current() {
    static thread_local void* context = nullptr;
    return context;
  }
  void enter() const {
    if (current() == context_) return;
    check(f_.cuCtxSetCurrent(context_), "cuCtxSetCurrent");
    current() = context_;
  }
  template <class Function, class Handle>
  void quietly(Function function, Handle handle) const {
    if (current() == context_ || f_.cuCtxSetCurrent(context_) == F::success) current() = context_;
    function(handle);
  }

  void check(int result, const char* call) const {
    if (result == F::success) return;
    Problem problem{.what = concat("the GPU refused ", call, ": ", words(f_, result))};
    size_t free = 0, all = 0;
    if (result == F::out_of_memory && f_.cuMemGetInfo_v2(&free, &all) == F::success) {
      problem.notes = {concat(free, " of ", all, " bytes of its memory are free")};
      problem.help = "lower data.batch_size, or set trainer.memory_limit";
    }
    throw Error(Exit::failed, std::move(problem));
  }

  void describe() {
    std::array<char, 256> name{};
    size_t bytes = 0;
    check(f_.cuDeviceGetName(name.data(), static_cast<int>(name.size()) - 1, device_), "cuDeviceGetName");
    check(f_.cuDeviceTotalMem_v2(&bytes, device_), "cuDeviceTotalMem");
    gpu_ = {.name = name.data(),
            .major = attribute(F::capability_major),
            .minor = attribute(F::capability_minor),
            .memory_bytes = static_cast<int64_t>(bytes),
            .multiprocessors = attribute(F::multiprocessor_count),
            .clock_khz = attribute(F::clock_rate),
            .memory_clock_khz = attribute(F::memory_clock_rate),
            .memory_bus_bits = attribute(F::memory_bus_width),
            .l2_bytes = attribute(F::l2_cache_size)};
  }
  int attribute(int which) const {
    int value = 0;
    check(f_.cuDeviceGetAttribute(&value, which, device_), "cuDeviceGetAttribute");
    return value;
  }

  const Library library_;
  const DriverFunctions f_;
  Gpu gpu_;
  int device_ = 0;
  void* context_ = nullptr;
};

}  // namespace

std::unique_ptr<Driver> make_driver(int index, const Loader& loader, const Variable& variable) {
  return std::make_unique<NvidiaDriver>(index, loader, variable);
}

std::unique_ptr<Driver> make_driver(int index) { return make_driver(index, system_loader(), variable_of_process); }

}  // namespace dl::cuda
