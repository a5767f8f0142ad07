// Choosing a writer, and one file from it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/weights/weights_writer.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

namespace dl {
namespace {

constexpr int64_t written_piece_elements = 1 << 16;

std::vector<const WeightsWriter*>& weights_writers() {
  static std::vector<const WeightsWriter*> all;
  return all;
}

}  // namespace

bool add_weights_writer(const WeightsWriter& writer) {
  weights_writers().push_back(&writer);
  return true;
}

std::vector<std::string> weights_endings() {
  std::vector<std::string> endings;
  for (const WeightsWriter* writer : weights_writers()) endings.push_back(writer->ending());
  std::ranges::sort(endings);
  return endings;
}

const WeightsWriter& weights_writer_for(const std::filesystem::path& path) {
  for (const WeightsWriter* writer : weights_writers())
    if (path.filename().string().ends_with(writer->ending())) return *writer;
  throw Error(Exit::usage,
              Problem{.where = {.file = path.string()},
                      .what = concat("no format is written whose names end so; they end in ", join(weights_endings())),
                      .notes = {},
                      .help = "give it one of these endings"});
}

void write_weights_file(const std::filesystem::path& path, const WeightsWriter::Tensors& tensors,
                        const TrainingState* training) {
  const WeightsWriter& writer = weights_writer_for(path);
  for (const auto& [name, tensor] : tensors)
    if (!writer.has(tensor.type))
      refuse_weights(path, name,
                     concat("is of type ", name_of(tensor.type), ", which ", writer.name(), " does not have"),
                     "convert it to .safetensors");
  AtomicFile file(path);
  const auto append = [&](const void* data, size_t bytes) { file.append(data, bytes); };
  if (training)
    writer.write_training(tensors, *training, append);
  else
    writer.write(tensors, append);
  file.commit();
}

void append_elements(const StoredTensor& tensor, const WeightsWriter::Append& append) {
  TensorReader reader(tensor);
  const auto width = static_cast<int64_t>(bytes_of(tensor.type));
  const int64_t all = tensor.shape.elements();
  std::vector<std::byte> piece(static_cast<size_t>(std::min(all, written_piece_elements) * width));
  for (int64_t begin = 0; begin < all; begin += written_piece_elements) {
    const int64_t count = std::min(written_piece_elements, all - begin);
    reader.read(begin, count, piece.data());
    append(piece.data(), static_cast<size_t>(count * width));
  }
}

}  // namespace dl
