// Making, taking and finding the folders of runs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/run_folder.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/folder.h"
#include "lib/base/io_error.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"
#include "lib/train/kept/checkpoint.h"

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

bool is_run(const std::filesystem::path& folder) {
  std::error_code error;
  const auto status = std::filesystem::status(RunPaths{folder}.resolved(), error);
  if (status.type() == std::filesystem::file_type::none)
    throw io_error(RunPaths{folder}.resolved(), "looking for it", error.value());
  return std::filesystem::exists(status);
}

// The numbers that runs of this name have, or folders that look like them, descending.
std::vector<int64_t> numbers_of(const std::string& name, const std::filesystem::path& runs) {
  std::vector<int64_t> numbers;
  for (const std::string& folder : names_in(runs))
    if (const auto number = number_of(folder, name)) numbers.push_back(*number);
  std::ranges::sort(numbers, std::greater());
  return numbers;
}

// What a folder that is no run is, as far as it shows: a part of a run, a folder of runs, a run that lost its config.
Problem no_run(const std::filesystem::path& folder) {
  Problem problem{.where = {.file = folder.string()}, .what = "is no run: it has no resolved.yaml"};
  const std::filesystem::path plain = folder.lexically_normal();
  const std::filesystem::path itself = plain.has_filename() ? plain : plain.parent_path();
  for (auto above = itself.parent_path(); !above.empty() && above != above.parent_path(); above = above.parent_path())
    if (is_run(above)) {
      problem.help = "name the run: '" + above.string() + "'";
      return problem;
    }
  std::vector<std::string> runs;
  for (const RunPaths& run : all_runs(itself)) runs.push_back((itself / run.name()).string());
  if (!runs.empty()) {
    problem.notes = {"runs in it: " + shortened(join(runs), 400)};
    problem.help = "name one of them";
    return problem;
  }
  const std::filesystem::path checkpoints = RunPaths{itself}.checkpoints();
  for (const std::string& name : names_in(checkpoints))
    if (std::error_code error; std::filesystem::exists(checkpoints / name / "resolved.yaml", error))
      problem.help = concat("put back that of the checkpoint: cp ", (checkpoints / name / "resolved.yaml").string(),
                            " ", RunPaths{itself}.resolved().string());
  const std::vector<std::string> left = names_in(itself);
  const bool never_began = std::ranges::all_of(left, [&](const std::string& name) {
    return name == "lock" || name == "config.yaml" || name == "checkpoints" || name == "log.txt" || name == "run.json";
  });
  if (problem.help.empty())
    problem.help = never_began ? "name another run; a run that was ended before it began may be removed"
                               : "name a run's folder; 'dlcli runs' lists them";
  return problem;
}

// A folder that came from somewhere else must not have us write to, or read from, places that it names.
RunPaths trusted(RunPaths run) {
  const auto check = [&](const std::filesystem::path& folder) {
    for (const std::string& name : names_in(folder))
      if (leads_out_of(run.folder, folder / name))
        throw Error(Exit::data, Problem{.where = {.file = (folder / name).string()},
                                        .what = "is a link that leads out of the run's folder",
                                        .help = "put what it leads to in its place, or remove it"});
  };
  check(run.folder);
  if (std::error_code error; std::filesystem::is_directory(run.checkpoints(), error)) check(run.checkpoints());
  return run;
}

}  // namespace

RunFolder::RunFolder(RunPaths paths) : paths_(std::move(paths)), lock_(std::make_unique<FileLock>(paths_.lock())) {}

std::optional<Problem> refused_run_name(const std::string& name) {
  constexpr size_t most_bytes = 240;  // of the 255 that file systems take, with the number behind it
  Problem problem{.path = "name"};
  if (name.empty() || name.starts_with(".") || name.find('/') != std::string::npos) {
    problem.what = "'" + name + "' cannot name a folder";
    problem.help = "write a name without '/' that does not begin with '.'";
  } else if (printable(name) != name) {
    problem.what = "a name with control characters, or that is not UTF-8: '" + name + "'";
    problem.help = "write 'name: …', in letters, digits, - and _";
  } else if (name.size() > most_bytes) {
    problem.what = concat("expected at most ", most_bytes, " bytes, got ", name.size());
    problem.help = "write a shorter name";
  } else {
    return {};
  }
  return problem;
}

