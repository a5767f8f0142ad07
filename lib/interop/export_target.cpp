// The table of targets.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/export_target.h"

namespace dl {

std::map<std::string_view, ExportTargetFactory>& export_targets() {
  static std::map<std::string_view, ExportTargetFactory> targets;
  return targets;
}

}  // namespace dl
