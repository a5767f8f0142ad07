// Libraries that are not there: what a loader finds in the files that a test names.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>

#include "lib/device/cuda/library.h"

namespace dl::testing {

class FakeLoader final : public cuda::Loader {
 public:
  using Symbols = std::map<std::string, void*>;
  struct File {
    std::string path;  // what its name leads to
    Symbols symbols;
    std::string why;  // it does not load, for this reason
  };
  std::map<std::string, File> files;
  mutable std::string asked;  // the files, in the order in which they were

  void* open(const std::string& file, std::string& why) const override {
    asked += file + '\n';
    const auto found = files.find(file);
    why =
        found == files.end() ? file + ": cannot open shared object file: No such file or directory" : found->second.why;
    return why.empty() ? const_cast<File*>(&found->second) : nullptr;
  }
  std::string path(void* library) const override { return static_cast<const File*>(library)->path; }
  void* symbol(void* library, const char* name) const override {
    const Symbols& all = static_cast<const File*>(library)->symbols;
    const auto found = all.find(name);
    return found == all.end() ? nullptr : found->second;
  }
};

template <class Result, class... Parameters>
void* symbol_of(Result (*function)(Parameters...)) {
  return reinterpret_cast<void*>(function);
}

}  // namespace dl::testing
