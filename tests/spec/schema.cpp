// lib/spec/schema, codec: reading, checking and writing structs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/schema.h"

#include <doctest/doctest.h>

#include "lib/spec/yaml.h"
#include "tests/error_text.h"
#include "tests/spec/toys.h"

using namespace dl;
using namespace dl::testing;

namespace {

struct Stop {
  int patience = 3;
  Where where;
  void describe(Schema& s) { s.optional("patience", patience, "how long to wait").at_least(1); }
};

struct Everything {
  bool flag = false;
  int count = 1;
  int64_t large = 2;
  double ratio = 0.5;
  std::string mode = "same", title = "none";
  std::vector<double> rates{0.1, 0.2};
  std::optional<double> limit;
  Pair kernel = 3;
  Duration every = Duration::epochs(1), time = Duration::seconds(60);
  Bytes memory{1 << 20};
  Stop stop;
  std::map<std::string, int> sizes{{"a", 1}};
  std::unique_ptr<ToyOptimizer> optimizer;
  std::vector<std::unique_ptr<ToyLayer>> layers;
  Node raw;

  void describe(Schema& s) {
    s.optional("flag", flag, "a switch");
    s.optional("count", count, "a count").at_least(1).at_most(10);
    s.optional("large", large, "a large count");
    s.optional("ratio", ratio, "a share").above(0).below(1);
    s.optional("mode", mode, "a choice").one_of({"same", "valid"});
    s.optional("title", title, "a text");
    s.optional("rates", rates, "several").above(0);
    s.optional("limit", limit, "a bound").above(0);
    s.optional("kernel", kernel, "a window").at_least(1);
    s.optional("every", every, "how often").unit(Duration::Unit::epochs).above(0);
    s.optional("time", time, "how long").units({Duration::Unit::seconds});
    s.optional("memory", memory, "how much");
    s.optional("stop", stop, "when to stop");
    s.optional("sizes", sizes, "by name");
    s.optional("optimizer", optimizer, "how to update");
    s.optional("layers", layers, "what to compute");
    s.optional("raw", raw, "anything");
  }
};

struct Read {
  Everything object;
  std::string problems;
};

Read read(const std::string& text) {
  Read out;
  std::vector<Problem> problems;
  const bool good = read_object(parse_yaml(text, "a.yaml"), out.object, Reading(problems));
  CHECK(good == problems.empty());
  out.problems = rendered(problems);
  return out;
}

}  // namespace

TEST_CASE("words are the same but for their case, and for what is between their parts") {
  CHECK(same_word("max_epochs", "Max-Epochs"));
  CHECK(same_word("maxepochs", "__max epochs-"));
  CHECK(same_word("", "_"));
  CHECK(!same_word("max_epochs", "max_epoch"));
  CHECK(!same_word("max_epoch", "max_epochs"));
  CHECK(!same_word("max_epochs", "min_epochs"));
}

TEST_CASE("every type of member is read") {
  const Read r = read(
      "flag: true\ncount: 1e1\nlarge: 0x10\nratio: 1e-3\nmode: valid\ntitle: no\nrates: [1, 2.5]\nlimit: 3\n"
      "kernel: [3, 5]\nevery: 2\ntime: 10 min\nmemory: 512 MiB\nstop: {patience: 7}\nsizes: {a: 3, b: 4}\n"
      "optimizer: {sgd: {lr: 0.1}}\nlayers: [relu, {linear: 12}, dropout]\nraw: {a: [1]}\n");
  CHECK(r.problems == "");
  const Everything& e = r.object;
  CHECK(e.flag);
  CHECK(e.count == 10);
  CHECK(e.large == 16);
  CHECK(e.ratio == 0.001);
  CHECK(e.mode == "valid");
  CHECK(e.title == "no");
  CHECK(e.rates == std::vector<double>{1, 2.5});
  CHECK(e.limit == 3.0);
  CHECK(e.kernel == Pair(3, 5));
  CHECK(e.every == Duration::epochs(2));
  CHECK(e.time == Duration::seconds(600));
  CHECK(e.memory == Bytes{512LL << 20});
  CHECK(e.stop.patience == 7);
  CHECK(e.stop.where.text() == "a.yaml:13:7");
  CHECK(e.sizes.at("b") == 4);
  CHECK(e.optimizer->name == "sgd");
  CHECK(e.optimizer->place.text() == "a.yaml:15:13");
  CHECK(e.layers.size() == 3);
  CHECK(e.layers[1]->name == "linear");
  CHECK(e.raw.find("a")->items[0].as_integer() == 1);
}

