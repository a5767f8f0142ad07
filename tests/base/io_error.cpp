// Each refusal of the system says what to do about it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/io_error.h"

#include <doctest/doctest.h>

#include <cctype>
#include <cerrno>

namespace {

// The text with each run of digits written as N: free space changes while the test runs.
std::string without_digits(const std::string& text) {
  std::string out;
  for (const char c : text)
    if (!std::isdigit(static_cast<unsigned char>(c)))
      out += c;
    else if (out.empty() || out.back() != 'N')
      out += 'N';
  return out;
}

}  // namespace

TEST_CASE("a full disk is reported with the size asked and what is free") {
  for (const int error : {ENOSPC, EDQUOT})
    CHECK(without_digits(dl::io_error("/no/such/folder/x", "write of 4096 bytes", error).what()) ==
          std::string("error: /no/such/folder/x: write of N bytes failed: ") +
              (error == ENOSPC ? "No space left on device" : "Disk quota exceeded") +
              "\n  free there: N bytes, N inodes\n"
              "  help: free some space there, or write to another file system");
}

TEST_CASE("a relative name's free space is that of the current folder") {
  CHECK(without_digits(dl::io_error("x", "fsync", ENOSPC).what()).find("free there: N bytes, N inodes") !=
        std::string::npos);
}

TEST_CASE("each refusal of the system has its help") {
  struct Case {
    int error;
    const char* text;
  };
  for (const auto& [error, text] :
       {Case{EFBIG,
             "error: x: write failed: File too large\n  help: raise the limit on the size of a file (ulimit -f)"},
        Case{EMFILE, "error: x: write failed: Too many open files\n  help: raise the limit on open files (ulimit -n)"},
        Case{EACCES,
             "error: x: write failed: Permission denied\n  help: choose a place that this user may use, or change its "
             "permissions"},
        Case{
            EPERM,
            "error: x: write failed: Operation not permitted\n  help: choose a place that this user may use, or change "
            "its permissions"},
        Case{EROFS,
             "error: x: write failed: Read-only file system\n  help: choose a place on a file system that can be "
             "written"},
        Case{EIO,
             "error: x: write failed: Input/output error\n  help: look at the system's log (dmesg): the disk or its "
             "connection has failed"},
        Case{ENOENT, "error: x: write failed: No such file or directory"}}) {
    const dl::Error thrown = dl::io_error("x", "write", error);
    CHECK(thrown.what() == std::string(text));
    CHECK(thrown.exit() == dl::Exit::io);
  }
}
