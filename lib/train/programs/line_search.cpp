// Searching along a direction.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/programs/line_search.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace dl {
namespace {

// Where the cubic through two places has its least, within [low, high]; the middle where it has none.
double least_between(LinePoint a, LinePoint b, double low, double high) {
  if (a.length > b.length) std::swap(a, b);
  const double d = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length);
  const double square = d * d - a.slope * b.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const double root = std::sqrt(square);
  const double share = (b.slope + root - d) / (b.slope - a.slope + 2 * root);
  return std::clamp(b.length - (b.length - a.length) * share, low, high);
}

}  // namespace

double strong_wolfe(const LinePoint& begin, double first, double reach, double tolerance,
                    const std::function<LinePoint(double length)>& at) {
  constexpr double least_fall = 1e-4, most_slope = 0.9;
  constexpr int most_tries = 25;
  const auto is_too_high = [&](const LinePoint& x) {
    return x.loss > begin.loss + least_fall * x.length * begin.slope;
  };
  const auto is_flat = [&](const LinePoint& x) { return std::abs(x.slope) <= -most_slope * begin.slope; };

  // Longer and longer, until the least lies between the last two.
  std::array<LinePoint, 2> ends{begin, at(first)};
  int tries = 0;
  for (; tries < most_tries; ++tries) {
    const auto& [before, now] = ends;
    if (is_too_high(now) || (tries > 1 && now.loss >= before.loss)) break;
    if (is_flat(now)) return now.length;
    if (now.slope >= 0) break;
    const double next = least_between(before, now, now.length + 0.01 * (now.length - before.length), 10 * now.length);
    ends = {now, at(next)};
  }
  if (tries == most_tries) ends[0] = begin;

  // The bracket made smaller; a place near an end is taken twice in a row only a tenth away from it.
  const auto better_end = [&] { return ends[0].loss <= ends[1].loss ? size_t{0} : size_t{1}; };
  size_t best = better_end();
  for (bool was_near = false; tries < most_tries; ++tries) {
    const auto [low, high] = std::minmax(ends[0].length, ends[1].length);
    if ((high - low) * reach < tolerance) break;
    double length = least_between(ends[0], ends[1], low, high);
    const double margin = 0.1 * (high - low);
    const bool is_near = std::min(high - length, length - low) < margin;
    const bool moved_in = is_near && (was_near || length >= high || length <= low);
    if (moved_in) length = high - length < length - low ? high - margin : low + margin;
    was_near = is_near && !moved_in;

    const LinePoint tried = at(length);
    LinePoint& good = ends[best];
    LinePoint& other = ends[1 - best];
    if (is_too_high(tried) || tried.loss >= good.loss) {
      other = tried;
      best = better_end();
      continue;
    }
    if (is_flat(tried)) return length;
    if (tried.slope * (other.length - good.length) >= 0) other = good;
    good = tried;
  }
  return ends[best].length;
}

void search_along_direction(const Program& update, double loss, double tolerance,
                            const std::function<void(double length)>& move, const std::function<Probed()>& probe) {
  const auto told = [&](const std::string& name) { return static_cast<double>(update.scalar(name)); };
  const LinePoint begin{.loss = loss, .slope = told("search/slope")};
  if (!(begin.slope < 0)) return;
  const double length = strong_wolfe(begin, told("search/first"), told("search/reach"), tolerance, [&](double l) {
    move(l);
    const Probed there = probe();
    return LinePoint{.length = l, .loss = there.loss, .slope = there.slope};
  });
  move(length);
}

}  // namespace dl
