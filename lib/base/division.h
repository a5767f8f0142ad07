// Whole numbers divided, rounded up or down.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

namespace dl {

// Of any a; b is above 0, as is `unit`.
constexpr int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
constexpr int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }
// The least multiple of `unit` that is no less than n.
constexpr int64_t round_up(int64_t n, int64_t unit) { return ceil_div(n, unit) * unit; }

}  // namespace dl
