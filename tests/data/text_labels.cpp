// Texts with labels: columns and classes, tokens and padding, batches of like length.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <set>

#include "lib/data/padded.h"
#include "lib/data/text/tokenized.h"
#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

struct Reviews : Folder {
  Reviews() {
    write("r.tsv",
          "id\treview\tmood\n1\tgood film\tglad\n2\ta \"bad film\tsad\r\n3\tgood good good good\tglad\n\n4\t\tsad\n");
  }
  std::unique_ptr<OpenedForTest> opened(const std::string& keys = "", const std::string& more = "") {
    return open("{train: {format: text_labels, path: r.tsv, text: review, label: mood" + keys + "}" + more + "}", path);
  }
};

std::vector<int> whole(const std::string& bytes) {
  std::vector<int32_t> values(bytes.size() / 4);
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return {values.begin(), values.end()};
}

}  // namespace

TEST_CASE("a line is a text and its class, tokens are padded behind and counted") {
  Reviews reviews;
  const auto opened = reviews.opened();
  REQUIRE(opened->problems == "");
  const Dataset& data = *opened->sets.train;
  CHECK(data.size() == 4);
  CHECK(std::vector<std::string>(data.classes().begin(), data.classes().end()) ==
        std::vector<std::string>{"glad", "sad"});
  CHECK(vocabulary(data)->tokens() == std::vector<std::string>{"<pad>", "<unk>", "\"bad", "a", "film", "good"});
  CHECK(data.fields()[0].type == Type{DType::i32, {4}});
  CHECK(data.fields()[1].name == "lengths");
  CHECK(whole(sample(data, 0)[0]) == std::vector<int>{5, 4, 0, 0});
  CHECK(whole(sample(data, 0)[1]) == std::vector<int>{2});
  CHECK(whole(sample(data, 1)[0]) == std::vector<int>{3, 2, 4, 0});
  CHECK(whole(sample(data, 1)[2]) == std::vector<int>{1});
  CHECK(whole(sample(data, 3)[0]) == std::vector<int>{0, 0, 0, 0});
  CHECK(whole(sample(data, 3)[1]) == std::vector<int>{1});  // a place of padding
  CHECK(data.place(2).text() == (reviews / "r.tsv").string() + ":4");
}

TEST_CASE("what training lacks is unknown, and long texts are cut") {
  Reviews reviews;
  const auto opened = reviews.opened(", max_length: 2", ", validation: {last: 2}");
  REQUIRE(opened->problems == "");
  CHECK(vocabulary(*opened->sets.train)->tokens() ==
        std::vector<std::string>{"<pad>", "<unk>", "\"bad", "a", "film", "good"});
  CHECK(whole(sample(*opened->sets.validation, 0)[0]) == std::vector<int>{5, 5});
  CHECK(warnings(reviews, *opened->sets.validation).find("1 of 2 texts are longer than 2 tokens and are cut") !=
        std::string::npos);
  const auto few = reviews.opened(", max_tokens: 4", ", validation: {last: 2}");
  CHECK(vocabulary(*few->sets.train)->size() == 4);
  CHECK(whole(sample(*few->sets.train, 1)[0])[0] != 0);
}

TEST_CASE("labels may be numbers, columns may be named by the config, and cells quoted as CSV has them") {
  Folder folder;
  folder.write("n.tsv", "0.5\tone two\n-2\tthree\n");
  const auto numbers = open(
      "{train: {format: text_labels, path: n.tsv, names: [label, text], as: value, level: characters}}", folder.path);
  REQUIRE(numbers->problems == "");
  CHECK(numbers->sets.target == Type{DType::f32, {}});
  CHECK(floats(sample(*numbers->sets.train, 1)[2]) == std::vector<float>{-2});
  CHECK(numbers->sets.inputs[0].type == Type{DType::i32, {7}});
  folder.write("q.csv", "text,label\n\"a, b\",10\nc,9\n");
  const auto quoted = open("{train: {format: text_labels, path: q.csv}}", folder.path);
  REQUIRE(quoted->problems == "");
  CHECK(quoted->sets.classes == std::vector<std::string>{"9", "10"});
  CHECK(whole(sample(*quoted->sets.train, 0)[1]) == std::vector<int>{2});
}

