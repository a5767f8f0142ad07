// Where ${…} begins in a scalar, and the text ${ itself, which is written $${.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

namespace dl {

// The next ${ from `from` on that has no $ before it; npos where there is none.
size_t find_reference(std::string_view text, size_t from = 0);

std::string escaped(std::string_view text);    // each ${ as $${
std::string unescaped(std::string_view text);  // each $${ as ${

}  // namespace dl
