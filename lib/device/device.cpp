// The devices by name.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/device.h"

#include <algorithm>
#include <map>

#include "lib/base/error.h"

namespace dl {

namespace {

std::map<std::string, DeviceFactory>& factories() {
  static std::map<std::string, DeviceFactory> all;
  return all;
}

}  // namespace

DeviceRegistration::DeviceRegistration(const char* name, DeviceFactory factory) {
  DL_CHECK(factories().emplace(name, factory).second, "two devices named ", name);
}

std::vector<std::string> device_names() {
  std::vector<std::string> names;
  for (const auto& [name, factory] : factories()) names.push_back(name);
  return names;
}

std::unique_ptr<Device> make_device(const std::string& name, const DeviceOptions& options) {
  const auto found = factories().find(name);
  if (found != factories().end()) return found->second(options);
  std::string known;
  for (const std::string& other : device_names()) known += (known.empty() ? "" : ", ") + other;
  throw Error(Exit::usage, Problem{.path = "trainer.device",
                                   .what = concat("unknown device '", name, "'"),
                                   .notes = {"known devices: " + known},
                                   .help = "write 'cpu'"});
}

}  // namespace dl
