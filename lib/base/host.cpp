// Asks the system.
#include "lib/base/host.h"

#include <unistd.h>

namespace dl {

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace dl
