// Text, options, result; and a cache of results by all that decides them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/nvrtc.h"

#include <algorithm>
#include <filesystem>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/device/cuda/kernel_texts.h"
#include "lib/device/cuda/module_text.h"

namespace dl::cuda {

namespace fs = std::filesystem;

namespace {

constexpr const char* thread_header = "lib/device/cuda/kernels/thread.h";

// The arguments are in constant memory: read where they are used, never copied to the thread's own.
std::string entry(const Code& code) {
  const KernelSource& source = code.source;
  return concat("extern \"C\" __global__ void __launch_bounds__(", source.threads, ", ", source.blocks_per_sm, ") ",
                code.name, "(const __grid_constant__ ", source.arguments, " p) {\n  ", source.call,
                "(CudaThread(), p);\n}\n");
}

// Those whose machine code other GPUs do not run, and which have instructions that others have not.
bool has_own_instructions(int architecture) { return architecture == 90 || architecture == 100; }

std::string choose_architecture(const NvrtcFunctions& f, const std::string& version, int major, int minor) {
  int count = 0;
  f.nvrtcGetNumSupportedArchs(&count);
  std::vector<int> known(static_cast<size_t>(std::max(count, 0)));
  f.nvrtcGetSupportedArchs(known.data());
  const int wanted = major * 10 + minor;
  int best = 0;
  for (const int each : known)
    if (each / 10 == major && each <= wanted) best = std::max(best, each);
  if (best == 0)
    throw Error(
        Exit::usage,
        Problem{.path = "trainer.device",
                .what = concat("NVRTC ", version, " makes no code for compute capability ", major, ".", minor,
                               ", which this GPU has"),
                .help = "install a newer NVRTC, which knows this GPU: 'pip install --upgrade nvidia-cuda-nvrtc'"});
  return concat("sm_", best, best == wanted && has_own_instructions(best) ? "a" : "");
}

// Where a text that does not compile can be read; empty where it cannot be written.
std::string keep(const std::string& text) {
  std::error_code none;
  const fs::path path = fs::temp_directory_path(none) / concat("dlcli-kernels-", hash_text(xxh64(text)), ".cu");
  try {
    write_file_atomic(path, text);
  } catch (const Error&) {
    return {};
  }
  return path;
}

}  // namespace

std::string nvrtc_text(std::span<const Code* const> kernels) { return module_text(kernels, thread_header, entry); }

Nvrtc::Nvrtc(std::shared_ptr<const Library> library, int major, int minor, CubinCache cache)
    : library_(std::move(library)),
      f_(*library_),
      cache_(std::move(cache)),
      architecture_(choose_architecture(f_, library_->version, major, minor)),
      options_{"--gpu-architecture=" + architecture_, "--std=c++20", "--device-as-default-execution-space"} {}

std::string Nvrtc::compile(std::span<const Code* const> kernels) {
  const std::string text = nvrtc_text(kernels), key = key_of(text);
  if (std::optional<std::string> kept = cache_.read(key)) return *std::move(kept);
  std::string image = make(text);
  cache_.write(key, image);
  return image;
}

// Of all that decides the result; twice 64 bits, so that two texts never meet.
std::string Nvrtc::key_of(const std::string& text) const {
  std::string key;
  for (const uint64_t seed : {0, 1}) {
    Xxh64 hash(seed);
    const auto append = [&](std::string_view part) {
      hash.append(concat(part.size(), ' '));
      hash.append(part);
    };
    append(library_->version);
    for (const std::string& option : options_) append(option);
    for (const KernelText& header : kernel_texts()) append(header.name), append(header.text);
    append(text);
    key += hash_text(hash.value());
  }
  return key;
}

std::string Nvrtc::make(const std::string& text) const {
  std::vector<const char*> texts, names, options;
  for (const KernelText& header : kernel_texts()) texts.push_back(header.text), names.push_back(header.name);
  for (const std::string& option : options_) options.push_back(option.c_str());
  void* program = nullptr;
  int result = f_.nvrtcCreateProgram(&program, text.c_str(), "dlcli.cu", static_cast<int>(texts.size()), texts.data(),
                                     names.data());
  if (result != NvrtcFunctions::success)
    throw Error(Exit::failed, Problem{.what = concat("NVRTC begins no program: ", f_.nvrtcGetErrorString(result))});
  struct Owner {
    const NvrtcFunctions& f;
    void* program;
    ~Owner() { f.nvrtcDestroyProgram(&program); }
  } const owner{f_, program};
  result = f_.nvrtcCompileProgram(program, static_cast<int>(options.size()), options.data());
  if (result != NvrtcFunctions::success) {
    size_t bytes = 0;
    f_.nvrtcGetProgramLogSize(program, &bytes);
    std::string log(bytes, '\0');
    if (bytes > 0) f_.nvrtcGetProgramLog(program, log.data());
    log = trim(log.substr(0, log.find('\0')));
    if (result == NvrtcFunctions::out_of_memory)
      throw Error(Exit::failed, Problem{.what = "no memory of the host is left to compile kernels",
                                        .help = "give the process more memory"});
    if (result == NvrtcFunctions::no_builtins)
      throw Error(
          Exit::usage,
          Problem{.path = "trainer.device",
                  .what = concat(library_->path, " finds no libnvrtc-builtins of its version: ", shortened(log, 200)),
                  .help = "install NVRTC anew: both files are in one package"});
    DL_CHECK(result == NvrtcFunctions::success, "NVRTC ", library_->version, " for ", architecture_,
             " does not compile ", keep(text), ": ", f_.nvrtcGetErrorString(result), "\n", log.substr(0, 4000));
  }
  size_t bytes = 0;
  result = f_.nvrtcGetCUBINSize(program, &bytes);
  std::string image(bytes, '\0');
  if (result == NvrtcFunctions::success) result = f_.nvrtcGetCUBIN(program, image.data());
  if (result != NvrtcFunctions::success || image.empty())  // it would be kept in the cache
    throw Error(Exit::failed, Problem{.what = concat("NVRTC gives no image of what it has compiled: ",
                                                     f_.nvrtcGetErrorString(result))});
  return image;
}

}  // namespace dl::cuda
