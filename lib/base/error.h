// Errors: what the user can mend (Error, with an exit code) and what only we can (a failed DL_CHECK).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <exception>
#include <sstream>
#include <string>
#include <vector>

namespace dl {

// Where a value stands in a file; line and column count from 1, 0 = unknown.
struct Where {
  std::string file;
  int line = 0;
  int column = 0;
  std::string text() const;  // "file:line:column", or as much as is known
};

// What the process returns, documented in docs/exit-codes.md.
enum class Exit : int {
  done = 0,
  failed = 1,        // the run failed, or a check of ours did
  usage = 2,         // the command line or the spec is wrong; nothing was run
  data = 3,          // a data file is missing parts, broken or has changed
  io = 4,            // a file cannot be read or written: disk full, no permission
  diverged = 5,      // loss, gradients or weights became NaN or infinite
  interrupted = 85,  // stopped by a signal after saving; resumable
  time_limit = 86,   // trainer.max_time reached after saving; resumable
  held = 87,         // another process holds the run; nothing was touched
};

// One thing that is wrong. Rendered as
//   error: FILE:LINE:COLUMN: PATH: WHAT
//     NOTE
//     help: HELP
struct Problem {
  Where where;
  std::string path;  // "model[3] (conv2d)"; may be empty
  std::string what;  // found and expected, both with values; lower case, no full stop
  std::vector<std::string> notes;
  std::string help;  // an instruction; may be empty
  // What this one alone would end the process with: usage, data or io. Error keeps it where problems of several kinds
  // are collected.
  Exit exit = Exit::usage;
};

std::string render(const Problem& problem);
// The same without "error: ", for what is no error: a warning.
std::string problem_text(const Problem& problem);

// Thrown for whatever a user gave or the machine refused; app/main.cpp is the only catch that ends the process.
class Error : public std::exception {
 public:
  Error(Exit exit, Problem problem);
  Error(Exit exit, std::vector<Problem> problems);
  // Of problems that were collected: usage where one of them is, since the config is to be mended first, else data
  // where one of them is, else io.
  explicit Error(std::vector<Problem> problems);
  const char* what() const noexcept override { return text_.c_str(); }  // all problems, rendered
  Exit exit() const { return exit_; }
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  Exit exit_;
  std::vector<Problem> problems_;
  std::string text_;
};

// A path as it is, where operator<< would quote it; all else as it is, too.
template <class Part>
const auto& unquoted(const Part& part) {
  if constexpr (requires { part.lexically_normal(); })
    return part.native();
  else
    return part;
}

// The parts written one after another, as operator<< does, but for the quotes around a path.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << unquoted(parts));
  return out.str();
}

// Thrown by DL_CHECK: a fault of ours, never of the input.
class CheckFailure : public std::exception {
 public:
  CheckFailure(const char* file, int line, const char* condition, const std::string& values);
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

}  // namespace dl

// DL_CHECK(a == b, "a ", a, ", b ", b): throws CheckFailure when the condition does not hold.
#define DL_CHECK(condition, ...)                                                                           \
  do {                                                                                                     \
    if (!(condition)) throw ::dl::CheckFailure(__FILE__, __LINE__, #condition, ::dl::concat(__VA_ARGS__)); \
  } while (false)
