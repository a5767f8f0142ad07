// Collecting what a layer says.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/twins.h"

#include <algorithm>

namespace dl {

Twin& Twin::called(std::string text) {
  call = std::move(text);
  return *this;
}
Twin& Twin::plainly(std::string text) {
  plain = std::move(text);
  return *this;
}
Twin& Twin::first() {
  wants = Wants::channels_first;
  return *this;
}
Twin& Twin::last() {
  wants = Wants::channels_last;
  return *this;
}
Twin& Twin::tensor(std::string ours, std::string theirs, std::string arrow) {
  Place& place = tensors.emplace_back();
  place.ours = std::move(ours);
  place.theirs = std::move(theirs);
  place.arrow = std::move(arrow);
  return *this;
}
Twin& Twin::part(int64_t part, int64_t parts) {
  tensors.back().part = part;
  tensors.back().parts = parts;
  return *this;
}
Twin& Twin::seen(std::vector<int64_t> sizes) {
  tensors.back().seen = std::move(sizes);
  return *this;
}
Twin& Twin::blocks(std::vector<int64_t> order) {
  tensors.back().blocks = std::move(order);
  return *this;
}
Twin& Twin::row(int64_t row, int64_t rows) {
  tensors.back().row = row;
  tensors.back().rows = rows;
  return *this;
}
Twin& Twin::added() {
  tensors.back().added = true;
  return *this;
}
Twin& Twin::whole(std::vector<int64_t> sizes) {
  tensors.back().whole = std::move(sizes);
  return *this;
}

namespace {

Twin module_of(const std::string& target, std::string module) {
  return {.target = target, .module = std::move(module), .call = "{self}({x})", .plain = {}};
}
Twin expression_of(const std::string& target, const std::string& text) {
  return {.target = target, .module = {}, .call = text, .plain = text};
}

}  // namespace

Twin& Twins::pytorch(std::string module) { return twins_.emplace_back(module_of("pytorch", std::move(module))); }
Twin& Twins::keras(std::string module) { return twins_.emplace_back(module_of("keras", std::move(module))); }
Twin& Twins::keras_chain(std::vector<std::string> modules) {
  keras("").chain = std::move(modules);
  return twins_.back();
}
Twin& Twins::onnx() { return twins_.emplace_back(expression_of("onnx", "")); }
Twin& Twins::flax(std::string module) { return twins_.emplace_back(module_of("flax", std::move(module))); }
Twin& Twins::pytorch_expression(std::string text) { return twins_.emplace_back(expression_of("pytorch", text)); }
Twin& Twins::flax_expression(std::string text) { return twins_.emplace_back(expression_of("flax", text)); }

const Twin* Twins::find(const std::string& target) const {
  const auto found = std::ranges::find(twins_, target, &Twin::target);
  return found == twins_.end() ? nullptr : &*found;
}

}  // namespace dl
