// NVIDIA's driver behind functions of a test: what is said where it cannot be used, and that calls reach it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/driver.h"

#include <doctest/doctest.h>

#include <cstring>
#include <thread>

#include "lib/device/cuda/driver_functions.h"
#include "tests/device/cuda/fake_loader.h"
#include "tests/error_text.h"

using namespace dl;
using namespace dl::cuda;
using dl::testing::error_text;
using dl::testing::FakeLoader;
using dl::testing::symbol_of;

namespace {

// What the functions below answer.
struct Card {
  int init = 0, version = 13000, count = 1, capability = 9, retain = 0, next = 0;
  int64_t free_bytes = 1000;
  std::string launched;
};
Card card;
thread_local void* current = nullptr;

struct Name {
  const char *name, *text;
};
Name name_of(int result) {
  switch (result) {
    case 2: return {"CUDA_ERROR_OUT_OF_MEMORY", "out of memory"};
    case 100: return {"CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"};
    case 201: return {"CUDA_ERROR_INVALID_CONTEXT", "invalid device context"};
    case 700: return {"CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"};
    case 803:
      return {"CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "system has unsupported display driver / cuda driver combination"};
    case 999: return {"CUDA_ERROR_UNKNOWN", "unknown error"};
    default: return {nullptr, nullptr};
  }
}

int needs_context() { return current == nullptr ? 201 : std::exchange(card.next, 0); }

// Takes what `function` takes, and does nothing.
template <class... Parameters>
void* silent(int (*)(Parameters...)) {
  return symbol_of(+[](Parameters...) { return 0; });
}

FakeLoader fake_driver() {
  FakeLoader::Symbols f;
#define DL_SILENT(name, parameters) f[#name] = silent(static_cast<int(*) parameters>(nullptr));
  DL_DRIVER_FUNCTIONS(DL_SILENT)
#undef DL_SILENT
  f["cuInit"] = symbol_of(+[](unsigned) { return card.init; });
  f["cuDriverGetVersion"] = symbol_of(+[](int* version) { return *version = card.version, 0; });
  f["cuGetErrorName"] = symbol_of(+[](int result, const char** name) { return *name = name_of(result).name, 0; });
  f["cuGetErrorString"] = symbol_of(+[](int result, const char** text) { return *text = name_of(result).text, 0; });
  f["cuDeviceGetCount"] = symbol_of(+[](int* count) { return *count = card.count, 0; });
  f["cuDeviceGet"] = symbol_of(+[](int* device, int index) { return *device = index + 40, 0; });
  f["cuDeviceGetName"] = symbol_of(+[](char* name, int, int) { return std::strcpy(name, "Test Card"), 0; });
  f["cuDeviceGetAttribute"] = symbol_of(+[](int* value, int attribute, int) {
    *value = attribute == 75 ? card.capability : attribute == 76 ? 0 : 1000 + attribute;
    return 0;
  });
  f["cuDeviceTotalMem_v2"] = symbol_of(+[](size_t* bytes, int) { return *bytes = 2000, 0; });
  f["cuDevicePrimaryCtxRetain"] = symbol_of(+[](void** context, int) { return *context = &card, card.retain; });
  f["cuCtxSetCurrent"] = symbol_of(+[](void* context) { return current = context, 0; });
  f["cuMemGetInfo_v2"] = symbol_of(+[](size_t* free, size_t* all) {
    *free = static_cast<size_t>(card.free_bytes), *all = 2000;
    return 0;
  });
  f["cuMemAlloc_v2"] = symbol_of(+[](unsigned long long* address, size_t bytes) {
    *address = 0x1000;
    return current == nullptr ? 201 : static_cast<int64_t>(bytes) > card.free_bytes ? 2 : 0;
  });
  f["cuMemHostAlloc"] = symbol_of(+[](void** memory, size_t, unsigned) { return *memory = &card, needs_context(); });
  f["cuStreamSynchronize"] = symbol_of(+[](void*) { return needs_context(); });
  f["cuModuleLoadData"] = symbol_of(+[](void**, const void*) { return needs_context(); });
  f["cuEventElapsedTime"] = symbol_of(+[](float* milliseconds, void*, void*) { return *milliseconds = 250, 0; });
  f["cuLaunchKernel"] = symbol_of(+[](void*, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned, unsigned,
                                      unsigned shared, void*, void** arguments, void**) {
    card.launched = concat(x, ' ', y, ' ', z, ' ', threads, ' ', shared, ": ", *static_cast<int*>(arguments[0]));
    return 0;
  });
  f["cuMemcpyHtoDAsync_v2"] =
      symbol_of(+[](unsigned long long, const void*, size_t bytes, void*) { return bytes == 0 ? 1 : 0; });
  f["cuMemcpyDtoHAsync_v2"] =
      symbol_of(+[](void*, unsigned long long, size_t bytes, void*) { return bytes == 0 ? 1 : 0; });
  f["cuMemcpyDtoDAsync_v2"] =
      symbol_of(+[](unsigned long long, unsigned long long, size_t bytes, void*) { return bytes == 0 ? 1 : 0; });
  f["cuMemsetD8Async"] =
      symbol_of(+[](unsigned long long, unsigned char, size_t bytes, void*) { return bytes == 0 ? 1 : 0; });
  FakeLoader loader;
  loader.files["libcuda.so.1"] = {"/usr/lib/libcuda.so.1", f, ""};
  return loader;
}

std::string none(const std::string&) { return ""; }

std::string why_not(const Card& given, int index = 0, const Variable& variable = none) {
  card = given;
  const FakeLoader loader = fake_driver();
  Exit exit = Exit::done;
  const std::string text = error_text([&] { make_driver(index, loader, variable); }, {}, &exit);
  CHECK(exit == Exit::usage);
  return text;
}

}  // namespace

TEST_CASE("without NVIDIA's driver the device 'cuda' names the library and the package") {
  const FakeLoader nothing;
  Exit exit = Exit::done;
  CHECK(error_text([&] { make_driver(0, nothing, none); }, {}, &exit) ==
        "error: trainer.device: there is no driver of an NVIDIA GPU: libcuda.so.1: cannot open shared object file: No "
        "such "
        "file or directory\n"
        "  help: install NVIDIA's driver (the package nvidia-driver of Debian, nvidia-driver-580 of Ubuntu; a "
        "container is "
        "started with --gpus all or --nv), or write 'cpu'");
  CHECK(exit == Exit::usage);
}

TEST_CASE("a driver that lacks a function is too old, and is named") {
  FakeLoader loader = fake_driver();
  loader.files["libcuda.so.1"].symbols.erase("cuGraphInstantiateWithFlags");
  CHECK(error_text([&] { make_driver(0, loader, none); }) ==
        "error: trainer.device: /usr/lib/libcuda.so.1 has no function cuGraphInstantiateWithFlags\n"
        "  help: install a newer version of it");
}

TEST_CASE("a driver that cannot work says why in its own words and what to do") {
  CHECK(
      why_not({.init = 34}) ==
      "error: trainer.device: /usr/lib/libcuda.so.1 is the toolkit's stub, which programs are linked with: there is no "
      "driver in it\n"
      "  help: take the folder 'stubs' out of LD_LIBRARY_PATH, and install NVIDIA's driver, or write 'cpu'");
  CHECK(why_not({.init = 803}) ==
        "error: trainer.device: the driver in the kernel is of another version than /usr/lib/libcuda.so.1: "
        "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803): system has unsupported display driver / cuda driver combination\n"
        "  help: start the machine again, which loads the new one, or write 'cpu'");
  CHECK(why_not({.init = 999}) ==
        "error: trainer.device: the driver does not begin its work: CUDA_ERROR_UNKNOWN (999): unknown error\n"
        "  help: see that 'nvidia-smi' lists a GPU, or write 'cpu'");
  CHECK(why_not({.version = 11040}) ==
        "error: trainer.device: the driver knows CUDA up to 11.4, and 12.0 is needed\n"
        "  help: install NVIDIA's driver 525 or a later one, or write 'cpu'");
  CHECK(why_not({.retain = 2}) ==
        "error: trainer.device: GPU 0, Test Card, cannot be used: CUDA_ERROR_OUT_OF_MEMORY (2): out of memory\n"
        "  help: see with 'nvidia-smi' whether another process holds it, or write 'cpu'");
}

TEST_CASE("where no GPU is seen the variable that hides them is told") {
  const std::string help =
      "\n  help: see that 'nvidia-smi' lists one and that CUDA_VISIBLE_DEVICES does not hide it, or write 'cpu'";
  CHECK(why_not({.init = 100}) == "error: trainer.device: the driver finds no GPU" + help);
  CHECK(why_not({.count = 0}, 0, [](const std::string&) { return "-1"; }) ==
        "error: trainer.device: the driver finds no GPU\n  CUDA_VISIBLE_DEVICES is '-1', which hides all others" +
            help);
}

TEST_CASE("a GPU that is not there or too old is refused with those that serve") {
  CHECK(why_not({}, 1) == "error: trainer.device: there is no GPU 1: the driver finds one\n  help: write 'cuda:0'");
  CHECK(why_not({.count = 4}, 7) ==
        "error: trainer.device: there is no GPU 7: the driver finds 4\n  help: write 'cuda:3' or a smaller number");
  CHECK(why_not({.capability = 7}) ==
        "error: trainer.device: GPU 0, Test Card, has compute capability 7.0, and 8.0 is needed\n  help: write 'cpu'");
  CHECK(why_not({.count = 2, .capability = 7}) ==
        "error: trainer.device: GPU 0, Test Card, has compute capability 7.0, and 8.0 is needed\n"
        "  help: choose another GPU, as in 'cuda:1', or write 'cpu'");
}

TEST_CASE("calls reach the driver with the GPU's context, on whichever thread they come") {
  card = {};
  const FakeLoader loader = fake_driver();
  const auto driver = make_driver(0, loader, none);
  CHECK(driver->version() == "13.0");
  CHECK(driver->gpu().name == "Test Card");
  CHECK(driver->gpu().memory_bytes == 2000);
  CHECK(driver->gpu().multiprocessors == 1016);
  CHECK(driver->gpu().l2_bytes == 1038);
  CHECK(driver->free_bytes() == 1000);
  CHECK(driver->allocate(1000) == reinterpret_cast<void*>(0x1000));
  CHECK(driver->allocate(1001) == nullptr);
  CHECK(driver->seconds(nullptr, nullptr) == doctest::Approx(0.25));
  const int argument = 77;
  driver->launch(Function{}, Grid{.x = 5, .y = 2, .z = 3, .threads = 128, .shared_bytes = 64}, &argument,
                 sizeof argument, nullptr);
  CHECK(card.launched == "5 2 3 128 64: 77");
  void* pinned = nullptr;
  std::thread([&] { pinned = driver->allocate_host(8); }).join();
  CHECK(pinned == &card);
  void* of_libraries = nullptr;
  std::thread([&] {
    driver->make_current();
    of_libraries = current;
  }).join();
  CHECK(of_libraries == &card);
}

TEST_CASE("the driver is not asked to copy or fill nothing") {
  card = {};
  const FakeLoader loader = fake_driver();
  const auto driver = make_driver(0, loader, none);
  char host = 0;
  for (const int64_t bytes : {0, 1}) {
    driver->copy_in(&host, &host, bytes, nullptr);
    driver->copy_out(&host, &host, bytes, nullptr);
    driver->copy(&host, &host, bytes, nullptr);
    driver->fill(&host, 0, bytes, nullptr);
  }
}

TEST_CASE("a call that fails is an error in the driver's words; without room it says how much there is") {
  card = {};
  const FakeLoader loader = fake_driver();
  const auto driver = make_driver(0, loader, none);
  card.next = 700;
  Exit exit = Exit::done;
  CHECK(error_text([&] { driver->wait(Stream{}); }, {}, &exit) ==
        "error: the GPU refused cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS (700): an illegal memory access was "
        "encountered");
  CHECK(exit == Exit::failed);
  card.next = 2;
  CHECK(error_text([&] { driver->load("image"); }) ==
        "error: the GPU refused cuModuleLoadData: CUDA_ERROR_OUT_OF_MEMORY (2): out of memory\n"
        "  1000 of 2000 bytes of its memory are free\n"
        "  help: lower data.batch_size, or set trainer.memory_limit");
  card.next = 12345;
  CHECK(error_text([&] { driver->wait(Stream{}); }) ==
        "error: the GPU refused cuStreamSynchronize: an unknown error (12345)");
}
