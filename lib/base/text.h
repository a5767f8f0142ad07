// Text: suggestions for misspelt words, lists in sentences, numbers, sizes and times as people read them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dl {

// Insertions, deletions, replacements and swaps of neighbours that make one word the other.
int edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, case, blanks and - _ ignored; empty where none is near enough to be meant.
std::string closest(std::string_view word, std::span<const std::string> candidates);
// "write 'NEAREST'", or `otherwise` where none is near enough.
std::string spelling_help(std::string_view word, std::span<const std::string> candidates, std::string otherwise = {});

std::string join(std::span<const std::string> parts, std::string_view separator = ", ");

// "3 layers", "1 layer", "2 losses", "2 entries".
std::string count_of(int64_t count, std::string_view noun);
std::string plural(std::string_view noun);

// The whole number that the text is, in digits and at most a '-' before them; empty where it is something else, or
// does not fit.
std::optional<int64_t> integer_in(std::string_view text);

// The shortest decimal that reads back as the same value: 0.001, 1e-08, 128, .inf, -.inf, .nan.
std::string number_text(double value);
// A number that was kept as f32, 0.0010000000474974513, as it was written before: 0.001, the shortest decimal that is
// the same f32. Numbers that no f32 is stay as they are, and so do whole ones.
double as_written(double value);

std::string bytes_text(double bytes);      // "512 B", "1.5 KiB", "23 MiB"
std::string seconds_text(double seconds);  // "340 us", "12.5 ms", "8.2 s", "3 min 20 s", "2 h 5 min"

// Up to `most` bytes of it, then …; control characters become spaces. For messages.
std::string shortened(std::string_view text, size_t most = 60);

std::string_view trim(std::string_view text);

// The order of files' names: numbers in them by their value, part-2 before part-10, all else by its bytes.
bool numbered_before(std::string_view a, std::string_view b);

bool valid_utf8(std::string_view text);
size_t invalid_utf8_at(std::string_view text);  // the first byte that is not UTF-8; npos where there is none

}  // namespace dl
