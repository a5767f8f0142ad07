// Choosing names.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/code/assignments.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/interop/code/lone_layer.h"
#include "lib/interop/code/text.h"
#include "lib/interop/code/twin_text.h"

namespace dl::code {

Assignments assignments(const std::vector<std::string>& inputs, const std::vector<CallText>& calls, size_t result) {
  const std::vector<char> is_read = values_read(inputs.size(), calls, result);
  std::vector<size_t> last_read(inputs.size() + calls.size(), 0);  // by which call, counted from 1
  for (size_t i = 0; i < calls.size(); ++i)
    for (const size_t v : calls[i].inputs)
      if (is_read[inputs.size() + i] != 0) last_read[v] = i + 1;
  last_read[result] = calls.size() + 1;
  std::vector<std::string> names = inputs;
  Assignments made;
  for (size_t i = 0; i < calls.size(); ++i) {
    const CallText& call = calls[i];
    const auto is_live = [&](const std::string& name) {
      for (size_t v = 0; v < names.size(); ++v)
        if (names[v] == name && last_read[v] > i + 1) return true;
      return false;
    };
    std::string name = names[call.inputs.at(0)];
    if (is_live(name)) {
      const bool fits = is_free_name(call.own) && !is_live(call.own);
      name = fits ? call.own : "y";
      for (int number = 2; is_live(name); ++number) name = concat("y", number);
    }
    std::map<std::string, std::string> fillings;
    for (size_t k = 0; k < call.inputs.size(); ++k) fillings[input_name(k)] = names[call.inputs[k]];
    const std::string value = fill(call.text, fillings);
    names.push_back(name);
    if (is_read[inputs.size() + i] != 0 && value != name) made.lines.push_back(name + " = " + value);
  }
  made.result = names[result];
  return made;
}

CallText call_of(const ModelItem& item, std::string text, size_t inputs) {
  CallText call{std::move(text), {}, last_part(item.path)};
  for (const int from : item.from)
    call.inputs.push_back(from < 0 ? ModelItem::input_number(from) : inputs + static_cast<size_t>(from));
  return call;
}

std::string method_body(const std::vector<ModelItem>& items, const std::vector<std::string>& inputs,
                        const std::vector<CallText>& calls, const std::optional<std::string>& output) {
  size_t result = items.empty() ? 0 : inputs.size() + items.size() - 1;
  for (size_t i = 0; output && i < items.size(); ++i)
    if (items[i].path == *output) result = inputs.size() + i;
  const Assignments made = assignments(inputs, calls, result);
  std::string text;
  for (const std::string& line : made.lines) text += "        " + line + "\n";
  return text + "        return " + made.result + "\n";
}

}  // namespace dl::code
