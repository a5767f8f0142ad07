// The wall of tests/walled_device.h.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "tests/evaluate.h"
#include "tests/walled_device.h"

using namespace dl;
using namespace dl::testing;

namespace {

// The signal that ends a process which does this; 0 where it ends by itself.
int deadly_signal(const std::function<void()>& action) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    action();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace

TEST_CASE("memory behind the wall is reached by the device's copies and by nothing else") {
  const auto device = walled(make_device("reference", {}));
  auto* memory = static_cast<volatile char*>(device->allocate(100));
  char* const data = const_cast<char*>(memory);
  CHECK(deadly_signal([&] { (void)memory[0]; }) == SIGSEGV);
  CHECK(deadly_signal([&] { memory[99] = 1; }) == SIGSEGV);
  const std::string text = "behind the wall";
  std::string back(text.size(), ' ');
  device->copy_in(data, text.data(), 15);
  device->copy(data + 64, data, 15);
  device->fill(data, std::byte{7}, 1);
  device->copy_out(back.data(), data + 64, 15);
  CHECK(back == text);
  device->copy_out(back.data(), data, 15);
  CHECK(back == "\7ehind the wall");
  CHECK(deadly_signal([&] { (void)memory[64]; }) == SIGSEGV);
  CHECK(deadly_signal([&] { device->fill(data, std::byte{1}, 100); }) == 0);
  CHECK(deadly_signal([&] { device->fill(data, std::byte{1}, 129); }) == SIGSEGV);  // beyond its end
  device->release(data, 100);
}

TEST_CASE("behind the wall an input that changes before the launch is noticed, and launches run late") {
  Graph g;
  g.output("y", input(g, "x", {DType::f32, {4}}) * 2);
  const auto device = walled(make_device("reference", {}));
  Store store(*device);
  Program program(g, store);
  Numbers x(4, 1);
  program.feed("x", x);
  x[2] = 0;
  CHECK_THROWS_AS(program.launch(), CheckFailure);
  program.feed("x", x);
  program.launch();
  CHECK_THROWS_AS(program.read("y"), CheckFailure);  // before wait()
  program.wait();
  CHECK(program.read("y") == Numbers{2, 2, 0, 2});
}
