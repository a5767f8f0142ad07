// The order of classes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/class_order.h"

#include <algorithm>
#include <set>

#include "lib/data/table/cell_number.h"

namespace dl {

std::vector<std::string> sorted_classes(std::span<const std::string> names) {
  const std::set<std::string> seen(names.begin(), names.end());
  std::vector<std::string> classes(seen.begin(), seen.end());
  if (std::ranges::all_of(classes, [](const std::string& c) { return cell_number(c).has_value(); }))
    std::ranges::stable_sort(classes, {}, [](const std::string& c) { return *cell_number(c); });
  return classes;
}

}  // namespace dl
