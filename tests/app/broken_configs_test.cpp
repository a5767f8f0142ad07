// Configs with mistakes: what is said of each, word for word. tests/app/broken/NAME.yaml, NAME.expected.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/app/run_dlcli.h"

using namespace dl::test;
namespace fs = std::filesystem;

TEST_CASE("every mistake in a config is named with its place and what to write instead") {
  std::vector<fs::path> configs;
  for (const fs::directory_entry& entry : fs::directory_iterator(DLCLI_SOURCE_DIR "/tests/app/broken"))
    if (entry.path().extension() == ".yaml") configs.push_back(entry.path());
  std::sort(configs.begin(), configs.end());
  CHECK(configs.size() >= 30);
  for (const fs::path& config : configs) {
    CAPTURE(config.stem().string());
    const Finished checked = run_dlcli({"check", fs::relative(config, DLCLI_SOURCE_DIR)});
    CHECK(checked.err == contents(fs::path(config).replace_extension(".expected")));
    CHECK(checked.out.empty());
    CHECK(checked.exit == 2);
  }
}

TEST_CASE("train refuses a broken config as check does, and leaves nothing behind") {
  TemporaryFolder folder;
  const std::string config = DLCLI_SOURCE_DIR "/tests/app/broken/five-at-once.yaml";
  const Finished trained = run_dlcli({"train", config}, folder);
  CHECK(trained.exit == 2);
  CHECK(trained.err.ends_with("5 errors; nothing was run\n"));
  CHECK(trained.err == run_dlcli({"check", config}, folder).err);
  CHECK(fs::is_empty(folder.path()));
}
