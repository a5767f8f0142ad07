// Writing .pt files and Lightning's .ckpt: a pickle of protocol 2 with what torch.load(weights_only=True) takes, and
// one member for each storage (https://github.com/pytorch/pytorch/blob/main/torch/_weights_only_unpickler.py).
// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <tuple>

#include "lib/base/error.h"
#include "lib/data/file/zip_writer.h"
#include "lib/interop/weights/weights_writer.h"

namespace dl {
namespace {

const char* storage_name(ElementType type) {
  switch (type) {
    case ElementType::boolean: return "BoolStorage";
    case ElementType::u8: return "ByteStorage";
    case ElementType::i8: return "CharStorage";
    case ElementType::i16: return "ShortStorage";
    case ElementType::i32: return "IntStorage";
    case ElementType::i64: return "LongStorage";
    case ElementType::f16: return "HalfStorage";
    case ElementType::bf16: return "BFloat16Storage";
    case ElementType::f32: return "FloatStorage";
    case ElementType::f64: return "DoubleStorage";
    case ElementType::c64: return "ComplexFloatStorage";
    case ElementType::c128: return "ComplexDoubleStorage";
    default: return nullptr;
  }
}

// Opcodes one behind another.
class PickleText {
 public:
  const std::string& bytes() const { return bytes_; }
  PickleText& op(std::string_view codes) {
    bytes_ += codes;
    return *this;
  }
  PickleText& text(std::string_view value) {
    op("X");
    little_endian(value.size(), 4);
    bytes_ += value;
    return *this;
  }
  PickleText& global(std::string_view module, std::string_view name) {
    bytes_ += concat("c", module, "\n", name, "\n");
    return *this;
  }
  PickleText& number(int64_t value) {
    if (value < 0x100) return little_endian_of("K", value, 1);
    if (value < 0x10000) return little_endian_of("M", value, 2);
    if (value <= INT32_MAX) return little_endian_of("J", value, 4);
    return little_endian_of("\x8A\x08", value, 8);
  }
  PickleText& numbers(const std::vector<int64_t>& values) {
    op("(");
    for (const int64_t value : values) number(value);
    return op("t");
  }
  PickleText& ordered_dict() { return global("collections", "OrderedDict").op(")R"); }

 private:
  PickleText& little_endian_of(std::string_view code, int64_t value, int bytes) {
    op(code);
    return little_endian(static_cast<uint64_t>(value), bytes);
  }
  PickleText& little_endian(uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) bytes_.push_back(static_cast<char>(value >> (8 * i)));
    return *this;
  }
  std::string bytes_;
};

std::vector<int64_t> row_major_strides(const Shape& shape) {
  std::vector<int64_t> strides(shape.sizes().size(), 1);
  for (size_t axis = strides.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * shape.sizes()[axis];
  return strides;
}

// Tensors with the same bytes are one storage.
class Stored {
 public:
  explicit Stored(const WeightsWriter::Tensors& tensors) {
    for (const auto& [name, tensor] : tensors) {
      const auto same =
          std::tuple(tensor.bytes.get(), tensor.offset, tensor.type, tensor.shape.sizes(), tensor.strides);
      const auto [place, fresh] = keys_.try_emplace(same, once_.size());
      if (fresh) once_.push_back(&tensor);
      numbers_.push_back(place->second);
    }
  }
  size_t of(size_t tensor) const { return numbers_[tensor]; }
  const std::vector<const StoredTensor*>& once() const { return once_; }

 private:
  std::map<std::tuple<const StoredBytes*, uint64_t, ElementType, std::vector<int64_t>, std::vector<int64_t>>, size_t>
      keys_;
  std::vector<size_t> numbers_;
  std::vector<const StoredTensor*> once_;
};

void pickle_state_dict(PickleText& p, const WeightsWriter::Tensors& tensors, const Stored& stored) {
  p.ordered_dict().op("(");
  for (size_t i = 0; i < tensors.size(); ++i) {
    const StoredTensor& t = tensors[i].tensor;
    p.text(tensors[i].name).global("torch._utils", "_rebuild_tensor_v2").op("((");
    p.text("storage").global("torch", storage_name(t.type)).text(std::to_string(stored.of(i))).text("cpu");
    p.number(t.shape.elements()).op("tQ").number(0).numbers(t.shape.sizes()).numbers(row_major_strides(t.shape));
    p.op("\x89").ordered_dict().op("tR");
  }
  p.op("u");
}

void write_archive(const PickleText& pickle, const Stored& stored, const WeightsWriter::Append& append) {
  ZipWriter zip(append);
  zip.add("archive/data.pkl", pickle.bytes());
  zip.add("archive/byteorder", "little");
  for (size_t key = 0; key < stored.once().size(); ++key) {
    const StoredTensor& tensor = *stored.once()[key];
    zip.add(concat("archive/data/", key), tensor.byte_count(),
            [&](const ZipWriter::Append& into) { append_elements(tensor, into); });
  }
  zip.add("archive/version", "3\n");
  zip.finish();
}

class PytorchWriter : public WeightsWriter {
 public:
  std::string ending() const override { return ".pt"; }
  std::string name() const override { return "PyTorch"; }
  bool has(ElementType type) const override { return storage_name(type) != nullptr; }
  void write(const Tensors& tensors, const Append& append) const override {
    const Stored stored(tensors);
    PickleText p;
    p.op("\x80\x02");
    pickle_state_dict(p, tensors, stored);
    write_archive(p.op("."), stored, append);
  }
};
DL_WEIGHTS_WRITER(PytorchWriter);

struct PthWriter final : PytorchWriter {
  std::string ending() const override { return ".pth"; }
};
DL_WEIGHTS_WRITER(PthWriter);

// What LightningModule.load_from_checkpoint asks for; there is no optimizer's state in it to go on from.
class LightningWriter final : public PytorchWriter {
 public:
  std::string ending() const override { return ".ckpt"; }
  std::string name() const override { return "Lightning"; }
  void write(const Tensors& tensors, const Append& append) const override {
    const Stored stored(tensors);
    PickleText p;
    p.op("\x80\x02}(");
    p.text("epoch").number(0).text("global_step").number(0).text("pytorch-lightning_version").text("2.0.0");
    p.text("state_dict");
    pickle_state_dict(p, tensors, stored);
    for (const char* key : {"loops", "callbacks"}) p.text(key).op("}");
    for (const char* key : {"optimizer_states", "lr_schedulers"}) p.text(key).op("]");
    write_archive(p.op("u."), stored, append);
  }
};
DL_WEIGHTS_WRITER(LightningWriter);

}  // namespace
}  // namespace dl
