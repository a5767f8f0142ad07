// Where NVIDIA's libraries are found, and what is said where they are not.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/library.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/device/cuda/fake_loader.h"
#include "tests/folder.h"

using namespace dl;
using namespace dl::cuda;
using dl::testing::error_text;
using dl::testing::FakeLoader;
using dl::testing::Folder;
using dl::testing::symbol_of;

namespace fs = std::filesystem;

namespace {

FakeLoader::File nvrtc_13(const std::string& path) {
  return {path,
          {{"nvrtcVersion", symbol_of(+[](int* major, int* minor) {
              *major = 13, *minor = 2;
              return 0;
            })}},
          ""};
}
FakeLoader::File nvrtc_12(const std::string& path) {
  return {path,
          {{"nvrtcVersion", symbol_of(+[](int* major, int* minor) {
              *major = 12, *minor = 8;
              return 0;
            })}},
          ""};
}

std::vector<std::string> folders_below(const fs::path& root, const std::map<std::string, std::string>& variables) {
  std::vector<std::string> all;
  const Variable variable = [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  };
  for (const fs::path& path : library_folders(variable, root / "venv/bin/dlcli", root))
    all.push_back(fs::relative(path, root).string());
  return all;
}

}  // namespace

TEST_CASE("a library is taken from the loader's path, whose newest fits the driver") {
  FakeLoader loader;
  loader.files = {{"libnvrtc.so.13", nvrtc_13("/lib/libnvrtc.so.13")},
                  {"libnvrtc.so.12", nvrtc_12("/lib/libnvrtc.so.12")}};
  const LibraryFinder finder({}, loader);
  const FoundLibrary newest = finder.find(nvrtc_library(), 13), older = finder.find(nvrtc_library(), 12);
  REQUIRE((newest.library && older.library));
  CHECK(newest.library->path == "/lib/libnvrtc.so.13");
  CHECK(newest.library->version == "13.2");
  CHECK(older.library->path == "/lib/libnvrtc.so.12");
  CHECK(older.library->version == "12.8");
  CHECK(!finder.find(nvrtc_library(), 11).library);
}

TEST_CASE("a library of the driver's own version is looked for in all folders before an older one") {
  const Folder folder;
  const std::string old_file = folder.path / "old/libnvrtc.so.12", new_file = folder.path / "new/libnvrtc.so.13";
  for (const std::string& file : {old_file, new_file}) dl::testing::write(file, "");
  FakeLoader loader;
  loader.files = {{old_file, nvrtc_12(old_file)}, {new_file, nvrtc_13(new_file)}};
  const LibraryFinder finder({folder.path / "old", folder.path / "new"}, loader);
  REQUIRE(finder.find(nvrtc_library(), 13).library);
  CHECK(finder.find(nvrtc_library(), 13).library->path == new_file);
  CHECK(finder.find(nvrtc_library(), 12).library->path == old_file);
}

TEST_CASE("a file that does not load is told, and the next one taken") {
  const Folder folder;
  const std::string broken = folder.path / "a/libnvrtc.so.13", whole = folder.path / "b/libnvrtc.so.13";
  for (const std::string& file : {broken, whole}) dl::testing::write(file, "");
  FakeLoader loader;
  loader.files = {{broken, {broken, {}, broken + ": file too short"}}, {whole, nvrtc_13(whole)}};
  const FoundLibrary found = LibraryFinder({folder.path / "a", folder.path / "b"}, loader).find(nvrtc_library(), 13);
  REQUIRE(found.library);
  CHECK(found.library->path == whole);
  CHECK(found.refused == std::vector{broken + ": file too short"});
}

