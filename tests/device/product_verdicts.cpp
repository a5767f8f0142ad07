// Which products trainer.blas: auto leaves to a library, by what bench found.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/product_verdicts.h"

#include <doctest/doctest.h>

#include "lib/base/cache_file.h"
#include "lib/device/cpu/blas.h"
#include "lib/device/cpu/machine.h"
#include "lib/graph/ops/matmul.h"
#include "tests/cache_home.h"
#include "tests/device/cpu_kernel.h"

namespace dl::testing {
namespace {

std::string team(int threads) { return team_name(name_of(best_isa()), threads); }

// Who makes a product of a 40 × depth with a depth × 48 matrix.
std::string way(CpuDevice& device, int64_t depth) {
  const Type types[] = {{DType::f32, {40, depth}}, {DType::f32, {depth, 48}}};
  const MatMul op(false, false);
  return device.compile(op, types, op.infer(types))->way();
}
std::string way(int threads, int64_t depth) {
  CpuDevice device({.threads = threads, .blas = "auto"});
  return way(device, depth);
}

// Our kernels say how they read A, which is too small to be packed.
bool is_ours(const std::string& way) { return way.find(" in place ") != std::string::npos; }

// OpenBLAS ahead for a depth of 64, behind for one of 96, hardly ahead for one of 128.
ProductVerdicts invented(const std::string& identity) {
  ProductVerdicts verdicts;
  verdicts.set(team(2), "40x48x64 nn", "openblas", {identity, 1.08});
  verdicts.set(team(2), "40x48x96 nn", "openblas", {identity, 0.93});
  verdicts.set(team(2), "40x48x128 nn", "openblas", {identity, 1.01});
  return verdicts;
}

}  // namespace

TEST_CASE("verdicts are read as they were written, and lines that make no sense are left out") {
  const ProductVerdicts verdicts = invented("OpenBLAS 1");
  const std::string text = verdicts.text();
  CHECK(ProductVerdicts::of(text).text() == text);
  CHECK(ProductVerdicts::of("").text().empty());
  const std::string line = "team\tproduct\tlibrary\tidentity\t";
  CHECK(ProductVerdicts::of(line + "1.5\n").text() == line + "1.5\n");
  for (const char* gain : {"", "x", "1.5x", "nan", "inf", "-1", "0", "1e9", "1\t2"}) {
    CAPTURE(gain);
    CHECK(ProductVerdicts::of(line + gain + "\n" + text).text() == text);
  }
  for (const char* cut : {"\n\n", "\t\t\t\t\n", "team\tproduct\n", "team\t\tlibrary\tidentity\t2\n"})
    CHECK(ProductVerdicts::of(cut + text).text() == text);
}

TEST_CASE(
    "auto leaves to a library the products in which it was ahead, and says why; others, and other threads, stay ours") {
  const Blas* const blas = Blas::find();
  if (blas == nullptr) return;
  const CacheHome home;
  CHECK(way(2, 64).find("by bench") == std::string::npos);
  invented(blas->identity()).keep();
  CHECK(way(2, 64) == blas->title() + "; OpenBLAS 1.08 x by bench");
  CHECK(is_ours(way(2, 96)));
  CHECK(way(2, 96).ends_with("; OpenBLAS 0.93 x by bench"));
  CHECK(is_ours(way(2, 128)));
  CHECK(way(2, 128).ends_with("; OpenBLAS 1.01 x by bench"));
  for (const auto& [threads, depth] : {std::pair(1, 64), std::pair(3, 64), std::pair(2, 80)}) {
    CAPTURE(threads);
    CHECK(is_ours(way(threads, depth)));
    CHECK(way(threads, depth).find("by bench") == std::string::npos);
  }
  CpuDevice own({.threads = 2}), all({.threads = 2, .blas = "openblas"});
  CHECK(way(own, 64).find("bench") == std::string::npos);
  CHECK(way(all, 64) == blas->title());
}

TEST_CASE("of several libraries auto takes the one that was the furthest ahead") {
  const Blas* const blas = Blas::find();
  if (blas == nullptr) return;
  const CacheHome home;
  ProductVerdicts verdicts = invented(blas->identity());
  const std::string file = blas->identity().substr(blas->identity().find('/'));
  const std::string same = file.substr(0, file.find(' '));  // the same library, named by its file
  verdicts.set(team(2), "40x48x64 nn", same, {Blas::find(same)->identity(), 1.5});
  verdicts.set(team(2), "40x48x64 nn", "./not-there.so", {"it", 3});
  verdicts.keep();
  CHECK(way(2, 64).ends_with("; " + same + " 1.50 x by bench"));
}

TEST_CASE("verdicts that are damaged, of another processor or about another build of a library count for nothing") {
  const Blas* const blas = Blas::find();
  if (blas == nullptr) return;
  const CacheHome home;
  invented(blas->identity() + "1").keep();
  CHECK(is_ours(way(2, 64)));
  const std::string name = home.file_name(), lines = invented(blas->identity()).text();
  const std::string head = "dlcli products 2: " + processor_key() + "\n";
  for (const std::string& text : {"dlcli products 2: another processor\n" + lines, "dlcli products 1: x\n" + lines,
                                  lines, head, head + lines.substr(0, lines.size() / 8), std::string()}) {
    CAPTURE(text);
    write_cached(name, text);
    CHECK(is_ours(way(2, 64)));
  }
  write(home / "dlcli" / name, std::string(100, '\xff') + head + lines);
  CHECK(is_ours(way(2, 64)));
  write_cached(name, head + lines);
  CHECK(way(2, 64).starts_with(blas->title()));
}

TEST_CASE("a device computes as another did before, whatever the cache says now") {
  const Blas* const blas = Blas::find();
  if (blas == nullptr) return;
  const CacheHome home;
  const auto device = [](const std::string& said) {
    auto made = std::make_unique<CpuDevice>(DeviceOptions{.threads = 2, .blas = "auto"});
    made->compute_as(said);
    return made;
  };
  const std::string ours = CpuDevice({.threads = 2}).arithmetic();
  CHECK(CpuDevice({.threads = 2, .blas = "auto"}).arithmetic() == ours);
  invented(blas->identity()).keep();
  const std::string theirs = CpuDevice({.threads = 2, .blas = "auto"}).arithmetic();
  CHECK(arithmetic_title(theirs).starts_with(ours + ", " + blas->title() + " for 1 product ("));
  CHECK(arithmetic_title(theirs).ends_with("), 2 threads"));
  CHECK(theirs.ends_with("\t1.08\n"));

  // What it decided is what counts: other gains, and verdicts for our own kernels, change nothing.
  ProductVerdicts changed = invented(blas->identity());
  changed.set(team(2), "40x48x64 nn", "openblas", {blas->identity(), 1.3});
  changed.set(team(2), "40x48x80 nn", "openblas", {blas->identity(), 0.8});
  changed.keep();
  CHECK(arithmetic_title(CpuDevice({.threads = 2, .blas = "auto"}).arithmetic()) == arithmetic_title(theirs));
  changed.set(team(2), "40x48x80 nn", "openblas", {blas->identity(), 1.8});
  changed.keep();
  CHECK(arithmetic_title(CpuDevice({.threads = 2, .blas = "auto"}).arithmetic()) != arithmetic_title(theirs));

  CHECK(device(theirs)->arithmetic() == theirs);
  CHECK(way(*device(theirs), 64).starts_with(blas->title()));
  CHECK(is_ours(way(*device(theirs), 80)));
  CHECK(device(ours)->arithmetic() == ours);
  CHECK(is_ours(way(*device(ours), 64)));
  CHECK(device("anything\nat\tall\n")->arithmetic() == ours);
  std::string foreign = theirs;
  foreign.replace(foreign.find(blas->identity()), 3, "ABC");
  CHECK(device(foreign)->arithmetic() == ours);
}

}  // namespace dl::testing
