// Files are read within bounds and appear whole or not at all.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "lib/base/error.h"
#include "tests/file_size_limit.h"
#include "tests/folder.h"

using namespace dl::testing;

TEST_CASE("what is written atomically is read back, and replaces what was there") {
  Folder folder;
  const std::string bytes("a\0b\n\xff", 5);
  dl::write_file_atomic(folder / "x", "an older and longer text");
  dl::write_file_atomic(folder / "x", bytes);
  CHECK(dl::read_file(folder / "x", 5) == bytes);
  CHECK(folder.names() == "x");
}

TEST_CASE("a file is not visible before its commit") {
  Folder folder;
  dl::AtomicFile file(folder / "x");
  file.append("first, ");
  file.append("second");
  CHECK_FALSE(std::filesystem::exists(folder / "x"));
  file.commit();
  CHECK(folder.text("x") == "first, second");
  CHECK(folder.names() == "x");
}

TEST_CASE("a file that is never committed leaves the old one and no temporary") {
  Folder folder;
  folder.write("x", "old");
  {
    dl::AtomicFile file(folder / "x");
    file.append("new");
    CHECK(folder.names() != "x");
  }
  CHECK(folder.text("x") == "old");
  CHECK(folder.names() == "x");
}

TEST_CASE("two writers of one name do not mix") {
  Folder folder;
  dl::AtomicFile one(folder / "x"), two(folder / "x");
  one.append("one");
  two.append("two");
  one.commit();
  two.commit();
  CHECK(folder.text("x") == "two");
  CHECK(folder.names() == "x");
}

TEST_CASE("a write that fails says how much was asked and leaves the old file") {
  Folder folder;
  folder.write("x", "old");
  {
    const FileSizeLimit limit(1000);
    CHECK(error_text([&] { dl::write_file_atomic(folder / "x", std::string(5000, 'a')); }) ==
          "error: " + (folder / "x").string() +
              ": write of 5000 bytes failed: File too large\n"
              "  help: raise the limit on the size of a file (ulimit -f)");
  }
  CHECK(folder.text("x") == "old");
  CHECK(folder.names() == "x");
}

TEST_CASE("a name in a folder that is missing cannot be written") {
  Folder folder;
  CHECK(error_text([&] { dl::write_file_atomic(folder / "no/x", "a"); }) ==
        "error: " + (folder / "no/x").string() +
            ": open for writing failed: No such file or directory\n  help: make the folder '" +
            (folder / "no").string() + "', or name another place");
}

TEST_CASE("a missing file is named") {
  Folder folder;
  CHECK(error_text([&] { dl::read_file(folder / "none", 10); }) ==
        "error: " + (folder / "none").string() + ": open for reading failed: No such file or directory");
}

TEST_CASE("a file above the bound is not read") {
  Folder folder;
  folder.write("x", "12345");
  CHECK(error_text([&] { dl::read_file(folder / "x", 4); }) ==
        "error: " + (folder / "x").string() + ": expected at most 4 bytes, found 5");
}

TEST_CASE("an end that comes too early is an error") {
  Folder folder;
  folder.write("x", "12345");
  const dl::InputFile file(folder / "x");
  CHECK(file.size_bytes() == 5);
  char bytes[4];
  file.read(1, bytes, 4);
  CHECK(std::string(bytes, 4) == "2345");
  CHECK(error_text([&] { file.read(3, bytes, 4); }) ==
        "error: " + (folder / "x").string() +
            ": expected 4 bytes from byte 3 on, the file ends after 2 of them\n"
            "  help: get the file again: it is cut short");
}

TEST_CASE("what is not a regular file is refused at once, for reading and for writing") {
  Folder folder;
  ::mkfifo((folder / "pipe").c_str(), 0600);
  std::filesystem::create_directory(folder / "folder");
  std::filesystem::create_symlink("pipe", folder / "link");
  struct Case {
    std::string path, found;
  };
  for (const auto& [path, found] : {Case{folder / "pipe", "a pipe"}, Case{folder / "link", "a pipe"},
                                    Case{folder / "folder", "a folder"}, Case{"/dev/null", "a device"}}) {
    const std::string expected =
        "error: " + path + ": expected a regular file, found " + found + "\n  help: name a regular file";
    CHECK(error_text([&] { dl::read_file(path, 10); }) == expected);
    CHECK(error_text([&] { dl::write_file_atomic(path, "a"); }) == expected);
  }
  CHECK(folder.names() == "folder link pipe");
}

TEST_CASE("links that lead in a circle are an error") {
  Folder folder;
  std::filesystem::create_symlink("b", folder / "a");
  std::filesystem::create_symlink("a", folder / "b");
  CHECK(error_text([&] { dl::read_file(folder / "a", 10); }) ==
        "error: " + (folder / "a").string() + ": open for reading failed: Too many levels of symbolic links");
}

TEST_CASE("appending after the commit is our own mistake") {
  Folder folder;
  dl::AtomicFile file(folder / "x");
  file.commit();
  CHECK_THROWS_AS(file.append("late"), dl::CheckFailure);
  CHECK_THROWS_AS(file.commit(), dl::CheckFailure);
}
