// Who may include whom: the table in lib/README.md, and the one home of each library.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/paths.h"
#include "tests/structure/sources.h"

namespace {

const std::vector<std::string> sources = {".cpp", ".h"};

enum class Reader { all_below, itself, itself_and_app, nobody };

struct Folder {
  std::string name;
  int row = 0;
  Reader reader = Reader::all_below;
};

// The rows of the table whose first column names folders.
std::vector<Folder> table() {
  static const std::regex row_form(R"(\| (`[^|]*) \|[^|]*\| ([a-z ]+) \|)"), name_form("`([^`]+)`");
  static const std::map<std::string, Reader> readers = {{"all below", Reader::all_below},
                                                        {"itself", Reader::itself},
                                                        {"itself and app", Reader::itself_and_app},
                                                        {"nobody", Reader::nobody}};
  std::vector<Folder> folders;
  int row = 0;
  for (const std::string& line : lines_of("lib/README.md")) {
    std::smatch match;
    if (!std::regex_match(line, match, row_form)) continue;
    ++row;
    const std::string names = match[1];
    for (std::sregex_iterator name(names.begin(), names.end(), name_form), end; name != end; ++name)
      folders.push_back({.name = (*name)[1], .row = row, .reader = readers.at(match[2])});
  }
  return folders;
}

// The folder of the table that a file belongs to: the one with the longest name; null where there is none.
const Folder* folder_of(const std::vector<Folder>& folders, const std::string& file) {
  const Folder* found = nullptr;
  for (const Folder& folder : folders)
    if (file.starts_with(folder.name + "/") && (!found || folder.name.size() > found->name.size())) found = &folder;
  return found;
}

// "" where the include is allowed, else why not.
std::string objection(const Folder& from, const Folder& to, const Include& include) {
  const bool same = from.name == to.name;
  if (to.reader == Reader::nobody) {
    const std::filesystem::path source = include.file, header = include.name;
    return same && source.stem() == header.stem() ? "" : to.name + " is included by nobody";
  }
  if (same) return "";
  if (to.reader == Reader::itself_and_app && from.name.starts_with("app")) return "";
  if (to.reader != Reader::all_below) return to.name + " is not for other folders";
  return to.row < from.row ? "" : to.name + " is not above " + from.name;
}

std::vector<std::string> library_files() {
  std::vector<std::string> files = files_under("lib", sources);
  const std::vector<std::string> app = files_under("app", sources);
  files.insert(files.end(), app.begin(), app.end());
  return files;
}

}  // namespace

TEST_CASE("a folder includes only itself and folders above it in the table") {
  const std::vector<Folder> folders = table();
  REQUIRE(folders.size() > 15);
  for (const std::string& file : library_files()) {
    const Folder* from = folder_of(folders, file);
    CHECK_MESSAGE(from, file, ": its folder is not in the table of lib/README.md");
    if (!from) continue;
    for (const Include& include : includes_of(file)) {
      if (!include.quoted) continue;
      const Folder* to = folder_of(folders, include.name);
      CHECK_MESSAGE(to, include.place(), ": \"", include.name, "\" is not a header by its full path");
      if (!to) continue;
      const std::string why = objection(*from, *to, include);
      CHECK_MESSAGE(why.empty(), include.place(), ": \"", include.name, "\": ", why);
    }
  }
}

TEST_CASE("the table names only folders there are, and the build links them in its order") {
  const std::string build = text_of("CMakeLists.txt");
  std::smatch match;
  REQUIRE(std::regex_search(build, match, std::regex(R"(set\(dlcli_folders ([a-z ]+)\))")));
  std::istringstream names(match[1]);
  std::vector<std::string> linked, listed;
  for (std::string name; names >> name;) linked.push_back("lib/" + name);
  for (const Folder& folder : table()) {
    CHECK_MESSAGE(std::filesystem::is_directory(std::filesystem::path(dl::testing::source_dir()) / folder.name),
                  folder.name);
    const std::string library = folder.name.substr(0, folder.name.find('/', 4));
    if (library.starts_with("lib/") && std::ranges::count(listed, library) == 0) listed.push_back(library);
  }
  CHECK(linked == listed);
}

TEST_CASE("what makes a model knows no device") {
  for (const std::string folder : {"nn", "layers", "losses", "metrics", "optim"})
    for (const std::string& file : files_under("lib/" + folder, sources))
      for (const Include& include : includes_of(file))
        CHECK_MESSAGE((!include.name.starts_with("lib/device/") && !include.name.starts_with("lib/comm/")),
                      include.place(), ": \"", include.name, "\"");
}

TEST_CASE("each library is used in its own place only") {
  struct Home {
    std::string header, folder;
  };
  for (const auto& [header, folder] :
       {Home{"yaml-cpp/", "lib/spec/"}, Home{"CLI/", "app/"}, Home{"spdlog/", "lib/train/kept/text_log.cpp"},
        Home{"stb", "lib/data/"}, Home{"zlib", "lib/data/"}, Home{"jpeglib", "lib/data/"}, Home{"png.h", "lib/data/"},
        Home{"pugixml", "lib/data/readers/voc.cpp"}, Home{"cblas", "lib/device/cpu/"}})
    for (const std::string& file : library_files())
      for (const Include& include : includes_of(file))
        if (include.name.starts_with(header))
          CHECK_MESSAGE(include.file.starts_with(folder), include.place(), ": <", include.name, "> belongs to ",
                        folder);
}

TEST_CASE("sources compiled for newer processors include no standard header with inline code") {
  std::set<std::string> seen;
  std::vector<std::string> open = files_under("lib/device/cpu/simd", sources);
  while (!open.empty()) {
    const std::string file = open.back();
    open.pop_back();
    if (!seen.insert(file).second) continue;
    for (const Include& include : includes_of(file)) {
      if (include.quoted) {
        open.push_back(include.name);
      } else {
        const std::set<std::string> allowed = {"cstddef", "cstdint", "immintrin.h", "emmintrin.h"};
        CHECK_MESSAGE(allowed.contains(include.name), include.place(), ": <", include.name, ">");
      }
    }
  }
}
