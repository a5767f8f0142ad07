// Writing to the standard streams.
// SPDX-License-Identifier: Apache-2.0
#include "app/console/output.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

#include "lib/base/io_error.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"

namespace dl {

bool Output::write(std::string_view text) {
  while (!text.empty() && error_number_ == 0) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {  // somebody made the pipe non-blocking
      pollfd wait{.fd = descriptor_, .events = POLLOUT, .revents = 0};
      poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      error_number_ = errno;
    }
  }
  return error_number_ == 0;
}

bool Output::is_terminal() const {
  const char* term = std::getenv("TERM");
  return isatty(descriptor_) == 1 && term && *term && std::string_view(term) != "dumb";
}

size_t Output::columns() const {
  winsize size{};
  return ioctl(descriptor_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool Output::colours() const {
  const char* no_color = std::getenv("NO_COLOR");
  return is_terminal() && !(no_color && *no_color);
}

bool Output::unicode() const {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const char* value = std::getenv(name); value && *value) {
      const std::string_view text = value;
      return text.find("UTF-8") != text.npos || text.find("utf8") != text.npos;
    }
  return false;
}

std::string styled(const Output& out, Style style, std::string_view text) {
  if (style == Style::plain || !out.colours()) return std::string(text);
  const char* begin = style == Style::bold   ? "\033[1m"
                      : style == Style::dim  ? "\033[2m"
                      : style == Style::good ? "\033[32m"
                                             : "\033[36m";
  return begin + std::string(text) + "\033[0m";
}

std::string with_colours(const Output& out, std::string_view text) {
  if (!out.colours()) return std::string(text);
  std::string result;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    const size_t indent = std::min(line.find_first_not_of(' '), line.size());
    result += line.substr(0, indent);
    line.remove_prefix(indent);
    for (const auto& [word, colour] : {std::pair{"error:", "\033[1;31m"},
                                       {"warning:", "\033[1;33m"},
                                       {"help:", "\033[36m"},
                                       {"done:", "\033[32m"},
                                       {"next:", "\033[36m"}})
      if (line.starts_with(word)) {
        result += colour + std::string(word) + "\033[0m";
        line.remove_prefix(std::string_view(word).size());
        break;
      }
    result += line;
  }
  return result;
}

Output& standard_output() {
  static Output output(STDOUT_FILENO);
  return output;
}

Output& standard_error() {
  static Output output(STDERR_FILENO);
  return output;
}

void warn(std::string_view text) {
  standard_error().write(with_colours(standard_error(), "warning: " + printable_lines(text) + "\n"));
}

void print(std::string_view text, bool coloured) {
  const Output& out = standard_output();
  if (!out.is_terminal()) return print_drawn(text);
  const std::string shown = printable_lines(text);
  print_drawn(coloured ? with_colours(out, shown) : shown);
}

void print_drawn(std::string_view drawing) {
  Output& out = standard_output();
  if (out.write(drawing) || out.error_number() == EPIPE) return;
  throw io_error("standard output", "write of " + bytes_text(static_cast<double>(drawing.size())), out.error_number());
}

}  // namespace dl
