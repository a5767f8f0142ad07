// Loading OpenBLAS by hand, so that what decides its kernels is set before it looks.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/blas.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "lib/base/error.h"
#include "lib/device/cpu/isa.h"

namespace dl {
namespace {

// Found at build time, or else OpenBLAS by the name that it is installed under.
#ifdef DLCLI_BLAS_LIBRARY
constexpr const char* library_path = DLCLI_BLAS_LIBRARY;
#else
constexpr const char* library_path = "libopenblas.so.0";
#endif

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

}  // namespace

struct Blas::Load {
  Blas blas;
  std::string failure;
};

const Blas::Load& Blas::load() {
  static const Load loaded = [] {
    Load l;
    if (const char* core = core_type()) setenv("OPENBLAS_CORETYPE", core, 0);
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void* library = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      l.failure = concat("BLAS does not load: ", dlerror());
      return l;
    }
    l.blas.sgemm_ = dlsym(library, "cblas_sgemm");
    if (l.blas.sgemm_ == nullptr) l.failure = concat(library_path, " has no cblas_sgemm");
    void* name = dlsym(library, "openblas_get_corename");
    l.blas.core_ = name != nullptr ? reinterpret_cast<CoreName>(name)() : "unknown";
    return l;
  }();
  return loaded;
}

std::string Blas::own_choice() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    unsetenv("OPENBLAS_CORETYPE");
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void* library = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);
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

const Blas* Blas::find() { return load().failure.empty() ? &load().blas : nullptr; }

std::string Blas::description() {
  const Load& l = load();
  return l.failure.empty() ? concat("OpenBLAS with ", l.blas.core_, " kernels") : l.failure;
}

void Blas::sgemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
                 const float* b, int64_t ldb, float* c, int64_t ldc) const {
  constexpr int row_major = 101, plain = 111, transposed = 112;
  reinterpret_cast<Sgemm>(sgemm_)(row_major, transpose_a ? transposed : plain, transpose_b ? transposed : plain,
                                  static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), 1.0f, a,
                                  static_cast<int>(lda), b, static_cast<int>(ldb), 0.0f, c, static_cast<int>(ldc));
}

}  // namespace dl
