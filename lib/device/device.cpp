// The devices by name.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/device.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

#include "lib/base/division.h"
#include "lib/base/error.h"
#include "lib/base/memory.h"

namespace dl {

namespace {

std::map<std::string, DeviceFactory>& factories() {
  static std::map<std::string, DeviceFactory> all;
  return all;
}

std::unique_ptr<Device> (*wrapped)(std::unique_ptr<Device>) = nullptr;

// The GPU where there is one that works, else the CPU.
std::unique_ptr<Device> make_best(const DeviceOptions& options) {
  try {
    return make_device("cuda", options);
  } catch (const Error& error) {
    if (error.exit() != Exit::usage) throw;
  }
  return make_device("cpu", options);
}

}  // namespace

void wrap_devices(std::unique_ptr<Device> (*wrap)(std::unique_ptr<Device>)) { wrapped = wrap; }

int64_t Device::free_bytes() const { return free_memory_bytes(); }

void* Device::allocate_host(int64_t bytes) {
  const size_t whole = static_cast<size_t>(round_up(std::max<int64_t>(bytes, 1), 64));
  void* memory = std::aligned_alloc(64, whole);
  if (!memory)
    throw Error(Exit::failed, Problem{.what = concat("no memory: ", bytes, " bytes of the host asked for"),
                                      .help = "lower data.batch_size, or give the process more memory"});
  return std::memset(memory, 0, whole);
}

void Device::release_host(void* memory, int64_t) { std::free(memory); }

DeviceRegistration::DeviceRegistration(const char* name, DeviceFactory factory) {
  DL_CHECK(factories().emplace(name, factory).second, "two devices named ", name);
}

std::vector<std::string> device_names() {
  std::vector<std::string> names;
  for (const auto& [name, factory] : factories())
    if (name.find(':') == std::string::npos) names.push_back(name);  // "cuda:1" is one of the kind "cuda"
  return names;
}

std::unique_ptr<Device> make_device(const std::string& name, const DeviceOptions& options) {
  if (name == "auto") return make_best(options);
  const auto found = factories().find(name);
  if (found != factories().end()) {
    std::unique_ptr<Device> made = found->second(options);
    return wrapped ? wrapped(std::move(made)) : std::move(made);
  }
  std::string known;
  for (const std::string& other : device_names()) known += (known.empty() ? "" : ", ") + other;
  throw Error(Exit::usage, Problem{.path = "trainer.device",
                                   .what = concat("unknown device '", name, "'"),
                                   .notes = {"known devices: " + known},
                                   .help = "write 'cpu'"});
}

}  // namespace dl
