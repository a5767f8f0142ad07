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
#include "lib/spec/schema.h"
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

  std::string help_for_more(const std::string& argument) const override {
    if (argument.ends_with(".npy") || argument.ends_with(".npz"))
      return "name one file, or the folder of all: labels are found beside it";
    return "write 'dlcli init " + path_ + " --target " + argument + "' for a column of a table";
  }

  std::string help_for_other(const std::string& option, const std::string& value) const override {
    const std::string given = value.empty() ? "" : " " + value;
    for (const char* other : {"--label", "--labels", "--y", "-y", "--column", "--target-column", "--class"})
      if (same_word(option, other)) return "write '--target" + given + "'";
    for (const char* other : {"--type", "--kind", "--problem"})
      if (same_word(option, other)) return "write '--task" + given + "'";
    for (const char* other : {"--out", "--config", "--name", "--file", "-c"})
      if (same_word(option, other)) return "write '-o" + given + "'";
    return "";
  }

  Exit run() override {
    refuse_config();
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
  void refuse_config() const {
    if (path_.ends_with(".yaml") || path_.ends_with(".yml"))
      throw Error(Exit::usage,
                  Problem{.path = path_,
                          .what = "expected data to look at, got the name of a config",
                          .help = "write 'dlcli init DATA -o " + path_ + "', DATA being a table, a text or a folder"});
  }

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
