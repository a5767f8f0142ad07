// Kernels by the operation, memory and copies of the device "cuda".
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/cuda.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "lib/base/cpu.h"
#include "lib/base/division.h"
#include "lib/base/hash.h"
#include "lib/base/in_parallel.h"
#include "lib/device/cuda/executable.h"

namespace dl::cuda {

namespace {

std::map<std::string_view, MakeKernel>& kernels() {
  static std::map<std::string_view, MakeKernel> all;
  return all;
}

// "gather_rows_float_" and a hash: of letters that an entry may have.
std::string entry_name(const KernelSource& source) {
  std::string name;
  for (char c : source.call) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '_') {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  name.resize(std::min<size_t>(name.size(), 80));
  if (!name.empty() && name.back() != '_') name += '_';
  return name + hash_text(xxh64(concat(source.header, '\n', source.text, '\n', source.call, '\n', source.arguments,
                                       '\n', source.threads, '\n', source.blocks_per_sm)));
}

constexpr int shared_bytes_without_asking = 48 << 10;

// Kernels are compiled so many together: few enough to share the threads, enough to share the headers' parsing.
constexpr size_t kernels_of_an_image = 12;

std::string gibibytes(int64_t bytes) { return concat(bytes / (int64_t{1} << 30), " GiB"); }

}  // namespace

CudaKernelRegistration::CudaKernelRegistration(const char* op, MakeKernel make) {
  DL_CHECK(kernels().emplace(op, make).second, "two cuda kernels for ", op);
}

bool has_kernel(std::string_view op) { return kernels().contains(op); }

CudaDevice::CudaDevice(Parts parts, const DeviceOptions& options)
    : parts_(std::move(parts)), options_(options), gpu_(parts_.driver->gpu()), stream_(parts_.driver->make_stream()) {}

CudaDevice::~CudaDevice() {
  for (Module module : modules_) driver().release(module);
  driver().release(stream_);
}

Code* CudaDevice::code(const KernelSource& source) {
  const std::string name = entry_name(source);
  const auto known = std::ranges::find(codes_, name, [](const auto& code) -> const std::string& { return code->name; });
  if (known != codes_.end()) {
    DL_CHECK((*known)->source == source, "two kernels named ", name);
    return known->get();
  }
  codes_.push_back(std::make_unique<Code>(Code{.source = source, .name = name}));
  return codes_.back().get();
}

void CudaDevice::compile_new_code() {
  std::vector<Code*> fresh;
  for (const auto& code : codes_)
    if (!code->function) fresh.push_back(code.get());
  const size_t images = (fresh.size() + kernels_of_an_image - 1) / kernels_of_an_image;
  std::vector<std::string> compiled(images);
  const auto of_image = [&](size_t i) {
    return std::span(fresh).subspan(i * kernels_of_an_image,
                                    std::min(kernels_of_an_image, fresh.size() - i * kernels_of_an_image));
  };
  in_parallel(static_cast<int64_t>(images), usable_cores(), [&](int64_t i) {
    const auto mine = of_image(static_cast<size_t>(i));
    const std::vector<const Code*> wanted(mine.begin(), mine.end());
    compiled[static_cast<size_t>(i)] = parts_.compiler->compile(wanted);
  });
  for (size_t i = 0; i < images; ++i) {
    modules_.push_back(driver().load(compiled[i]));
    for (Code* code : of_image(i)) code->function = driver().function(modules_.back(), code->name);
  }
  for (const auto& code : codes_) {
    if (code->shared_bytes <= std::max(code->allowed_shared_bytes, shared_bytes_without_asking)) continue;
    driver().allow_shared(code->function, code->shared_bytes);
    code->allowed_shared_bytes = code->shared_bytes;
  }
}

std::string CudaDevice::description() const {
  return concat(gpu_.name, ", ", gibibytes(gpu_.memory_bytes), ", compute capability ", gpu_.major, '.', gpu_.minor);
}

std::string CudaDevice::arithmetic() const {
  return concat("cuda ", gpu_.major, '.', gpu_.minor, options_.tf32 ? ", tf32" : "",
                parts_.libraries.empty() ? "" : ", ", parts_.libraries);
}

// A product's bias is the library's to add. Behind all else a loop is a kernel of its own.
bool CudaDevice::takes_epilogue(const Op& op, std::span<const Type>) const {
  return cublas_lt() && op.name() == "matmul";
}

std::unique_ptr<Kernel> CudaDevice::compile(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs) {
  driver().make_current();  // libraries are asked for their ways
  const auto found = kernels().find(op.name());
  if (found != kernels().end()) return found->second(op, inputs, outputs, *this);
  throw Error(Exit::usage, Problem{.path = "trainer.device",
                                   .what = concat("the device 'cuda' has no kernel for '", op.name(), "'"),
                                   .help = "write 'cpu'"});
}

std::unique_ptr<Executable> CudaDevice::link(const Layout& layout) {
  compile_new_code();
  return make_executable(layout, *this);
}

void* CudaDevice::allocate(int64_t bytes) {
  const int64_t size = std::max<int64_t>(bytes, 64);
  void* memory = driver().allocate(size);
  if (!memory)
    throw Error(Exit::failed,
                Problem{.what = concat("cannot allocate ", bytes, " bytes on the device 'cuda', ", gpu_.name),
                        .notes = {concat(driver().free_bytes() >> 20, " MiB of its ", gpu_.memory_bytes >> 20,
                                         " MiB are free")},
                        .help = "lower data.batch_size, set trainer.memory_limit, or end other programs on this GPU"});
  fill(memory, std::byte{0}, size);
  return memory;
}

// Which waits for what was begun before. Owners release in their destructors, also while an error goes up: what the
// wait finds was told to who waited for the launch.
void CudaDevice::release(void* memory, int64_t) {
  try {
    driver().wait(stream_);
  } catch (const std::exception&) {
  }
  driver().release(memory);
}

void CudaDevice::copy_in(void* device, const void* host, int64_t bytes) {
  driver().copy_in(device, host, bytes, stream_);
  driver().wait(stream_);
}

void CudaDevice::copy_out(void* host, const void* device, int64_t bytes) {
  driver().copy_out(host, device, bytes, stream_);
  driver().wait(stream_);
}

void CudaDevice::copy(void* to, const void* from, int64_t bytes) { driver().copy(to, from, bytes, stream_); }

void CudaDevice::fill(void* memory, std::byte value, int64_t bytes) {
  driver().fill(memory, std::to_integer<unsigned char>(value), bytes, stream_);
}

void* CudaDevice::allocate_host(int64_t bytes) {
  const int64_t size = round_up(std::max<int64_t>(bytes, 1), 64);
  void* memory = driver().allocate_host(size);
  if (!memory)
    throw Error(Exit::failed, Problem{.what = concat("no memory: ", bytes, " pinned bytes of the host asked for"),
                                      .help = "lower data.batch_size, or give the process more memory"});
  std::fill_n(static_cast<std::byte*>(memory), size, std::byte{0});
  return memory;
}

void CudaDevice::release_host(void* memory, int64_t) { driver().release_host(memory); }

}  // namespace dl::cuda
