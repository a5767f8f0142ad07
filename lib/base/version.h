// Which dlcli this is.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace dl {

std::string version();  // "0.1.0"
std::string
commit();  // "8aef0df", with "-dirty" after it where files differed from it; empty: not built from a checkout
std::string version_text();  // "0.1.0 (8aef0df)"

}  // namespace dl
