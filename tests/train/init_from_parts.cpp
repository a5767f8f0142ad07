// Files whose tensors are there, but not as the network has them: in parts, or as what is not read.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/data/file/zip_writer.h"
#include "lib/interop/weights/weights_writer.h"
#include "tests/npy.h"
#include "tests/train/fixture.h"

namespace dl::testing {
namespace {

WeightsTable::Entry zeros(const std::string& name, const Shape& shape) {
  const auto count = static_cast<size_t>(shape.elements());
  return {name, {.shape = shape, .bytes = StoredBytes::in_memory(std::string(4 * count, '\0'))}};
}

// Those of small_config but for the weight of the last layer, in whose place are these.
WeightsWriter::Tensors with_last(const WeightsWriter::Tensors& parts) {
  WeightsWriter::Tensors tensors{
      zeros("0.weight", {4, 1, 3, 3}), zeros("0.bias", {4}),        zeros("1.weight", {4}), zeros("1.bias", {4}),
      zeros("1.running_mean", {4}),    zeros("1.running_var", {4}), zeros("5.bias", {4})};
  tensors.insert(tensors.end(), parts.begin(), parts.end());
  return tensors;
}

}  // namespace

TEST_CASE("weights that PyTorch keeps in parts are told with what makes them whole") {
  const Workplace place;
  const Shape weight{4, 64};
  const auto help = [&](const WeightsWriter::Tensors& parts) {
    write_weights_file(place.path / "w.safetensors", with_last(parts));
    const std::string text = place.refusal({"init_from=w.safetensors"});
    const size_t at = text.find("  help: ");
    return at == std::string::npos ? text : text.substr(at + 8);
  };
  const std::string before = "the file has weights in parts; before saving them call torch.nn.utils.",
                    behind = " of each such layer";
  CHECK(help({zeros("5.parametrizations.weight.original0", {4, 1}),
              zeros("5.parametrizations.weight.original1", weight)}) ==
        before + "parametrize.remove_parametrizations(layer, \"weight\")" + behind);
  CHECK(help({zeros("5.weight_g", {4, 1}), zeros("5.weight_v", weight)}) ==
        before + "remove_weight_norm(layer)" + behind);
  CHECK(help({zeros("5.weight_orig", weight), zeros("5.weight_mask", weight)}) ==
        before + "prune.remove(layer, \"weight\")" + behind);
  CHECK(help({zeros("5.weight_orig", weight), zeros("5.weight_u", {4}), zeros("5.weight_v", {64})}) ==
        before + "remove_spectral_norm(layer)" + behind);
  CHECK(help({zeros("5.weight_g", {4, 1})}).starts_with("name the layers as the file does"));
}

TEST_CASE("a tensor of the file that is not read is none to begin anew") {
  const Workplace place;
  std::string archive;
  ZipWriter zip([&](const void* data, size_t n) { archive.append(static_cast<const char*>(data), n); });
  zip.add("5.bias.npy", npy("<f4", "(4,)", std::string(16, '\0')));
  zip.add("5.weight.npy", npy("<U1", "(1,)", std::string("a\0\0\0", 4)));
  zip.finish();
  write(place.path / "w.npz", archive);
  CHECK(place.refusal({"init_from={path: w.npz, missing: fresh}"})
            .find("  '5.weight' is in the file, but not read: an array of '<U1'\n") != std::string::npos);
  CHECK(place.plan({"init_from={path: w.npz, ignore: [\"5.weight\"], missing: fresh}"})->initial.taken.size() == 1);
}

}  // namespace dl::testing
