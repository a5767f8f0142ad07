// Which of the ways to read a short number this processor has.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/short_number.h"

#include "lib/data/table/short_number_ssse3.h"

namespace dl {
namespace {

bool short_number_by_words(const char* text, size_t size, ShortNumber& number) {
  return short_number(text, size, number);
}

}  // namespace

ShortNumberReader short_number_reader() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("ssse3")) return short_number_ssse3;
#endif
  return short_number_by_words;
}

}  // namespace dl
