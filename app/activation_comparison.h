// `dlcli compare` of what the layers of two networks give for the same samples: runs, or files that another program
// saved.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "lib/base/error.h"

namespace dl {

class ActivationComparison {
 public:
  void declare(CLI::App& app);
  // Whether it is this that is asked for: by its flag, or by one of the names being a file.
  bool is_meant(const std::vector<std::string>& names) const;
  // Of its options but --activations the first that is given; empty where none is.
  std::string given() const;
  // Prints where the two part, as a table or as JSON. Exit::failed where they do.
  Exit run(const std::vector<std::string>& names, const std::string& runs, bool json) const;

 private:
  std::string data_ = "train";
  int64_t first_ = 0;  // not said
  double tolerance_ = 1e-4;
  std::vector<std::string> renamings_;
  bool activations_ = false;
  std::vector<const CLI::Option*> options_;
};

}  // namespace dl
