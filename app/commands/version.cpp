// dlcli version.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/version.h"
#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/options.h"
#include "lib/device/cpu/isa.h"
#include "lib/device/device.h"

namespace dl {
namespace {

class Version final : public Command {
 public:
  std::string summary() const override { return "the version, what it was built with, and what it runs on here"; }

  void declare(CLI::App& app) override {
    declare_json(app, json_);
    examples(app, {{"dlcli version", "for people"}, {"dlcli version --json", "for scripts"}});
  }

  Exit run() override {
    const std::string_view isa = name_of(best_isa()), unit = name_of(best_bf16_unit(best_isa()));
    if (!json_) {
      print(concat("dlcli ", version_text(), ", ", compiler(), ", ", isa, ", products of bf16: ", unit, "\n"));
      return Exit::done;
    }
    print(json_line(json_object({{"version", Node::string(version())},
                                 {"commit", Node::string(commit())},
                                 {"compiler", Node::string(compiler())},
                                 {"devices", json_list(device_names())},
                                 {"instructions", Node::string(std::string(isa))},
                                 {"bf16", Node::string(std::string(unit))}})));
    return Exit::done;
  }

 private:
  static std::string compiler() {
#ifdef __clang__
    return "clang " __clang_version__;
#else
    return "g++ " __VERSION__;
#endif
  }
  bool json_ = false;
};

DL_COMMAND(Version, "version");

}  // namespace
}  // namespace dl
