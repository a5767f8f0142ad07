// What may come next on a command line, for the completion of shells.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace dl {

struct Candidate {
  std::string word;
  std::string what;  // a few words about it; may be empty
};

struct Candidates {
  std::vector<Candidate> words;         // that begin with what is written so far
  bool files = false;                   // names of files may stand there too
  std::vector<std::string> extensions;  // of these only; none: of any
};

// `app` is the description of all commands; `words` what is written after "dlcli", the last one perhaps in part.
Candidates candidates(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace dl
