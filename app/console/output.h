// Standard output and standard error: writing never raises a signal and never stops a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

namespace dl {

class Output {
 public:
  explicit Output(int descriptor) : descriptor_(descriptor) {}

  // Writes all of it. False where that failed (closed pipe, full disk); then, and from then on, nothing is written.
  bool write(std::string_view text);
  int error_number() const { return error_number_; }  // of the failure, else 0

  bool is_terminal() const;  // one that understands control sequences
  size_t columns() const;    // of the terminal; 80 where there is none
  bool colours() const;      // a terminal, and NO_COLOR is not set
  bool unicode() const;      // the locale's encoding is UTF-8

 private:
  int descriptor_;
  int error_number_ = 0;
};

enum class Style { plain, bold, dim, good, accent };
// The text with the sequences of its style where the output has colours.
std::string styled(const Output& out, Style style, std::string_view text);

// "error:", "warning:", "help:", "done:" and "next:" where they begin a line, in colour where the output has any.
std::string with_colours(const Output& out, std::string_view text);

Output& standard_output();
Output& standard_error();

// "warning: TEXT" on standard error; what steers a terminal is escaped.
void warn(std::string_view text);

// Writes a command's result to standard output: to a terminal, what would steer it is escaped; in colours where
// `coloured` and the terminal has them. A reader that went away (`| head`) is fine; a failure else is an
// Error(Exit::io).
void print(std::string_view text, bool coloured = false);

// The same of a drawing, whose control sequences are its own: names from outside in it were made printable before.
void print_drawn(std::string_view drawing);

}  // namespace dl
