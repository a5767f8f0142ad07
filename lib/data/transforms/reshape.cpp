// reshape: the same numbers of "x" in another shape, row by row: NumPy's reshape.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/transform.h"

namespace dl {
namespace {

struct ReshapeInput final : Transform {
  std::vector<int64_t> shape;
  void describe(Schema& s) override {
    s.summary("the same numbers in another shape: the columns of a table as a series or an image");
    s.required("shape", shape, "of a sample, outermost dimension first; one may be -1, which the others leave")
        .positional();
    s.also_known_as({"Reshape", "unflatten", "view"});
    s.example("reshape: [-1, 1]");
    s.example("reshape: [8, -1, 1]");
    s.check([this](const Report& report) {
      if (shape.empty() || std::ranges::count(shape, -1) > 1 ||
          std::ranges::any_of(shape, [](int64_t size) { return size < 1 && size != -1; }))
        report.at("shape", "expected sizes from 1 on, one of them -1 at most");
    });
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const size_t x = input_field(fields);
    const Type& type = fields[x].type;
    int64_t known = 1;
    for (const int64_t size : shape)
      if (size > 0 && __builtin_mul_overflow(known, size, &known)) known = 0;
    std::vector<int64_t> sizes = shape;
    if (known > 0) std::ranges::replace(sizes, -1, type.shape.elements() / known);
    if (known == 0 || type.shape.elements() == 0 || Shape(sizes).elements() != type.shape.elements())
      throw Error(Exit::usage,
                  Problem{.where = place,
                          .what = concat("samples of shape ", type.shape.text(), ", ",
                                         count_of(type.shape.elements(), "number"), ", are no ", Shape(shape).text()),
                          .help = "write sizes whose product is that, or -1 for one of them"});
    return {.fields = {{x, Type{type.dtype, Shape(std::move(sizes))},
                        [bytes = static_cast<size_t>(type.bytes())](const std::byte* in, std::byte* out, const Drawn&) {
                          std::memcpy(out, in, bytes);
                        }}}};
  }
};
DL_TRANSFORM(ReshapeInput, "reshape");

}  // namespace
}  // namespace dl
