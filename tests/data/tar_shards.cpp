// The reader of tar shards: what is a sample, in which order they come, where a stream goes on, and broken archives.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "lib/data/streamed.h"
#include "tests/data/sets_for_test.h"
#include "tests/data/tar_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

// Three shards with 4, 5 and 3 samples: 1 x 2 grey images whose first dot is the sample's number, of class number % 3.
struct Shards : Folder {
  Shards() {
    int number = 0;
    for (const int samples : {4, 5, 3}) {
      std::string tar;
      for (int i = 0; i < samples; ++i, ++number) {
        const std::string key = "part/" + std::to_string(1000 + number);
        tar += tar_entry(key + ".png", png(2, 1, 1, {static_cast<char>(number), '\x7F'}));
        tar += tar_entry(key + ".cls", std::to_string(number % 3) + "\n");
        if (number % 4 == 0) tar += tar_entry(key + ".json", "{}");
      }
      write("s-0" + std::to_string(shards++) + ".tar", tar + tar_end());
    }
  }
  std::unique_ptr<OpenedForTest> opened(const std::string& keys = "classes: 3", const std::string& more = "") {
    return open("{train: {format: tar_shards, paths: ['s-{00..02}.tar'], channels: 1, " + keys + "}" + more + "}",
                path);
  }
  int shards = 0;
};

std::vector<int> batch_numbers(const Batch& batch) {
  const auto* x = reinterpret_cast<const float*>(batch.fields[0]);
  std::vector<int> all;
  for (int64_t i = 0; i < batch.count; ++i) {
    all.push_back(static_cast<int>(std::lround(x[2 * i] * 255)));
    CHECK(reinterpret_cast<const int32_t*>(batch.fields[1])[i] == all.back() % 3);
  }
  return all;
}

std::vector<std::vector<int>> take_batches(Loader& loader, int batches) {
  std::vector<std::vector<int>> all;
  for (int i = 0; i < batches; ++i) all.push_back(batch_numbers(loader.next()));
  return all;
}

std::string refused(const std::string& tar) {
  Folder folder;
  folder.write("s-00.tar", tar);
  return error_text(folder, [&] {
    const auto opened = open("{train: {format: tar_shards, paths: [s-00.tar], channels: 1, classes: 3}}", folder.path);
    if (!opened->problems.empty()) throw Error(Exit::data, Problem{.what = opened->problems});
    each_sample(*opened->sets.train, [&](int64_t index) { sample(*opened->sets.train, index); });
  });
}

