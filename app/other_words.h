// Words and options of other programs, and what stands for them here.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace dl {

// The command that a word which is none means: the one that has it among its other names, or the nearest. Empty where
// nothing is near.
std::string command_meant(const std::string& word);

// What to write instead of an option that a command with a config does not have: for --epochs 5 "write '--set
// trainer.max_epochs=5'". `value` may be empty. `config` is the config's file, whose optimizer is named. Empty where
// the option is no key of a config.
std::string help_for_option(const std::string& option, const std::string& value, const std::string& config);

// What to write for a setting that is none: "trainer.max_epochs:3", "+ema=0.9", "~schedule", "model[-1].linear=3".
// Empty where it is one, or says nothing.
std::string help_for_setting(const std::string& text);

// "write '--set trainer.max_epochs=3'" for an argument that is such a setting; else empty.
std::string help_for_argument(const std::string& argument);

}  // namespace dl
