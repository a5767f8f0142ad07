// Completion of the command line, as bash does it, and the manual pages.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/app/run_dlcli.h"

using namespace dl::testing;
namespace fs = std::filesystem;

namespace {

// What bash would offer where the line is written so far. It cuts words at = as it does for a user.
std::vector<std::string> offered(const Folder& folder, const std::string& line) {
  write(folder / "ask.sh", "PATH=" + fs::path(dlcli_binary()).parent_path().string() +
                               ":$PATH\n"
                               "eval \"$(dlcli completion bash)\"\n"
                               "COMP_LINE=$1 COMP_POINT=${#1}\n"
                               "set -- $(complete -p dlcli)\n"
                               "while [[ $# -gt 0 && $1 != -F ]]; do shift; done\n"
                               "$2 dlcli\n"
                               "printf '%s\\n' \"${COMPREPLY[@]}\" | sort > offered\n");
  REQUIRE(std::system(("cd " + folder.path.string() + " && bash ask.sh '" + line + "'").c_str()) == 0);
  return lines_of(text_of(folder / "offered"));
}

using Words = std::vector<std::string>;

bool holds(const Words& words, const std::string& word) { return std::ranges::find(words, word) != words.end(); }

}  // namespace

TEST_CASE("bash completes commands, options, values, files, runs and names") {
  if (std::system("command -v bash > /dev/null") != 0) return;
  Folder folder;
  write(folder / "my.yaml", "");
  write(folder / "my.txt", "");
  write(folder / "more/deep.yaml", "");
  write(folder / "runs/my-1/resolved.yaml", "");
  CHECK(offered(folder, "dlcli tr") == Words{"train"});
  const Words all = offered(folder, "dlcli ");
  for (const char* command : {"train", "eval", "plot", "completion"}) CHECK(holds(all, command));
  CHECK(offered(folder, "dlcli train --prec") == Words{"--precision"});
  CHECK(offered(folder, "dlcli train --precision bf16-m") == Words{"bf16-mixed"});
  CHECK(offered(folder, "dlcli train --precision=bf16-m") == Words{"bf16-mixed"});
  CHECK(holds(offered(folder, "dlcli train my.yaml --device "), "cpu"));
  CHECK(offered(folder, "dlcli train m") == Words{"more", "my.yaml"});
  CHECK(offered(folder, "dlcli train more/") == Words{"more/deep.yaml"});
  CHECK(offered(folder, "dlcli train --resume=m") == Words{"my", "my-1"});
  CHECK(offered(folder, "dlcli eval my-") == Words{"my-1"});
  CHECK(offered(folder, "dlcli plot my-1 my-") == Words{"my-1"});
  CHECK(offered(folder, "dlcli predict my --format ") == Words{"csv", "jsonl", "npy", "parquet"});
  CHECK(offered(folder, "dlcli describe conv2") == Words{"conv2d"});
  CHECK(offered(folder, "dlcli train --set trainer.max_ep") == Words{"trainer.max_epochs="});
  CHECK(offered(folder, "dlcli train --set trainer.precision=bf16-t") == Words{"bf16-true"});
  CHECK(offered(folder, "dlcli train --set data.validation.f") ==
        Words{"data.validation.first=", "data.validation.fraction="});
  CHECK(offered(folder, "dlcli train --set trainer.checkpoint.e") == Words{"trainer.checkpoint.every="});
  CHECK(offered(folder, "dlcli train --set trainer.f") == Words{"trainer.fast_dev_run="});
  CHECK(offered(folder, "dlcli train --set turns.") == Words{""});
  CHECK(offered(folder, "dlcli completion ") == Words{"bash", "fish", "words", "zsh"});
  CHECK(offered(folder, "dlcli frobnicate ") == Words{""});
}

TEST_CASE("every command and every option of it is offered") {
  for (const std::string& line : lines_of(run_dlcli({"completion", "words", "--", ""}).out)) {
    const std::string command = line.substr(0, line.find('\t'));
    CAPTURE(command);
    const std::string help = run_dlcli({command, "--help"}).out;
    CHECK(help.starts_with(line.substr(line.find('\t') + 1, 40)));
    for (const std::string& option : lines_of(run_dlcli({"completion", "words", "--", command, "--"}).out)) {
      const std::string name = option.substr(0, option.find('\t'));
      if (name != "--help") CHECK_MESSAGE(help.find(name) != std::string::npos, name);
    }
  }
}

TEST_CASE("the scripts of zsh and fish are accepted where these shells are") {
  Folder folder;
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const std::string file = folder / shell;
    write(file, run_dlcli({"completion", shell}).out);
    CHECK(text_of(file).find("completion words --") != std::string::npos);
    if (std::system(("command -v " + shell + " > /dev/null").c_str()) != 0) continue;
    CHECK(std::system((shell + " -n " + file).c_str()) == 0);
  }
  CHECK(run_dlcli({"completion", "csh"}).err ==
        "error: dlcli completion: SHELL: expected bash, zsh, fish, words, got 'csh'\n"
        "  help: write 'zsh'\n");
}

TEST_CASE("every command has a manual page, without a line that roff would take for its own") {
  Folder folder;
  const std::string pages = folder / "man1";
  REQUIRE(run_dlcli({"man", "--folder", pages}, {}, {"SOURCE_DATE_EPOCH=86400"}).exit == 0);
  CHECK(text_of(fs::path(pages) / "dlcli.1").find("\n.BR dlcli\\-train (1)") != std::string::npos);
  int count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(pages)) {
    const std::string page = text_of(entry.path());
    CAPTURE(entry.path());
    CHECK(page.starts_with(".TH DLCLI"));
    CHECK(page.find(" 1 1970-01-02 \"dlcli ") != std::string::npos);
    for (const std::string& line : lines_of(page)) {
      CHECK(!line.starts_with("'"));
      if (line.starts_with("."))
        CHECK_MESSAGE(
            std::string(".TH .SH .TP .B .BR .nf .fi").find(line.substr(0, line.find(' '))) != std::string::npos, line);
    }
    ++count;
  }
  CHECK(count >= 12);
  const std::string page = run_dlcli({"man", "train"}).out;
  CHECK(page.find("\n.SH SYNOPSIS\n.B dlcli train [CONFIG] [OPTIONS]\n") != std::string::npos);
  CHECK(page.find("\n.TP\n\\fB\\-\\-threads N\\fR\n") != std::string::npos);
  CHECK(page.find("\n.SH EXAMPLES\n.nf\ndlcli train configs/quickstart.yaml") != std::string::npos);
  CHECK(run_dlcli({"man", "trian"}).err ==
        "error: dlcli man: there is no command 'trian'\n  help: see 'dlcli --help'\n");
  if (std::system("command -v mandoc > /dev/null") == 0)
    CHECK(std::system(("mandoc -Tlint -Wwarning " + pages + "/*.1").c_str()) == 0);
}
