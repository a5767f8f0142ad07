// In which products a library was ahead of our own kernels or behind, as `dlcli bench CONFIG --blas NAME` measured it
// on this machine: what `trainer.blas: auto` goes by. Kept in the user's folder of caches, by processor.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "lib/device/cpu/simd/gemm.h"

namespace dl {

// "128x512x768 tn epilogue": rows, columns and depth, which factors are transposed, and whether something follows.
std::string product_name(const Gemm& product, bool epilogue);

// What a product's speed depends on besides: "avx2 2 threads".
std::string team_name(std::string_view isa, int threads);

struct ProductVerdict {
  std::string identity;  // of the library that was measured: Blas::identity()
  double gain = 0;       // our time over the library's
  // Ahead by more than what the clock scatters by.
  bool ahead() const { return gain > 1.02; }
  std::string gain_text() const;  // "1.08"

  bool operator==(const ProductVerdict&) const = default;
};

class ProductVerdicts {
 public:
  using ByLibrary = std::map<std::string, ProductVerdict>;  // by the name that trainer.blas has for it

  // What this machine's cache holds; nothing where it is damaged or another's.
  static ProductVerdicts kept();
  // Lines that text() wrote; others are left out.
  static ProductVerdicts of(std::string_view text);

  void set(const std::string& team, const std::string& product, const std::string& library, ProductVerdict verdict);
  // Of the products of one team, as this one is called there.
  std::map<std::string, ByLibrary> of_team(const std::string& team) const;
  std::string text() const;
  // Replaces what the cache holds.
  void keep() const;

 private:
  std::map<std::string, std::map<std::string, ByLibrary>> all_;  // by team and product
};

}  // namespace dl
