// What nodes of ONNX models make for each sample of a batch, of whatever batch the model was written with.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/graph/ops/generate.h"
#include "lib/interop/onnx/write.h"
#include "tests/check_layer.h"
#include "tests/folder.h"

namespace dl::testing {

TEST_CASE("a recurrent layer begins with nothing where its file holds zeros, of whatever batch it was written with") {
  const Folder folder;
  onnx::Model model{.graph = "g",
                    .inputs = {{"x", onnx::Element::f32, {2, 5, 3}}},
                    .outputs = {{"y", onnx::Element::f32, {2, 1, 4}}}};
  model.nodes = {{.op = "Transpose",
                  .inputs = {"x"},
                  .outputs = {"steps"},
                  .attributes = {{"perm", std::vector<int64_t>{1, 0, 2}}}},
                 {.op = "LSTM",
                  .inputs = {"steps", "w", "r", "", "", "h", "c"},
                  .outputs = {"all", "last"},
                  .attributes = {{"hidden_size", int64_t{4}}}},
                 {.op = "Transpose",
                  .inputs = {"last"},
                  .outputs = {"y"},
                  .attributes = {{"perm", std::vector<int64_t>{1, 0, 2}}}}};
  const auto built = [&](const std::string& h) {
    const auto tensor = [](const char* name, std::vector<int64_t> sizes, const std::string& bytes) {
      return onnx::Initializer{name, onnx::Element::f32, std::move(sizes), bytes};
    };
    model.initializers = {tensor("w", {1, 16, 3}, std::string(16 * 3 * 4, '\0')),
                          tensor("r", {1, 16, 4}, std::string(16 * 4 * 4, '\0')), tensor("h", {1, 2, 4}, h),
                          tensor("c", {1, 2, 4}, std::string(32, '\0'))};
    folder.write("m.onnx", onnx::bytes_of(model));
    std::filesystem::last_write_time(folder.path / "m.onnx", std::filesystem::file_time_type::clock::now());
    std::string names;
    const std::string error = error_text<ShapeError>([&] {
      const BuiltLayer layer(*read_registered_as<Layer>("onnx: " + (folder.path / "m.onnx").string()),
                             {Type{DType::f32, {3, 5, 3}}}, false);
      for (const auto& [name, value] : layer.sources) names += name + " ";
    });
    return error.empty() ? names : error;
  };
  CHECK(built(std::string(32, '\0')) == "r_forward w_forward x0 ");
  const std::string other = built(std::string("\0\0\x80\x3F", 4) + std::string(28, '\0'));
  CHECK(other.find("input 5 is [1, 2, 4], expected [1, 3, 4]; export it with an open batch: ") != std::string::npos);
}

TEST_CASE("zeros that a model makes for each sample leave the number of samples open") {
  const Folder folder;
  onnx::Model model{
      .graph = "g", .inputs = {{"x", onnx::Element::f32, {-1, 3}}}, .outputs = {{"y", onnx::Element::f32, {-1, 3}}}};
  model.nodes = {{.op = "Shape", .inputs = {"x"}, .outputs = {"sizes"}},
                 {.op = "ConstantOfShape", .inputs = {"sizes"}, .outputs = {"zeros"}},
                 {.op = "Add", .inputs = {"x", "zeros"}, .outputs = {"y"}}};
  folder.write("m.onnx", onnx::bytes_of(model));
  const auto layer = read_registered_as<Layer>("onnx: " + (folder.path / "m.onnx").string());
  for (const int64_t batch : {5, 5000}) {
    CAPTURE(batch);
    BuiltLayer built(*layer, {Type{DType::f32, {batch, 3}}}, false);
    CHECK(built.y.shape() == Shape{batch, 3});
    for (int i = 0; i < built.graph().size(); ++i)
      CHECK(dynamic_cast<const GivenNumbers*>(built.graph().node(i).op.get()) == nullptr);
  }
}

TEST_CASE("sizes of a model are multiplied when it is built") {
  const Folder folder;
  onnx::Model model{
      .graph = "g", .inputs = {{"x", onnx::Element::f32, {-1, 3, 2}}}, .outputs = {{"y", onnx::Element::f32, {-1, 6}}}};
  model.nodes = {
      {.op = "Shape", .inputs = {"x"}, .outputs = {"sizes"}, .attributes = {{"start", int64_t{1}}}},
      {.op = "ReduceProd", .inputs = {"sizes"}, .outputs = {"count"}},
      {.op = "Concat", .inputs = {"open", "count"}, .outputs = {"flat"}, .attributes = {{"axis", int64_t{0}}}},
      {.op = "Reshape", .inputs = {"x", "flat"}, .outputs = {"y"}}};
  model.constants = {{"open", onnx::Element::i64, {1}, std::string(8, '\xFF')}};  // -1
  folder.write("m.onnx", onnx::bytes_of(model));
  const auto layer = read_registered_as<Layer>("onnx: " + (folder.path / "m.onnx").string());
  CHECK(BuiltLayer(*layer, {Type{DType::f32, {4, 3, 2}}}, false).y.shape() == Shape{4, 6});
}

TEST_CASE("a Squeeze that names no axes keeps the batch, of one sample too") {
  const Folder folder;
  onnx::Model model{.graph = "g",
                    .inputs = {{"x", onnx::Element::f32, {-1, 3, 1, 1}}},
                    .outputs = {{"y", onnx::Element::f32, {-1, 3}}}};
  model.nodes = {{.op = "Squeeze", .inputs = {"x"}, .outputs = {"y"}}};
  folder.write("m.onnx", onnx::bytes_of(model));
  const auto layer =
      read_registered_as<Layer>("onnx: {path: " + (folder.path / "m.onnx").string() + ", channels_first: false}");
  for (const int64_t batch : {1, 2}) {
    CAPTURE(batch);
    CHECK(BuiltLayer(*layer, {Type{DType::f32, {batch, 3, 1, 1}}}, false).y.shape() == Shape{batch, 3});
  }
}

}  // namespace dl::testing
