// dlcli version.
#include "app/command.h"
#include "app/console/json.h"
#include "app/console/output.h"
#include "app/options.h"
#include "lib/device/device.h"

namespace dl {
namespace {

class Version final : public Command {
 public:
  std::string summary() const override { return "the version, and what it was built with"; }

  void declare(CLI::App& app) override {
    declare_json(app, json_);
    examples(app, {{"dlcli version", "for people"}, {"dlcli version --json", "for scripts"}});
  }

  Exit run() override {
    if (!json_) {
      print(concat("dlcli ", DLCLI_VERSION, " (", compiler(), ")\n"));
      return Exit::done;
    }
    print(json_line(json_object({{"version", Node::string(DLCLI_VERSION)},
                                 {"compiler", Node::string(compiler())},
                                 {"devices", json_list(device_names())}})));
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
