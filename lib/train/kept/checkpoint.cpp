// Writing, verifying and tidying checkpoints.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/checkpoint.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>

#include "lib/base/descriptor.h"
#include "lib/base/file.h"
#include "lib/base/folder.h"
#include "lib/base/hash.h"
#include "lib/base/io_error.h"
#include "lib/base/text.h"

namespace dl {
namespace {

using Json = nlohmann::json;
using Path = std::filesystem::path;

constexpr int checkpoint_version = 1;
constexpr std::array file_names{"model.safetensors", "optimizer.safetensors", "state.json", "resolved.yaml",
                                "measures.safetensors"};
constexpr const char* later_name = file_names.back();  // which earlier checkpoints do not have
constexpr uint64_t max_text_bytes = 64 << 20;

// Names that a killed process may leave behind: being written, replaced, and being removed.
const std::string fresh = ".new-", replaced = ".old-", doomed = ".gone-";

std::string step_name(int64_t step) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "step-%08lld", static_cast<long long>(step));
  return text.data();
}

// The step of "step-00000123" or "123".
std::optional<int64_t> parse_step(std::string_view name) {
  if (name.starts_with("step-")) name.remove_prefix(5);
  if (name.empty() || name.size() > 18 || !std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; }))
    return {};
  return std::stoll(std::string(name));
}

[[noreturn]] void refuse(const Path& path, std::string what) {
  throw Error(Exit::data, Problem{.where = {.file = path.string()}, .what = std::move(what)});
}

// Writes the files of one checkpoint into a folder that nobody looks at yet, each made durable, and remembers their
// sizes and hashes for the manifest.
class Writer {
 public:
  explicit Writer(Path folder) : folder_(std::move(folder)) {}

  void file(const char* name, const std::function<void(const Append&)>& content) {
    const Path path = folder_ / name;
    const Descriptor file = open_regular(path, O_WRONLY | O_CREAT | O_EXCL);
    Xxh64 hash;
    uint64_t bytes = 0;
    content([&](const void* data, size_t n) {
      write_all(file, path, data, n);
      hash.append(data, n);
      bytes += n;
    });
    fsync_or_throw(file, path);
    size_bytes += bytes;
    files_[name] = {{"bytes", bytes}, {"xxh64", hash_text(hash.value())}};
  }
  void file(const char* name, const std::string& text) {
    file(name, [&](const Append& append) { append(text.data(), text.size()); });
  }
  void manifest(int64_t step) {
    const Json json = {
        {"format", "dlcli checkpoint"}, {"version", checkpoint_version}, {"step", step}, {"files", files_}};
    file("manifest.json", json.dump(1) + "\n");
    fsync_folder(folder_);
  }

  uint64_t size_bytes = 0;

 private:
  Path folder_;
  Json files_ = Json::object();
};

// A regular file within its folder; anything else was not written by us.
void expect_own_file(const Path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) refuse(path, "is missing");
  if (!std::filesystem::is_regular_file(status)) refuse(path, "is no regular file");
  if (leads_out_of(path.parent_path(), path)) refuse(path, "is a link that leads out of the checkpoint");
}

Json read_manifest(const Path& folder) {
  const Path path = folder / "manifest.json";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) refuse(folder, "is no complete checkpoint: it has no manifest.json");
  expect_own_file(path);
  const Json manifest = Json::parse(read_file(path, max_text_bytes), nullptr, false);
  if (!manifest.is_object() || manifest.value("format", Json()) != "dlcli checkpoint")
    refuse(path, "is not the manifest of a dlcli checkpoint");
  if (const Json version = manifest.value("version", Json()); version != checkpoint_version)
    throw Error(Exit::usage,
                Problem{.where = {.file = path.string()},
                        .what = concat("has version ", version.dump(), "; this dlcli reads ", checkpoint_version),
                        .help = "use the dlcli that wrote it"});
  const Json files = manifest.value("files", Json());
  for (const char* name : file_names)
    if (!files.is_object() || (!files.contains(name) && name != later_name))
      refuse(path, concat("does not list ", name));
  for (const auto& [name, listed] : files.items())
    if (std::ranges::count(file_names, name) == 0) refuse(path, concat("lists ", name, ", which no checkpoint has"));
  return manifest;
}

struct Listed {
  uint64_t bytes = 0;
  std::string hash;
};

// A file that has the size of the manifest.
InputFile open_listed(const Path& path, const Json& listed, Listed& expected) {
  try {
    expected = {listed.at("bytes").get<uint64_t>(), listed.at("xxh64").get<std::string>()};
  } catch (const Json::exception&) {
    refuse(path, "stands in the manifest without its size or hash");
  }
  expect_own_file(path);
  InputFile file(path);
  if (file.size_bytes() != expected.bytes)
    refuse(path, concat("has ", file.size_bytes(), " bytes; ", expected.bytes, " were written"));
  return file;
}

