// Each product of a config's training step by our own kernels and by a library, side by side in one run: what
// `bench --blas` reports, and keeps for `trainer.blas: auto`.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace dl {

struct ProductSpeeds {
  std::string product;  // product_name()
  int64_t calls = 0;    // in a step
  double flops = 0;     // of one
  struct Seconds {
    double median = 0, least = 0;
  };
  Seconds own, library;
  double of_most = 0;  // how many times as fast the library was, at least, in three quarters of the turns
  // The same by the turns or by the least times, whichever speak less for the library.
  double gain() const;
};

struct ProductTrial {
  std::string library, identity;  // its title, and what its speed is true for: Blas::identity()
  std::string team;               // team_name()
  int64_t steps = 0;              // measured of each side
  std::vector<ProductSpeeds> products;
  // Makes the products with a library that was ahead known to `trainer.blas: auto`, and those with one that was not.
  void keep(const std::string& library_name) const;
};

// Steps of the config, changed by `sets`, on random data, by own kernels and by the library in turns for so many
// seconds, and at least three of each after the fastest of our own ways are chosen. Error(Exit::usage) where the
// device is not the CPU, the library does not load, or the step has no product for it.
ProductTrial compare_products(const std::string& config, const std::vector<std::string>& sets,
                              const std::string& library_name, double seconds);

}  // namespace dl
