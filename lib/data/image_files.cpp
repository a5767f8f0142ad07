// A data set of image files without labels, for `predict`.
// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <mutex>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/data/data_spec.h"
#include "lib/data/image/image.h"
#include "lib/data/image/image_type.h"

namespace dl {
namespace {

class UnlabelledImages final : public Dataset {
 public:
  UnlabelledImages(std::vector<std::filesystem::path> files, const Type& raw_input)
      : files_(std::move(files)),
        type_(image_type(raw_input, {})),
        field_{.name = "x", .type = raw_input, .pixels = raw_input.dtype != DType::u8} {}

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  std::span<const SampleField> fields() const override { return {&field_, 1}; }
  std::span<const std::string> classes() const override { return {}; }
  bool in_memory() const override { return false; }
  void get(int64_t index, Sample& into) const override try {
    read_image(files_[static_cast<size_t>(index)],
               {.size = {type_.h, type_.w},
                .channels = static_cast<int>(type_.c),
                .may_resize = true,
                .dtype = field_.type.dtype},
               into.fields[0]);
  } catch (const Error& error) {
    std::memset(into.fields[0], 0, static_cast<size_t>(field_.type.bytes()));
    const std::lock_guard lock(mutex_);
    problems_.emplace(index, error.problems().front());
  }
  uint64_t fingerprint() const override {
    Xxh64 hash;
    for (const auto& file : files_) hash.append(file.string() + '\0');
    return hash.value();
  }
  Where place(int64_t index) const override { return {.file = files_[static_cast<size_t>(index)].string()}; }

  std::optional<Problem> problem(int64_t index) const {
    const std::lock_guard lock(mutex_);
    const auto found = problems_.find(index);
    return found == problems_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  const std::vector<std::filesystem::path> files_;
  const ImageType type_;
  const SampleField field_;
  mutable std::mutex mutex_;
  mutable std::map<int64_t, Problem> problems_;
};

}  // namespace

ImageFiles open_images(const DataSpec& spec, std::vector<std::filesystem::path> files, const Type& raw_input,
                       bool raw_pixels) {
  const ImageType type = image_type(raw_input, {});
  if ((raw_input.dtype != DType::u8 && !raw_pixels) || (type.c != 1 && type.c != 3))
    throw Error(Exit::usage, Problem{.what = concat("the network was trained on samples of type ",
                                                    name_of(raw_input.dtype), " and shape ", raw_input.shape.text(),
                                                    "; image files are u8 with 1 or 3 channels"),
                                     .help = "write '--data' with a data set of such samples"});
  const auto images = std::make_shared<UnlabelledImages>(std::move(files), raw_input);
  return {transformed(images, spec.transforms, spec.views), [images](int64_t index) { return images->problem(index); }};
}

}  // namespace dl
