// Kernels by name, and memory.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/cpu.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>

#include "lib/base/cpu.h"
#include "lib/base/division.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/device/cpu/loop_runner.h"
#include "lib/device/host_executable.h"

namespace dl {

namespace {

std::map<std::string_view, CpuKernel>& kernels() {
  static std::map<std::string_view, CpuKernel> all;
  return all;
}

const CpuKernel& kernel_for(const Op& op) {
  const auto found = kernels().find(op.name());
  if (found != kernels().end()) return found->second;
  throw Error(Exit::usage, Problem{.path = "trainer.device",
                                   .what = concat("the device 'cpu' has no kernel for '", op.name(), "'"),
                                   .help = "write 'reference', which runs every operation, slowly"});
}

std::unique_ptr<Kernel> compile_epilogue(const EpilogueOp& op, std::span<const Type> inputs, CpuDevice& device) {
  std::vector<Type> loop_inputs{op.base_type};
  const auto base_inputs = inputs.first(static_cast<size_t>(op.base_inputs));
  const auto others = inputs.subspan(static_cast<size_t>(op.base_inputs));
  loop_inputs.insert(loop_inputs.end(), others.begin(), others.end());
  auto runner = std::make_unique<LoopRunner>(op.loop, loop_inputs, device, true);
  const Type product[] = {op.base_type};
  return kernel_for(*op.base).make(*op.base, base_inputs, std::span<const Type>(product), device, std::move(runner));
}

std::unique_ptr<Device> make_cpu(const DeviceOptions& options) { return std::make_unique<CpuDevice>(options); }

const DeviceRegistration cpu("cpu", make_cpu);

int team_size(const DeviceOptions& options) { return options.threads > 0 ? options.threads : usable_cores(); }

// Memory from here on is mapped by itself, with huge pages where the system has them.
constexpr int64_t mapped_bytes = 1 << 20;

}  // namespace

CpuKernelRegistration::CpuKernelRegistration(const char* op, CpuKernel kernel) {
  DL_CHECK(kernels().emplace(op, kernel).second, "two cpu kernels for ", op);
}

CpuDevice::CpuDevice(const DeviceOptions& options, Isa isa) : CpuDevice(options, isa, best_bf16_unit(isa)) {}

CpuDevice::CpuDevice(const DeviceOptions& options, Isa isa, Bf16Unit bf16_unit)
    : product_makers_(options.blas, team_name(name_of(isa), team_size(options))),
      team_(team_size(options)),
      isa_(isa),
      bf16_unit_(bf16_unit),
      choices_(true),
      gemm_(DL_FOR_ISA(isa, gemm_kernels)),
      bf16_gemm_(DL_FOR_BF16_TILES(isa, bf16_unit, bf16_gemm_kernels)) {
  DL_CHECK(supported(isa) && supported(bf16_unit), name_of(isa), " ", name_of(bf16_unit));
}

CpuDevice::CpuDevice(const DeviceOptions& options, Isa isa, const Machine& machine)
    : product_makers_(options.blas, team_name(name_of(isa), team_size(options))),
      team_(team_size(options)),
      isa_(isa),
      bf16_unit_(best_bf16_unit(isa)),
      machine_(machine),
      choices_(false),
      gemm_(DL_FOR_ISA(isa, gemm_kernels)),
      bf16_gemm_(DL_FOR_BF16_TILES(isa, bf16_unit_, bf16_gemm_kernels)) {
  DL_CHECK(supported(isa), name_of(isa));
}

CpuDevice::CpuDevice(const DeviceOptions& options, const Bf16GemmKernels& bf16_gemm)
    : product_makers_("own", team_name(name_of(best_isa()), team_size(options))),
      team_(team_size(options)),
      isa_(best_isa()),
      bf16_unit_(best_bf16_unit(best_isa())),
      choices_(true),
      gemm_(DL_FOR_ISA(isa_, gemm_kernels)),
      bf16_gemm_(bf16_gemm) {}

std::string CpuDevice::description() const {
  const std::string library = product_makers_.title();
  return concat(count_of(team_.size(), "thread"), ", ", name_of(isa_), library.empty() ? "" : ", ", library);
}

std::string CpuDevice::arithmetic() const {
  const std::string own = concat(name_of(isa_), ", ", name_of(bf16_unit_)), library = product_makers_.title();
  if (library.empty()) return own;
  // A library's bits depend on how a product is cut over the threads.
  std::string all = concat(own, ", ", library, ", ", count_of(team_.size(), "thread"));
  if (const std::string decided = product_makers_.decisions(); !decided.empty()) all += "\n" + decided;
  return all;
}

bool CpuDevice::takes_epilogue(const Op& op, std::span<const Type> inputs) const {
  const auto found = kernels().find(op.name());
  return found != kernels().end() && found->second.takes_epilogue && found->second.takes_epilogue(op, inputs);
}

std::unique_ptr<Kernel> CpuDevice::compile(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs) {
  if (const auto* loop = dynamic_cast<const LoopOp*>(&op)) return make_loop_kernel(*loop, inputs, *this);
  if (const auto* epilogue = dynamic_cast<const EpilogueOp*>(&op)) return compile_epilogue(*epilogue, inputs, *this);
  return kernel_for(op).make(op, inputs, outputs, *this, nullptr);
}

std::unique_ptr<Executable> CpuDevice::link(const Layout& layout) { return make_host_executable(layout, *this); }

void* CpuDevice::allocate(int64_t bytes) {
  const size_t size = static_cast<size_t>(bytes > 0 ? round_up(bytes, 64) : 64);
  void* memory = nullptr;
  if (bytes < mapped_bytes) {
    memory = std::aligned_alloc(64, size);
    if (memory) std::memset(memory, 0, size);
  } else {
    memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) memory = nullptr;
    if (memory) madvise(memory, size, MADV_HUGEPAGE);  // advice: refused where huge pages are switched off
  }
  if (memory) return memory;
  const int64_t free_bytes = int64_t{sysconf(_SC_AVPHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  throw Error(Exit::failed,
              Problem{.what = concat("cannot allocate ", bytes, " bytes on the device 'cpu': ", std::strerror(errno)),
                      .notes = {concat(free_bytes >> 20, " MiB of memory are free")},
                      .help = "lower data.batch_size, or give the process more memory"});
}

void CpuDevice::release(void* memory, int64_t bytes) {
  if (bytes < mapped_bytes) return std::free(memory);
  munmap(memory, static_cast<size_t>(round_up(bytes, 64)));
}

void CpuDevice::copy_in(void* device, const void* host, int64_t bytes) {
  std::copy_n(static_cast<const char*>(host), bytes, static_cast<char*>(device));
}

void CpuDevice::copy_out(void* host, const void* device, int64_t bytes) {
  std::copy_n(static_cast<const char*>(device), bytes, static_cast<char*>(host));
}

void CpuDevice::copy(void* to, const void* from, int64_t bytes) {
  std::copy_n(static_cast<const char*>(from), bytes, static_cast<char*>(to));
}

void CpuDevice::fill(void* memory, std::byte value, int64_t bytes) {
  std::memset(memory, std::to_integer<int>(value), static_cast<size_t>(bytes));
}

}  // namespace dl