TEST_CASE("what is written has every default and reads back as the same") {
  Everything standard;
  const Node written = write_object(standard);
  CHECK(to_yaml(written) ==
        "flag: false\ncount: 1\nlarge: 2\nratio: 0.5\nmode: same\ntitle: none\nrates: [0.1, 0.2]\nlimit: null\n"
        "kernel: 3\nevery: 1 epoch\ntime: 1 min\nmemory: 1 MiB\nstop: {patience: 3}\nsizes: {a: 1}\n"
        "optimizer: null\nlayers: []\nraw: null\n");
  const Read r =
      read("kernel: [1, 2]\nlayers: [{linear: {out_features: 3, tuned: adam}}, relu]\ntitle: '12'\nlimit: 2\n");
  const Node first = write_object(r.object);
  CHECK(to_yaml(*first.find("layers")) ==
        "- linear:\n    out_features: 3\n    bias: true\n    tuned:\n      adam: {lr: 0.001}\n- relu\n");
  const Read again = read(to_yaml(first));
  CHECK(again.problems == "");
  CHECK(same_value(write_object(again.object), first));
}

TEST_CASE("null takes away what is optional, and is no value elsewhere") {
  CHECK(read("limit: null\noptimizer: ~\n").problems == "");
  CHECK(read("count:\n").problems ==
        "error: a.yaml:2:1: count: expected an integer at least 1 and at most 10, got nothing\n"
        "  help: leave the key out, or write its default, 'count: 1'");
  CHECK(read("layers: [relu, ~]\n").problems == "error: a.yaml:1:16: layers[1]: expected a toy layer, got nothing");
}

