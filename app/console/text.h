// Figures as a person at a terminal reads them.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/train/observer.h"

namespace dl {

std::string figure(double value);                       // 0.2513, 12.3457, 3.1e-05, nan
std::string count(double value);                        // 1,234,567
std::string short_count(double value);                  // 950, 41.2k, 3.4M, 2.1G
std::string rate(double per_s, std::string_view unit);  // 236e9, "FLOP/s" -> "236 GFLOP/s"
std::string clock(double seconds);                      // 0:07, 12:45, 1:02:03
std::string percent(double share);                      // 0.123 -> "12.3 %"

// "train/loss 0.2513  val/accuracy 0.9190"; with `unprefixed`, "loss 0.2513  accuracy 0.9190".
std::string figures(std::span<const Measured> values, bool unprefixed = false);

// Rows under a header, columns aligned: text and the first column to the left, numbers to the right.
std::string table(std::vector<std::vector<std::string>> rows);

// The words of `text` in lines of at most `columns`, each behind `indent`; `first` stands in place of the first indent.
std::string wrapped(std::string_view text, size_t columns, const std::string& indent, const std::string& first);

}  // namespace dl
