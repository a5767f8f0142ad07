// Loading a library by hand, so that what decides its kernels is set before it looks.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/blas.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/device/cpu/isa.h"

namespace dl {
namespace {

// Found at build time, or else OpenBLAS by the name that it is installed under.
#ifdef DLCLI_BLAS_LIBRARY
constexpr const char* openblas_file = DLCLI_BLAS_LIBRARY;
#else
constexpr const char* openblas_file = "libopenblas.so.0";
#endif

struct Known {
  std::string name, title;
  std::vector<const char*> files;  // the first that loads is taken
};

const std::vector<Known>& known() {
  static const std::vector<Known> all = {
      {"openblas", "OpenBLAS", {openblas_file, "libopenblas.so.0"}},
      {"mkl", "MKL", {"libmkl_rt.so.2", "libmkl_rt.so.1", "libmkl_rt.so"}},
      {"blis", "BLIS", {"libblis.so.4", "libblis.so.3", "libblis.so", "libblis-mt.so"}},
  };
  return all;
}

// OpenBLAS' own names. Zen's kernels are its AVX2 ones, SkylakeX' the AVX-512 ones for any vendor.
const char* core_type() {
  switch (best_isa()) {
    case Isa::avx512: return "SkylakeX";
    case Isa::avx2: return "Haswell";
    case Isa::portable: return nullptr;
  }
  return nullptr;
}

using CoreName = char* (*)();
using Sgemm = void (*)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float* a,
                       int lda, const float* b, int ldb, float beta, float* c, int ldc);

// What libraries say of their version; empty where they say nothing.
std::string version_of(void* library) {
  if (void* config = dlsym(library, "openblas_get_config")) {  // "OpenBLAS 0.3.21 NO_LAPACKE …"
    const std::string all = reinterpret_cast<char* (*)()>(config)();
    return all.substr(0, all.find(' ', std::min(all.find(' '), all.size() - 1) + 1));
  }
  if (void* version = dlsym(library, "bli_info_get_version_str"))
    return concat("BLIS ", reinterpret_cast<const char* (*)()>(version)());
  if (void* version = dlsym(library, "MKL_Get_Version_String")) {
    char text[256] = {};
    reinterpret_cast<void (*)(char*, int)>(version)(text, sizeof text - 1);
    return std::string(trim(text));
  }
  return {};
}

// The file that a function lies in, and its size.
std::string file_of(const void* function) {
  Dl_info found;
  if (dladdr(function, &found) == 0 || found.dli_fname == nullptr) return {};
  std::error_code unreadable;
  const std::filesystem::path file = std::filesystem::canonical(found.dli_fname, unreadable);
  if (unreadable) return found.dli_fname;
  return concat(file.string(), " of ", std::filesystem::file_size(file, unreadable), " bytes");
}

}  // namespace

struct Blas::Load {
  Blas blas;
  std::string failure;
};

std::span<const std::string> Blas::names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names;
    for (const Known& library : known()) names.push_back(library.name);
    return names;
  }();
  return all;
}

const Blas::Load& Blas::load(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, Load> loaded;
  const std::lock_guard lock(mutex);
  const auto [entry, is_new] = loaded.try_emplace(name);
  Load& l = entry->second;
  if (!is_new) return l;
  if (const char* core = core_type()) setenv("OPENBLAS_CORETYPE", core, 0);
  for (const char* threads : {"OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"}) setenv(threads, "1", 1);
  setenv("MKL_THREADING_LAYER", "SEQUENTIAL", 0);
  const auto found = std::ranges::find(known(), name, &Known::name);
  const std::vector<const char*> files = found != known().end() ? found->files : std::vector{name.c_str()};
  l.blas.title_ = l.blas.name_ = found != known().end() ? found->title : name;
  for (const char* file : files) {
    void* library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      if (l.failure.empty()) l.failure = concat(l.blas.title_, " does not load: ", dlerror());
      continue;
    }
    l.failure.clear();
    l.blas.sgemm_ = dlsym(library, "cblas_sgemm");
    if (l.blas.sgemm_ == nullptr) l.failure = concat(file, " has no cblas_sgemm");
    void* core = dlsym(library, "openblas_get_corename");
    l.blas.core_ = core != nullptr ? reinterpret_cast<CoreName>(core)() : file;
    if (core != nullptr) l.blas.title_ += concat(" with ", l.blas.core_, " kernels");
    if (l.failure.empty())
      l.blas.identity_ = concat(version_of(library), " ", l.blas.core_, " ", file_of(l.blas.sgemm_));
    // A line in which tabs divide what it holds.
    std::ranges::replace_if(
        l.blas.identity_, [](char c) { return c == '\t' || c == '\n'; }, ' ');
    break;
  }
  return l;
}

std::string Blas::own_choice() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    unsetenv("OPENBLAS_CORETYPE");
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void* library = dlopen(openblas_file, RTLD_NOW | RTLD_LOCAL);
    void* name = library != nullptr ? dlsym(library, "openblas_get_corename") : nullptr;
    const std::string_view core = name != nullptr ? reinterpret_cast<CoreName>(name)() : "";
    _exit(write(ends[1], core.data(), core.size()) < 0);
  }
  close(ends[1]);
  char text[64];
  const ssize_t length = child > 0 ? read(ends[0], text, sizeof text) : 0;
  close(ends[0]);
  if (child > 0) waitpid(child, nullptr, 0);
  return {text, length > 0 ? static_cast<size_t>(length) : 0};
}

const Blas* Blas::find(const std::string& name) {
  const Load& l = load(name);
  return l.failure.empty() ? &l.blas : nullptr;
}

std::string Blas::description(const std::string& name) {
  const Load& l = load(name);
  return l.failure.empty() ? l.blas.title_ : l.failure;
}

void Blas::sgemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
                 const float* b, int64_t ldb, float* c, int64_t ldc, bool accumulate) const {
  constexpr int row_major = 101, plain = 111, transposed = 112;
  reinterpret_cast<Sgemm>(sgemm_)(row_major, transpose_a ? transposed : plain, transpose_b ? transposed : plain,
                                  static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), 1.0f, a,
                                  static_cast<int>(lda), b, static_cast<int>(ldb), accumulate ? 1.0f : 0.0f, c,
                                  static_cast<int>(ldc));
}

}  // namespace dl
