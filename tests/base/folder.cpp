// Folders are made once, renamed without replacing, and removed without following links.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/folder.h"

#include <doctest/doctest.h>

#include "tests/folder.h"

using namespace dl::testing;

TEST_CASE("a folder is made with those above it, and again") {
  Folder folder;
  dl::make_folders(folder / "a/b");
  dl::make_folders(folder / "a/b");
  CHECK(std::filesystem::is_directory(folder / "a/b"));
}

TEST_CASE("a folder's own name is that of the folder, however it is reached") {
  Folder folder;
  dl::make_folders(folder / "a/b");
  CHECK(dl::name_of_folder("runs/a") == "a");
  CHECK(dl::name_of_folder("runs/a/") == "a");
  CHECK(dl::name_of_folder(folder / "a/b/..") == "a");
  CHECK(dl::name_of_folder(folder / "a/.") == "a");
  CHECK(dl::name_of_folder(".") == std::filesystem::current_path().filename());
  CHECK(dl::name_of_folder("") == std::filesystem::current_path().filename());
  CHECK(dl::name_of_folder(folder / "none/..") == "");
}

TEST_CASE("a folder cannot be made where a file is") {
  Folder folder;
  folder.write("a", "");
  CHECK(error_text([&] { dl::make_folders(folder / "a"); }) ==
        "error: " + (folder / "a").string() + ": making the folder failed: Not a directory\n  help: '" +
            (folder / "a").string() + "' is no folder; name another place");
  CHECK(error_text([&] { dl::make_folders(folder / "a/b"); }) ==
        "error: " + (folder / "a/b").string() + ": making the folder failed: Not a directory\n  help: '" +
            (folder / "a").string() + "' is no folder; name another place");
}

TEST_CASE("a new folder is made by one only") {
  Folder folder;
  CHECK(dl::make_new_folder(folder / "a"));
  CHECK_FALSE(dl::make_new_folder(folder / "a"));
  CHECK(error_text([&] { dl::make_new_folder(folder / "no/a"); }) ==
        "error: " + (folder / "no/a").string() +
            ": making the folder failed: No such file or directory\n  help: make the folder '" +
            (folder / "no").string() + "', or name another place");
}

TEST_CASE("a folder is renamed with what it holds") {
  Folder folder;
  dl::make_folders(folder / "a");
  folder.write("a/x", "text");
  dl::rename_folder(folder / "a", folder / "b");
  CHECK(folder.names() == "b");
  CHECK(folder.text("b/x") == "text");
}

TEST_CASE("a rename replaces nothing, not even an empty folder") {
  Folder folder;
  dl::make_folders(folder / "a");
  dl::make_folders(folder / "b");
  CHECK(error_text([&] { dl::rename_folder(folder / "a", folder / "b"); }) ==
        "error: " + (folder / "b").string() + ": rename from " + (folder / "a").string() + " failed: File exists");
  CHECK(folder.names() == "a b");
}

TEST_CASE("removing a tree removes links and not what they lead to") {
  Folder folder;
  dl::make_folders(folder / "kept");
  folder.write("kept/x", "text");
  dl::make_folders(folder / "gone/deep");
  std::filesystem::create_directory_symlink(folder / "kept", folder / "gone/deep/link");
  dl::remove_tree(folder / "gone");
  dl::remove_tree(folder / "gone");
  CHECK(folder.names() == "kept");
  CHECK(folder.text("kept/x") == "text");
}

TEST_CASE("the names in a folder are made durable, also in the current one") {
  Folder folder;
  dl::fsync_folder(folder.path);
  dl::fsync_folder("");
  CHECK(error_text([&] { dl::fsync_folder(folder / "none"); }) ==
        "error: " + (folder / "none").string() + ": open of the folder failed: No such file or directory");
}

TEST_CASE("the names in a folder are sorted; a missing folder has none, what is no folder is an error") {
  Folder folder;
  folder.write("b", "");
  folder.write("a", "");
  CHECK(dl::names_in(folder / "") == std::vector<std::string>{"a", "b"});
  CHECK(dl::names_in(folder / "none").empty());
  CHECK(error_text([&] { dl::names_in(folder / "a"); }) ==
        "error: " + (folder / "a").string() + ": reading the folder failed: Not a directory\n  help: '" +
            (folder / "a").string() + "' is no folder; name another place");
}

TEST_CASE("a link is told from a file, and one that stays within the folder from one that leaves it") {
  Folder folder;
  dl::make_folders(folder / "in");
  folder.write("out", "");
  folder.write("in/file", "");
  std::filesystem::create_symlink("file", folder / "in/inside");
  std::filesystem::create_symlink("../out", folder / "in/outside");
  std::filesystem::create_symlink("nothing", folder / "in/nowhere");
  for (const auto& [name, leads_out] :
       {std::pair{"in/file", false}, {"in/inside", false}, {"in/outside", true}, {"in/nowhere", true}})
    CHECK(dl::leads_out_of(folder / "in", folder / name) == leads_out);
}
