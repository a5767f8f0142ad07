// Export to ONNX: model.onnx, and beside it model.onnx.data where protobuf's 2 GiB are near.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/file.h"
#include "lib/interop/export_target.h"
#include "lib/interop/onnx/write.h"

namespace dl::onnx {
namespace {

constexpr const char *file = "model.onnx", *beside = "model.onnx.data";

class Onnx final : public ExportTarget {
 public:
  std::string summary() const override { return "ONNX, opset 17, of any network"; }
  bool channels_first(const ExportOptions& options) const override { return !options.channels_last; }

  std::vector<WrittenTensor> write(const TrainedNetwork& trained, const ExportOptions& options,
                                   const std::filesystem::path& folder) const override {
    const Export made = onnx::write(trained, channels_first(options));
    const bool apart = bytes_of_initializers(made.model) > most_inside;
    if (apart) write_beside(made.model, folder / beside);
    write_file_atomic(folder / file, bytes_of(made.model, apart ? beside : ""));
    return made.tensors;
  }

 private:
  static void write_beside(const Model& model, const std::filesystem::path& path) {
    AtomicFile data(path);
    const std::vector<Place> places = places_beside(model);
    uint64_t end = 0;
    for (size_t i = 0; i < places.size(); ++i) {
      data.append(std::string(places[i].offset - end, '\0'));
      data.append(model.initializers[i].bytes);
      end = places[i].offset + places[i].bytes;
    }
    data.commit();
  }
};

DL_EXPORT_TARGET(Onnx, "onnx");

}  // namespace
}  // namespace dl::onnx
