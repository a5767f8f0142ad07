// Who makes the products in f32: our own kernels, the library that trainer.blas names, or, where it says auto, a
// library for the products in which `bench` found it ahead.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>

#include "lib/device/cpu/blas.h"
#include "lib/device/cpu/product_verdicts.h"

namespace dl {

struct ProductMaker {
  const Blas* blas = nullptr;  // null: our own kernels
  std::string measured;        // "OpenBLAS 1.08 x by bench": the library beside our kernels; empty: never measured
};

class ProductMakers {
 public:
  // `blas` as trainer.blas; `team`: see team_name(). Loads libraries, so it comes before threads: see Blas::find.
  // Error(Exit::usage) where one that is named does not load.
  ProductMakers(const std::string& blas, const std::string& team);

  // Of a product that is large enough for a library.
  ProductMaker of(const std::string& product) const;

  // "OpenBLAS with Haswell kernels", "… for 3 products (9f86d081)", where the number in brackets follows from which
  // they are and by which library they are made; empty where our own kernels make all.
  std::string title() const;

  // The verdicts for a library, a line each; empty where there is none.
  std::string decisions() const { return ahead_.text(); }
  // To go by the verdicts among these lines instead of those of the cache. Those about a library that is not there as
  // it was measured are left out.
  void decide_as(const std::string& lines);

 private:
  void go_by(const ProductVerdicts& verdicts);

  const std::string team_;
  bool by_verdicts_ = false;
  const Blas* all_ = nullptr;  // makes what no verdict is about
  std::map<std::string, ProductMaker> by_product_;
  ProductVerdicts ahead_;  // those of by_product_ that have a library
};

}  // namespace dl
