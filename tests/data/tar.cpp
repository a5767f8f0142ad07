// Tar archives: every form that programs write, and what is broken.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/file/tar.h"

#include <doctest/doctest.h>

#include "tests/data/sets_for_test.h"
#include "tests/data/tar_for_test.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("names of every length and sizes of every form are read") {
  Folder folder;
  const std::string deep = "a/" + std::string(90, 'b') + "/" + std::string(60, 'c'), longer = std::string(300, 'd');
  folder.write("a.tar", tar_entry("short", "1") + tar_entry("folder/", "", '5') + tar_ustar_entry(deep, "22") +
                            tar_gnu_entry(longer + ".x", "333") + tar_pax_entry(longer + ".y", "4444") +
                            tar_entry("link", "", '2') + tar_entry("last", std::string(513, 'e')) + tar_end());
  const TarFile tar(folder / "a.tar");
  std::vector<std::string> names, contents;
  for (auto entry = tar.entry(0); entry; entry = tar.entry(entry->next)) {
    names.push_back(entry->name);
    contents.push_back(tar.contents(*entry, 1000));
    CHECK(tar.entry(entry->at)->name == entry->name);
  }
  CHECK(names == std::vector<std::string>{"short", deep, longer + ".x", longer + ".y", "last"});
  CHECK(contents == std::vector<std::string>{"1", "22", "333", "4444", std::string(513, 'e')});
}

TEST_CASE("archives that are mutated never crash, and what is read is bounded") {
  Folder folder;
  const std::string good = tar_entry("a.png", png(2, 1, 1, "ab")) + tar_pax_entry(std::string(120, 'a') + ".cls", "1") +
                           tar_gnu_entry("b.png", png(2, 1, 1, "cd")) + tar_entry("b.cls", "1") + tar_end();
  int read = 0, wrong = 0;
  for (size_t at = 0; at < good.size(); at += 3)
    for (const int change : {0, 1, 2}) {
      std::string bad = change == 0 ? good.substr(0, at) : good;
      if (change > 0) bad[at] = static_cast<char>(bad[at] ^ (change == 1 ? 0x80 : 0x01));
      if (change > 0 && at % 512 < 257) mend_sum(bad, at / 512 * 512);  // so that more than the sum is looked at
      folder.write("a.tar", bad);
      try {
        const TarFile tar(folder / "a.tar");
        for (auto entry = tar.entry(0); entry; entry = tar.entry(entry->next)) tar.contents(*entry, 1 << 20);
        ++read;
      } catch (const Error&) {
        ++wrong;
      }
    }
  CHECK(read > 100);
  CHECK(wrong > 100);
}
