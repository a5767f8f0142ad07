// Dates and times as cells of a table write them, and as numbers that a network takes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dl {

// In which year, month and day stand; none: it is no date.
enum class DateOrder : uint8_t { none, ymd, dmy, mdy };

// What a date becomes: the days since 1970, and the places in the year, the week and the day as points on a circle, so
// that what is near each other in a season lies near each other.
enum class DatePart : uint8_t { days, year_sin, year_cos, week_sin, week_cos, day_sin, day_cos };

std::string name_of(DateOrder order);  // "ymd"; "none"
std::string name_of(DatePart part);    // "days", "year_sin"
DateOrder date_order(const std::string& name);
DatePart date_part(const std::string& name);
std::vector<std::string> date_orders();  // all that are one
std::vector<std::string> date_parts();

// The moment that all of the text is, in days since 1970-01-01T00:00 in UTC: a year of four digits, month and day, with
// the same '-', '/' or '.' between (dots where the month comes first are none), and behind 'T' or a blank, where the
// day is not all, 13:05, 13:05:30 or 13:05:30.25, with 'Z' or an offset, +02:00, +0200 or +02 (ISO 8601). Behind a
// blank the hour may have one digit, and the time be one of twelve hours, 1:05 PM. Nothing where it is none, or no day
// of the calendar.
std::optional<double> cell_days(std::string_view text, DateOrder order);

// Whether it begins as one, with a year of any length: three numbers of at most four digits with the same '-', '.' or
// '/' between, 2024-02-29, 29.02.2024, 2/29/24.
bool looks_like_a_date(std::string_view text);

double part_of(double days, DatePart part);

// "2024-02-29", with a time behind it where there is one: "2024-02-29T13:05".
std::string date_text(double days);

}  // namespace dl
