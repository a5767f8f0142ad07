// cifar: the binary files of CIFAR-10 and CIFAR-100 (https://www.cs.toronto.edu/~kriz/cifar.html): records of one label
// or two and 32 x 32 pixels, all red ones first, then the green and the blue.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/fit.h"
#include "lib/data/image/image_layout.h"
#include "lib/data/labelled.h"
#include "lib/data/reader.h"
#include "lib/data/sample_fit.h"

namespace dl {
namespace {

constexpr int64_t cifar_pixels = 32 * 32 * 3;

class CifarSet final : public Dataset, public Labelled, public Fittable {
 public:
  // A record has `labels` of them, of which number `label` counts.
  CifarSet(std::vector<std::filesystem::path> files, int64_t labels, int64_t label, std::vector<std::string> classes)
      : files_(std::move(files)),
        record_(labels + cifar_pixels),
        labels_(labels),
        label_(label),
        classes_(std::move(classes)),
        fields_{{"x", {DType::u8, {32, 32, 3}}}, {"y", {DType::i32, {}}}} {
    for (const auto& file : files_) {
      const auto bytes = static_cast<int64_t>(InputFile(file).size_bytes());
      if (bytes == 0 || bytes % record_ != 0)
        fail(file,
             concat("expected records of ", record_, " bytes, ", count_of(labels_, "label"), " and ", cifar_pixels,
                    " of the image; found ", bytes, " bytes"),
             bytes > 0 && bytes % (cifar_pixels + 3 - labels_) == 0
                 ? concat("write 'labels: ", labels_ == 1 ? "fine' for CIFAR-100" : "one' for CIFAR-10")
                 : "get the file again: take it out of the archive of the binary version");
      ends_.push_back((ends_.empty() ? 0 : ends_.back()) + bytes / record_);
    }
  }

  int64_t size() const override { return ends_.back(); }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override { return classes_; }
  bool in_memory() const override { return true; }
  Node fit(std::span<const int64_t> /*samples*/) const override { return fit_samples(*this); }
  Where place(int64_t index) const override { return {.file = file_of(index).string()}; }

  void get(int64_t index, Sample& into) const override {
    std::memcpy(into.fields[0], get_in_place(index, 0, into), cifar_pixels);
  }
  const std::byte* get_in_place(int64_t index, size_t field, Sample& into) const override {
    load();
    const auto label = static_cast<int32_t>(numbers_[static_cast<size_t>(index)]);
    std::memcpy(into.fields[1], &label, sizeof label);
    return field == 0 ? images_.get() + index * cifar_pixels : into.fields[field];
  }
  void expect(int64_t index) const override {
    if (loaded_.load(std::memory_order_acquire)) fetch(images_.get() + index * cifar_pixels, cifar_pixels);
  }

  void load() const override {
    if (loaded_.load(std::memory_order_acquire)) return;
    const std::lock_guard lock(loading_);
    if (loaded_.load(std::memory_order_relaxed)) return;
    auto images = std::make_unique_for_overwrite<std::byte[]>(static_cast<size_t>(size() * cifar_pixels));
    std::byte* into = images.get();
    std::vector<uint8_t> numbers;
    Xxh64 hash;
    for (const auto& file : files_) {
      const std::string bytes = read_file(file, UINT32_MAX);
      hash.append(bytes);
      if (std::ssize(bytes) % record_ != 0 || std::ssize(numbers) + std::ssize(bytes) / record_ > size())
        fail(file, "the file changed while it was in use");
      for (int64_t at = 0; at < std::ssize(bytes); at += record_, into += cifar_pixels) {
        const char* record = bytes.data() + at;
        numbers.push_back(static_cast<uint8_t>(record[label_]));
        if (numbers.back() >= classes_.size())
          fail(file, concat("record ", at / record_, ": expected a label from 0 to ", classes_.size() - 1, ", found ",
                            int{numbers.back()}));
        interleave_channels(reinterpret_cast<const std::byte*>(record + labels_), fields_[0].type, into);
      }
    }
    if (std::ssize(numbers) != size()) fail(files_.back(), "the file changed while it was in use");
    images_ = std::move(images);
    numbers_ = std::move(numbers);
    hash_ = hash.value();
    loaded_.store(true, std::memory_order_release);
  }

  std::vector<int64_t> labels() const override {
    load();
    return {numbers_.begin(), numbers_.end()};
  }
  uint64_t fingerprint() const override {
    load();
    return hash_;
  }

 private:
  [[noreturn]] static void fail(const std::filesystem::path& file, std::string what, std::string help = {}) {
    throw Error(Exit::data,
                Problem{.where = {.file = file.string()}, .what = std::move(what), .help = std::move(help)});
  }
  const std::filesystem::path& file_of(int64_t index) const {
    return files_[static_cast<size_t>(std::ranges::upper_bound(ends_, index) - ends_.begin())];
  }

  const std::vector<std::filesystem::path> files_;
  const int64_t record_, labels_, label_;
  const std::vector<std::string> classes_;
  const std::vector<SampleField> fields_;
  std::vector<int64_t> ends_;  // samples up to the end of each file
  mutable std::mutex loading_;
  mutable std::atomic<bool> loaded_ = false;
  mutable std::unique_ptr<std::byte[]> images_;
  mutable std::vector<uint8_t> numbers_;
  mutable uint64_t hash_ = 0;
};

struct Cifar final : Reader {
  std::vector<std::string> paths;
  std::string labels = "one";
  void describe(Schema& s) override {
    s.summary("the binary files of CIFAR-10 and CIFAR-100");
    s.details(
        "Of 'CIFAR-10 binary version' data_batch_1.bin to data_batch_5.bin and test_batch.bin, of CIFAR-100 train.bin "
        "and "
        "test.bin. Images are [32, 32, 3]. The sets 'cifar10' and 'cifar100' are described: 'train: cifar10'.");
    s.required("paths", paths, "the files, one after another").known_as({"path", "files", "root"});
    s.optional("labels", labels, "one: CIFAR-10; fine, coarse: the 100 or the 20 classes of CIFAR-100")
        .one_of({"one", "fine", "coarse"});
    s.example("{format: cifar, paths: [data_batch_1.bin, data_batch_2.bin]}");
    s.example("{format: cifar, paths: [train.bin], labels: fine}");
    s.check([this](const Report& report) {
      if (paths.empty()) report.at("paths", "expected a file at least");
    });
  }
  DatasetPointer open(const Folders& folders) const override {
    std::vector<std::filesystem::path> files;
    for (const std::string& path : paths)
      for (auto& file : find_all_data(folders, path)) files.push_back(std::move(file));
    return std::make_shared<CifarSet>(std::move(files), labels == "one" ? 1 : 2, labels == "fine" ? 1 : 0,
                                      folders.classes.empty() ? numbered_classes(labels == "fine"     ? 100
                                                                                 : labels == "coarse" ? 20
                                                                                                      : 10)
                                                              : folders.classes);
  }
  DatasetPointer open_fitted(const Node& fit) const override { return samples_of_fit(fit); }
};
DL_READER(Cifar, "cifar");

}  // namespace
}  // namespace dl