TEST_CASE("a value of the wrong type says what was expected, what was found and what to write") {
  const std::pair<const char*, const char*> cases[] = {
      {"flag: yes", "flag: expected true or false, got 'yes'\n  help: write true"},
      {"flag: 0", "flag: expected true or false, got 0\n  help: write false"},
      {"count: abc", "count: expected an integer at least 1 and at most 10, got 'abc'"},
      {"count: 1.5", "count: expected an integer at least 1 and at most 10, got 1.5"},
      {"count: 11", "count: expected an integer at least 1 and at most 10, got 11"},
      {"count: '3'", "count: expected an integer at least 1 and at most 10, got '3'\n  help: write 3 without quotes"},
      {"count: 3;", "count: expected an integer at least 1 and at most 10, got '3;'\n  help: write 3"},
      {"count: 50%", "count: expected an integer at least 1 and at most 10, got '50%'\n  help: write 50"},
      {"large: 60,000", "large: expected an integer, got '60,000'\n  help: write 60000"},
      {"large: 1,2,3", "large: expected an integer, got '1,2,3'"},
      {"ratio: 10^-3", "ratio: expected a number above 0 and below 1, got '10^-3'\n  help: write 1e-3"},
      {"ratio: 3 * 10**-4", "ratio: expected a number above 0 and below 1, got '3 * 10**-4'\n  help: write 3e-4"},
      {"sizes: {a: 3000000000}",
       "sizes.a: expected an integer, got 3000000000\n  help: write a number up to 2147483647"},
      {"large: 1e30", "large: expected an integer, got 1e30\n  help: write a number up to 9223372036854775807"},
      {"ratio: abc", "ratio: expected a number above 0 and below 1, got 'abc'"},
      {"ratio: 0,5", "ratio: expected a number above 0 and below 1, got '0,5'\n  help: write 0.5"},
      {"ratio: .nan", "ratio: expected a number above 0 and below 1, got .nan"},
      {"ratio: [1]",
       "ratio: expected a number above 0 and below 1, got a list of 1\n  help: write it without brackets: 1"},
      {"mode: smae", "mode: expected one of same, valid, got 'smae'\n  help: write 'same'"},
      {"mode: 3", "mode: expected one of same, valid, got 3"},
      {"title: 12", "title: expected a string, got 12\n  help: write \"12\""},
      {"title: true", "title: expected a string, got true"},
      {"limit: false", "limit: expected a number above 0, got false\n  help: write null, or leave the key out"},
      {"rates: 1", "rates: expected a list of numbers above 0, got 1\n  help: write it in brackets: [1]"},
      {"rates: [1, x]", "rates[1]: expected a number above 0, got 'x'"},
      {"limit: -1", "limit: expected a number above 0, got -1"},
      {"kernel: 0", "kernel: expected an integer at least 1, or [height, width], got 0"},
      {"kernel: [1, 2, 3]",
       "kernel: expected an integer at least 1, or [height, width], got a list of 3\n  help: write [1, 2]"},
      {"kernel: [1, 0]", "kernel[1]: expected an integer at least 1, got 0"},
      {"every: 5 parsecs",
       "every: expected a duration above 0, got '5 parsecs'\n"
       "  help: write it as '500 steps', '2 epochs', '20000 samples' or '10 min'"},
      {"every: 0",
       "every: expected a duration above 0, got 0\n"
       "  help: write it as '500 steps', '2 epochs', '20000 samples' or '10 min'"},
      {"time: 3 epochs", "time: expected a duration, got '3 epochs'\n  help: write it as '10 min'"},
      {"memory: lots",
       "memory: expected a size in bytes, got 'lots'\n"
       "  help: write it as '512 MiB', '1.5 GB' or a number of bytes"},
      {"stop: 3", "stop: expected a map of keys, got 3\n  known keys: patience"},
      {"sizes: [1]", "sizes: expected a map of integers, got a list of 1"},
      {"sizes: {a: b}", "sizes.a: expected an integer, got 'b'"},
      {"optimizer: 3", "optimizer: expected a toy optimizer, got 3\n  help: write 'NAME' or 'NAME: {…}'"},
      {"optimizer: {sgd: {lr: 1}, adam: {}}",
       "optimizer: expected a toy optimizer, got a map with keys sgd, adam\n"
       "  help: write one name, its keys in braces: 'NAME: {…}'"},
      {"optimizer: {type: sgd, lr: 1}",
       "optimizer: expected a toy optimizer, got a map with keys type, lr\n"
       "  help: write 'sgd: {lr: 1}'"},
      {"optimizer: false", "optimizer: expected a toy optimizer, got false\n  help: leave it out"},
  };
  for (const auto& [text, message] : cases) {
    CAPTURE(text);
    const std::string problems = read(text).problems;
    const size_t place_end = problems.find(' ', problems.find("a.yaml:"));
    REQUIRE(place_end != std::string::npos);
    CHECK(problems.substr(place_end + 1) == message);
  }
}

