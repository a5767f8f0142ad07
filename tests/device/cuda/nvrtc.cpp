// NVRTC, the real one where it is found and one of the test: what it is given, what becomes of it, what is said.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/nvrtc.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "lib/device/cuda/kernel_texts.h"
#include "tests/device/cuda/cubin.h"
#include "tests/device/cuda/fake_loader.h"
#include "tests/device/cuda/real_nvrtc.h"
#include "tests/folder.h"
#include "tests/paths.h"

using namespace dl;
using namespace dl::cuda;
using dl::testing::error_text;
using dl::testing::FakeLoader;
using dl::testing::Folder;
using dl::testing::real_nvrtc;
using dl::testing::symbol_of;
using dl::testing::text_of;

namespace fs = std::filesystem;

namespace {

Code doubling(const std::string& name = "doubling") {
  return {
      .source = {.text =
                     "struct Doubling {\n  float* x;\n};\ntemplate <class Thread>\nvoid twice(const Thread& t, const "
                     "Doubling& p) {\n  p.x[t.index()] *= 2;\n}\n",
                 .call = "twice",
                 .arguments = "Doubling",
                 .threads = 128,
                 .blocks_per_sm = 4},
      .name = name};
}

// What the NVRTC of the test is told, and what it answers.
struct Told {
  int compiled = 0, result = 0, image_result = 0;
  std::string text, options, log;
  std::vector<std::string> headers;
  std::vector<int> architectures{75, 80, 86, 90, 100};
};
Told told;

FakeLoader fake_nvrtc() {
  FakeLoader::Symbols f;
  f["nvrtcVersion"] = symbol_of(+[](int* major, int* minor) { return *major = 13, *minor = 0, 0; });
  f["nvrtcGetErrorString"] = symbol_of(+[](int) { return "NVRTC_ERROR_COMPILATION"; });
  f["nvrtcGetNumSupportedArchs"] =
      symbol_of(+[](int* count) { return *count = static_cast<int>(told.architectures.size()), 0; });
  f["nvrtcGetSupportedArchs"] = symbol_of(+[](int* all) { return std::ranges::copy(told.architectures, all), 0; });
  f["nvrtcCreateProgram"] = symbol_of(
      +[](void** program, const char* text, const char*, int headers, const char* const*, const char* const* names) {
        *program = &told;
        told.text = text;
        told.headers.assign(names, names + headers);
        return 0;
      });
  f["nvrtcDestroyProgram"] = symbol_of(+[](void**) { return 0; });
  f["nvrtcCompileProgram"] = symbol_of(+[](void*, int count, const char* const* options) {
    ++told.compiled;
    told.options.clear();
    for (int i = 0; i < count; ++i) told.options += concat(i > 0 ? " " : "", options[i]);
    return told.result;
  });
  f["nvrtcGetProgramLogSize"] = symbol_of(+[](void*, size_t* bytes) { return *bytes = told.log.size() + 1, 0; });
  f["nvrtcGetProgramLog"] = symbol_of(+[](void*, char* log) { return std::strcpy(log, told.log.c_str()), 0; });
  f["nvrtcGetCUBINSize"] = symbol_of(+[](void*, size_t* bytes) { return *bytes = 5, 0; });
  f["nvrtcGetCUBIN"] = symbol_of(+[](void*, char* image) { return std::memcpy(image, "image", 5), told.image_result; });
  FakeLoader loader;
  loader.files["libnvrtc.so.13"] = {"/lib/libnvrtc.so.13", f, ""};
  return loader;
}

// Compiles `code` for a compute capability by the NVRTC of the test.
std::string compile(const Code& code, const CubinCache& cache = CubinCache(fs::path()), int major = 9, int minor = 0) {
  const FakeLoader loader = fake_nvrtc();
  Nvrtc nvrtc(LibraryFinder({}, loader).find(nvrtc_library(), 13).library, major, minor, cache);
  const Code* const all[] = {&code};
  return nvrtc.compile(all);
}

fs::path only_file(const fs::path& folder) {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator(folder)) all.push_back(entry.path());
  REQUIRE(all.size() == 1);
  return all[0];
}

}  // namespace

