// Lines with the time before them: "2026-01-31T23:59:59Z TEXT\n".
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace dl {

class TextLog {
 public:
  // Each line is given to `write` at once, as a whole.
  explicit TextLog(std::function<void(std::string_view line)> write);
  ~TextLog();

  void line(const std::string& text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dl