void verify(const Path& path, const Json& listed) {
  Listed expected;
  const InputFile file = open_listed(path, listed, expected);
  Xxh64 hash;
  std::vector<char> piece(std::min<uint64_t>(expected.bytes, 1 << 20));
  for (uint64_t at = 0; at < expected.bytes; at += piece.size()) {
    const size_t n = std::min<uint64_t>(piece.size(), expected.bytes - at);
    file.read(at, piece.data(), n);
    hash.append(piece.data(), n);
  }
  if (hash_text(hash.value()) != expected.hash)
    refuse(path, concat("has changed since it was written: hash ", hash_text(hash.value()), ", was ", expected.hash));
}

// "FILE: what is wrong with it".
std::string line_of(const Error& error) {
  const Problem& problem = error.problems().front();
  return problem.where.file + ": " + problem.what;
}

}  // namespace

Checkpoint open_checkpoint(const Path& folder) {
  const Json manifest = read_manifest(folder);
  Checkpoint checkpoint{.folder = folder};
  for (const char* name : file_names) {
    if (!manifest["files"].contains(name)) continue;
    verify(folder / name, manifest["files"][name]);
    checkpoint.size_bytes += manifest["files"][name]["bytes"].get<uint64_t>();
  }
  checkpoint.state = read_state(read_file(folder / "state.json", max_text_bytes), folder / "state.json");
  if (manifest.value("step", Json()) != checkpoint.state.step)
    refuse(folder / "manifest.json", concat("is of step ", manifest.value("step", Json()).dump(),
                                            ", state.json of step ", checkpoint.state.step));
  return checkpoint;
}

std::string visible_damage(const Path& folder) {
  try {
    const Json manifest = read_manifest(folder);
    Listed ignored;
    for (const char* name : file_names)
      if (manifest["files"].contains(name)) open_listed(folder / name, manifest["files"][name], ignored);
    return "";
  } catch (const Error& error) {
    return line_of(error);
  }
}

void verify_by_manifest(const Path& file) {
  const Path path = file.parent_path() / "manifest.json";
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return;
  const Json manifest = Json::parse(read_file(path, max_text_bytes), nullptr, false);
  if (!manifest.is_object() || manifest.value("format", Json()) != "dlcli checkpoint") return;
  const Json files = manifest.value("files", Json()), name = file.filename().string();
  if (files.is_object() && files.contains(name)) verify(file, files[name]);
}

Path Checkpoints::of_step(int64_t step) const { return folder_ / step_name(step); }

std::vector<int64_t> Checkpoints::steps() const {
  std::vector<int64_t> out;
  for (const std::string& name : names_in(folder_))
    if (name.starts_with("step-"))
      if (const auto step = parse_step(name); step && step_name(*step) == name) out.push_back(*step);
  std::ranges::sort(out);
  return out;
}

std::optional<Checkpoint> Checkpoints::newest(const PassedOver& passed_over) const {
  const std::vector<int64_t> all = steps();
  std::vector<std::string> damages;
  std::exception_ptr other_version;
  bool removed = false;
  for (auto step = all.rbegin(); step != all.rend(); ++step) {
    try {
      Checkpoint found = open_checkpoint(of_step(*step));
      for (const std::string& damage : damages) passed_over(damage);
      return found;
    } catch (const Error& error) {
      std::error_code ignored;
      if (!std::filesystem::exists(std::filesystem::symlink_status(of_step(*step), ignored))) {
        removed = true;
        continue;
      }
      if (error.exit() == Exit::io) throw;
      if (error.exit() == Exit::usage && !other_version) other_version = std::current_exception();
      damages.push_back(concat(step_name(*step), " is passed over: ", line_of(error)));
    }
  }
  if (removed) return newest(passed_over);  // by its writer, which has written newer ones since
  if (other_version) {
    for (const std::string& damage : damages) passed_over(damage);
    std::rethrow_exception(other_version);
  }
  if (damages.empty()) return {};
  throw Error(Exit::data, Problem{.where = {.file = folder_.string()},
                                  .what = concat("no checkpoint is whole, of ", damages.size()),
                                  .notes = std::move(damages),
                                  .help = "put back the files as they were, or begin another run"});
}

