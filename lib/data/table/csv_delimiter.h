// What stands between the cells of a CSV file, by its first lines.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>
#include <vector>

namespace dl {

// Whether it is a number in one of the likeliest forms.
bool may_be_number(std::string_view cell);

// The delimiter by which most lines are cut into as many cells, ' ' for runs of blanks; of several the one that leaves
// the most numbers, the comma where there is none.
char recognised_delimiter(const std::vector<std::string_view>& lines);

}  // namespace dl
