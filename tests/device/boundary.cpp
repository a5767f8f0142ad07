// What is fed to a program and read from it, on every device.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/allocations.h"
#include "tests/error_text.h"
#include "tests/evaluate.h"

using namespace dl;
using namespace dl::testing;

namespace {

const Type four{DType::f32, {4}};

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("what was fed is the caller's again when the launch has returned, and the next may be fed meanwhile") {
  Graph g;
  g.output("y", input(g, "x", four) * 2);
  g.output("same", input(g, "x", four));
  for (const std::string& name : devices()) {
    CAPTURE(name);
    const auto device = make_device(name, {.threads = 1});
    Store store(*device);
    Program program(g, store);
    Numbers first(4, 1), second(4, 2);
    program.feed("x", first);
    program.launch();
    std::ranges::fill(first, 9.0f);
    program.feed("x", second);
    program.wait();
    CHECK(program.read("y") == Numbers(4, 2));
    CHECK(program.read("same") == Numbers(4, 1));
    program.launch();
    std::ranges::fill(second, 9.0f);
    program.wait();
    CHECK(program.read("y") == Numbers(4, 4));
    CHECK(program.read("same") == Numbers(4, 2));
  }
}

TEST_CASE("the scalars of a run are read together, and outlast the runs of other programs") {
  Graph one, other;
  const Value x = input(one, "x", four), w = variable(one, {"w", Type{}});
  one.output("sum", sum(x));
  one.output("all", x * 3);
  one.output("largest", max(x, {0}));
  one.output("old", w);
  one.output("number", constant(one, 5));
  one.output("again", sum(x));
  one.assign("w", w + sum(x));
  other.output("y", exp(input(other, "x", {DType::f32, {4000}})));
  for (const std::string& name : devices()) {
    CAPTURE(name);
    const auto device = make_device(name, {.threads = 1});
    Store store(*device);
    Program program(one, store), wide(other, store);
    CHECK(program.scalar_names() == std::vector<std::string>{"sum", "largest", "old", "number", "again"});
    const Numbers fed{1, 2, 3, 4}, zeros(4000, 0);
    for (const float old : {0.0f, 10.0f}) {
      program.feed("x", fed);
      program.run();
      wide.feed("x", zeros);
      wide.run();
      Numbers scalars(5);
      program.read_scalars(scalars);
      CHECK(scalars == Numbers{10, 4, old, 5, 10});
      CHECK(program.scalar("old") == old);
      CHECK(program.scalar(program.output("largest")) == 4);
    }
    CHECK(store.read("w") == Numbers{20});
    CHECK(wide.read("y") == Numbers(4000, 1));
    CHECK(says(error_text<CheckFailure>([&] { program.scalar("all"); }), "all is f32 [4]"));
  }
}

TEST_CASE("the scalars of a run can be read while the next is at work, and those of both afterwards") {
  Graph g;
  const Value x = input(g, "x", four), w = variable(g, {"w", Type{}});
  g.output("sum", sum(x));
  g.output("old", w);
  g.assign("w", w + sum(x));
  for (const std::string& name : devices()) {
    CAPTURE(name);
    const auto device = make_device(name, {.threads = 1});
    Store store(*device);
    Program program(g, store);
    float total = 0;
    for (int run = 0; run < 5; ++run) {
      const Numbers fed(4, static_cast<float>(run));
      program.feed("x", fed);
      program.launch();
      CHECK(program.launches() == run + 1);
      if (run == 0) {
        CHECK(says(error_text<CheckFailure>([&] { program.scalar("sum", 1); }), "nothing has run"));
        continue;
      }
      program.wait(1);
      CHECK(program.scalar("sum", 1) == static_cast<float>(4 * (run - 1)));
      CHECK(program.scalar("old", 1) == total);
      total += static_cast<float>(4 * (run - 1));
    }
    program.wait();
    CHECK(program.scalar("sum") == 16);
    CHECK(program.scalar("sum", 1) == 12);
    CHECK(program.scalar("old") == total);
    CHECK(store.read("w") == Numbers{total + 16});
  }
}

TEST_CASE(
    "numbers that make no sense are told though the next run was begun before the one that met them is waited for") {
  Graph g;
  const Value table = variable(g, {"table", {DType::f32, {3, 2}}}), rows = input(g, "rows", {DType::i32, {2}});
  g.output("sum", sum(embedding(table, rows)));
  for (const std::string& name : devices()) {
    CAPTURE(name);
    const auto device = make_device(name, {.threads = 1});
    Store store(*device);
    Program program(g, store);
    for (const int before : {0, 1}) {
      CAPTURE(before);
      for (const int32_t row : {1, 7, 2}) {
        const std::vector<int32_t> fed{0, row};
        program.feed("rows", fed);
        program.launch();
        if (row == 1) program.wait();
      }
      CHECK(says(error_text([&] { program.wait(before); }), "index 7 is outside an embedding of 3 rows"));
      program.wait();
      CHECK(program.scalar("sum") == 0);
    }
  }
}

TEST_CASE("a part of an output can be read, as whole numbers too") {
  Graph g;
  const Value x = input(g, "x", {DType::i32, {2, 3}});
  g.output("x", x);
  for (const std::string& name : devices()) {
    CAPTURE(name);
    const auto device = make_device(name, {.threads = 1});
    Store store(*device);
    Program program(g, store);
    const std::vector<int32_t> fed{1, 2, 3, 4, 5, 6};
    program.feed("x", fed);
    program.run();
    std::vector<int32_t> row(3);
    program.read("x", row, 3);
    CHECK(row == std::vector<int32_t>{4, 5, 6});
    CHECK(says(error_text<CheckFailure>([&] { program.read("x", row, 4); }),
               "output x is i32 [2, 3], asked for 3 i32 from 4 on"));
    CHECK(says(error_text<CheckFailure>([&] { program.read("x", Numbers(3)); }),
               "output x is i32 [2, 3], asked for 3 f32 from 0 on"));
  }
}

TEST_CASE("each run takes every input anew, of its type and size") {
  Graph g;
  g.output("y", input(g, "x", four) + input(g, "b", four));
  const auto device = make_device("cpu", {.threads = 1});
  Store store(*device);
  Program program(g, store);
  CHECK(says(error_text<CheckFailure>([&] { program.run(); }), "was not fed"));
  CHECK(says(error_text<CheckFailure>([&] { program.read("y"); }), "nothing has run"));
  const Numbers x(4, 1);
  program.feed("x", x);
  CHECK(says(error_text<CheckFailure>([&] { program.run(); }), "input b was not fed"));
  program.feed("b", x);
  program.run();
  CHECK(program.read("y") == Numbers(4, 2));
  program.feed("b", x);
  CHECK(says(error_text<CheckFailure>([&] { program.run(); }), "input x was not fed"));
  CHECK(says(error_text<CheckFailure>([&] { program.feed("x", Numbers(3)); }), "input x is f32 [4], fed with 3 f32"));
  CHECK(says(error_text<CheckFailure>([&] { program.feed("x", std::vector<int32_t>(4)); }),
             "input x is f32 [4], fed with 4 i32"));
  CHECK(says(error_text<CheckFailure>([&] { program.feed("x", std::vector<std::byte>(15)); }),
             "input x is f32 [4], fed with 15 bytes"));
  CHECK(says(error_text<CheckFailure>([&] { program.feed("z", x); }), "no input z"));
  CHECK(says(error_text<CheckFailure>([&] { program.output("z"); }), "no output z"));
  CHECK_FALSE(program.input("z"));
}

TEST_CASE("feeding, running and reading take no heap memory after the first run") {
  Graph g;
  const Value x = input(g, "x", four);
  g.output("y", exp(x));
  g.output("sum", sum(x));
  for (const std::string& name : devices()) {
    if (is_emulated_gpu(name)) continue;  // whose queues are lists
    CAPTURE(name);
    const auto device = make_device(name, {.threads = 2});
    Store store(*device);
    Program program(g, store);
    const Slot in = program.input("x"), out = program.output("y"), total = program.output("sum");
    Numbers fed(4, 0), read(4);
    float sum = 0;
    const auto step = [&] {
      program.feed(in, fed);
      program.launch();
      program.wait();
      program.read(out, read);
      sum = program.scalar(total);
    };
    step();
    const int64_t before = allocations();
    for (int i = 0; i < 3; ++i) step();
    CHECK(allocations() == before);
    CHECK(read == Numbers(4, 1));
    CHECK(sum == 0);
  }
}

TEST_CASE("a store's variables are set to 0 and copied on the device") {
  for (const std::string& name : devices()) {
    CAPTURE(name);
    const auto device = make_device(name, {.threads = 1});
    Store store(*device);
    store.declare({"a", four});
    store.declare({"b", four});
    store.declare({"c", {DType::bf16, {4}}});
    store.write("a", Numbers{1, 2, 3, 4}.data(), 4);
    store.copy("b", "a");
    store.zero("a");
    CHECK(store.read("a") == Numbers(4, 0));
    CHECK(store.read("b") == Numbers{1, 2, 3, 4});
    CHECK(says(error_text<CheckFailure>([&] { store.copy("c", "a"); }), "c is bf16 [4], a is f32 [4]"));
  }
}

TEST_CASE("a number that makes no sense is an error after the launch that names the layer, and harms no later run") {
  Graph g;
  g.scope = "2.words";
  const Value table = variable(g, {"table", {DType::f32, {3, 2}}}), words = input(g, "words", {DType::i32, {4}});
  const Value y = embedding(table, words);
  g.output("y", y);
  g.output("slope", gradients(sum(y * 3), {table})[0]);
  for (const std::string& name : devices()) {
    CAPTURE(name);
    const auto device = make_device(name, {.threads = 2});
    Store store(*device);
    Program program(g, store);
    const Numbers rows{1, 2, 3, 4, 5, 6};
    store.write("table", rows.data(), 6);
    for (const int32_t wrong : {3, -1}) {
      const std::vector<int32_t> fed{0, wrong, 7, 2};
      program.feed("words", fed);
      program.launch();
      Exit exit = Exit::done;
      CHECK(error_text([&] { program.wait(); }, {}, &exit) ==
            concat("error: layer '2.words': index ", wrong,
                   " is outside an embedding of 3 rows\n"
                   "  help: set num_embeddings to one more than the largest index of the data"));
      CHECK(exit == Exit::data);
      const std::vector<int32_t> right{0, 2, 2, 1};
      program.feed("words", right);
      program.run();
      CHECK(program.read("y") == Numbers{1, 2, 5, 6, 5, 6, 3, 4});
      CHECK(program.read("slope") == Numbers{3, 3, 3, 3, 6, 6});
    }
  }
}