Checkpoint Checkpoints::find(const std::string& which, const PassedOver& passed_over) const {
  std::error_code error;
  auto refuse_usage = [&](const std::string& what, std::string help) {
    std::vector<std::string> names;
    for (const int64_t step : steps()) names.push_back(step_name(step));
    throw Error(Exit::usage, Problem{.where = {.file = folder_.string()},
                                     .what = what,
                                     .notes = {"there are: " + (names.empty() ? "none" : join(names))},
                                     .help = std::move(help)});
  };
  if (const auto step = parse_step(which)) {
    if (!std::filesystem::is_directory(of_step(*step), error))
      refuse_usage(concat("there is no checkpoint of step ", *step), "name one of them, or 'last'");
    return open_checkpoint(of_step(*step));
  }
  if (which != "last" && which != "best") {
    if (std::filesystem::exists(Path(which) / "manifest.json", error)) return open_checkpoint(which);
    refuse_usage("there is no checkpoint '" + which + "'", "name one of them, 'last', 'best' or a checkpoint's folder");
  }
  std::optional<Checkpoint> last = newest(passed_over);
  if (!last) refuse_usage("there is no complete checkpoint", "train the run first");
  if (which == "last") return *std::move(last);
  if (last->state.best_step < 0)
    refuse_usage("no best checkpoint is known",
                 last->state.monitor.empty()
                     ? "name one of them or 'last'; 'trainer.checkpoint.best: val/loss' would keep the best"
                 : last->state.latest.contains("val/loss")
                     ? concat("name one of them or 'last'; ", last->state.monitor, " was a number in no validation")
                     : "name one of them or 'last'; there was no validation yet");
  const int64_t best = last->state.best_step;
  if (best == last->state.step) return *std::move(last);
  try {
    return open_checkpoint(of_step(best));
  } catch (const Error&) {
    // Its writer removes it once there is a better one; that one is known by the newest.
    if (std::filesystem::exists(of_step(best), error) || newest(passed_over)->state.best_step == best) throw;
  }
  return find(which, passed_over);
}

Checkpoint Checkpoints::save(const TrainState& state, const Tensors& tensors, Store& store, const std::string& resolved,
                             const std::function<void(const Append&)>& measures) const {
  if (make_new_folder(folder_))
    fsync_folder(folder_.parent_path());
  else if (!std::filesystem::is_directory(folder_))
    throw io_error(folder_, "making the folder", ENOTDIR);
  const std::string name = step_name(state.step);
  const Path building = folder_ / (fresh + name);
  remove_tree(building);
  Checkpoint saved{.folder = folder_ / name, .state = state};
  try {
    make_folders(building);
    Writer writer(building);
    writer.file("model.safetensors", [&](const Append& append) { write_weights(tensors, store, append); });
    writer.file("optimizer.safetensors", [&](const Append& append) { write_optimizer(tensors, store, append); });
    writer.file("state.json", write_state(state));
    writer.file("resolved.yaml", resolved);
    writer.file("measures.safetensors", measures);
    saved.size_bytes = writer.size_bytes;
    writer.manifest(state.step);
    if (std::filesystem::exists(saved.folder)) {
      remove_tree(folder_ / (replaced + name));
      rename_folder(saved.folder, folder_ / (replaced + name));
    }
    rename_folder(building, saved.folder);
  } catch (...) {
    std::error_code ignored;  // the first error is the one to tell
    std::filesystem::remove_all(building, ignored);
    if (!std::filesystem::exists(saved.folder, ignored))
      std::filesystem::rename(folder_ / (replaced + name), saved.folder, ignored);
    throw;
  }
  std::error_code left;  // for clean(): what was to be written is there
  std::filesystem::remove_all(folder_ / (replaced + name), left);
  return saved;
}

Path Checkpoints::put_aside(int64_t step) const {
  Path aside = folder_ / (doomed + step_name(step));
  remove_tree(aside);
  rename_folder(of_step(step), aside);
  return aside;
}

void Checkpoints::prune(int64_t keep, int64_t spare) const {
  const std::vector<int64_t> all = steps();
  for (size_t i = 0; i + static_cast<size_t>(keep) < all.size(); ++i)
    if (all[i] != spare) remove_tree(put_aside(all[i]));
}

void Checkpoints::remove_after(int64_t step) const {
  std::error_code left;  // no checkpoint any more
  for (const int64_t later : steps())
    if (later > step) std::filesystem::remove_all(put_aside(later), left);
}

bool Checkpoints::any() const {
  return !steps().empty() ||
         std::ranges::any_of(names_in(folder_), [](const std::string& name) { return name.starts_with(replaced); });
}

void Checkpoints::clean() const {
  std::error_code left;  // takes room and harms nothing
  for (const std::string& name : names_in(folder_)) {
    if (name.starts_with(fresh) || name.starts_with(doomed)) std::filesystem::remove_all(folder_ / name, left);
    if (!name.starts_with(replaced)) continue;
    const Path own = folder_ / name.substr(replaced.size());
    if (std::filesystem::exists(own))
      std::filesystem::remove_all(folder_ / name, left);
    else
      rename_folder(folder_ / name, own);
  }
}

}  // namespace dl