TEST_CASE("the kernels' headers are in the binary as they are in the sources") {
  size_t headers = 0;
  for (const auto& file : fs::directory_iterator(fs::path(dl::testing::source_dir()) / "lib/device/cuda/kernels")) {
    const std::string name = "lib/device/cuda/kernels/" + file.path().filename().string();
    const auto found =
        std::ranges::find(kernel_texts(), name, [](const KernelText& text) { return std::string(text.name); });
    REQUIRE_MESSAGE(found != kernel_texts().end(), name);
    CHECK_MESSAGE(found->text == text_of(file.path()), name);
    ++headers;
  }
  CHECK(headers == kernel_texts().size());
}

TEST_CASE("NVRTC gets the headers by name, an entry for each kernel, and the GPU's architecture") {
  told = {};
  const Code code = doubling();
  CHECK(compile(code) == "image");
  CHECK(told.text.find("#include \"lib/device/cuda/kernels/thread.h\"\n") == 0);
  CHECK(told.text.find(code.source.text) != std::string::npos);
  CHECK(told.text.find(
            "extern \"C\" __global__ void __launch_bounds__(128, 4) doubling(const __grid_constant__ Doubling p) {\n"
            "  twice(CudaThread(), p);\n}\n") != std::string::npos);
  CHECK(told.options == "--gpu-architecture=sm_90a --std=c++20 --device-as-default-execution-space");
  CHECK(std::ranges::count(told.headers, "lib/device/cuda/kernels/thread.h") == 1);
}

TEST_CASE("code is made for the GPU itself, or for the nearest before it that it runs") {
  const std::vector<std::pair<std::pair<int, int>, std::string>> expected = {
      {{8, 0}, "sm_80"}, {{8, 9}, "sm_86"}, {{9, 0}, "sm_90a"}, {{10, 0}, "sm_100a"}, {{10, 3}, "sm_100"}};
  for (const auto& [capability, architecture] : expected) {
    told = {};
    compile(doubling(), CubinCache(fs::path()), capability.first, capability.second);
    CHECK(told.options.find("--gpu-architecture=" + architecture + " ") == 0);
  }
  Exit exit = Exit::done;
  CHECK(error_text([] { compile(doubling(), CubinCache(fs::path()), 12, 0); }, {}, &exit) ==
        "error: trainer.device: NVRTC 13.0 makes no code for compute capability 12.0, which this GPU has\n"
        "  help: install a newer NVRTC, which knows this GPU: 'pip install --upgrade nvidia-cuda-nvrtc'");
  CHECK(exit == Exit::usage);
}

TEST_CASE("what was compiled is kept by all that decides it") {
  const Folder folder;
  const CubinCache cache(folder.path / "cubins");
  told = {};
  for (int i = 0; i < 3; ++i) CHECK(compile(doubling(), cache) == "image");
  CHECK(told.compiled == 1);
  compile(doubling("another"), cache);
  CHECK(told.compiled == 2);
  compile(doubling(), cache, 8, 0);
  CHECK(told.compiled == 3);
}

TEST_CASE("a damaged image of the cache is compiled anew") {
  const Folder folder;
  const CubinCache cache(folder.path / "cubins");
  told = {};
  compile(doubling(), cache);
  const std::string whole = text_of(only_file(folder.path / "cubins"));
  for (const std::string& damaged : {std::string(), whole.substr(0, 10), whole.substr(0, whole.size() - 1),
                                     "X" + whole.substr(1), std::string(100, '\0'), whole + "\n"}) {
    const int before = told.compiled;
    dl::testing::write(only_file(folder.path / "cubins"), damaged);
    CHECK(compile(doubling(), cache) == "image");
    CHECK(told.compiled == before + 1);
    CHECK(text_of(only_file(folder.path / "cubins")) == whole);
  }
}

TEST_CASE("a cache that cannot be written costs time, nothing else") {
  const Folder folder;
  dl::testing::write(folder.path / "file", "");
  told = {};
  for (int i = 0; i < 2; ++i) CHECK(compile(doubling(), CubinCache(folder.path / "file")) == "image");
  CHECK(told.compiled == 2);
}

