// Measuring the machine, and keeping the figures.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/machine.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "lib/base/cache_file.h"
#include "lib/base/cpu.h"
#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/base/thread_team.h"
#include "lib/device/cpu/probes.h"

namespace dl {
namespace {

// What a kept description begins with: figures of another processor, another share of it or another way of measuring
// are not this machine's.
std::string head() { return concat("dlcli machine 2: ", processor_key(), "\n"); }

std::string file_name() { return concat("machine-", hash_text(xxh64(processor_key()))); }

// f(name, figure) for each figure of a description.
template <class M, class F>
void each_figure(M& m, F f) {
  f("l1_bytes", m.l1_bytes);
  f("l2_bytes", m.l2_bytes);
  f("l3_bytes", m.l3_bytes);
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    f(concat("flops_", name_of(isa)), m.f32_flops[static_cast<size_t>(isa)]);
    f(concat("clock_", name_of(isa)), m.clock_hz[static_cast<size_t>(isa)]);
  }
  f("flops_bf16", m.bf16_flops);
  f("l2_rate", m.l2_rate);
  f("l3_rate", m.l3_rate);
  f("memory_rate", m.memory_rate);
  f("memory_rate_of_all", m.memory_rate_of_all);
  f("hand_over_ns", m.hand_over_ns);
}

Machine measured() {
  constexpr int tries = 3;
  constexpr double most_hand_over_ns = 1000, usual_hand_over_ns = 250;
  const CpuFeatures& cpu = cpu_features();
  Machine m{.l1_bytes = cpu.l1_bytes, .l2_bytes = cpu.l2_bytes, .l3_bytes = cpu.l3_bytes};
  ThreadTeam one(1), all(usable_cores());
  m.f32_flops = m.clock_hz = {};
  for (const Isa isa : supported_isas()) {
    m.f32_flops[static_cast<size_t>(isa)] = 1e9 * fma_peak_gflops(isa, one, tries);
    m.clock_hz[static_cast<size_t>(isa)] = 1e9 * clock_ghz(isa, tries);
  }
  m.bf16_flops = 1e9 * bf16_peak_gflops(best_bf16_unit(best_isa()), one, tries);
  // Half of a cache counts: the other half is other tensors', and of the last level other programs'.
  const int64_t beyond = std::clamp<int64_t>(2 * m.l3_bytes, 48 << 20, 128 << 20);
  m.l2_rate = 1e9 * memory_gbps(one, m.l2_bytes / 2, tries);
  m.memory_rate = 1e9 * memory_gbps(one, beyond, tries);
  m.memory_rate_of_all =
      all.size() == 1 ? m.memory_rate : std::max(1e9 * memory_gbps(all, beyond, tries), m.memory_rate);
  m.l3_rate = m.l3_bytes > 2 * m.l2_bytes ? 1e9 * memory_gbps(one, std::max(m.l3_bytes / 8, 2 * m.l2_bytes), tries)
                                          : m.memory_rate;
  m.hand_over_ns = hand_over_ns(all, 8, tries);
  // That is the work of other programs, between which both threads never had their cores at once.
  if (m.hand_over_ns > most_hand_over_ns) m.hand_over_ns = usual_hand_over_ns;
  return m;
}

}  // namespace

double rate_of(const Machine& machine, int64_t bytes) {
  return bytes <= machine.l2_bytes / 2   ? machine.l2_rate
         : bytes <= machine.l3_bytes / 2 ? machine.l3_rate
                                         : machine.memory_rate;
}

std::string processor_key() {
  const CpuFeatures& cpu = cpu_features();
  return concat(cpu.vendor, " ", cpu_text(), ", ", usable_cores(), " used, family ", cpu.family, ", model ",
                cpu.number);
}

std::string text_of(const Machine& machine) {
  std::string text;
  each_figure(machine, [&](const auto& name, auto value) {
    text += concat(name, " ", number_text(static_cast<double>(value)), "\n");
  });
  return text;
}

std::optional<Machine> machine_of(std::string_view text) {
  Machine machine;
  bool whole = true;
  each_figure(machine, [&](const std::string& name, auto& value) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    double number = -1;
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ' ')
      std::from_chars(line.data() + name.size() + 1, line.data() + line.size(), number);
    whole = whole && std::isfinite(number) && number >= 0 && number < 1e18;
    if (whole) value = static_cast<std::remove_reference_t<decltype(value)>>(number);
  });
  whole = whole && text.empty() && machine.l1_bytes > 0 && machine.l2_bytes > 0 && machine.flops(Isa::portable) > 0 &&
          std::min({machine.l2_rate, machine.l3_rate, machine.memory_rate, machine.memory_rate_of_all}) > 0;
  return whole ? std::optional(machine) : std::nullopt;
}

Machine measure_machine() {
  const Machine machine = measured();
  write_cached(file_name(), head() + text_of(machine));
  return machine;
}

std::optional<Machine> kept_machine() {
  const std::optional<std::string> kept = read_cached(file_name());
  const std::string begin = head();
  if (!kept || !kept->starts_with(begin)) return {};
  return machine_of(std::string_view(*kept).substr(begin.size()));
}

const Machine& this_machine() {
  static const Machine machine = [] {
    const std::optional<Machine> kept = kept_machine();
    return kept ? *kept : measure_machine();
  }();
  return machine;
}

}  // namespace dl
