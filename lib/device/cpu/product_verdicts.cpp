// Verdicts as lines: team, product, library, its identity and the gain, with tabs between them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/product_verdicts.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "lib/base/cache_file.h"
#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/device/cpu/machine.h"

namespace dl {
namespace {

// Other kernels of ours, or another machine, are to be measured anew.
std::string head() { return concat("dlcli products 2: ", processor_key(), "\n"); }
std::string file_name() { return concat("products-", hash_text(xxh64(processor_key()))); }

constexpr size_t fields = 5;
constexpr double most_gain = 1000;

std::optional<std::array<std::string, fields>> fields_of(std::string_view line) {
  std::array<std::string, fields> found;
  for (size_t i = 0; i < fields; ++i) {
    const size_t end = line.find('\t');
    if ((end == std::string_view::npos) != (i + 1 == fields)) return {};
    found[i] = line.substr(0, end);
    if (found[i].empty()) return {};
    if (end != std::string_view::npos) line.remove_prefix(end + 1);
  }
  return found;
}

std::optional<double> gain_of(std::string_view text) {
  double gain = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), gain);
  const bool makes_sense = std::isfinite(gain) && gain > 0 && gain < most_gain;
  return error == std::errc{} && end == text.data() + text.size() && makes_sense ? std::optional(gain) : std::nullopt;
}

}  // namespace

std::string product_name(const Gemm& g, bool epilogue) {
  return concat(g.rows, "x", g.columns, "x", g.depth, g.a_depth == 1 ? " n" : " t", g.b_column == 1 ? "n" : "t",
                epilogue ? " epilogue" : "");
}

std::string team_name(std::string_view isa, int threads) { return concat(isa, " ", count_of(threads, "thread")); }

std::string ProductVerdict::gain_text() const {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", gain);
  return text;
}

void ProductVerdicts::set(const std::string& team, const std::string& product, const std::string& library,
                          ProductVerdict verdict) {
  all_[team][product][library] = std::move(verdict);
}

std::map<std::string, ProductVerdicts::ByLibrary> ProductVerdicts::of_team(const std::string& team) const {
  const auto found = all_.find(team);
  return found != all_.end() ? found->second : std::map<std::string, ByLibrary>{};
}

std::string ProductVerdicts::text() const {
  std::string text;
  for (const auto& [team, products] : all_)
    for (const auto& [product, libraries] : products)
      for (const auto& [library, verdict] : libraries)
        text +=
            concat(team, "\t", product, "\t", library, "\t", verdict.identity, "\t", number_text(verdict.gain), "\n");
  return text;
}

ProductVerdicts ProductVerdicts::of(std::string_view text) {
  ProductVerdicts verdicts;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const auto line = fields_of(text.substr(0, end));
    const std::optional<double> gain = line ? gain_of((*line)[4]) : std::nullopt;
    if (gain) verdicts.set((*line)[0], (*line)[1], (*line)[2], {.identity = (*line)[3], .gain = *gain});
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return verdicts;
}

ProductVerdicts ProductVerdicts::kept() {
  const std::string text = read_cached(file_name()).value_or("");
  return text.starts_with(head()) ? of(std::string_view(text).substr(head().size())) : ProductVerdicts();
}

void ProductVerdicts::keep() const { write_cached(file_name(), head() + text()); }

}  // namespace dl
