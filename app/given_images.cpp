// Images found in folders, and what is said of files that cannot be read.
// SPDX-License-Identifier: Apache-2.0
#include "app/given_images.h"

#include <algorithm>

#include "app/console/output.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/image/image_names.h"

namespace dl {

namespace fs = std::filesystem;

namespace {

std::string passed_over_text(const std::string& folder, const std::vector<fs::path>& files) {
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min<size_t>(files.size(), 3); ++i) names.push_back(files[i].filename().string());
  return concat(folder, ": ", count_of(static_cast<int64_t>(files.size()), "file"),
                " passed over, not named like an image: ", join(names), files.size() > 3 ? ", …" : "");
}

}  // namespace

std::vector<fs::path> image_files(const std::vector<std::string>& inputs) {
  std::vector<fs::path> files;
  for (const std::string& input : inputs) {
    if (!fs::exists(input)) throw Error(Exit::usage, Problem{.path = input, .what = "there is no such file or folder"});
    if (!fs::is_directory(input)) {
      files.emplace_back(input);
      continue;
    }
    const ImagesBelow found = images_below(input);
    if (found.images.empty())
      throw Error(Exit::usage, Problem{.path = input, .what = "there is no image in this folder"});
    if (!found.passed_over.empty()) warn(passed_over_text(input, found.passed_over));
    files.insert(files.end(), found.images.begin(), found.images.end());
  }
  return files;
}

bool UnreadableImages::has(int64_t index) {
  auto problem = images_.data ? images_.problem(index) : std::nullopt;
  if (problem) problems_.push_back(std::move(*problem));
  return problem.has_value();
}

void UnreadableImages::tell(int64_t tried) {
  if (problems_.empty()) return;
  problems_.back().notes.push_back(
      concat(tried - std::ssize(problems_), " of ", tried, tried == 1 ? " image was" : " images were", " predicted"));
  const Problem last = std::move(problems_.back());
  problems_.pop_back();
  for (const Problem& problem : problems_)
    standard_error().write(with_colours(standard_error(), render(problem) + "\n"));
  throw Error(Exit::data, last);
}

}  // namespace dl