TEST_CASE("the system's loader says why a file is no library, and finds functions of one that is") {
  const Folder folder;
  const std::string broken = folder.path / "libnvrtc.so.11";
  dl::testing::write(broken, "no library");
  std::string why;
  CHECK(system_loader().open(broken, why) == nullptr);
  CHECK(why.find("libnvrtc.so.11") != std::string::npos);
  void* libc = system_loader().open("libc.so.6", why);
  REQUIRE(libc != nullptr);
  const Library library(libc, system_loader());
  CHECK(fs::path(library.path).filename() == "libc.so.6");
  CHECK(library.symbol("strlen") != nullptr);
  CHECK(error_text([&] { library.symbol("no_such_function"); }, {{library.path, "libc.so.6"}}) ==
        "error: trainer.device: libc.so.6 has no function no_such_function\n  help: install a newer version of it");
}

TEST_CASE("folders are those that the environment names, wheels, then toolkits, the newest first") {
  const Folder root;
  const std::string site = "lib/python3.11/site-packages/nvidia/";
  for (const std::string folder : {"cuda/lib64", "usr/local/cuda-9.2/lib64", "usr/local/cuda-13.0/lib64",
                                   "usr/local/cuda-12.8/lib64", "opt/cuda/lib64", "cudnn/lib"})
    fs::create_directories(root.path / folder);
  for (const std::string folder : {"cu13/lib", "cudnn/lib", "cublas/lib"}) {
    fs::create_directories(root.path / "venv" / site / folder);
    fs::create_directories(root.path / "other" / site / folder);
  }
  fs::create_directory_symlink(root.path / "usr/local/cuda-13.0", root.path / "usr/local/cuda");
  CHECK(folders_below(root.path, {}) ==
        std::vector<std::string>{"venv/" + site + "cu13/lib", "venv/" + site + "cublas/lib",
                                 "venv/" + site + "cudnn/lib", "usr/local/cuda-13.0/lib64", "usr/local/cuda-12.8/lib64",
                                 "usr/local/cuda-9.2/lib64", "opt/cuda/lib64"});
  const std::vector<std::string> named = folders_below(
      root.path,
      {{"CUDA_HOME", root.path / "cuda"}, {"CUDNN_HOME", root.path / "cudnn"}, {"VIRTUAL_ENV", root.path / "other"}});
  REQUIRE(named.size() == 12);
  CHECK(std::vector(named.begin(), named.begin() + 3) ==
        std::vector<std::string>{"cuda/lib64", "cudnn/lib", "other/" + site + "cu13/lib"});
}

TEST_CASE("what is missing is said with the packages that bring it for this driver") {
  CHECK(
      how_to_install(nvrtc_library(), 13) ==
      "install libnvrtc.so.13: the package cuda-nvrtc-13-0 of NVIDIA's repository, or 'pip install nvidia-cuda-nvrtc' "
      "in the Python environment that is active, or load your cluster's module of CUDA 13");
  CHECK(
      how_to_install(cudnn_library(), 12) ==
      "install libcudnn.so.9: the package libcudnn9-cuda-12 of NVIDIA's repository, or 'pip install nvidia-cudnn-cu12' "
      "in the Python environment that is active, or load your cluster's module of CUDA 12");
}

TEST_CASE("libraries say their version as three numbers") {
  FakeLoader loader;
  loader.files = {
      {"libcublasLt.so.13", {"/b", {{"cublasLtGetVersion", symbol_of(+[] { return size_t{130100}; })}}, ""}},
      {"libcudnn.so.9", {"/d", {{"cudnnGetVersion", symbol_of(+[] { return size_t{91900}; })}}, ""}},
      {"libnccl.so.2",
       {"/n",
        {{"ncclGetVersion", symbol_of(+[](int* version) {
            *version = 22809;
            return 0;
          })}},
        ""}}};
  const LibraryFinder finder({}, loader);
  const auto version = [&](const LibraryKind& kind) { return finder.find(kind, 13).library->version; };
  CHECK(version(cublas_lt_library()) == "13.1.0");
  CHECK(version(cudnn_library()) == "9.19.0");
  CHECK(version(nccl_library()) == "2.28.9");
}
