// Sentences with a tag for each token: columns, padding, what is wrong with a file.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/data/labelled.h"
#include "lib/data/padded.h"
#include "lib/data/text/tokenized.h"
#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

struct Tagged : Folder {
  Tagged() { write("t.tsv", "\xEF\xBB\xBFthe\tD\ncat\tN\nsat\tV\n\n \na\tD\r\ndog\tN\r\n\r\n\r\nNew York\tN\n"); }
  std::unique_ptr<OpenedForTest> opened(const std::string& keys = "", const std::string& more = "") {
    return open("{train: {format: text_tags, path: t.tsv" + keys + "}" + more + "}", path);
  }
};

std::vector<int> whole_text(const std::string& bytes) {
  std::vector<int32_t> values(bytes.size() / 4);
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return {values.begin(), values.end()};
}

}  // namespace

TEST_CASE("a sentence is its tokens and their tags, padded behind, with their number") {
  Tagged tagged;
  const auto opened = tagged.opened();
  REQUIRE(opened->problems == "");
  const Dataset& data = *opened->sets.train;
  CHECK(data.size() == 3);
  CHECK(opened->sets.classes == std::vector<std::string>{"D", "N", "V"});
  CHECK(vocabulary(data)->tokens() ==
        std::vector<std::string>{"<pad>", "<unk>", "New York", "a", "cat", "dog", "sat", "the"});
  CHECK(data.fields()[0].type == Type{DType::i32, {3}});
  CHECK(data.fields()[1].name == "lengths");
  CHECK(data.fields()[2].type == Type{DType::i32, {3}});
  CHECK(whole_text(sample(data, 0)[0]) == std::vector<int>{7, 4, 6});
  CHECK(whole_text(sample(data, 0)[2]) == std::vector<int>{0, 1, 2});
  CHECK(whole_text(sample(data, 1)[0]) == std::vector<int>{3, 5, 0});
  CHECK(whole_text(sample(data, 1)[1]) == std::vector<int>{2});
  CHECK(whole_text(sample(data, 1)[2]) == std::vector<int>{0, 1, 0});
  CHECK(whole_text(sample(data, 2)[0]) == std::vector<int>{2, 0, 0});
  CHECK(data.place(1).text() == (tagged / "t.tsv").string() + ":6");
}

TEST_CASE("both tokens and tags are padded to as few places as a batch needs") {
  Tagged tagged;
  const auto opened = tagged.opened();
  REQUIRE(opened->problems == "");
  const auto& set = dynamic_cast<const Padded&>(*opened->sets.train);
  CHECK(set.padded_fields() == std::vector<size_t>{0, 2});
  std::vector<int32_t> x(2, -1), y(2, -1), length(1, -1);
  Sample into;
  into.fields = {reinterpret_cast<std::byte*>(x.data()), reinterpret_cast<std::byte*>(length.data()),
                 reinterpret_cast<std::byte*>(y.data())};
  set.get_padded(2, 2, into);
  CHECK(x == std::vector<int32_t>{2, 0});
  CHECK(y == std::vector<int32_t>{1, 0});
  CHECK(length == std::vector<int32_t>{1});
}

TEST_CASE("what training lacks is unknown, long sentences are cut, and padding is no target of a class") {
  Tagged tagged;
  tagged.write("t.tsv", "a D\nb N\nc V\nd V\n\na D\n\ne N\nb N\n");
  const auto opened = tagged.opened(", max_length: 3", ", validation: {last: 1}");
  REQUIRE(opened->problems == "");
  CHECK(vocabulary(*opened->sets.train)->tokens() == std::vector<std::string>{"<pad>", "<unk>", "a", "b", "c", "d"});
  CHECK(whole_text(sample(*opened->sets.validation, 0)[0]) == std::vector<int>{1, 3, 0});
  CHECK(warnings(tagged, *opened->sets.train).find("1 of 2 texts are longer than 3 tokens and are cut") !=
        std::string::npos);
  CHECK(targets_by_class(*opened->sets.train, 3, "lengths") == std::vector<int64_t>{2, 1, 1});
  CHECK(targets_by_class(*opened->sets.train, 3) == std::vector<int64_t>{4, 1, 1});
}

