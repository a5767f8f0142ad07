// What a run tells as TensorBoard's events.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/tensorboard_log.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <utility>

#include "lib/base/text.h"
#include "lib/data/file/tfrecord.h"
#include "lib/data/image/write_png.h"
#include "lib/interop/tensorboard_event.h"

namespace dl {
namespace {

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Text as it stands, in Markdown: a block of code, which four blanks make.
std::string as_code(const std::string& lines) {
  std::string out;
  size_t at = 0;
  while (at < lines.size()) {
    const size_t end = std::min(lines.find('\n', at), lines.size());
    out += "    " + lines.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return out;
}

// An image of floats with its least 0 and its largest 255; of bytes as it is.
std::vector<uint8_t> as_bytes(const std::byte* image, const Type& type) {
  const auto count = static_cast<size_t>(type.shape.elements());
  std::vector<uint8_t> bytes(count);
  if (type.dtype == DType::u8) {
    std::memcpy(bytes.data(), image, count);
    return bytes;
  }
  const std::span values(reinterpret_cast<const float*>(image), count);
  float least = INFINITY, most = -INFINITY;
  for (const float x : values)
    if (std::isfinite(x)) least = std::min(least, x), most = std::max(most, x);
  const float scale = most > least ? 255 / (most - least) : 0;
  for (size_t i = 0; i < count; ++i)
    if (std::isfinite(values[i])) bytes[i] = static_cast<uint8_t>(std::lround((values[i] - least) * scale));
  return bytes;
}

// Numbers, words and flags below a part of a spec: "optimizer.adamw.lr".
void collect_values(const Node& node, const std::string& path, std::vector<tensorboard::HParam>& into) {
  for (const Node::Entry& entry : node.entries) collect_values(entry.value, path + "." + entry.key, into);
  if (!node.is_scalar() || node.is_null()) return;
  if (const auto flag = node.as_bool())
    into.emplace_back(path, *flag);
  else if (const auto number = node.as_number())
    into.emplace_back(path, *number);
  else
    into.emplace_back(path, node.text);
}

std::vector<tensorboard::HParam> hyperparameters(const Node& spec) {
  std::vector<tensorboard::HParam> values;
  for (const char* part : {"optimizer", "schedule", "loss", "seed", "trainer"})
    if (const Node* node = spec.find(part)) collect_values(*node, part, values);
  if (const Node* data = spec.find("data"))
    if (const Node* batch = data->find("batch_size")) collect_values(*batch, "data.batch_size", values);
  return values;
}

}  // namespace

TensorBoardLog::TensorBoardLog(const RunPaths& run, std::string config, const Node& spec,
                               std::function<void(const std::string&)> warn)
    : file_(run.events()), config_(std::move(config)), spec_(spec), warn_(std::move(warn)) {}

void TensorBoardLog::append(const std::string& event) {
  try {
    file_.append((file_.size_bytes() == 0 ? tfrecord(tensorboard::version(wall_seconds())) : "") + tfrecord(event));
  } catch (const Error& error) {
    if (!std::exchange(failed_, true)) warn_(concat("a record for TensorBoard is lost: ", error.what()));
  }
}

void TensorBoardLog::figures(int64_t step, const std::vector<Measured>& values) {
  std::vector<tensorboard::Scalar> scalars;
  for (const Measured& m : values) scalars.push_back({m.name, m.value});
  append(tensorboard::scalars(wall_seconds(), step, scalars));
}

void TensorBoardLog::tensor(int64_t step, const std::string& path, std::span<const float> values) {
  append(tensorboard::histogram(wall_seconds(), step, path, values));
}

void TensorBoardLog::images(const Dataset& data, int64_t count) {
  const auto fields = data.fields();
  const auto x = std::ranges::find(fields, "x", &SampleField::name);
  if (x == fields.end() || x->type.shape.rank() != 3 || (x->type.shape[2] != 1 && x->type.shape[2] != 3)) return;
  Sample sample;
  std::vector<std::vector<std::byte>> memory;
  for (const SampleField& field : fields) memory.emplace_back(static_cast<size_t>(field.type.bytes()));
  for (std::vector<std::byte>& block : memory) sample.fields.push_back(block.data());
  const Shape& shape = x->type.shape;
  std::vector<tensorboard::Image> pictures;
  for (int64_t i = 0; i < std::min(count, data.size()); ++i) {
    data.get(i, sample);
    pictures.push_back({.tag = concat("sample/", i),
                        .height = shape[0],
                        .width = shape[1],
                        .channels = shape[2],
                        .png = png_of({shape[0], shape[1]}, static_cast<int>(shape[2]),
                                      as_bytes(sample.fields[static_cast<size_t>(x - fields.begin())], x->type))});
  }
  append(tensorboard::images(wall_seconds(), 0, pictures));
}

void TensorBoardLog::started(const RunStarted& e) {
  if (!e.resumed_from.empty()) return;
  append(tensorboard::text(wall_seconds(), 0, "config", as_code(config_)));
  append(tensorboard::session_started(wall_seconds(), e.name, hyperparameters(spec_)));
}

void TensorBoardLog::logged(const StepRecord& e) {
  std::vector<Measured> values = e.values;
  values.push_back({"samples_per_s", e.samples_per_s});
  values.push_back({"input_wait", e.input_wait});
  figures(e.step, values);
}

void TensorBoardLog::validated(const ValidationRecord& e) { figures(e.step, e.values); }

void TensorBoardLog::epoch_ended(const EpochRecord& e) {
  figures(e.step, {{"epoch", static_cast<double>(e.epoch + 1)}});
}

void TensorBoardLog::finished(const RunFinished& e) {
  if (e.exit != Exit::done && e.exit != Exit::diverged) return;  // it goes on later
  append(tensorboard::session_ended(wall_seconds(), e.exit == Exit::done ? tensorboard::SessionStatus::success
                                                                         : tensorboard::SessionStatus::failure));
}

}  // namespace dl
