// What a network can be exported to: one file each, which registers itself.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/interop/program/trained_network.h"

namespace dl {

struct ExportOptions {
  bool channels_last = false;  // images as dlcli has them, where the target would have their channels first
  bool twins = true;           // layers written as the target's own; else all as operations
};

class ExportTarget {
 public:
  virtual ~ExportTarget() = default;
  // One line for --help.
  virtual std::string summary() const = 0;
  // Whether images and volumes are [batch, channels, spatial …] outside, as the options have it.
  virtual bool channels_first(const ExportOptions& options) const = 0;
  // What of the run's training is written, for which its data are to be there: nothing; where it stands, if that can be
  // known; or besides the learning rate of each step.
  enum class Training { none, moment, all };
  virtual Training training() const { return Training::none; }
  // Writes files into the folder, which is there and has none of their names.
  virtual std::vector<WrittenTensor> write(const TrainedNetwork& trained, const ExportOptions& options,
                                           const std::filesystem::path& folder) const = 0;
  // What is not written of such a network, and why: a sentence; empty where nothing is left out.
  virtual std::string left_out(const TrainedNetwork&, const ExportOptions&) const { return {}; }
};

using ExportTargetFactory = std::unique_ptr<ExportTarget> (*)();
std::map<std::string_view, ExportTargetFactory>& export_targets();

struct ExportTargetRegistration {
  ExportTargetRegistration(const char* name, ExportTargetFactory factory) { export_targets().emplace(name, factory); }
};

}  // namespace dl

// DL_EXPORT_TARGET(Onnx, "onnx"); at the end of the target's file.
#define DL_EXPORT_TARGET(Type, name)                             \
  static const ::dl::ExportTargetRegistration Type##_registered( \
      name, []() -> std::unique_ptr<::dl::ExportTarget> { return std::make_unique<Type>(); })
