// Asks the system.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/host.h"

#include <unistd.h>

namespace dl {

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace dl
