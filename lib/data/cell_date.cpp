// Dates read digit by digit; the calendar is the standard library's.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/cell_date.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "lib/base/error.h"

namespace dl {
namespace {

constexpr const char* order_names[] = {"none", "ymd", "dmy", "mdy"};
constexpr const char* part_names[] = {"days", "year_sin", "year_cos", "week_sin", "week_cos", "day_sin", "day_cos"};

template <class Value, size_t n>
Value date_word(const char* const (&names)[n], const std::string& name) {
  const auto found = std::find(names, names + n, name);
  DL_CHECK(found != names + n, "no name of a date: ", name);
  return static_cast<Value>(found - names);
}

// Takes characters off the front of a cell.
struct DateScan {
  std::string_view rest;
  bool good = true;

  // So many digits, or from `least` on to `most` of them.
  int number(size_t least, size_t most) {
    size_t count = 0;
    int value = 0;
    for (; count < rest.size() && count < most && rest[count] >= '0' && rest[count] <= '9'; ++count)
      value = 10 * value + (rest[count] - '0');
    good = good && count >= least && (count == rest.size() || count < most || rest[count] < '0' || rest[count] > '9');
    rest.remove_prefix(count);
    return value;
  }
  bool take(char c) {
    if (!rest.starts_with(c)) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(bool found) { good = good && found; }
};

std::optional<double> scanned_day(DateScan& scan, DateOrder order) {
  int parts[3];
  char between = 0;
  for (int i = 0; i < 3; ++i) {
    const bool is_year = i == (order == DateOrder::ymd ? 0 : 2);
    if (i > 0) {
      if (i == 1 && !scan.rest.empty()) between = scan.rest[0];
      const bool known = between == '-' || between == '/' || (between == '.' && order != DateOrder::mdy);
      scan.expect(known && scan.take(between));
    }
    parts[i] = is_year ? scan.number(4, 4) : scan.number(1, 2);
  }
  const int year = order == DateOrder::ymd ? parts[0] : parts[2], month = order == DateOrder::mdy ? parts[0] : parts[1],
            day = order == DateOrder::ymd   ? parts[2]
                  : order == DateOrder::mdy ? parts[1]
                                            : parts[0];
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!scan.good || !date.ok()) return {};
  return static_cast<double>(std::chrono::sys_days{date}.time_since_epoch().count());
}

// Hours, of `least` digits or two, and minutes, in seconds.
int scanned_clock(DateScan& scan, size_t least = 2) {
  const int hours = scan.number(least, 2);
  scan.expect(hours < 24 && scan.take(':'));
  const int minutes = scan.number(2, 2);
  scan.expect(minutes < 60);
  return 3600 * hours + 60 * minutes;
}

// +02:00, +0200, +02, in seconds.
int scanned_offset(DateScan& scan) {
  if (scan.rest.size() != 2 && scan.rest.size() != 4) return scanned_clock(scan);
  const int digits = scan.rest.size() == 2 ? 100 * scan.number(2, 2) : scan.number(4, 4);
  scan.expect(digits / 100 < 24 && digits % 100 < 60);
  return 3600 * (digits / 100) + 60 * (digits % 100);
}

// " AM" and " PM" behind a time of such seconds, which is one of twelve hours then.
double on_full_clock(DateScan& scan, double seconds) {
  constexpr double hour = 3600;
  const bool morning = scan.rest == " AM" || scan.rest == " am";
  if (!morning && scan.rest != " PM" && scan.rest != " pm") return seconds;
  scan.rest = {};
  scan.expect(seconds >= hour && seconds < 13 * hour);
  const double behind_twelve = seconds >= 12 * hour ? seconds - 12 * hour : seconds;
  return morning ? behind_twelve : behind_twelve + 12 * hour;
}

// What stands behind the day, in seconds.
double scanned_seconds(DateScan& scan) {
  if (scan.rest.empty()) return 0;
  const bool is_iso = scan.take('T');
  scan.expect(is_iso || scan.take(' '));
  double seconds = scanned_clock(scan, is_iso ? 2 : 1);
  if (scan.take(':')) {
    const int whole = scan.number(2, 2);
    scan.expect(whole < 61);
    seconds += whole;
    if (scan.take('.')) {
      double unit = 0.1;
      scan.expect(!scan.rest.empty());
      for (; !scan.rest.empty() && scan.rest[0] >= '0' && scan.rest[0] <= '9'; unit /= 10) {
        seconds += unit * (scan.rest[0] - '0');
        scan.rest.remove_prefix(1);
      }
    }
  }
  seconds = on_full_clock(scan, seconds);
  if (scan.take('Z') || scan.rest.empty()) return seconds;
  const bool east = scan.take('+');
  scan.expect(east || scan.take('-'));
  const int offset = scanned_offset(scan);
  return east ? seconds - offset : seconds + offset;
}

}  // namespace

std::string name_of(DateOrder order) { return order_names[static_cast<size_t>(order)]; }
std::string name_of(DatePart part) { return part_names[static_cast<size_t>(part)]; }
DateOrder date_order(const std::string& name) { return date_word<DateOrder>(order_names, name); }
DatePart date_part(const std::string& name) { return date_word<DatePart>(part_names, name); }
std::vector<std::string> date_orders() { return {std::begin(order_names) + 1, std::end(order_names)}; }
std::vector<std::string> date_parts() { return {std::begin(part_names), std::end(part_names)}; }

std::optional<double> cell_days(std::string_view text, DateOrder order) {
  DateScan scan{text};
  const auto day = scanned_day(scan, order);
  if (!day) return {};
  const double seconds = scanned_seconds(scan);
  return scan.good && scan.rest.empty() ? std::optional(*day + seconds / 86400) : std::nullopt;
}

bool looks_like_a_date(std::string_view text) {
  int parts = 0;
  size_t at = 0;
  for (char between = 0; parts < 3 && at < text.size(); ++parts) {
    const size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
    if (end == at || end - at > 4) return false;
    if (parts < 2 && (end == text.size() || std::string_view("-./").find(text[end]) == std::string_view::npos ||
                      (between && text[end] != between)))
      return false;
    if (end < text.size()) between = text[end];
    at = end + 1;
  }
  return parts == 3;
}

double part_of(double days, DatePart part) {
  if (part == DatePart::days) return days;
  const double whole = std::floor(days);
  const std::chrono::sys_days day{std::chrono::days{static_cast<int64_t>(whole)}};
  const std::chrono::year year = std::chrono::year_month_day{day}.year();
  double share = days - whole;  // of the day
  if (part == DatePart::year_sin || part == DatePart::year_cos) {
    const auto first = [](std::chrono::year y) { return std::chrono::sys_days{y / std::chrono::January / 1}; };
    const auto length = static_cast<double>((first(year + std::chrono::years{1}) - first(year)).count());
    share = (static_cast<double>((day - first(year)).count()) + share) / length;
  } else if (part == DatePart::week_sin || part == DatePart::week_cos) {
    share = (static_cast<double>(std::chrono::weekday{day}.iso_encoding() - 1) + share) / 7;  // from Monday on
  }
  const bool is_sine = part == DatePart::year_sin || part == DatePart::week_sin || part == DatePart::day_sin;
  const double angle = 2 * std::numbers::pi * share;
  return is_sine ? std::sin(angle) : std::cos(angle);
}

std::string date_text(double days) {
  const double whole = std::floor(days);
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{static_cast<int64_t>(whole)}}};
  const int minutes = static_cast<int>((days - whole) * 24 * 60);
  char text[48];
  std::snprintf(text, sizeof text, minutes > 0 ? "%04d-%02u-%02uT%02d:%02d" : "%04d-%02u-%02u", int(date.year()),
                unsigned(date.month()), unsigned(date.day()), minutes / 60, minutes % 60);
  return text;
}

}  // namespace dl
