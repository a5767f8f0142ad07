// A log grows by whole texts and can be cut back.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/append_file.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>

#include "tests/folder.h"

using namespace dl::testing;

TEST_CASE("a log is made, grows, and goes on where it was when opened again") {
  Folder folder;
  {
    dl::AppendFile log(folder / "log");
    log.append("one\n");
    log.sync();
    CHECK(log.size_bytes() == 4);
  }
  dl::AppendFile log(folder / "log");
  CHECK(log.size_bytes() == 4);
  log.append("two\n");
  CHECK(folder.text("log") == "one\ntwo\n");
}

TEST_CASE("a log is cut back to a length and goes on from there") {
  Folder folder;
  dl::AppendFile log(folder / "log");
  log.append("one\ntwo\nthr");
  log.truncate(4);
  log.append("2\n");
  CHECK(folder.text("log") == "one\n2\n");
  CHECK(log.size_bytes() == 6);
}

TEST_CASE("a log that is shorter than the length to keep is an error") {
  Folder folder;
  dl::AppendFile log(folder / "log");
  log.append("one\n");
  CHECK(error_text([&] { log.truncate(5); }) ==
        "error: " + (folder / "log").string() +
            ": expected at least 5 bytes, found 4\n"
            "  help: put back the file that was written together with the checkpoint");
}

TEST_CASE("a text that does not fit leaves no part of itself") {
  Folder folder;
  dl::AppendFile log(folder / "log");
  log.append("one\n");
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limit{10, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const std::string text = error_text([&] { log.append("two and more\n"); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  CHECK(text == "error: " + (folder / "log").string() +
                    ": write of 13 bytes failed: File too large\n"
                    "  help: raise the limit on the size of a file (ulimit -f)");
  CHECK(folder.text("log") == "one\n");
  log.append("two\n");
  CHECK(folder.text("log") == "one\ntwo\n");
}
