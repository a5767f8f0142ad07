// Text, command line, libraries that are kept.
// SPDX-License-Identifier: Apache-2.0
#include "tests/device/cuda/emulated_compiler.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>

#include "lib/base/hash.h"
#include "lib/device/cuda/module_text.h"
#include "tests/paths.h"

namespace dl::cuda {
namespace {

namespace fs = std::filesystem;

constexpr const char* thread_header = "tests/device/cuda/emulated_thread.h";
#ifdef __SANITIZE_ADDRESS__
constexpr const char* flags = "-O0 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all";
#else
constexpr const char* flags = "-O1";
#endif

std::string entry(const Code& code) {
  return concat("extern \"C\" void ", code.name,
                "(EmulatedBlock& block, int thread, const void* arguments) {\n  const ", code.source.arguments,
                "& a = *static_cast<const ", code.source.arguments, "*>(arguments);\n  ", code.source.call,
                "(EmulatedThread(block, thread), a);\n}\n");
}

std::string bytes_of_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream all;
  all << file.rdbuf();
  return all.str();
}

// Of all that kernels include.
uint64_t hash_of_headers(const fs::path& root) {
  std::set<fs::path> headers = {root / thread_header};
  for (const auto& file : fs::directory_iterator(root / "lib/device/cuda/kernels")) headers.insert(file.path());
  uint64_t hash = 0;
  for (const fs::path& header : headers) hash = xxh64(bytes_of_file(header), hash);
  return hash;
}

class EmulatedCompiler final : public Compiler {
 public:
  explicit EmulatedCompiler(std::string command)
      : command_(std::move(command)),
        root_(dl::testing::source_dir()),
        folder_(fs::path(std::getenv("XDG_CACHE_HOME") ? std::getenv("XDG_CACHE_HOME") : fs::temp_directory_path()) /
                concat("emulated-", hash_text(xxh64(flags, hash_of_headers(root_))))) {
    fs::create_directories((folder_ / thread_header).parent_path());
  }

  std::string compile(std::span<const Code* const> kernels) override {
    std::vector<const Code*> missing;
    for (const Code* code : kernels)
      if (!fs::exists(library(*code))) missing.push_back(code);
    if (!missing.empty()) make(missing);
    std::set<std::string> paths;
    for (const Code* code : kernels) paths.insert(library(*code).string());
    std::string image;
    for (const std::string& path : paths) image += path + '\n';
    return image;
  }

 private:
  fs::path library(const Code& code) const { return folder_ / (code.name + ".so"); }

  void make(std::span<const Code* const> kernels) {
    std::call_once(header_is_made_, [&] { precompile_header(); });
    const fs::path base = new_file();
    const fs::path text = base.string() + ".cpp", made = base.string() + ".so";
    std::ofstream(text) << module_text(kernels, thread_header, entry);
    run_compiler(concat("-shared -I'", folder_.string(), "' -I'", root_.string(), '\''), text, made);
    for (const Code* code : kernels) {  // one library under several names is loaded once
      std::error_code exists;
      fs::create_hard_link(made, library(*code), exists);
    }
    fs::remove(made);
    fs::remove(text);
  }

  // What every text begins with takes most of the time of a small one.
  void precompile_header() const {
    const fs::path header = folder_ / concat(thread_header, ".gch");
    if (fs::exists(header)) return;
    const fs::path made = new_file().string() + ".gch";
    run_compiler(concat("-x c++-header -I'", root_.string(), '\''), root_ / thread_header, made);
    fs::rename(made, header);
  }

  fs::path new_file() const {
    static std::atomic<int> turn = 0;
    return folder_ / concat("making-", getpid(), '-', turn++);
  }

  void run_compiler(const std::string& options, const fs::path& text, const fs::path& made) const {
    const fs::path log = made.string() + ".log";
    const std::string command = concat(command_, " -std=c++20 -fPIC -w ", flags, ' ', options, " -o '", made.string(),
                                       "' '", text.string(), "' 2> '", log.string(), '\'');
    DL_CHECK(std::system(command.c_str()) == 0, text.string(), " does not compile:\n",
             bytes_of_file(log).substr(0, 4000));
    fs::remove(log);
  }

  const std::string command_;
  const fs::path root_, folder_;
  std::once_flag header_is_made_;
};

}  // namespace

std::unique_ptr<Compiler> make_emulated_compiler() {
  for (const char* command : {"g++", "c++", "clang++"})
    if (std::system(concat("command -v ", command, " > /dev/null 2>&1").c_str()) == 0)
      return std::make_unique<EmulatedCompiler>(command);
  return nullptr;
}

}  // namespace dl::cuda
