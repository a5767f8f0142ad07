// Writing safetensors of any type that they have.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/safetensors.h"
#include "lib/interop/weights/weights_writer.h"

namespace dl {
namespace {

class SafetensorsWriter final : public WeightsWriter {
 public:
  std::string ending() const override { return ".safetensors"; }
  std::string name() const override { return "safetensors"; }
  bool has(ElementType type) const override { return type != ElementType::c128; }
  void write(const Tensors& tensors, const Append& append) const override {
    std::vector<SafetensorsItem> items;
    for (const auto& [name, tensor] : tensors)
      items.push_back({.name = name,
                       .type = {tensor.type, tensor.shape},
                       .write = [&tensor = tensor](const Append& into) { append_elements(tensor, into); }});
    write_safetensors(std::move(items), {{"format", "pt"}}, append);
  }
};
DL_WEIGHTS_WRITER(SafetensorsWriter);

}  // namespace
}  // namespace dl
