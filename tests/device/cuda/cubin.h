// What each kernel of a cubin takes of a multiprocessor, as its section .nv.info says. (The format is not documented;
// what is read of it here agrees with what `ptxas -v` prints.)
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <elf.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <string>

namespace dl::testing {

struct Resources {
  int registers = 0;
  int stack_bytes = 0;  // of local memory: arrays that found no registers, and spilled ones
};

template <class T>
T element(const std::string& bytes, size_t at) {
  T value{};
  if (at + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

inline std::map<std::string, Resources> resources(const std::string& cubin) {
  const auto header = element<Elf64_Ehdr>(cubin, 0);
  const auto section = [&](size_t i) { return element<Elf64_Shdr>(cubin, header.e_shoff + i * sizeof(Elf64_Shdr)); };
  const auto name_at = [&](size_t i) { return std::string(cubin.c_str() + section(header.e_shstrndx).sh_offset + i); };
  std::map<uint32_t, std::string> functions;
  for (size_t i = 0; i < header.e_shnum; ++i) {
    if (section(i).sh_type != SHT_SYMTAB) continue;
    const Elf64_Shdr names = section(section(i).sh_link);
    for (uint32_t k = 0; k < section(i).sh_size / sizeof(Elf64_Sym); ++k) {
      const auto symbol = element<Elf64_Sym>(cubin, section(i).sh_offset + k * sizeof(Elf64_Sym));
      if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
        functions[k] = std::string(cubin.c_str() + names.sh_offset + symbol.st_name);
    }
  }
  std::map<std::string, Resources> all;
  for (size_t i = 0; i < header.e_shnum; ++i) {
    if (name_at(section(i).sh_name) != ".nv.info") continue;
    const size_t end = section(i).sh_offset + section(i).sh_size;
    for (size_t at = section(i).sh_offset; at + 4 <= end;) {
      constexpr int sized = 4, registers = 0x2f, frame = 0x11;  // an attribute with a size and its value
      const auto format = element<uint8_t>(cubin, at), attribute = element<uint8_t>(cubin, at + 1);
      const auto function = functions.find(element<uint32_t>(cubin, at + 4));
      const int value = element<int32_t>(cubin, at + 8);
      if (format == sized && function != functions.end() && attribute == registers)
        all[function->second].registers = value;
      if (format == sized && function != functions.end() && attribute == frame)
        all[function->second].stack_bytes = value;
      at += 4 + (format == sized ? element<uint16_t>(cubin, at + 2) : size_t{0});
    }
  }
  return all;
}

}  // namespace dl::testing
