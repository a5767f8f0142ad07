// CRC-32C (Castagnoli), RFC 3720 appendix B.4: what TFRecord and others guard records by.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string_view>

namespace dl {

// Of the bytes; 0xE3069283 for "123456789".
uint32_t crc32c(std::string_view bytes);

}  // namespace dl
