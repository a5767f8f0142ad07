// Figures as a person at a terminal reads them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/train/kept/observer.h"

namespace dl {

// To four significant digits, all of them shown: 0.03280, 0.2500, 12.35, 64690, 1.234e-05, nan.
std::string figure(double value);
std::string short_figure(double value);                 // the same without zeros at the end: 0.25, 0.001, 1e-05
std::string count(double value);                        // 1,234,567
std::string short_count(double value);                  // 950, 41.2k, 3.4M, 2.1G
std::string rate(double per_s, std::string_view unit);  // 236e9, "FLOP/s" -> "236 GFLOP/s"
std::string clock(double seconds);                      // 0:07, 12:45, 1:02:03
std::string percent(double share);                      // 0.123 -> "12.3 %"

std::string float_text(float value);  // the shortest decimal that is it

size_t display_width(std::string_view text);  // columns of a terminal

// Rows under a header, cells aligned: text and the first column to the left, numbers to the right. Where the rows are
// wider than `columns`, the words of long cells are wrapped.
std::string table(std::vector<std::vector<std::string>> rows, size_t columns);

// The items in lines of at most `columns`, `gap` between them and each line behind `indent`; `first` stands in place of
// the first indent. An item is never cut.
std::string flowed(std::span<const std::string> items, std::string_view gap, size_t columns, std::string_view indent,
                   std::string_view first);

// The words of `text` in lines of at most `columns`.
std::string wrapped(std::string_view text, size_t columns, std::string_view indent, std::string_view first);

// "train/loss 0.2513  val/accuracy 0.9190" in lines of at most `columns`, each behind `indent`.
std::string figures(std::span<const Measured> values, size_t columns, std::string_view indent);

}  // namespace dl