RunFolder RunFolder::create(const std::filesystem::path& runs, const std::string& name, const std::string& resolved,
                            const std::string& config) {
  if (std::optional<Problem> problem = refused_run_name(name)) throw Error(Exit::usage, std::move(*problem));
  make_folders(runs);
  const std::vector<int64_t> numbers = numbers_of(name, runs);
  std::filesystem::path folder;
  for (int64_t n = numbers.empty() ? 1 : numbers[0] + 1;; ++n) {
    folder = runs / concat(name, "-", n);
    if (make_new_folder(folder)) break;  // another process may take the same number at the same time
  }
  try {
    RunFolder run({folder});
    write_file_atomic(run.paths().config(), config);
    make_new_folder(run.paths().checkpoints());
    run.write_resolved(resolved);  // last: with it the folder is a run
    fsync_folder(runs);
    return run;
  } catch (...) {
    std::error_code left;
    std::filesystem::remove_all(folder, left);
    throw;
  }
}

RunFolder RunFolder::open(const std::filesystem::path& folder) {
  RunFolder run(trusted({folder}));
  std::error_code left;
  for (const std::filesystem::path& written : {folder, run.paths().tables()}) {
    if (!std::filesystem::is_directory(written, left)) continue;
    for (const std::string& name : names_in(written))
      if (is_temporary(name)) std::filesystem::remove(written / name, left);
  }
  Checkpoints(run.paths().checkpoints()).clean();
  return run;
}

void RunFolder::write_resolved(const std::string& text) const { write_file_atomic(paths_.resolved(), text); }

void RunFolder::expect_in_place() const {
  if (lock_->still_there()) return;
  throw Error(Exit::io, Problem{.where = {.file = paths_.folder.string()},
                                .what = "was moved or removed while the run was writing to it",
                                .help = "leave a run's folder where it is until the run has ended; where it is now, "
                                        "'dlcli train --resume=FOLDER' goes on from its last checkpoint"});
}

bool RunFolder::discard() {
  std::error_code left;
  std::filesystem::remove_all(paths_.folder, left);
  lock_.reset();
  return !left;
}

RunPaths find_run(const std::string& text, const std::filesystem::path& runs, Newest newest) {
  if (is_run(text)) {
    const std::filesystem::path folder = std::filesystem::path(text).lexically_normal();
    return trusted({folder.has_filename() ? folder : folder.parent_path()});  // "runs/quickstart-1/"
  }
  if (is_run(runs / text)) return trusted({runs / text});
  const std::vector<RunPaths> of_name = runs_of(text, runs);
  for (const RunPaths& run : of_name)
    if (newest == Newest::of_all || has_checkpoint(run)) return trusted(run);
  if (!of_name.empty())
    throw Error(Exit::usage, Problem{.where = {.file = of_name[0].folder.string()},
                                     .what = "has no checkpoint, and there is no other run of this name that has one",
                                     .help = "train the run first"});
  std::error_code error;
  for (const std::filesystem::path& folder : {std::filesystem::path(text), runs / text})
    if (std::filesystem::is_directory(folder, error)) throw Error(Exit::usage, no_run(folder));
  const std::filesystem::path path = text, within = path.parent_path(), run_of = within.parent_path();
  if (within.filename() == "checkpoints" && is_run(run_of))
    throw Error(Exit::usage, Problem{.where = {.file = within.string()},
                                     .what = "there is no checkpoint '" + path.filename().string() + "'",
                                     .notes = {"there are: " + shortened(join(names_in(within)), 400)},
                                     .help = "name one of them, or the run: '" + run_of.string() + "'"});
  std::vector<std::string> names;
  for (const RunPaths& run : all_runs(runs)) names.push_back(run.name());
  throw Error(
      Exit::usage,
      Problem{.what = concat("there is no ", std::filesystem::path(text).has_extension() ? "file and no " : "", "run '",
                             text, "'"),
              .notes = {"runs in " + runs.string() + ": " + (names.empty() ? "none" : shortened(join(names), 400))},
              .help = spelling_help(text, names, "name one of them, or a run's folder")});
}

std::vector<RunPaths> runs_of(const std::string& name, const std::filesystem::path& runs) {
  std::vector<RunPaths> found;
  for (const int64_t number : numbers_of(name, runs))
    if (const RunPaths run{runs / concat(name, "-", number)}; is_run(run.folder)) found.push_back(run);
  return found;
}

std::vector<RunPaths> all_runs(const std::filesystem::path& runs) {
  std::vector<RunPaths> found;
  for (const std::string& name : names_in(runs))
    if (is_run(runs / name)) found.push_back({runs / name});
  return found;
}

bool has_checkpoint(const RunPaths& run) { return Checkpoints(run.checkpoints()).any(); }

}  // namespace dl
