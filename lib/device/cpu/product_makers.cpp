// Choosing libraries by verdicts.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/product_makers.h"

#include <set>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"

namespace dl {
namespace {

// Whether our products were measured to be about as fast as OpenBLAS's, as they were on x86-64.
constexpr bool has_tuned_kernels() {
#if defined(__x86_64__)
  return true;
#else
  return false;
#endif
}

}  // namespace

ProductMakers::ProductMakers(const std::string& blas, const std::string& team)
    : team_(team), by_verdicts_(blas == "auto") {
  if (by_verdicts_) {
    if (!has_tuned_kernels()) all_ = Blas::find();
    go_by(ProductVerdicts::kept());
  } else if (blas != "own") {
    all_ = Blas::find(blas);
    if (all_ == nullptr)
      throw Error(Exit::usage, Problem{.path = "trainer.blas",
                                       .what = Blas::description(blas),
                                       .help = "install it, or write 'own', which needs no library"});
  }
}

void ProductMakers::go_by(const ProductVerdicts& verdicts) {
  by_product_.clear();
  ahead_ = {};
  for (const auto& [product, libraries] : verdicts.of_team(team_)) {
    double best = 0;
    for (const auto& [library, verdict] : libraries) {
      const Blas* blas = Blas::find(library);
      if (blas == nullptr || blas->identity() != verdict.identity || verdict.gain <= best) continue;
      best = verdict.gain;
      by_product_[product] = {.blas = verdict.ahead() ? blas : nullptr,
                              .measured = concat(blas->name(), " ", verdict.gain_text(), " x by bench")};
      if (verdict.ahead()) ahead_.set(team_, product, library, verdict);
    }
  }
}

ProductMaker ProductMakers::of(const std::string& product) const {
  const auto found = by_product_.find(product);
  return found != by_product_.end() ? found->second : ProductMaker{.blas = all_, .measured = {}};
}

std::string ProductMakers::title() const {
  std::set<std::string> titles;
  if (all_ != nullptr) titles.insert(all_->title());
  Xxh64 which;
  int64_t products = 0;
  for (const auto& [product, maker] : by_product_) {
    if (maker.blas == nullptr) continue;
    titles.insert(maker.blas->title());
    which.append(concat(product, "\t", maker.blas->identity(), "\n"));
    ++products;
  }
  const std::vector<std::string> libraries(titles.begin(), titles.end());
  const std::string named = join(libraries, " and ");
  if (products == 0) return named;
  return concat(named, " for ", count_of(products, "product"), " (", hash_text(which.value()).substr(0, 8), ")");
}

void ProductMakers::decide_as(const std::string& lines) {
  if (by_verdicts_) go_by(ProductVerdicts::of(lines));
}

}  // namespace dl
