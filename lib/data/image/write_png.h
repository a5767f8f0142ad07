// Pictures as PNG files.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "lib/spec/units.h"

namespace dl {

// The bytes of a PNG file of u8 [size.h, size.w, channels], 1 channel grey or 3 of colour.
std::string png_of(Pair size, int channels, std::span<const uint8_t> pixels);
// Writes u8 [size.h, size.w, channels], 1 channel grey or 3 of colour; the file is visible when it is whole. Failures
// are an Error(Exit::io).
void write_png(const std::filesystem::path& path, Pair size, int channels, std::span<const uint8_t> pixels);

}  // namespace dl
