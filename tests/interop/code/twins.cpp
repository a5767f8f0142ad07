// What layers say of their twins, and which operations and layers code knows.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>

#include "lib/base/error.h"
#include "lib/interop/code/call_text.h"
#include "lib/interop/code/dialect.h"
#include "lib/interop/code/known_twins.h"
#include "lib/interop/code/lone_layer.h"
#include "lib/interop/code/ops.h"
#include "lib/interop/code/text.h"
#include "lib/nn/network.h"
#include "tests/interop/operations.h"
#include "tests/read_registered.h"

namespace dl::testing {
namespace {

// The functions that a text calls by a bare name.
bool has_all_functions(const code::Dialect& dialect) {
  for (const code::Dialect* other : {&code::torch_dialect(), &code::numpy_dialect(), &code::jax_dialect()})
    for (const auto& [name, definition] : other->functions)
      if (name != "padded" && name != "windows" && !dialect.functions.contains(name)) return false;
  return true;
}

bool is_balanced(const std::string& text) {
  std::string open;
  for (const char c : text) {
    if (c == '(' || c == '[') open += c;
    if (c != ')' && c != ']') continue;
    if (open.empty() || open.back() != (c == ')' ? '(' : '[')) return false;
    open.pop_back();
  }
  return open.empty();
}

}  // namespace

TEST_CASE("every operation that an evaluation has, and every whole but recurrent layers, is known to Python's table") {
  const std::vector<std::string_view> known = code::known_operations();
  for (const std::string& name : operations_of_evaluation())
    CHECK_MESSAGE(std::ranges::count(known, std::string_view(name)) == 1, name);
  for (const std::string_view name : names_of_wholes())
    CHECK_MESSAGE((name == "recurrent_layer" || std::ranges::count(known, name) == 1), name);
}

TEST_CASE("every library of arrays has the functions that code calls") {
  CHECK(has_all_functions(code::torch_dialect()));
  CHECK(has_all_functions(code::numpy_dialect()));
  CHECK(has_all_functions(code::jax_dialect()));
  CHECK(has_all_functions(code::keras_dialect()));
}

TEST_CASE(
    "every layer leaves the number of samples open, and its twins name keys, tensors and permutations that there are") {
  int64_t said = 0;
  for (const std::string& name : Registry<Layer>::instance().names()) {
    const std::unique_ptr<Layer> described = Registry<Layer>::make(name);
    const Schema examples = schema_of(*described);
    for (const std::string& example : examples.examples())
      for (const Type& sample : {Type{DType::f32, {6, 6, 4}}, Type{DType::f32, {6}}, Type{DType::f32, {6, 8}},
                                 Type{DType::f32, {4, 4, 6, 2}}, Type{DType::i32, {6}}})
        for (const size_t inputs : {1u, 2u}) {
          const std::unique_ptr<Layer> layer = read_registered_as<Layer>(example);
          CAPTURE(example);
          try {
            const code::LoneLayer lone(*layer, std::vector<Type>(inputs, sample));
            CHECK(lone.open.is_open());  // whatever the number of samples
            Twins twins(std::vector<Type>(inputs, batched(sample, 1)), batched(lone.output, 1));
            layer->twins(twins);
            const Schema schema = schema_of(*layer);
            for (const Twin& twin : twins.all()) {
              ++said;
              std::vector<std::string> texts = twin.chain;
              texts.insert(texts.end(), {twin.module, twin.call, twin.plain});
              for (const std::string& text : texts) {
                CHECK(is_balanced(text));
                for (size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1)) {
                  const std::string key = text.substr(at + 1, text.find_first_of("|}", at) - at - 1);
                  const bool known = key == "self" || key == "in" || key == "x" || key == "x1" ||
                                     twins.said().contains(key) || schema.field(key) != nullptr;
                  CHECK_MESSAGE(known, key);
                }
              }
              for (const Twin::Place& place : twin.tensors) {
                const auto is_named = [&](const auto& tensor) { return tensor.first == place.ours; };
                CHECK((std::ranges::any_of(lone.parameters, is_named) || std::ranges::any_of(lone.buffers, is_named)));
                std::string from = place.arrow.substr(0, place.arrow.find(" -> ")), to = place.arrow;
                to = place.arrow.empty() ? "" : to.substr(to.find(" -> ") + 4);
                std::ranges::sort(from);
                std::ranges::sort(to);
                CHECK(from == to);
              }
            }
          } catch (const ShapeError&) {  // it takes other inputs
          } catch (const Error&) {       // it reads a file
          }
        }
  }
  CHECK(said > 60);
}

TEST_CASE("arguments of a twin that are as the other framework has them anyway are left out") {
  CHECK(code::fill_call("nn.Conv2d({in}, {out}, stride={stride|1}, bias={bias|True})",
                        {{"in", "3"}, {"out", "8"}, {"stride", "1"}, {"bias", "False"}}) ==
        "nn.Conv2d(3, 8, bias=False)");
  CHECK(code::fill_call("nn.ELU(alpha={alpha|1})", {{"alpha", "1"}}) == "nn.ELU()");
  CHECK(code::fill_call("f(a={a|1}, b={b|2})", {{"a", "1"}, {"b", "3"}}) == "f(b=3)");
}

TEST_CASE("arguments without a keyword have a name where one is wanted") {
  const std::string call =
      "layers.Conv2D(filters:4, kernel_size:(3, 3), name='a')(layers.Permute(dims:(3, 1, 2))({x}))";
  CHECK(code::without_names(call) == "layers.Conv2D(4, (3, 3), name='a')(layers.Permute((3, 1, 2))({x}))");
  const code::CallTree read = code::read_call(code::with_keywords(call));
  REQUIRE(read.kind == code::CallTree::Kind::call);
  REQUIRE(read.items.size() == 2);
  CHECK(read.items[0].items[0].text == "layers.Conv2D");
  CHECK(read.items[0].named[1].first == "kernel_size");
  CHECK(read.items[0].named[1].second.items[1].text == "3");
  CHECK(read.items[1].items[1].text == "{x}");
}

TEST_CASE("layers are known by what they are called elsewhere") {
  CHECK(code::names_elsewhere("conv2d") ==
        std::map<std::string, std::string>{{"flax", "nn.Conv"}, {"keras", "layers.Conv2D"}, {"pytorch", "nn.Conv2d"}});
  CHECK(code::names_elsewhere("add").at("pytorch") == "x + x1");
  CHECK(code::names_elsewhere("layer_scale").empty());
}

}  // namespace dl::testing
