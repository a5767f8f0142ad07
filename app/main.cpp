// dlcli: the only catch, the only exit code.
// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <filesystem>
#include <new>
#include <string>

#include "app/command_line.h"
#include "app/console/output.h"
#include "app/signals.h"
#include "lib/base/error.h"
#include "lib/base/io_error.h"
#include "lib/base/memory.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"

namespace {

int fail(dl::Exit exit, const std::string& text) {
  dl::standard_error().write(dl::with_colours(dl::standard_error(), text + "\n"));
  return static_cast<int>(exit);
}

// Several are collected only before anything is run.
std::string all_problems(const dl::Error& error) {
  std::string text = error.what();
  if (error.problems().size() < 2) return text;
  return text + "\n" + dl::count_of(static_cast<int64_t>(error.problems().size()), "error") + "; nothing was run";
}

std::string out_of_memory() {
  return dl::render(
      {.what = dl::concat("out of memory: the system refused more than the ",
                          dl::bytes_text(static_cast<double>(dl::peak_memory_bytes())), " that were in use at most"),
       .help = "lower data.batch_size or the model's sizes; 'dlcli check' says what a step needs"});
}

}  // namespace

int main(int argc, char** argv) {
  dl::report_write_failures_by_errno();
  try {
    return static_cast<int>(dl::run_command_line(argc, argv));
  } catch (const dl::Error& error) {
    return fail(error.exit(), all_problems(error));
  } catch (const dl::CheckFailure& failure) {
    return fail(dl::Exit::failed, "error: " + dl::printable_lines(failure.what()));
  } catch (const std::filesystem::filesystem_error& error) {
    const dl::Error failure = dl::io_error(error.path1(), "looking at it", error.code().value());
    return fail(failure.exit(), failure.what());
  } catch (const std::bad_alloc&) {
    return fail(dl::Exit::failed, out_of_memory());
  } catch (const std::exception& e) {
    return fail(dl::Exit::failed, dl::render({.what = dl::concat("unexpected: ", e.what()),
                                              .help = "this is a fault of dlcli; please report it with the command"}));
  }
}
