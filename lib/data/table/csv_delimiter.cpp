// Counting cells, and numbers among them, as each delimiter cuts the lines.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/csv_delimiter.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "lib/base/text.h"
#include "lib/data/table/cell_number.h"
#include "lib/data/table/csv_scan.h"

namespace dl {
namespace {

// A line of the head with its cells counted as a delimiter cuts it.
struct Cut {
  int64_t cells = 1, numbers = 0;
};

// Cuts at `delimiter`, ' ' for runs of blanks, outside of quotes.
Cut cut(std::string_view line, char delimiter) {
  Cut result;
  if (delimiter == ' ') line = trim(line);
  bool quoted = false;
  size_t begin = 0;
  for (size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size() && line[i] == '"') quoted = !quoted;
    const bool ends = i == line.size() || (!quoted && (delimiter == ' ' ? is_blank(line[i]) : line[i] == delimiter));
    if (!ends) continue;
    result.numbers += may_be_number(line.substr(begin, i - begin));
    if (delimiter == ' ')
      while (i + 1 < line.size() && is_blank(line[i + 1])) ++i;
    begin = i + 1;
    result.cells += i < line.size();
  }
  return result;
}

}  // namespace

bool may_be_number(std::string_view cell) {
  cell = trim(cell);
  if (cell.size() > 1 && cell.ends_with('%')) cell.remove_suffix(1);
  return cell_number(cell) || cell_number(cell, {.decimal = ','});
}

char recognised_delimiter(const std::vector<std::string_view>& lines) {
  char best = ',';
  double best_score = 0;
  for (const char delimiter : {',', ';', '\t', '|', ' '}) {
    std::map<int64_t, int64_t> counts;
    int64_t cells = 0, numbers = 0;
    for (const std::string_view line : lines) {
      const Cut found = cut(line, delimiter);
      ++counts[found.cells];
      cells += found.cells;
      numbers += found.numbers;
    }
    const auto most = std::ranges::max_element(counts, {}, [](const auto& count) { return count.second; });
    if (most == counts.end() || most->first < 2) continue;
    const double alike = static_cast<double>(most->second) / static_cast<double>(lines.size());
    const double numeric = static_cast<double>(numbers) / static_cast<double>(cells);
    if (delimiter == ' ' && (best_score > 0 || numeric < 0.5 || alike < 1)) continue;  // else it is text
    if (alike < 0.5) continue;
    const double score = alike + numeric;
    if (score > best_score) {
      best = delimiter;
      best_score = score;
    }
  }
  return best;
}

}  // namespace dl