TEST_CASE("what is wrong with a file is told with its line") {
  Reviews reviews;
  const auto refused = [&](const std::string& text, const std::string& keys = "") {
    reviews.write("r.tsv", text);
    return reviews.opened(keys)->problems;
  };
  const auto says = [](const std::string& text, const std::string& part) {
    CAPTURE(text);
    return text.find(part) != std::string::npos;
  };
  CHECK(says(refused("a\tb\n"), "DIR/r.tsv:1: data.train: expected a column 'review', found a, b"));
  CHECK(says(refused("review\tmood\nonly\n"), "DIR/r.tsv:2: data.train: expected 2 cells with tabs between, found 1"));
  CHECK(says(refused("review\tmood\n"), "expected lines of text, found none"));
  CHECK(says(refused("review\tmood\na\tx\nb\t \n"),
             "DIR/r.tsv:3: data.train: expected a label in the column 'mood', the cell is empty\n"));
  reviews.write("r.tsv", "review\tmood\na\tx\nb\t x \nc\ty\n");
  CHECK(reviews.opened("")->sets.classes == std::vector<std::string>{"x", "y"});
  CHECK(says(refused("review\tmood\n\xFF\tx\n"), "r.tsv"));
  CHECK(says(refused("review\tmood\nx\ty\n", ", as: value"), "DIR/r.tsv:2: data.train: expected a number, found 'y'"));
}

TEST_CASE("buckets put texts of like length together, each text once an epoch, whatever the threads") {
  Folder folder;
  std::string text = "label\ttext\n";
  for (int i = 0; i < 50; ++i) {
    text += std::to_string(i) + "\t";
    for (int w = 0; w <= i % 12; ++w) text += "w ";
    text += "\n";
  }
  folder.write("t.tsv", text);
  const auto opened = open("{train: {format: text_labels, path: t.tsv}, buckets: [3, 6], batch_size: 4}", folder.path);
  REQUIRE(opened->problems == "");
  LoaderOptions options = training_options(opened->spec, *opened->sets.train, 3);
  std::vector<std::vector<int32_t>> expected;
  for (const int threads : {0, 1, 4}) {
    options.threads = threads;
    Loader loader(opened->sets.train, options);
    CHECK(loader.per_epoch() == opened->sets.batches_per_epoch);
    std::vector<std::vector<int32_t>> all;
    for (int epoch = 0; epoch < 2; ++epoch) {
      std::set<int32_t> seen;
      std::set<int64_t> lengths;
      for (int64_t b = 0; b < loader.per_epoch(); ++b) {
        const Batch& batch = loader.next();
        CHECK(batch.last == (b == loader.per_epoch() - 1));
        const int64_t padded = batch.type->sample("x", opened->sets.train->fields()[0].type).shape[0];
        lengths.insert(padded);
        const auto* x = reinterpret_cast<const int32_t*>(batch.fields[0]);
        const auto* length = reinterpret_cast<const int32_t*>(batch.fields[1]);
        const auto* y = reinterpret_cast<const int32_t*>(batch.fields[2]);
        for (int64_t i = 0; i < batch.count; ++i) {
          CHECK(length[i] <= padded);
          CHECK((padded == 3 || length[i] > (padded == 6 ? 3 : 6)));
          for (int64_t p = 0; p < padded; ++p) CHECK(x[i * padded + p] == (p < length[i] ? 2 : 0));
          seen.insert(y[i]);
        }
        all.emplace_back(y, y + batch.count);
      }
      CHECK(seen.size() == 50);
      CHECK(lengths == std::set<int64_t>{3, 6, 12});
    }
    if (threads == 0) expected = all;
    CHECK(all == expected);
    Loader resumed(opened->sets.train, options);
    resumed.seek({1, 2, {}});
    const Batch& batch = resumed.next();
    const auto* y = reinterpret_cast<const int32_t*>(batch.fields[2]);
    CHECK(std::vector<int32_t>(y, y + batch.count) == all[static_cast<size_t>(loader.per_epoch()) + 2]);
  }
  CHECK(expected[0] != expected[static_cast<size_t>(opened->sets.batches_per_epoch)]);
}

TEST_CASE("buckets rise") {
  Reviews reviews;
  CHECK(reviews.opened("", ", buckets: [8, 4]")->problems.find("expected at most 64 lengths in rising order") !=
        std::string::npos);
}