TEST_CASE("the number that is meant is told, however it is written") {
  const std::pair<const char*, const char*> cases[] = {
      {"large: 60,000", "write 60000"},
      {"large: 60_000", "write 60000"},
      {"large: 1 000 000", "write 1000000"},
      {"ratio: 10%", "write 0.1"},
      {"ratio: 0.1#a", "write a space before '#': 0.1 #…"},
      {"ratio: 1/3", "write ${1/3}"},
      {"count: 10 epochs", "write 10"},
      {"count: '10 epochs'", "write 10"},
      {"count: [3, 5]", "write one number: 5"},
      {"kernel: (3, 5)", "write [3, 5]"},
      {"rates: (1, 2)", "write [1, 2]"},
      {"limit: None", "write null, or leave the key out"},
      {"mode: valid#x", "write 'valid'"},
      {"every: 3 ep", "write '3 epochs'"},
      {"every: 500 iterations", "write '500 steps'"},
      {"time: 00:30:00", "write '30 min'"},
      {"time: 01:12:00:00", "write '36 h'"},
      {"memory: 4 gb", "write '4 GB'"},
      {"memory: 512m", "write '512 MiB'"},
      {"kernel: 3x5", "write [3, 5]"},
      {"kernel: {height: 3, width: 5}", "write [3, 5]"},
      {"ratio: 1e-3x", "write 1e-3"},
      {"count: {a: 2}", "write one number: 2"},
      {"time: 5", "write '5 h' or '5 min' or '5 s'"},
      {"time: 1h30m", "write '90 min'"},
      {"time: {hours: 2}", "write '2 h'"},
      {"count: $width", "write ${variables.width}, and 'variables: {width: …}' at the top of the config"},
      {"count: $variables.width", "write ${variables.width}"},
      {"count: '{{ data.classes }}'", "write ${data.classes}"},
      {"count: data.classes", "write ${data.classes}"},
      {"layers: {relu: true, dropout: 0.2}", "write [relu, {dropout: 0.2}]"},
      {"rates: {first: 1}", "write a list: '- ' before each, or brackets around all"},
      {"stop: [{patience: 3}]", "leave the dashes out: keys stand below each other without '- '"},
      {"optimizer: [sgd]", "leave the '-' or the brackets out: it is one, not a list"},
      {"optimizer: SGD(lr=0.1, momentum=0.9)", "write 'sgd: {lr: 0.1, momentum: 0.9}'"},
      {"optimizer: torch.optim.SGD()", "write 'sgd: {lr: 0.1}'"},
      {"optimizer: SGD(model.parameters(), lr=0.1)", "write 'sgd: {lr: 0.1}'"},
      {"optimizer: sgd 0.1", "write 'sgd: {lr: 0.1}'"},
      {"optimizer: {sgd: 0.1}", "write 'sgd: {lr: 0.1}'"},
      {"optimizer: {name: SGD, params: {learning_rate: 0.1}}", "write 'sgd: {lr: 0.1}'"},
      {"layers: [Dense(10, 3), relu]", "write 'linear: 3'"},
      {"layers: [{relu: true}]", "write 'relu'"},
      {"layers: [{dropout: false}]", "leave it out"},
      {"optimizer: sgd#later", "write 'sgd #later'"},
      {"layers: ['linear:3']", "write 'linear: 3'"},
      {"layers: ['linear: 3']", "write 'linear: 3' without the quotes"},
      {"layers: [linear 3]", "write 'linear: 3'"},
      {"layers: ['-relu']", "write '- relu', with a space after '-'"},
  };
  for (const auto& [text, help] : cases) {
    const std::string problems = read(text).problems;
    CAPTURE(problems);
    CHECK(problems.ends_with(std::string("\n  help: ") + help));
    CHECK(problems.find("\nerror: ") == std::string::npos);
  }
}

TEST_CASE("a misspelt type is told together with its keys") {
  CHECK(read("layers: [Dense: {out_feature: 3, bias: 1}]").problems ==
        "error: a.yaml:1:10: layers[0]: unknown toy layer 'Dense'\n"
        "  known toy layers: dropout, linear, relu\n"
        "  help: write 'linear'\n"
        "error: a.yaml:1:18: layers[0] (linear): unknown key 'out_feature'\n"
        "  known keys: bias, out_features, tuned\n"
        "  help: write 'out_features'\n"
        "error: a.yaml:1:40: layers[0].linear.bias: expected true or false, got 1\n"
        "  help: write true");
}

