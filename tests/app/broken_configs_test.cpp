// Configs with mistakes: what is said of each, word for word. tests/app/broken/NAME.yaml, NAME.expected; a "⋯" there
// stands for names that new layers, readers and the like add to.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/app/run_dlcli.h"

using namespace dl::test;
namespace fs = std::filesystem;

namespace {

// Whether `said` is `expected`, with anything where "⋯" stands.
bool same_but_for_gaps(std::string_view said, std::string_view expected) {
  const std::string_view gap = "⋯";
  const size_t first = expected.find(gap);
  if (first == expected.npos) return said == expected;
  if (said.substr(0, first) != expected.substr(0, first)) return false;
  expected.remove_prefix(first + gap.size());
  for (size_t at = first; at <= said.size(); ++at)
    if (same_but_for_gaps(said.substr(at), expected)) return true;
  return false;
}

}  // namespace

TEST_CASE("every mistake in a config is named with its place and what to write instead") {
  std::vector<fs::path> configs;
  for (const fs::directory_entry& entry : fs::directory_iterator(source_dir() + "/tests/app/broken"))
    if (entry.path().extension() == ".yaml") configs.push_back(entry.path());
  std::sort(configs.begin(), configs.end());
  CHECK(configs.size() >= 30);
  for (const fs::path& config : configs) {
    CAPTURE(config.stem().string());
    const Finished checked = run_dlcli({"check", fs::relative(config, source_dir())});
    const std::string expected = contents(fs::path(config).replace_extension(".expected"));
    CHECK_MESSAGE(same_but_for_gaps(checked.err, expected), "said:\n", checked.err, "expected:\n", expected);
    CHECK(checked.out.empty());
    CHECK(checked.exit == 2);
  }
}

TEST_CASE("train refuses a broken config as check does, and leaves nothing behind") {
  TemporaryFolder folder;
  const std::string config = source_dir() + "/tests/app/broken/five-at-once.yaml";
  const Finished trained = run_dlcli({"train", config}, folder);
  CHECK(trained.exit == 2);
  CHECK(trained.err.ends_with("5 errors; nothing was run\n"));
  CHECK(trained.err == run_dlcli({"check", config}, folder).err);
  CHECK(fs::is_empty(folder.path()));
}
