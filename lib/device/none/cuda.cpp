// What is linked where the device "cuda" is not built: it says so.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/device/device.h"

namespace dl {

namespace {

std::unique_ptr<Device> make_cuda(const DeviceOptions&) {
  throw Error(Exit::usage, Problem{.path = "trainer.device",
                                   .what = "'cuda' is not part of this build of dlcli",
                                   .help = "write 'cpu'; this version has no CUDA kernels to build"});
}

const DeviceRegistration cuda("cuda", make_cuda);

}  // namespace

}  // namespace dl
