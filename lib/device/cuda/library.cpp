// Finding libraries by hand, in the order in which a user expects it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/library.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl::cuda {

namespace fs = std::filesystem;

namespace {

class SystemLoader final : public Loader {
 public:
  void* open(const std::string& file, std::string& why) const override {
    void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) why = dlerror();
    return library;
  }
  std::string path(void* library) const override {
    const link_map* map = nullptr;
    return dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr ? map->l_name : "";
  }
  void* symbol(void* library, const char* name) const override { return dlsym(library, name); }
};

template <class Function>
Function* asked(const Library& library, const char* name) {
  return reinterpret_cast<Function*>(library.symbol(name));
}

std::string nvrtc_version(const Library& library) {
  int major = 0, minor = 0;
  asked<int(int*, int*)>(library, "nvrtcVersion")(&major, &minor);
  return concat(major, ".", minor);
}

// Three numbers in one, the lower two of two digits each.
std::string three_numbers(size_t version) {
  return concat(version / 10000, ".", version / 100 % 100, ".", version % 100);
}

std::string cublas_lt_version(const Library& library) {
  return three_numbers(asked<size_t()>(library, "cublasLtGetVersion")());
}

std::string cudnn_version(const Library& library) {
  return three_numbers(asked<size_t()>(library, "cudnnGetVersion")());
}

std::string nccl_version(const Library& library) {
  int version = 0;
  asked<int(int*)>(library, "ncclGetVersion")(&version);
  return three_numbers(static_cast<size_t>(version));
}

// The newest first, by the numbers in their names.
std::vector<fs::path> folders_named(const fs::path& parent, const std::string& beginning) {
  std::vector<fs::path> found;
  std::error_code unreadable;
  fs::directory_iterator at(parent, unreadable);
  for (; !unreadable && at != fs::directory_iterator(); at.increment(unreadable))
    if (at->path().filename().string().rfind(beginning, 0) == 0) found.push_back(at->path());
  const auto numbers = [](const fs::path& path) {
    std::vector<int64_t> all{0};
    for (const char c : path.filename().string()) {
      if (c == '.') all.push_back(0);
      if (c >= '0' && c <= '9') all.back() = std::min<int64_t>(all.back() * 10 + (c - '0'), 1'000'000);
    }
    return all;
  };
  std::ranges::sort(
      found, [&](const fs::path& a, const fs::path& b) { return std::pair(numbers(b), a) < std::pair(numbers(a), b); });
  return found;
}

// Where Python's wheels of one environment put their libraries: nvidia/cu13/lib, or nvidia/cudnn/lib and others.
void wheels_of(const fs::path& environment, std::vector<fs::path>& found) {
  for (const fs::path& python : folders_named(environment / "lib", "python")) {
    for (const fs::path& package : folders_named(python / "site-packages/nvidia", "")) found.push_back(package / "lib");
  }
}

void toolkit(const fs::path& home, std::vector<fs::path>& found) {
  for (const char* below : {"lib64", "lib", "targets/x86_64-linux/lib", "targets/sbsa-linux/lib"})
    found.push_back(home / below);
}

std::vector<fs::path> folders_of_process() {
  std::error_code unreadable;
  return library_folders(variable_of_process, fs::read_symlink("/proc/self/exe", unreadable), "/");
}

}  // namespace

std::string variable_of_process(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value != nullptr ? value : "";
}

const Loader& system_loader() {
  static const SystemLoader loader;
  return loader;
}

void* Library::symbol(const char* name) const {
  if (void* found = loader_->symbol(handle_, name)) return found;
  throw Error(Exit::usage, Problem{.path = "trainer.device",
                                   .what = concat(path, " has no function ", name),
                                   .help = "install a newer version of it"});
}

const LibraryKind& nvrtc_library() {
  static const LibraryKind kind{"NVRTC",
                                "compiles kernels for the GPU at hand",
                                {{13, "libnvrtc.so.13", "nvidia-cuda-nvrtc", "cuda-nvrtc-13-0"},
                                 {12, "libnvrtc.so.12", "nvidia-cuda-nvrtc-cu12", "cuda-nvrtc-12-8"}},
                                nvrtc_version};
  return kind;
}

