// Headers, namespaces, entries.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/module_text.h"

#include <set>

#include "lib/base/error.h"

namespace dl::cuda {

std::string module_text(std::span<const Code* const> kernels, const std::string& thread_header,
                        std::string (*entry)(const Code&)) {
  std::set<std::string> headers = {"block.h", "numbers.h", "random.h"};
  for (const Code* code : kernels)
    if (!code->source.header.empty()) headers.insert(code->source.header);
  std::string text = concat("#include \"", thread_header, "\"\n");
  for (const std::string& header : headers) text += concat("#include \"lib/device/cuda/kernels/", header, "\"\n");
  for (const Code* code : kernels)
    text += concat("namespace dl::cuda::in_", code->name, " {\n", code->source.text, entry(*code), "}\n");
  return text;
}

}  // namespace dl::cuda
