// The device "cuda" put together, by its names, and what is said where a part is missing.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/parts.h"

#include <doctest/doctest.h>

#include "tests/device/cuda/emulated_driver.h"
#include "tests/device/cuda/fake_loader.h"
#include "tests/error_text.h"
#include "tests/folder.h"

using namespace dl;
using namespace dl::cuda;
using dl::testing::error_text;
using dl::testing::FakeLoader;

namespace {

bool works(const std::string& name) {
  try {
    return make_device(name, {}) != nullptr;
  } catch (const Error& error) {
    CHECK(error.exit() == Exit::usage);
    return false;
  }
}

}  // namespace

TEST_CASE("'auto' is the GPU where one works, else the CPU") {
  CHECK(make_device("auto", {.threads = 1})->name() == (works("cuda") ? "cuda" : "cpu"));
}

TEST_CASE("a number belongs to the name of a GPU, and to no other device's") {
  CHECK(works("cuda:0") == works("cuda"));
  for (const std::string name : {"cpu:1", "cuda:", "cuda:x", "cuda:1:2", "cuda:16", ":", "", "auto:1"})
    CHECK(error_text([&] {
            make_device(name, {});
          }).starts_with("error: trainer.device: unknown device '" + name + "'\n"));
}

TEST_CASE("without NVRTC the device 'cuda' names the file and the packages") {
  const FakeLoader nothing;
  Exit exit = Exit::done;
  CHECK(
      error_text([&] { find_parts(make_emulated_driver(), LibraryFinder({}, nothing), CubinCache({})); }, {}, &exit) ==
      "error: trainer.device: NVRTC, which compiles kernels for the GPU at hand, is not found\n"
      "  help: " +
          how_to_install(nvrtc_library(), cuda_of(*make_emulated_driver())) + ", or write 'cpu'");
  CHECK(exit == Exit::usage);
}

TEST_CASE("an NVRTC that is there and does not load is told with the reason") {
  const dl::testing::Folder folder;
  const int cuda = cuda_of(*make_emulated_driver());
  const std::string file = folder.path / concat("libnvrtc.so.", cuda);
  dl::testing::write(file, "");
  FakeLoader loader;
  loader.files[file] = {file, {}, file + ": file too short"};
  CHECK(error_text([&] {
          find_parts(make_emulated_driver(), LibraryFinder({folder.path}, loader), CubinCache({}));
        }).find("is not found\n  " + file + ": file too short\n  help: ") != std::string::npos);
}
