// A data set of image files without labels, for `predict`.
#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/data/data_spec.h"
#include "lib/data/image.h"
#include "lib/data/image_type.h"

namespace dl {
namespace {

class ImageFiles final : public Dataset {
 public:
  ImageFiles(std::vector<std::filesystem::path> files, const Type& raw_input)
      : files_(std::move(files)), type_(image_type(raw_input, {})), field_{"x", raw_input} {}

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  std::span<const SampleField> fields() const override { return {&field_, 1}; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return false; }
  void get(int64_t index, Sample& into) const override {
    read_image(files_[static_cast<size_t>(index)],
               {.size = {type_.h, type_.w}, .channels = static_cast<int>(type_.c), .may_resize = true}, into.fields[0]);
  }
  uint64_t fingerprint() const override {
    Xxh64 hash;
    for (const auto& file : files_) hash.append(file.string() + '\0');
    return hash.value();
  }

 private:
  const std::vector<std::filesystem::path> files_;
  const ImageType type_;
  const SampleField field_;
};

}  // namespace

DatasetPointer open_images(const DataSpec& spec, std::vector<std::filesystem::path> files, const Type& raw_input) {
  const ImageType type = image_type(raw_input, {});
  if (raw_input.dtype != DType::u8 || (type.c != 1 && type.c != 3))
    throw Error(Exit::usage, Problem{.what = concat("the network was trained on samples of type ",
                                                    name_of(raw_input.dtype), " and shape ", raw_input.shape.text(),
                                                    "; image files are u8 with 1 or 3 channels")});
  return transformed(std::make_shared<ImageFiles>(std::move(files), raw_input), spec.transforms);
}

}  // namespace dl
