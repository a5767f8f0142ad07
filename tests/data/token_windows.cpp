// The order of windows: random ones by (seed, epoch, position), carried ones row by row.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/text/token_windows.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

// 101 tokens, each its own place: every window says where it begins.
struct TextPlaces : Folder {
  TextPlaces() {
    std::string bytes;
    for (int i = 0; i <= 100; ++i) bytes += std::string{static_cast<char>(i), '\0'};
    write("a.bin", bytes);
  }
  std::unique_ptr<OpenedForTest> open(const std::string& windows, const std::string& more = "") const {
    const std::string set = "{format: tokens, path: a.bin, vocabulary: 101, length: 4, windows: " + windows + "}";
    return testing::open("{train: " + set + ", validation: " + (more.empty() ? set : more) + ", batch_size: 3}", path);
  }
};

// Where the windows of each batch begin.
std::vector<std::vector<int32_t>> begins(const DatasetPointer& data, LoaderOptions options, int64_t from,
                                         int64_t batches) {
  Loader loader(data, options);
  loader.seek({from / loader.per_epoch(), from % loader.per_epoch(), {}});
  std::vector<std::vector<int32_t>> out;
  for (int64_t b = 0; b < batches; ++b) {
    const Batch& batch = loader.next();
    const auto* x = reinterpret_cast<const int32_t*>(batch.fields[0]);
    const auto* y = reinterpret_cast<const int32_t*>(batch.fields[1]);
    out.emplace_back();
    for (int64_t i = 0; i < batch.count; ++i) {
      out.back().push_back(x[i * 4]);
      for (int64_t t = 0; t < 4; ++t) {
        CHECK(x[i * 4 + t] == x[i * 4] + t);
        CHECK(y[i * 4 + t] == x[i * 4] + t + 1);
      }
    }
  }
  return out;
}

}  // namespace

TEST_CASE("random windows begin anywhere, the same for the same seed wherever reading starts and on any threads") {
  const TextPlaces folder;
  const auto opened = folder.open("random");
  CHECK(opened->problems == "");
  const DatasetPointer& train = opened->sets.train;
  CHECK(train->size() == 25);
  LoaderOptions options = training_options(opened->spec, *train, 5);
  const auto whole = begins(train, options, 0, 900);
  options.threads = 3;
  const auto later = begins(train, options, 31, 869);
  CHECK(std::vector(whole.begin() + 31, whole.end()) == later);
  std::map<int32_t, int> seen;
  for (const auto& batch : whole)
    for (const int32_t begin : batch) ++seen[begin];
  CHECK(seen.begin()->first == 0);
  CHECK(seen.rbegin()->first == 96);
  CHECK(seen.size() == 97);
  options.seed = 6;
  CHECK(begins(train, options, 0, 9) != std::vector(whole.begin(), whole.begin() + 9));
}

TEST_CASE("outside training random windows are the text once, in order") {
  const TextPlaces folder;
  const auto opened = folder.open("random");
  const auto all = begins(opened->sets.validation, evaluation_options(opened->spec, *opened->sets.validation), 0, 9);
  int32_t next = 0;
  for (const auto& batch : all)
    for (const int32_t begin : batch) CHECK(begin == 4 * next++);
  CHECK(next == 25);
}

TEST_CASE("sequential windows are shuffled in training as samples are") {
  const TextPlaces folder;
  const auto opened = folder.open("sequential");
  std::set<int32_t> seen;
  for (const auto& batch : begins(opened->sets.train, training_options(opened->spec, *opened->sets.train, 5), 0, 9))
    for (const int32_t begin : batch) {
      CHECK(begin % 4 == 0);
      seen.insert(begin);
    }
  CHECK(seen.size() == 25);
}

TEST_CASE("each row of carried windows goes on in the next batch, in training too, from wherever reading starts") {
  const TextPlaces folder;
  const auto opened = folder.open("carried");
  CHECK(opened->problems == "");
  const LoaderOptions options = training_options(opened->spec, *opened->sets.train, 5);
  const auto whole = begins(opened->sets.train, options, 0, 16);
  for (size_t b = 0; b < whole.size(); ++b)
    for (size_t row = 0; row < 3; ++row) CHECK(whole[b].at(row) == 4 * static_cast<int32_t>(row * 8 + b % 8));
  CHECK(begins(opened->sets.train, options, 11, 5) == std::vector(whole.begin() + 11, whole.end()));
}

TEST_CASE("windows that are drawn or carried hold nothing out, and carried ones fill the rows of a batch") {
  const TextPlaces folder;
  for (const std::string windows : {"random", "carried"})
    CHECK(folder.open(windows, "{last: 3}")->problems ==
          "error: DIR/run.yaml:1:" + std::to_string(91 + windows.size()) +
              ": data.validation: no samples can be held out of windows that are drawn or carried on\n"
              "  help: name a part of its own: the same reader with 'begin: 0.9', and 'end: 0.9' in 'train'");
  const auto opened = testing::open(
      "{train: {format: tokens, path: a.bin, vocabulary: 101, length: 20, windows: carried}, batch_size: 6}",
      folder.path);
  CHECK(opened->problems ==
        "error: data.batch_size: expected a window at least for each of the 6 rows of a batch, the data have 5\n"
        "  help: lower 'batch_size' or 'length'");
}
