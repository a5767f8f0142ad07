// Heads, checks and weights.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/python_files.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/interop/code/lone_layer.h"
#include "lib/interop/code/text.h"
#include "lib/interop/weights/weights_writer.h"

namespace dl::code {
namespace {

std::string described(const std::string& name, const Type& sample, bool channels_first) {
  std::vector<std::string> sizes{"batch"};
  const bool move = channels_first && sample.shape.rank() >= 3;
  if (move) sizes.push_back(std::to_string(sample.shape.last()));
  for (int axis = 0; axis + (move ? 1 : 0) < sample.shape.rank(); ++axis)
    sizes.push_back(std::to_string(sample.shape[axis]));
  const char* type = sample.dtype == DType::f32 ? "float32" : sample.dtype == DType::u8 ? "uint8" : "int64";
  return name + ": " + type + " [" + join(sizes) + "]";
}

}  // namespace

std::string head(const TrainedNetwork& trained, const std::string& what, bool channels_first) {
  std::string text = trained.source + ", " + what + ". Written by dlcli export.\n\n";
  for (const Network::Input& input : trained.network.inputs())
    text += "Input " + described(input.name, input.type, channels_first) + "\n";
  text += described("Output", trained.network.output(trained.output), channels_first) + "\n";
  for (const std::string& line : trained.behind) text += "    " + line + "\n";
  const std::vector<std::string> transforms = transforms_before(trained);
  if (!transforms.empty()) text += "\nInputs are to be what these transforms make of samples:\n";
  for (const std::string& transform : transforms) text += "    " + transform + "\n";
  return "\"\"\"" + in_docstring(text) + "\"\"\"\n";
}

std::string input_names(const Network& network) {
  std::vector<std::string> names;
  for (const Network::Input& input : network.inputs()) names.push_back(quoted(input.name));
  return tuple(names);
}

std::vector<std::string> arguments_for(const Network& network) {
  std::vector<std::string> names;
  const auto is_own = [&](const std::string& name) {
    return std::ranges::count(network.inputs(), name, &Network::Input::name) > 0;
  };
  for (const Network::Input& input : network.inputs()) {
    std::string other = input_name(names.size());
    while (is_own(other)) other += "_";
    names.push_back(is_free_name(input.name) ? input.name : other);
  }
  return names;
}

std::string check_at_end() {
  return R"(

if __name__ == "__main__":
    expected = np.load(HERE / "expected.npz")
    off = np.abs(predict(expected) - expected["output"]).max()
    print(f"at most {off:.2g} from what dlcli computes")
    assert off <= 1e-4 * max(1, np.abs(expected["output"]).max())
)";
}

void write_arrays(const std::filesystem::path& file, std::vector<NamedArray> arrays) {
  WeightsWriter::Tensors tensors;
  for (NamedArray& array : arrays) {
    WeightsTable::Entry entry{.name = std::move(array.name), .tensor = {}};
    entry.tensor.type = ElementType::f32;
    entry.tensor.shape = array.shape;
    const auto* bytes = reinterpret_cast<const char*>(array.values.data());
    entry.tensor.bytes = StoredBytes::in_memory({bytes, bytes + array.values.size() * sizeof(float)});
    tensors.push_back(std::move(entry));
  }
  write_weights_file(file, tensors);
}

void write_tensors(const TrainedNetwork& trained, const std::filesystem::path& file) {
  std::vector<NamedArray> arrays;
  for (const Tensor& tensor : trained.network.tensors())
    arrays.push_back({tensor.path, tensor.shape, trained.weights(tensor)});
  write_arrays(file, std::move(arrays));
}

std::vector<WrittenTensor> as_they_are(const Network& network) {
  std::vector<WrittenTensor> tensors;
  for (const Tensor& tensor : network.tensors())
    tensors.push_back({tensor.path, tensor.path, tensor.shape, "as it is"});
  return tensors;
}

}  // namespace dl::code