TEST_CASE("of more images than the cache may hold the ones used last are kept") {
  const Folder folder;
  const std::string image(100, 'x');
  const CubinCache wide(folder.path), narrow(folder.path, 350);
  for (const char* key : {"a", "b", "c", "d"}) wide.write(key, image);
  const auto hours_ago = [&](const std::string& file, int hours) {
    fs::last_write_time(folder.path / file, fs::file_time_type::clock::now() - std::chrono::hours(hours));
  };
  hours_ago("a.cubin", 1), hours_ago("b.cubin", 4), hours_ago("c.cubin", 3), hours_ago("d.cubin", 2);
  dl::testing::write(folder.path / "notes.txt", std::string(1000, 'n'));  // not ours
  CHECK(narrow.read("b") == image);                                       // used just now
  narrow.write("e", image);
  for (const char* key : {"b", "e", "a"}) CHECK_MESSAGE(wide.read(key).has_value(), key);
  for (const char* key : {"c", "d"}) CHECK_MESSAGE(!wide.read(key).has_value(), key);
  CHECK(fs::exists(folder.path / "notes.txt"));
}

TEST_CASE("a text that does not compile is our fault, with the compiler's words and a file to read") {
  told = {.result = 6, .log = "dlcli.cu(3): error: expected a \";\"\n"};
  const std::string text = error_text<CheckFailure>([] { compile(doubling()); });
  CHECK(text.find("NVRTC 13.0 for sm_90a does not compile ") != std::string::npos);
  CHECK(text.find(": NVRTC_ERROR_COMPILATION\ndlcli.cu(3): error: expected a \";\"") != std::string::npos);
  const size_t begin = text.find("does not compile ") + 17;
  const fs::path kept = text.substr(begin, text.find(".cu:", begin) + 3 - begin);
  CHECK(text_of(kept) == told.text);
  fs::remove(kept);
}

TEST_CASE("an image that NVRTC refuses to give is an error, and not kept") {
  const Folder folder;
  const CubinCache cache(folder.path / "cubins");
  told = {.image_result = 1};
  CHECK(error_text([&] { compile(doubling(), cache); }) ==
        "error: NVRTC gives no image of what it has compiled: NVRTC_ERROR_COMPILATION");
  told = {};
  CHECK(compile(doubling(), cache) == "image");
  CHECK(told.compiled == 1);
}

TEST_CASE("an NVRTC whose second file is missing is named") {
  told = {.result = 7, .log = "nvrtc: error: failed to open libnvrtc-builtins.so.13.0."};
  Exit exit = Exit::done;
  CHECK(error_text([] { compile(doubling()); }, {}, &exit) ==
        "error: trainer.device: /lib/libnvrtc.so.13 finds no libnvrtc-builtins of its version: nvrtc: error: failed to "
        "open "
        "libnvrtc-builtins.so.13.0.\n"
        "  help: install NVRTC anew: both files are in one package");
  CHECK(exit == Exit::usage);
}

TEST_CASE("the real NVRTC makes kernels for each kind of GPU without having one") {
  const auto library = real_nvrtc();
  if (!library) return;
  for (const auto& [major, name] :
       std::vector<std::pair<int, std::string>>{{8, "sm_80"}, {9, "sm_90a"}, {10, "sm_100a"}}) {
    Nvrtc nvrtc(library, major, 0, CubinCache(fs::path()));
    CHECK(nvrtc.architecture() == name);
    const Code one = doubling("one"), other = doubling("other");
    const Code* const both[] = {&one, &other};
    const std::map<std::string, dl::testing::Resources> found = dl::testing::resources(nvrtc.compile(both));
    REQUIRE(found.size() == 2);
    CHECK(found.at("one").stack_bytes == 0);
    CHECK(found.at("one").registers > 0);
    CHECK(found.at("other").registers <= 16);
  }
}

TEST_CASE("the real NVRTC says what is wrong with a text") {
  const auto library = real_nvrtc();
  if (!library) return;
  Nvrtc nvrtc(library, 9, 0, CubinCache(fs::path()));
  Code broken = doubling();
  broken.source.call = "thrice";
  const Code* const all[] = {&broken};
  const std::string text = error_text<CheckFailure>([&] { nvrtc.compile(all); });
  CHECK(text.find("identifier \"thrice\" is undefined") != std::string::npos);
  const size_t begin = text.find("does not compile ") + 17;
  fs::remove(text.substr(begin, text.find(".cu:", begin) + 3 - begin));
}
