// Parts of a data set.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <set>

#include "lib/data/split.h"
#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::vector<int32_t> labels(const Dataset& data) {
  std::vector<int32_t> all;
  for (int64_t i = 0; i < data.size(); ++i) all.push_back(label(data, i));
  return all;
}

}  // namespace

TEST_CASE("a slice is the samples from one place on") {
  const DatasetPointer part = slice(std::make_shared<CountingSet>(10), 3, 4);
  CHECK(labels(*part) == std::vector<int32_t>{3, 4, 5, 6});
  CHECK(part->fields()[1].name == "y");
}

TEST_CASE("held-out samples and the others are the whole set, in its order") {
  const auto data = std::make_shared<CountingSet>(1000);
  const Parts parts = hold_out(data, 100, 7);
  const auto kept = labels(*parts.kept), out = labels(*parts.held_out);
  CHECK(kept.size() == 900);
  CHECK(out.size() == 100);
  CHECK(std::is_sorted(kept.begin(), kept.end()));
  CHECK(std::is_sorted(out.begin(), out.end()));
  std::set<int32_t> both(kept.begin(), kept.end());
  both.insert(out.begin(), out.end());
  CHECK(both.size() == 1000);
  CHECK(labels(*hold_out(data, 100, 7).held_out) == out);
  CHECK(labels(*hold_out(data, 100, 8).held_out) != out);
}

TEST_CASE("fingerprints tell parts from one another and from the whole") {
  const auto data = std::make_shared<CountingSet>(100);
  const std::set<uint64_t> prints{data->fingerprint(),
                                  slice(data, 0, 50)->fingerprint(),
                                  slice(data, 50, 50)->fingerprint(),
                                  slice(data, 0, 49)->fingerprint(),
                                  hold_out(data, 50, 1).kept->fingerprint(),
                                  hold_out(data, 50, 1).held_out->fingerprint(),
                                  hold_out(data, 50, 2).held_out->fingerprint()};
  CHECK(prints.size() == 7);
}