TEST_CASE("all problems of a spec are reported at once, each at its place") {
  CHECK(read("count: 0\nkernal: 3\nstop: {pateince: 2}\nlayers: [dense, {linear: {bias: 1}}]\n").problems ==
        "error: a.yaml:1:8: count: expected an integer at least 1 and at most 10, got 0\n"
        "error: a.yaml:2:1: unknown key 'kernal'\n"
        "  known keys: count, every, flag, kernel, large, layers, limit, memory, mode, optimizer, rates, ratio, raw, "
        "sizes, stop, time, title\n"
        "  help: write 'kernel'\n"
        "error: a.yaml:3:8: stop: unknown key 'pateince'\n"
        "  known keys: patience\n"
        "  help: write 'patience'\n"
        "error: a.yaml:4:10: layers[0]: unknown toy layer 'dense'\n"
        "  known toy layers: dropout, linear, relu\n"
        "  help: write 'linear'\n"
        "error: a.yaml:4:33: layers[1].linear.bias: expected true or false, got 1\n"
        "  help: write true\n"
        "error: a.yaml:4:26: layers[1] (linear): key 'out_features' is missing\n"
        "  out_features: features of the output\n"
        "  help: add 'out_features: …', an integer at least 1");
}

TEST_CASE("keys of other frameworks have their own help") {
  CHECK(read("optimizer: {sgd: {learning_rate: 1}}").problems ==
        "error: a.yaml:1:19: optimizer (sgd): unknown key 'learning_rate'\n"
        "  known keys: lr, momentum, nesterov\n"
        "  help: write 'lr'");
  CHECK(read("optimizer: {sgd: {lr: 1, decay: 0.1}}").problems ==
        "error: a.yaml:1:26: optimizer (sgd): unknown key 'decay'\n"
        "  known keys: lr, momentum, nesterov\n"
        "  help: set the top-level key 'schedule'");
}

TEST_CASE("a check across keys reports at the key it is about, and only where the keys are good") {
  CHECK(read("optimizer: {sgd: {lr: 1, nesterov: true}}").problems ==
        "error: a.yaml:1:36: optimizer.sgd.nesterov: needs a momentum above 0, got 0\n"
        "  help: add 'momentum: 0.9'");
  CHECK(read("optimizer: {sgd: {lr: x, nesterov: true}}").problems ==
        "error: a.yaml:1:23: optimizer.sgd.lr: expected a number above 0, got 'x'");
}

TEST_CASE("a type that takes no keys says so") {
  CHECK(read("layers: [{relu: {inplace: true}}, {relu: }, {relu: 3}]").problems ==
        "error: a.yaml:1:18: layers[0] (relu): unknown key 'inplace'\n"
        "  it takes no keys\n"
        "  help: leave it out\n"
        "error: a.yaml:1:52: layers[2] (relu): expected a map of keys, got 3\n"
        "  it takes no keys\n"
        "  help: write 'relu'");
}

TEST_CASE("a failed read leaves the members as they were") {
  const Read r = read("kernel: [7, x]\nrates: [1, x]\ncount: 5\n");
  CHECK(r.object.kernel == Pair(3));
  CHECK(r.object.rates == std::vector<double>{0.1, 0.2});
  CHECK(r.object.count == 5);
}

TEST_CASE("a hundred problems are enough") {
  std::string text = "rates: [";
  for (int i = 0; i < 1000; ++i) text += "x, ";
  std::vector<Problem> problems;
  Everything e;
  read_object(parse_yaml(text + "x]", "a.yaml"), e, Reading(problems));
  CHECK(problems.size() == 100);
}

TEST_CASE("the JSON Schema of a struct has types, bounds, choices and defaults") {
  Everything e;
  const Node schema = schema_of(e).json_schema();
  const Node& properties = *schema.find("properties");
  const auto json = [&](const char* key) { return to_json(*properties.find(key), 0); };
  CHECK(json("count") == R"({"type": "integer", "minimum": 1, "maximum": 10, "description": "a count", "default": 1})");
  CHECK(json("mode") ==
        R"({"type": "string", "enum": ["same", "valid"], "description": "a choice", "default": "same"})");
  CHECK(json("limit") ==
        R"({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "null"}], "description": "a bound"})");
  CHECK(json("optimizer") == R"({"$ref": "#/$defs/toy optimizer", "description": "how to update"})");
  CHECK(
      json("kernel") ==
      R"({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "array", "items": {"type": "integer", "minimum": 1}, )"
      R"("minItems": 2, "maxItems": 2}], "description": "a window", "default": 3})");
  CHECK(schema.find("additionalProperties")->as_bool() == false);
}
