// As CMake was told when the build was configured.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/version.h"

namespace dl {

std::string version() { return DLCLI_VERSION; }
std::string commit() { return DLCLI_COMMIT; }
std::string version_text() { return commit().empty() ? version() : version() + " (" + commit() + ")"; }

}  // namespace dl
