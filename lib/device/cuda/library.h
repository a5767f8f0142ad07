// NVIDIA's libraries, which the device "cuda" loads where it runs: found on the loader's path, in a toolkit or in
// Python's wheels. None is linked, so that one binary runs with and without.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dl::cuda {

// What loads libraries: dlopen, or what a test puts in its place.
class Loader {
 public:
  virtual ~Loader() = default;
  virtual void* open(const std::string& file, std::string& why) const = 0;  // null where it does not load
  virtual std::string path(void* library) const = 0;                        // of its file
  virtual void* symbol(void* library, const char* name) const = 0;          // null: none
};
const Loader& system_loader();

// A library that is loaded, and stays so till the process ends.
class Library {
 public:
  std::string path;     // of its file: "/usr/local/cuda-13.0/lib64/libnvrtc.so.13"
  std::string version;  // as it says itself: "13.0", "9.19.0"

  Library(void* handle, const Loader& loader) : path(loader.path(handle)), handle_(handle), loader_(&loader) {}
  // A function by its name in C. Throws Error that names it and the file where there is none.
  void* symbol(const char* name) const;
  bool has(const char* name) const { return loader_->symbol(handle_, name) != nullptr; }
  // The same as a pointer: library.load(table.create, "cublasLtCreate").
  template <class Signature>
  void load(Signature*& function, const char* name) const {
    function = reinterpret_cast<Signature*>(symbol(name));
  }

 private:
  void* handle_;
  const Loader* loader_;
};

// What is looked for.
struct LibraryKind {
  std::string title;  // "cuDNN"
  std::string use;    // "convolutions"
  // Files by the major version of CUDA that they belong to, the best first.
  struct File {
    int cuda;
    std::string name;     // "libcudnn.so.9"
    std::string wheel;    // the package of pip: "nvidia-cudnn-cu13"
    std::string package;  // of Debian and Ubuntu, in NVIDIA's repository: "libcudnn9-cuda-13"
  };
  std::vector<File> files;
  std::string (*version)(const Library&);  // asks the library
};
const LibraryKind& nvrtc_library();
const LibraryKind& cublas_lt_library();
const LibraryKind& cudnn_library();
const LibraryKind& nccl_library();

// The value of a variable of the environment; empty where it is not set.
using Variable = std::function<std::string(const std::string& name)>;
std::string variable_of_process(const std::string& name);

// The folders that there are in which the machine may keep them, in the order in which it is looked there: those that
// the environment names, Python's wheels beside the program or in the environment that is active, toolkits. `root`:
// "/".
std::vector<std::filesystem::path> library_folders(const Variable& variable, const std::filesystem::path& program,
                                                   const std::filesystem::path& root);

// What became of looking for a library.
struct FoundLibrary {
  std::shared_ptr<const Library> library;  // null: none
  std::vector<std::string> refused;        // files that are there and do not load, each with the reason
};

class LibraryFinder {
 public:
  LibraryFinder();  // of this process
  LibraryFinder(std::vector<std::filesystem::path> folders, const Loader& loader)
      : folders_(std::move(folders)), loader_(&loader) {}

  // By the loader's own path first, then in the folders. `cuda`: the major version that the driver knows; libraries of
  // a later one do not run with it.
  FoundLibrary find(const LibraryKind& kind, int cuda) const;

 private:
  std::vector<std::filesystem::path> folders_;
  const Loader* loader_;
};

// What to do where it is missing: "install cuDNN 9: …".
std::string how_to_install(const LibraryKind& kind, int cuda);

}  // namespace dl::cuda
