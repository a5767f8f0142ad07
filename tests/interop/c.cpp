// Networks written as C.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/interop/c/loop_text.h"
#include "lib/interop/code/expressions.h"
#include "lib/interop/export_target.h"
#include "tests/folder.h"
#include "tests/interop/small_network.h"

namespace dl::testing {

TEST_CASE("numbers of C are floats, whatever they are") {
  CHECK(c::literal(1) == "1.0f");
  CHECK(c::literal(-0.5) == "(-0.5f)");
  CHECK(c::literal(1e-8) == "1e-08f");
}

TEST_CASE("numbers that an ONNX file holds as f32 are written with the digits that they were given") {
  const double held = 0.012299999594688416;
  CHECK(c::literal(held) == "0.0123f");
  CHECK(code::number(held) == "0.0123");
  CHECK(code::number(-3.4028234663852886e+38) == "-3.4028234663852886e+38");  // PyTorch takes none beyond it
}

TEST_CASE("what depends on a channel only is computed once in C, before the loop over places") {
  const SmallNetwork small("model: [{conv2d: {out_channels: 4, kernel_size: 3}}, batch_norm, relu]",
                           {DType::f32, {6, 6, 2}});
  const Folder folder;
  export_targets().at("c")()->write(small.trained(), {}, folder.path);
  std::string text = folder.text("model.c");
  text.erase(0, text.rfind("int model_run("));
  const size_t rows = text.find("for (long r = 0");
  REQUIRE(rows != std::string::npos);
  CHECK(text.find("sqrtf(") < rows);
  CHECK(text.find("sqrtf(", rows) == std::string::npos);
  CHECK(text.find("EACH(c, 4) {", rows) != std::string::npos);
}

}  // namespace dl::testing