TEST_CASE("CoNLL-U's lines of words written together, and of words left out, are no tokens") {
  Tagged tagged;
  const std::string rest = "\t_\t_\t_\t_\t_\t_\n";
  tagged.write("t.tsv", "# du\n1-2\tdu\t_\t_" + rest + "1\tde\tde\tADP" + rest + "2\tle\tle\tDET" + rest +
                            "2.1\tx\tx\tX" + rest);
  const auto opened = tagged.opened(", token: 2, tag: 4, comment: '#'");
  REQUIRE(opened->problems == "");
  CHECK(opened->sets.classes == std::vector<std::string>{"ADP", "DET"});
  CHECK(vocabulary(*opened->sets.train)->tokens() == std::vector<std::string>{"<pad>", "<unk>", "de", "le"});
  tagged.write("t.tsv", "1-1\ta\tX\n1-2\tb\tY\n");  // numbers of another kind
  CHECK(tagged.opened(", token: 2")->sets.classes == std::vector<std::string>{"X", "Y"});
}

TEST_CASE("columns are named by their numbers, and lines that are remarks are left out") {
  Tagged tagged;
  tagged.write("t.tsv", "# text\n1\tthe\t_\tDET\t0\n2\tcat\t_\tNOUN\t1\n\n1\tit\t_\tPRON\t0\n");
  const auto opened = tagged.opened(", token: 2, tag: 4, comment: '#'");
  REQUIRE(opened->problems == "");
  CHECK(opened->sets.classes == std::vector<std::string>{"DET", "NOUN", "PRON"});
  CHECK(vocabulary(*opened->sets.train)->tokens() == std::vector<std::string>{"<pad>", "<unk>", "cat", "it", "the"});
  tagged.write("t.tsv", "EU NNP I-NP B-ORG\nrejects  VBZ I-VP O\n");
  const auto last = tagged.opened();
  REQUIRE(last->problems == "");
  CHECK(last->sets.classes == std::vector<std::string>{"B-ORG", "O"});
}

TEST_CASE("what is wrong with a file of tags is told with its line") {
  Tagged tagged;
  const auto refused = [&](const std::string& text, const std::string& keys = "", const std::string& more = "") {
    tagged.write("t.tsv", text);
    return tagged.opened(keys, more)->problems;
  };
  const auto says = [](const std::string& text, const std::string& part) {
    CAPTURE(text);
    return text.find(part) != std::string::npos;
  };
  CHECK(says(refused("a\tX\nb\n"), "DIR/t.tsv:2: data.train: expected a token and its tag in 2 columns, found 1"));
  CHECK(says(refused("a\tX\nb\tY\n", ", tag: 3"),
             "DIR/t.tsv:1: data.train: expected a token and its tag in 3 columns, found 2"));
  CHECK(says(refused("a\tX\n\tY\n"), "DIR/t.tsv:2: data.train: expected a token in column 1, it is empty"));
  CHECK(says(refused("a\tX\nb\t\n"), "DIR/t.tsv:2: data.train: expected a tag in column 2, it is empty"));
  CHECK(says(refused("\n \n"), "DIR/t.tsv: data.train: expected lines of a token and its tag, found none"));
  CHECK(says(refused(""), "expected lines of a token and its tag, found none"));
  CHECK(says(refused("a\t\xFF\n"), "t.tsv"));
  CHECK(says(refused("a\tX\n\na\tX\n\nb\tZ\n", "", ", validation: {last: 1}"),
             "DIR/t.tsv:5: data.validation: expected one of the training part's classes, X, found 'Z'"));
  CHECK(says(refused("a\tX\n", ", token: 2, tag: 2"), "column 2 is that of the tokens"));
}
