// Tensors of an ONNX file, whose elements stand in their message or in another file beside.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "lib/data/file/protobuf.h"
#include "lib/interop/onnx_layer/onnx_file.h"

namespace dl::onnx {

constexpr uint64_t most_file_bytes = uint64_t{4} << 30;

// Whether ONNX's elements of this number of a type are floats.
bool is_float_type(int32_t type);

// Of each file beside a model how many bytes its tensors have taken.
using BytesBeside = std::map<std::string, uint64_t>;

// A TensorProto of the file `model`, and the name that it says. One whose elements are no numbers, lie outside of the
// model's folder, are not as many as its sizes say, or are others' again and again is an Error(Exit::data) that names
// it.
TensorPointer read_tensor(ProtobufMessage message, const std::filesystem::path& model, std::string& name,
                          BytesBeside& beside);

// Error(Exit::data) about the file.
[[noreturn]] void fail_file(const std::filesystem::path& model, std::string what, std::string help = {});

}  // namespace dl::onnx
