// Two training steps in turns, and the times of their products.
// SPDX-License-Identifier: Apache-2.0
#include "app/measure/product_trial.h"

#include <algorithm>

#include "app/measure/step_trial.h"
#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/device/cpu/cpu.h"

namespace dl {
namespace {

constexpr int most_first_steps = 4 * Choice::rounds;

CpuDevice& cpu_of(StepTrial& trial) {
  if (auto* cpu = dynamic_cast<CpuDevice*>(&trial.device())) return *cpu;
  throw Error(Exit::usage, Problem{.path = "dlcli bench",
                                   .what = concat("--blas goes with the device 'cpu', and the config has '",
                                                  trial.device().name(), "'"),
                                   .help = "write '--set trainer.device=cpu'"});
}

std::vector<std::string> with(std::vector<std::string> sets, const std::string& blas) {
  sets.push_back("trainer.blas=" + blas);
  return sets;
}

bool chooses(const StepTrial& trial) {
  return std::ranges::any_of(trial.kernels(), [](const Program::KernelCall& kernel) {
    return kernel.way.find("not timed yet") != std::string::npos;
  });
}

ProductSpeeds::Seconds seconds_of(std::vector<double> all) {
  std::ranges::sort(all);
  return {.median = all[all.size() / 2], .least = all[0]};
}

// The lower quartile of our times over the library's, made one after the other.
double quartile_of_ratios(const std::vector<double>& own, const std::vector<double>& library) {
  std::vector<double> ratios;
  for (size_t i = 0; i < own.size(); ++i) ratios.push_back(own[i] / library[i]);
  const auto quarter = ratios.begin() + std::ssize(ratios) / 4;
  std::ranges::nth_element(ratios, quarter);
  return *quarter;
}

double flops_of(const std::string& product) {
  double rows = 0, columns = 0, depth = 0;
  std::sscanf(product.c_str(), "%lfx%lfx%lf", &rows, &columns, &depth);
  return 2 * rows * columns * depth;
}

}  // namespace

double ProductSpeeds::gain() const { return std::min(of_most, own.least / library.least); }

void ProductTrial::keep(const std::string& library_name) const {
  ProductVerdicts verdicts = ProductVerdicts::kept();
  for (const ProductSpeeds& p : products)
    verdicts.set(team, p.product, library_name, {.identity = identity, .gain = p.gain()});
  verdicts.keep();
}

ProductTrial compare_products(const std::string& config, const std::vector<std::string>& sets,
                              const std::string& library_name, double seconds) {
  StepTrial by_library(config, with(sets, library_name)), by_us(config, with(sets, "own"));
  CpuDevice &theirs = cpu_of(by_library), &ours = cpu_of(by_us);
  by_library.run();
  for (int step = 0; step == 0 || (step < most_first_steps && chooses(by_us)); ++step) by_us.run();

  theirs.time_products();
  ours.time_products();
  ProductTrial trial;
  for (const double begin = steady_seconds(); steady_seconds() - begin < seconds || trial.steps < 3; ++trial.steps) {
    by_us.run();
    by_library.run();
  }
  const Blas& blas = *Blas::find(library_name);
  trial.library = blas.title();
  trial.identity = blas.identity();
  trial.team = team_name(name_of(ours.isa()), ours.team().size());
  for (const auto& [product, times] : *ours.product_times()) {
    const std::vector<double>& of_library = theirs.product_times()->at(product);
    trial.products.push_back({.product = product,
                              .calls = std::ssize(times) / trial.steps,
                              .flops = flops_of(product),
                              .own = seconds_of(times),
                              .library = seconds_of(of_library),
                              .of_most = quartile_of_ratios(times, of_library)});
  }
  if (trial.products.empty())
    throw Error(Exit::usage, Problem{.path = "dlcli bench",
                                     .what = concat("--blas: no product of '", by_us.name(),
                                                    "' is in f32 and has at least 32 rows, columns and terms"),
                                     .help = "leave --blas out: our own kernels make all of this config"});
  const auto time = [](const ProductSpeeds& p) { return double(p.calls) * p.own.median; };
  std::ranges::stable_sort(trial.products, std::greater(), time);
  return trial;
}

}  // namespace dl