bool says(const std::string& text, const std::string& part) {
  CAPTURE(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("entries whose names begin with a dot are passed over, wherever they lie") {
  const Folder folder;
  std::string tar;
  for (const std::string key : {"a/000", "a/001"})
    for (const std::string kind : {".png", ".cls"}) {
      tar += tar_entry("a/._" + key.substr(2) + kind, "Mac OS X");
      tar += tar_entry(key + kind, kind == ".cls" ? "1" : png(2, 1, 1, "xy"));
    }
  folder.write("s.tar", tar + tar_entry("a/.DS_Store", "x") + tar_end());
  const auto opened = open("{train: {format: tar_shards, paths: [s.tar], channels: 1, classes: 3}}", folder.path);
  REQUIRE(opened->problems == "");
  CHECK(opened->sets.train->size() == 2);
  int64_t samples = 0;
  each_sample(*opened->sets.train, [&](int64_t index) {
    CHECK(sample(*opened->sets.train, index).size() == 2);
    ++samples;
  });
  CHECK(samples == 2);
}

TEST_CASE("entries of one key are a sample, and all of them are counted by their headers") {
  Shards shards;
  const auto opened = shards.opened();
  REQUIRE(opened->problems == "");
  const Dataset& data = *opened->sets.train;
  CHECK(data.size() == 12);
  CHECK(data.classes().size() == 3);
  CHECK(data.fields()[0].type == Type{DType::f32, {1, 2, 1}});
  std::vector<int> found;
  each_sample(data, [&](int64_t index) { found.push_back(label(data, index)); });
  CHECK(found == std::vector<int>{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2});
  Loader loader(opened->sets.train, {.batch_size = 5});
  CHECK(take_batches(loader, 4) ==
        std::vector<std::vector<int>>{{0, 1, 2, 3, 4}, {5, 6, 7, 8, 9}, {10, 11}, {0, 1, 2, 3, 4}});
}

TEST_CASE("a shuffled epoch has every sample once, in an order of its own that the seed and the epoch decide") {
  Shards shards;
  for (const int buffer : {1, 3, 100}) {
    const auto opened = shards.opened("classes: 3, shuffle: " + std::to_string(buffer));
    Loader loader(opened->sets.train, {.batch_size = 4, .shuffle = true, .seed = 3});
    std::vector<std::vector<int>> epochs(4);
    for (int i = 0; i < 12; ++i)
      for (const int number : batch_numbers(loader.next())) epochs[static_cast<size_t>(i / 3)].push_back(number);
    for (const auto& epoch : epochs) CHECK(std::set<int>(epoch.begin(), epoch.end()).size() == 12);
    CHECK(std::set<std::vector<int>>(epochs.begin(), epochs.end()).size() >= 3);
    Loader again(opened->sets.train, {.batch_size = 12, .shuffle = true, .seed = 3});
    CHECK(batch_numbers(again.next()) == epochs[0]);
    Loader other(opened->sets.train, {.batch_size = 12, .shuffle = true, .seed = 4});
    CHECK(batch_numbers(other.next()) != epochs[0]);
  }
}

TEST_CASE("a stream's batches do not depend on threads, and go on from a cursor wherever it was taken") {
  Shards shards;
  const auto opened = shards.opened("classes: 3, shuffle: 4", ", transforms: [horizontal_flip]");
  const LoaderOptions options{.batch_size = 5, .shuffle = true, .augment = true, .seed = 8};
  std::vector<Cursor> cursors;
  std::vector<std::string> all;
  const auto bytes = [](const Batch& batch) {
    return std::string(reinterpret_cast<const char*>(batch.fields[0]), static_cast<size_t>(batch.count) * 8);
  };
  Loader whole(opened->sets.train, options);
  for (int i = 0; i < 30; ++i) {
    cursors.push_back(whole.cursor());
    all.push_back(bytes(whole.next()));
  }
  for (const int threads : {0, 1, 2, 4}) {
    LoaderOptions with = options;
    with.threads = threads;
    Loader loader(opened->sets.train, with);
    for (int i = 0; i < 12; ++i) CHECK(bytes(loader.next()) == all[static_cast<size_t>(i)]);
    CHECK(loader.cursor() == cursors[12]);
    for (const size_t at : {4, 29, 0, 13}) {
      Loader resumed(opened->sets.train, with);
      resumed.seek(cursors[at]);
      for (size_t i = at; i < std::min<size_t>(at + 5, 30); ++i) CHECK(bytes(resumed.next()) == all[i]);
      resumed.seek({cursors[at].epoch, cursors[at].batch, {}});  // as older states have it: the epoch is gone through
      CHECK(bytes(resumed.next()) == all[at]);
    }
  }
}

TEST_CASE("a checkpoint's place that is none in the stream is refused") {
  Shards shards;
  const auto opened = shards.opened("classes: 3, shuffle: 2");
  Loader loader(opened->sets.train, {.batch_size = 5, .shuffle = true});
  for (const std::vector<int64_t>& place :
       {std::vector<int64_t>{5}, {5, 9, 0}, {5, 0, 0, int64_t{7} << 40}, {-1, 0, 0}})
    CHECK_THROWS_WITH_AS(loader.seek({0, 1, place}),
                         "error: the checkpoint's place in the stream is none of these data", Error);
}

TEST_CASE("samples that are said to be an epoch are not counted, and more than there are is an error") {
  Shards shards;
  const auto few = shards.opened("classes: 3, samples: 7");
  CHECK(few->sets.train->size() == 7);
  Loader loader(few->sets.train, {.batch_size = 5});
  CHECK(take_batches(loader, 3) == std::vector<std::vector<int>>{{0, 1, 2, 3, 4}, {5, 6}, {0, 1, 2, 3, 4}});
  const auto many = shards.opened("classes: 3, samples: 13");
  for (const int threads : {0, 2}) {
    Loader beyond(many->sets.train, {.batch_size = 5, .threads = threads});
    CHECK(take_batches(beyond, 2).size() == 2);
    for (int again = 0; again < 2; ++again)
      CHECK_THROWS_WITH_AS(beyond.next(),
                           "error: data: expected 13 samples an epoch, there are fewer\n  help: lower 'samples', or "
                           "leave it out",
                           Error);
  }
}

TEST_CASE("labels are numbers, names, or values of JSON") {
  Folder folder;
  const auto read = [&](const std::string& ending, const std::string& text, const std::string& keys) {
    folder.write("a.tar", tar_entry("a.png", png(2, 1, 1, "ab")) + tar_entry("a." + ending, text) + tar_end());
    const auto opened =
        open("{train: {summary: s, classes: [cat, dog], train: {format: tar_shards, paths: [a.tar], label: " + ending +
                 keys + "}}}",
             folder.path);
    REQUIRE(opened->problems == "");
    return error_text(folder, [&] {
      int32_t y = 0;
      each_sample(*opened->sets.train, [&](int64_t index) { y = label(*opened->sets.train, index); });
      throw Error(Exit::data, Problem{.what = std::to_string(y)});
    });
  };
  CHECK(read("cls", "1", "") == "error: 1");
  CHECK(read("txt", "dog\n", "") == "error: 1");
  CHECK(read("json", "0", "") == "error: 0");
  CHECK(read("json", R"({"label": "dog"})", "") == "error: 1");
  CHECK(read("json", R"({"kind": 1})", ", label_key: kind") == "error: 1");
  CHECK(read("cls", "2", "") == "error: DIR/a.tar/a.cls: expected a class from 0 to 1, or its name, found '2'");
  CHECK(says(read("json", "{", ""), "expected JSON with a class, a number or a name, as 'label', found '{'"));
}

TEST_CASE("broken archives are refused by name and place") {
  const std::string image = png(2, 1, 1, "ab");
  const std::string good = tar_entry("a.png", image) + tar_entry("a.cls", "1") + tar_end();
  CHECK(refused(good) == "");
  CHECK(says(refused(good.substr(0, 700)), "get it again: it is cut short"));
  CHECK(says(refused(good.substr(0, 1024)), "the file ends after 1024 bytes"));
  CHECK(says(refused(""), "the file ends after 0 bytes"));
  CHECK(says(refused(gzip(good)), "decompress the archive"));
  CHECK(says(refused(tar_entry("../a.png", image) + tar_end()), "the name '../a.png' leads elsewhere"));
  CHECK(says(refused(tar_entry("/etc/a.png", image) + tar_end()), "leads elsewhere"));
  CHECK(says(refused(tar_entry("a.png", image) + tar_end()), "expected 'a.cls' beside the image, found none"));
  CHECK(says(refused(tar_entry("a.cls", "1") + tar_end()), "expected an image of the sample, found none"));
  CHECK(says(refused(tar_entry("a.png", image) + tar_entry("a.png", image) + tar_end()), "the sample has two images"));
  CHECK(says(refused(good.substr(0, good.size() - 1024) + tar_entry("b.png", image) + tar_entry("b.cls", "1") + good),
             "the shard has two samples of this key"));
  CHECK(says(refused(tar_end()), "expected samples, the shard has none"));
  CHECK(says(refused(tar_entry("a.png", image, '0', "77777777777") + tar_end()), "is to have 8589934591 bytes"));
  CHECK(
      says(refused(tar_entry("a.png", image, '0', std::string("\x80\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 12)) +
                   tar_end()),
           "expected an entry's size, found none"));
  CHECK(says(refused(tar_entry("PaxHeader", "99 path=x\n", 'x') + good), "expected records of pax"));
}

TEST_CASE("shards' names stand for numbers, and other braces are told") {
  Shards shards;
  const auto with = [&](const std::string& path) {
    return open("{train: {format: tar_shards, paths: [" + path + "], classes: 3, channels: 1}}", shards.path)->problems;
  };
  CHECK(with("'s-{01..02}.tar', s-00.tar") == "");
  CHECK(says(with("'s-{00..03}.tar'"), "'s-03.tar' is not there"));
  for (const char* bad : {"'s-{a..b}.tar'", "'s-{2..1}.tar'", "'s-{01.tar'", "'s-{0..99999999999}.tar'"})
    CHECK(says(with(bad), "expected numbers in braces, {000..015}, found "));
}

TEST_CASE("nothing is held out of a stream") {
  Shards shards;
  CHECK(says(shards.opened("classes: 3", ", validation: {fraction: 0.5}")->problems,
             "no samples can be held out of a stream, which has no index of them"));
}