const LibraryKind& cublas_lt_library() {
  static const LibraryKind kind{"cuBLASLt",
                                "makes products of matrices",
                                {{13, "libcublasLt.so.13", "nvidia-cublas", "libcublas-13-0"},
                                 {12, "libcublasLt.so.12", "nvidia-cublas-cu12", "libcublas-12-8"}},
                                cublas_lt_version};
  return kind;
}

const LibraryKind& cudnn_library() {
  static const LibraryKind kind{"cuDNN",
                                "makes convolutions",
                                {{13, "libcudnn.so.9", "nvidia-cudnn-cu13", "libcudnn9-cuda-13"},
                                 {12, "libcudnn.so.9", "nvidia-cudnn-cu12", "libcudnn9-cuda-12"}},
                                cudnn_version};
  return kind;
}

const LibraryKind& nccl_library() {
  static const LibraryKind kind{
      "NCCL",
      "adds gradients of several GPUs",
      {{13, "libnccl.so.2", "nvidia-nccl-cu13", "libnccl2"}, {12, "libnccl.so.2", "nvidia-nccl-cu12", "libnccl2"}},
      nccl_version};
  return kind;
}

std::vector<fs::path> library_folders(const Variable& variable, const fs::path& program, const fs::path& root) {
  std::vector<fs::path> all;
  for (const char* name : {"CUDA_HOME", "CUDA_PATH", "CUDA_ROOT", "EBROOTCUDA", "CUDNN_HOME", "CUDNN_ROOT",
                           "EBROOTCUDNN", "NCCL_HOME", "NCCL_ROOT", "EBROOTNCCL", "CONDA_PREFIX"})
    if (const std::string home = variable(name); !home.empty()) toolkit(home, all);
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (const std::string environment = variable(name); !environment.empty()) wheels_of(environment, all);
  const fs::path folder = program.parent_path();
  for (const fs::path& environment : {folder.parent_path(), folder / ".venv", folder.parent_path() / ".venv"})
    wheels_of(environment, all);
  for (const fs::path& home : folders_named(root / "usr/local", "cuda")) toolkit(home, all);
  toolkit(root / "opt/cuda", all);
  std::vector<fs::path> there;
  for (const fs::path& path : all) {
    std::error_code unreadable;
    const bool same = std::ranges::any_of(there, [&](const fs::path& other) {
      std::error_code gone;
      return fs::equivalent(path, other, gone);
    });
    if (fs::is_directory(path, unreadable) && !same) there.push_back(path);
  }
  return there;
}

LibraryFinder::LibraryFinder() : LibraryFinder(folders_of_process(), system_loader()) {}

FoundLibrary LibraryFinder::find(const LibraryKind& kind, int cuda) const {
  FoundLibrary found;
  const auto open = [&](const std::string& file) {
    std::string why;
    void* handle = loader_->open(file, why);
    if (handle == nullptr) return why;
    auto library = std::make_shared<Library>(handle, *loader_);
    library->version = kind.version(*library);
    found.library = std::move(library);
    return why;
  };
  for (const LibraryKind::File& file : kind.files) {
    if (file.cuda > cuda) continue;
    open(file.name);  // that it is not there is the usual case
    for (size_t i = 0; i < folders_.size() && !found.library; ++i) {
      std::error_code unreadable;
      const fs::path path = folders_[i] / file.name;
      if (!fs::exists(path, unreadable)) continue;
      if (const std::string why = open(path.string()); !found.library) {
        const std::string line = why.find(path.string()) == 0 ? why : concat(path.string(), ": ", why);
        if (std::ranges::count(found.refused, line) == 0) found.refused.push_back(line);
      }
    }
    if (found.library) break;
  }
  return found;
}

std::string how_to_install(const LibraryKind& kind, int cuda) {
  auto fits = std::ranges::find_if(kind.files, [&](const LibraryKind::File& file) { return file.cuda <= cuda; });
  if (fits == kind.files.end()) fits = kind.files.end() - 1;
  return concat("install ", fits->name, ": the package ", fits->package, " of NVIDIA's repository, or 'pip install ",
                fits->wheel, "' in the Python environment that is active, or load your cluster's module of CUDA ",
                fits->cuda);
}

}  // namespace dl::cuda
