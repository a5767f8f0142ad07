// dlcli init: looks at data nobody described and writes a config that trains on them.
// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "app/command.h"
#include "app/console/next_command.h"
#include "app/console/output.h"
#include "app/console/text.h"
#include "app/file_name.h"
#include "app/look/look.h"
#include "app/options.h"
#include "lib/base/file.h"
#include "lib/train/plan/plan.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

class Init final : public Command {
 public:
  std::string summary() const override { return "looks at data and writes a config that trains on them"; }

  std::vector<std::string> other_names() const override { return {"new", "template", "create", "setup", "wizard"}; }

  void declare(CLI::App& app) override {
    app.add_option(
           "PATH", path_,
           "a folder of images, with boxes as COCO or Pascal VOC has them too, a table, a text, arrays of numpy or idx "
           "files")
        ->required();
    app.add_option("-o,--output", output_, "the config to write; if left out, NAME.yaml here")->type_name("FILE.yaml");
    app.add_option("--target", target_, "of a table: the column to predict, or a file of one column that has it")
        ->type_name("COLUMN");
    app.add_option("--task", task_, "class, value, or text: the next character; if left out, as the data look")
        ->type_name("TASK")
        ->check(one_of({"class", "value", "text"}));
    examples(app, {{"dlcli init flowers.csv", "writes flowers.yaml"},
                   {"dlcli init houses.csv --target price", "names the column to predict"},
                   {"dlcli init photos/ -o photos.yaml", "images in folders named as their classes"},
                   {"dlcli init annotations.json", "images with boxes, as COCO has them"},
                   {"dlcli init VOCdevkit/VOC2007", "images with boxes, as Pascal VOC has them"},
                   {"dlcli init book.txt", "a text to be continued"}});
  }

  Exit run() override {
    LookOptions options{.target = target_, .task = task_, .name = name_of_file(path_)};
    fs::path config = output_.empty() ? fs::path(options.name + ".yaml") : fs::path(output_);
    if (config.extension() != ".yaml" && config.extension() != ".yml")
      throw Error(Exit::usage,
                  Problem{.path = "--output",
                          .what = concat("expected a name that ends in .yaml, got '", config.string(), "'"),
                          .help = concat("write '", config.string(), ".yaml'")});
    options.folder = fs::absolute(config).parent_path();
    options.name = config.stem().string();
    refuse_existing(config);
    const Look found = look(path_, options);
    for (const auto& [link, target] : found.links) {
      fs::create_directories(link.parent_path());
      std::error_code there;
      fs::create_symlink(target, link, there);
    }
    write_file_atomic(config,
                      "# Written by 'dlcli init' from a look at the data. Every line may be changed;\n"
                      "# 'dlcli describe' lists what may stand here.\n" +
                          found.config);
    print(text_of(found, config));
    plan_run(config, {});  // what of it is wrong is thrown, with its place
    print("next: dlcli train " + shell_word(config.string()) + "\n");
    return Exit::done;
  }

 private:
  static void refuse_existing(const fs::path& path) {
    std::error_code error;
    if (fs::exists(fs::symlink_status(path, error)))
      throw Error(Exit::usage, Problem{.path = path.string(),
                                       .what = "is there already",
                                       .help = "name another file with -o, or remove it"});
  }

  static std::string text_of(const Look& found, const fs::path& config) {
    std::string out = "found\n";
    for (const std::string& line : found.found) out += wrapped(line, 80, "    ", "  ");
    out += "chosen\n";
    for (const std::string& line : found.chosen) out += wrapped(line, 80, "    ", "  ");
    return out + "wrote " + config.string() + "\n";
  }

  std::string path_, output_, target_, task_;
};

DL_COMMAND(Init, "init");

}  // namespace
}  // namespace dl
