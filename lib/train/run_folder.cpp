// Making, taking and finding the folders of runs.
#include "lib/train/run_folder.h"

#include <algorithm>
#include <map>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/folder.h"
#include "lib/base/text.h"

namespace dl {
namespace {

// N of "NAME-N".
std::optional<int64_t> number_of(const std::string& folder, const std::string& name) {
  if (!folder.starts_with(name + "-")) return {};
  const std::string digits = folder.substr(name.size() + 1);
  if (digits.empty() || digits.size() > 9 || !std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }))
    return {};
  return std::stoll(digits);
}

std::vector<std::string> names_in(const std::filesystem::path& runs) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(runs, error))
    names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

int64_t newest_number(const std::filesystem::path& runs, const std::string& name) {
  int64_t newest = 0;
  for (const std::string& folder : names_in(runs)) newest = std::max(newest, number_of(folder, name).value_or(0));
  return newest;
}

bool is_run(const std::filesystem::path& folder) {
  std::error_code error;
  return std::filesystem::exists(RunPaths{folder}.resolved(), error);
}

}  // namespace

RunFolder::RunFolder(RunPaths paths) : paths_(std::move(paths)), lock_(std::make_unique<FileLock>(paths_.lock())) {}

RunFolder RunFolder::create(const std::filesystem::path& runs, const std::string& name, const std::string& resolved,
                            const std::string& config) {
  make_folders(runs);
  std::filesystem::path folder;
  for (int64_t n = newest_number(runs, name) + 1;; ++n) {
    folder = runs / concat(name, "-", n);
    if (make_new_folder(folder)) break;  // another process may take the same number at the same time
  }
  RunFolder run({folder});
  write_file_atomic(run.paths().config(), config);
  run.write_resolved(resolved);
  make_folders(run.paths().checkpoints());
  fsync_folder(folder);
  fsync_folder(runs);
  return run;
}

RunFolder RunFolder::open(const std::filesystem::path& folder) { return RunFolder({folder}); }

void RunFolder::write_resolved(const std::string& text) const { write_file_atomic(paths_.resolved(), text); }

RunPaths find_run(const std::string& text, const std::filesystem::path& runs) {
  if (is_run(text)) {
    const std::filesystem::path folder = std::filesystem::path(text).lexically_normal();
    return {folder.has_filename() ? folder : folder.parent_path()};  // "runs/quickstart-1/"
  }
  if (is_run(runs / text)) return {runs / text};
  if (const int64_t n = newest_number(runs, text); n > 0 && is_run(runs / concat(text, "-", n)))
    return {runs / concat(text, "-", n)};
  std::vector<std::string> names;
  for (const std::string& name : names_in(runs))
    if (is_run(runs / name)) names.push_back(name);
  const std::string near = closest(text, names);
  throw Error(Exit::usage,
              Problem{.what = "there is no run '" + text + "'",
                      .notes = {"runs in " + runs.string() + ": " + (names.empty() ? "none" : join(names))},
                      .help = near.empty() ? "name one of them, or a run's folder" : "write '" + near + "'"});
}

}  // namespace dl
