// dlcli completion: what lets a shell complete dlcli's command line.
// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "app/command.h"
#include "app/completion.h"
#include "app/console/output.h"
#include "app/options.h"

namespace dl {
namespace {

// Each asks dlcli itself for the words that may come next, so that nothing of the commands is written here. A line
// ":files yaml yml" among them stands for files with these endings.
constexpr const char* bash_script =
    R"script(# Completion of dlcli for bash. In ~/.bashrc: eval "$(dlcli completion bash)"
_dlcli() {
  local line=${COMP_LINE:0:COMP_POINT} word candidate _ files= ending file
  local -a words
  read -r -a words <<< "$line"  # as they were written: bash cuts words at = and :
  [[ $line == *[[:space:]] ]] && words+=("")
  word=${words[${#words[@]} - 1]}
  COMPREPLY=()
  while IFS=$'\t' read -r candidate _; do
    if [[ $candidate == :files* ]]; then
      files=$candidate
    else
      COMPREPLY+=("$candidate")
    fi
  done < <("${words[0]/#\~/$HOME}" completion words -- "${words[@]:1}" 2> /dev/null)
  if [[ -n $files ]]; then
    compopt -o filenames 2> /dev/null
    while IFS= read -r file; do
      ending=${file##*.}
      [[ -d $file || $files == :files || " $files " == *" $ending "* ]] && COMPREPLY+=("$file")
    done < <(compgen -f -- "$word")
  elif [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
    compopt -o nospace 2> /dev/null
  fi
  # Bash replaces what follows the last = or : only.
  [[ $COMP_WORDBREAKS == *:* && $word == *:* ]] && COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*:}"}"}")
  [[ $COMP_WORDBREAKS == *=* && $word == *=* ]] && COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*=}"}"}")
}
complete -F _dlcli dlcli
)script";

constexpr const char* zsh_script = R"script(#compdef dlcli
# Completion of dlcli for zsh. In ~/.zshrc, after compinit: eval "$(dlcli completion zsh)"
_dlcli() {
  local line word files
  local -a described open endings
  for line in "${(@f)$(${(Q)words[1]} completion words -- "${(@Q)words[2,CURRENT]}" 2> /dev/null)}"; do
    word=${line%%$'\t'*}
    case $word in
      '') ;;
      :files*) files=1; endings=(${=word#:files}) ;;
      *=) open+=("$word") ;;
      *) described+=("${word//:/\\:}:${line#*$'\t'}") ;;
    esac
  done
  (( ${#described} )) && _describe dlcli described
  (( ${#open} )) && compadd -S '' -- $open
  if [[ -n $files ]]; then
    if (( ${#endings} )); then _files -g "*.(${(j:|:)endings})"; else _files; fi
  fi
}
if [[ $funcstack[1] == _dlcli ]]; then _dlcli "$@"; else compdef _dlcli dlcli; fi
)script";

constexpr const char* fish_script =
    R"script(# Completion of dlcli for fish. In ~/.config/fish/config.fish: dlcli completion fish | source
function __dlcli_candidates
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    for line in (command $words[1] completion words -- $words[2..-1] $word 2>/dev/null)
        if string match -q ':files*' -- $line
            set -l endings (string split -n ' ' -- $line)[2..-1]
            test (count $endings) -eq 0; and __fish_complete_path $word
            for ending in $endings
                __fish_complete_suffix $word .$ending
            end
        else
            echo $line
        end
    end
end
complete -c dlcli -f -a '(__dlcli_candidates)'
)script";

class CompletionCommand final : public Command {
 public:
  std::string summary() const override { return "what lets a shell complete commands, options, keys, runs and names"; }

  void declare(CLI::App& app) override {
    app_ = &app;
    app.add_option("SHELL", shell_, "bash, zsh or fish: its script; or words: what may follow those after --")
        ->required()
        ->check(one_of({"bash", "zsh", "fish", "words"}));
    app.add_option("WORD", words_, "a command line after 'dlcli', the last word in part")
        ->expected(1, 1 << 20)
        ->check(any_text());
    examples(app, {{"dlcli completion bash", "for ~/.bashrc: eval \"$(dlcli completion bash)\""},
                   {"dlcli completion zsh", "for ~/.zshrc: eval \"$(dlcli completion zsh)\""},
                   {"dlcli completion fish", "for config.fish: dlcli completion fish | source"},
                   {"dlcli completion words -- train --pre", "what the scripts ask"}});
  }

  Exit run() override {
    if (shell_ == "words")
      print(listed(dl::candidates(*app_->get_parent(), words_)));
    else
      print(shell_ == "bash" ? bash_script : shell_ == "zsh" ? zsh_script : fish_script);
    return Exit::done;
  }

 private:
  // Lines of a word, a tab, and what it is.
  static std::string listed(const Candidates& candidates) {
    std::string text;
    for (const Candidate& candidate : candidates.words) text += candidate.word + "\t" + candidate.what + "\n";
    if (!candidates.files) return text;
    text += ":files";
    for (const std::string& extension : candidates.extensions) text += " " + extension;
    return text + "\n";
  }

  const CLI::App* app_ = nullptr;
  std::string shell_;
  std::vector<std::string> words_;
};

DL_COMMAND(CompletionCommand, "completion");

}  // namespace
}  // namespace dl
