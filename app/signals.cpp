// Signal handlers: what they call is safe wherever a signal comes.
// SPDX-License-Identifier: Apache-2.0
#include "app/signals.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>

namespace dl {
namespace {

struct Stopping {
  int number;
  const char* name;
};
constexpr Stopping stopping[] = {
    {SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}, {SIGUSR1, "SIGUSR1"}, {SIGUSR2, "SIGUSR2"}, {SIGXCPU, "SIGXCPU"}};
constexpr int64_t same_ms = 100;  // within which a signal is the one before it, sent twice
constexpr int last = 3;           // the one that ends the process

std::atomic<bool> stop{false};
std::atomic<int> counted{0};
std::atomic<int64_t> counted_at_ms{0};
bool to_terminal = false;  // found before the handlers are set
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free);

int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// In one write, so that no other line comes between.
void say(int signal, const char* what) {
  char line[256];
  size_t length = 0;
  const auto add = [&](const char* text) {
    const size_t n = std::min(std::strlen(text), sizeof line - length);
    std::memcpy(line + length, text, n);
    length += n;
  };
  if (to_terminal) add("\r\033[K");  // over the progress bar
  for (const Stopping& s : stopping)
    if (s.number == signal) add(s.name);
  add(": ");
  add(what);
  add("\n");
  pollfd ready{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (poll(&ready, 1, 0) == 1)  // nobody who reads no more holds up the saving
      [[maybe_unused]]
    const ssize_t written = ::write(STDERR_FILENO, line, length);
}

extern "C" void request_stop(int signal) {
  const int error_number = errno;
  stop.store(true);
  const int64_t now = now_ms(), before = counted_at_ms.exchange(now);
  const bool again = before != 0 && (now - before < same_ms || signal == SIGXCPU);
  if (!again) {
    const int count = counted.fetch_add(1) + 1;
    if (count == last) {
      std::signal(signal, SIG_DFL);
      std::raise(signal);
    } else {
      say(signal, count == 1 ? "finishing the step and saving; the third signal ends at once, without saving"
                             : "still at it; the next signal ends at once, without saving");
    }
  }
  errno = error_number;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

}  // namespace

void report_write_failures_by_errno() {
  handle(SIGPIPE, SIG_IGN);
  handle(SIGXFSZ, SIG_IGN);
}

const std::atomic<bool>& stop_on_signals() {
  to_terminal = isatty(STDERR_FILENO) == 1;
  for (const Stopping& s : stopping) handle(s.number, request_stop);
  handle(SIGHUP, SIG_IGN);
  return stop;
}

}  // namespace dl
