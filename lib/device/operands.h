// Where the operands of a layout's calls lie, once its memory is known: what executables hand to kernels.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "lib/device/layout.h"

namespace dl {

class Operands {
 public:
  struct Of {  // a call
    std::vector<void*> in, out;
    void* scratch = nullptr;
  };

  explicit Operands(const Layout& layout);
  Operands(const Operands&) = delete;
  Operands& operator=(const Operands&) = delete;

  // Memory that belongs to the program: the constants and behind them the results, 64 bytes each.
  static int64_t own_bytes(const Layout& layout);
  // `own` as above. Inputs stay where place_input() has put them.
  void place(void* arena, std::span<void* const> variables, std::byte* own);
  // True if it lay elsewhere before.
  bool place_input(int input, std::byte* memory);

  const Of& of(size_t call) const { return calls_[call]; }
  std::byte* at(const Address& a) const { return bases_[static_cast<size_t>(a.place)] + a.offset; }

 private:
  // Where the pointer to an input is kept.
  struct InputReads {
    struct Read {
      void** pointer;
      int64_t offset;
    };
    std::byte** base = nullptr;
    std::vector<Read> reads;
  };

  const Place& place_of(const Address& a) const { return layout_.places[static_cast<size_t>(a.place)]; }
  int64_t offset_in_arena(const Place& place) const;

  const Layout& layout_;
  std::vector<std::byte*> bases_;  // of the places
  std::vector<Of> calls_;
  std::vector<InputReads> inputs_;
};

}  // namespace dl
