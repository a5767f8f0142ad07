// A user's folder of caches for one test: empty at first, gone afterwards.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdlib>
#include <optional>
#include <string>

#include "tests/folder.h"

namespace dl::testing {

struct CacheHome : Folder {
  CacheHome() { ::setenv("XDG_CACHE_HOME", path.c_str(), 1); }
  ~CacheHome() { was ? ::setenv("XDG_CACHE_HOME", was->c_str(), 1) : ::unsetenv("XDG_CACHE_HOME"); }
  // Of what is kept there, if it is one file.
  std::string file_name() const { return std::filesystem::directory_iterator(path / "dlcli")->path().filename(); }

  const std::optional<std::string> was =
      std::getenv("XDG_CACHE_HOME") ? std::optional<std::string>(std::getenv("XDG_CACHE_HOME")) : std::nullopt;
};

}  // namespace dl::testing
