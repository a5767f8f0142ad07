// Writing values as cells.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/parquet_cells.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/table/parquet_values.h"
#include "lib/data/table/table_text.h"

namespace dl {
namespace {

constexpr int64_t seconds_a_day = 86400, julian_day_of_1970 = 2440588;

template <class T>
T number_of(std::string_view bytes) {
  T n;
  std::memcpy(&n, bytes.data(), sizeof n);
  return n;
}

template <class T>
std::string shortest(T number) {
  if (std::isnan(number)) return "";
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

float half_number(uint16_t half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  const float size = exponent == 31 ? fraction ? NAN : INFINITY
                     : exponent > 0 ? std::ldexp(static_cast<float>(1024 + fraction), exponent - 25)
                                    : std::ldexp(static_cast<float>(fraction), -24);
  return half & 0x8000 ? -size : size;
}

// What is written of a part of a second: ".5", or nothing.
std::string part_of_second(int64_t units, int64_t per_second) {
  if (units == 0) return "";
  std::string digits = std::to_string(per_second + units).substr(1);
  digits.erase(digits.find_last_not_of('0') + 1);
  return "." + digits;
}

std::string day(int64_t days) {
  if (std::abs(days) > 10'000'000) throw ParquetError(concat("a date is ", days, " days from 1970"));
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", int(date.year()), unsigned(date.month()), unsigned(date.day()));
  return text;
}

std::string time_of_day(int64_t units, int64_t per_second) {
  const int64_t seconds = units / per_second;
  char text[32];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d", static_cast<int>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  return text + part_of_second(units % per_second, per_second);
}

std::string stamp(int64_t units, int64_t per_second) {
  const int64_t per_day = seconds_a_day * per_second;
  int64_t days = units / per_day, rest = units % per_day;
  if (rest < 0) days -= 1, rest += per_day;
  return day(days) + "T" + time_of_day(rest, per_second);
}

// Digits with a point among them.
std::string decimal(std::string digits, bool negative, int64_t scale) {
  if (scale < 0 || scale > 100) throw ParquetError(concat("a decimal has ", scale, " digits behind its point"));
  const auto behind = static_cast<size_t>(scale);
  if (digits.size() <= behind) digits.insert(0, behind + 1 - digits.size(), '0');
  if (behind > 0) digits.insert(digits.size() - behind, ".");
  return negative ? "-" + digits : digits;
}

// A whole number of any length, the highest byte first, as its digits.
std::string big_decimal(std::string_view bytes, int64_t scale) {
  if (bytes.empty() || bytes.size() > 64) throw ParquetError(concat("a decimal has ", bytes.size(), " bytes"));
  const bool negative = static_cast<uint8_t>(bytes[0]) >= 128;
  std::string digits = "0";  // the lowest first
  int carry = negative ? 1 : 0;
  std::string size(bytes);
  for (size_t i = size.size(); negative && i-- > 0;) {  // two's complement
    const int b = 255 - static_cast<uint8_t>(size[i]) + carry;
    size[i] = static_cast<char>(b);
    carry = b >> 8;
  }
  for (const char c : size) {
    int over = static_cast<uint8_t>(c);
    for (char& digit : digits) {
      over += (digit - '0') * 256;
      digit = static_cast<char>('0' + over % 10);
      over /= 10;
    }
    for (; over > 0; over /= 10) digits += static_cast<char>('0' + over % 10);
  }
  return decimal({digits.rbegin(), digits.rend()}, negative, scale);
}

// 00112233-4455-6677-8899-aabbccddeeff
std::string uuid(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[static_cast<uint8_t>(bytes[i]) >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::string whole(int64_t n, uint64_t as_unsigned, const ParquetColumn& column) {
  switch (column.meaning) {
    case ParquetMeaning::whole_unsigned: return std::to_string(as_unsigned);
    case ParquetMeaning::decimal: {
      const uint64_t size = n < 0 ? ~static_cast<uint64_t>(n) + 1 : static_cast<uint64_t>(n);
      return decimal(std::to_string(size), n < 0, column.scale);
    }
    case ParquetMeaning::date: return day(n);
    case ParquetMeaning::time:
      if (n >= 0 && n < seconds_a_day * column.units_per_second) return time_of_day(n, column.units_per_second);
      throw ParquetError(concat("a time is ", n, " of ", column.units_per_second, " units a second"));
    case ParquetMeaning::stamp: return stamp(n, column.units_per_second);
    default: return std::to_string(n);
  }
}

}  // namespace

std::string parquet_cell(std::string_view value, const ParquetColumn& column) {
  switch (column.type) {
    case ParquetType::boolean: return value[0] ? "true" : "false";
    case ParquetType::int32: return whole(number_of<int32_t>(value), number_of<uint32_t>(value), column);
    case ParquetType::int64: return whole(number_of<int64_t>(value), number_of<uint64_t>(value), column);
    case ParquetType::int96: {  // nanoseconds of the day, and the day
      const auto nanoseconds = number_of<int64_t>(value);
      const int64_t days = number_of<uint32_t>(value.substr(8)) - julian_day_of_1970;
      if (nanoseconds < 0 || nanoseconds >= seconds_a_day * 1'000'000'000)
        throw ParquetError("a time is longer than a day");
      return day(days) + "T" + time_of_day(nanoseconds, 1'000'000'000);
    }
    case ParquetType::real: return shortest(number_of<float>(value));
    case ParquetType::twice: return shortest(number_of<double>(value));
    case ParquetType::bytes:
    case ParquetType::fixed: break;
  }
  if (column.meaning == ParquetMeaning::decimal) return big_decimal(value, column.scale);
  if (column.meaning == ParquetMeaning::half && value.size() == 2)
    return shortest(half_number(number_of<uint16_t>(value)));
  if (column.meaning == ParquetMeaning::uuid && value.size() == 16) return uuid(value);
  if (!valid_utf8(value)) throw ParquetError("it holds bytes that are no text", leave_out_help(column.name));
  return std::string(value);
}

}  // namespace dl
