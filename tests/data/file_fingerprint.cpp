// Fingerprints of files that are hashed whole, and of ones that are too large for that.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/file/file_fingerprint.h"

#include <doctest/doctest.h>

#include <fstream>

#include "tests/folder.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("the fingerprint of a file tells apart contents, at the ends of a large one too, and sizes") {
  Folder folder;
  const std::filesystem::path file = folder / "a.bin";
  for (const uint64_t size : {uint64_t{1}, uint64_t{40'000}, (uint64_t{70} << 20) + 12'345}) {
    CAPTURE(size);
    folder.write("a.bin", "");
    std::filesystem::resize_file(file, size);  // zeros that take no room
    const uint64_t zeros = file_fingerprint(InputFile(file));
    CHECK(file_fingerprint(InputFile(file)) == zeros);
    for (const uint64_t at : {uint64_t{0}, size - 1}) {
      std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekp(static_cast<std::streamoff>(at));
      stream.put('x');
      stream.close();
      CHECK(file_fingerprint(InputFile(file)) != zeros);
      stream.open(file, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekp(static_cast<std::streamoff>(at));
      stream.put('\0');
    }
    std::filesystem::resize_file(file, size + 1);
    CHECK(file_fingerprint(InputFile(file)) != zeros);
  }
}

TEST_CASE("the fingerprint of many files follows the contents and the size of each") {
  Folder folder;
  const auto fingerprint = [&] { return files_fingerprint(5, [&](int64_t i) { return folder / std::to_string(i); }); };
  const auto write = [&](const std::string& name, const std::string& text, uint64_t bytes) {
    folder.write(name, text);
    std::filesystem::resize_file(folder / name, bytes);  // zeros that take no room
  };
  for (const uint64_t bytes : {uint64_t{1000}, uint64_t{20} << 20}) {  // whole, and in parts
    CAPTURE(bytes);
    for (int i = 0; i < 5; ++i) write(std::to_string(i), "", i == 2 ? 0 : bytes);
    const uint64_t zeros = fingerprint();
    CHECK(fingerprint() == zeros);
    for (const std::string name : {"0", "1", "3", "4"}) {
      CAPTURE(name);
      write(name, std::string(40'000, 'a'), bytes);
      const uint64_t a = fingerprint();
      write(name, std::string(40'000, 'b'), bytes);
      CHECK(fingerprint() != a);
      CHECK(a != zeros);
      write(name, "", bytes);
    }
    write("2", "", bytes);
    write("3", "", 0);
    CHECK(fingerprint() != zeros);
    std::filesystem::remove(folder / "3");
    fingerprint();  // one that is gone is no error
  }
}
