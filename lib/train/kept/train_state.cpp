// The state as JSON and back.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/train_state.h"

#include <nlohmann/json.hpp>

#include "lib/base/error.h"

namespace dl {
namespace {

using Json = nlohmann::json;

constexpr int format_version = 2, oldest_version = 1;

// The one list of keys, for both directions.
template <class State, class Visit>
void visit(State& s, Visit&& field) {
  field("step", s.step);
  field("micro_batches", s.micro_batches);
  field("samples", s.samples);
  field("epoch", s.epoch);
  field("epoch_batches", s.epoch_batches);
  field("epoch_samples", s.epoch_samples);
  field("cursor", s.cursor);
  field("boundary", s.boundary);
  field("time_s", s.time_s);
  field("validated_s", s.validated_s);
  field("seed", s.seed);
  field("batch_size", s.batch_size);
  field("total_steps", s.total_steps);
  field("data", s.data);
  field("arithmetic", s.arithmetic);
  field("latest", s.latest);
  field("monitor", s.monitor);
  field("best_value", s.best_value);
  field("best_step", s.best_step);
  field("former_best_step", s.former_best_step);
  field("controllers", s.controllers);
  field("log_bytes", s.log_bytes);
}

template <class T>
Json to_json(const T& value) {
  return value;
}
Json to_json(const std::optional<double>& value) { return value ? Json(*value) : Json(); }
Json to_json(const Cursor& cursor) {
  return {{"epoch", cursor.epoch}, {"batch", cursor.batch}, {"place", cursor.place}};
}
Json to_json(const std::map<std::string, StateValues>& controllers) {
  Json out = Json::object();
  for (const auto& [name, values] : controllers) {
    Json& own = out[name] = Json::object();
    for (const auto& [key, value] : values)
      std::visit(
          [&](const auto& held) {
            if constexpr (std::is_same_v<decltype(held), const std::monostate&>)
              own[key] = nullptr;
            else
              own[key] = held;
          },
          value);
  }
  return out;
}

template <class T>
void from_json(const Json& json, T& value) {
  value = json.get<T>();
}
void from_json(const Json& json, std::optional<double>& value) {
  value.reset();
  if (!json.is_null()) value = json.get<double>();
}
void from_json(const Json& json, Cursor& cursor) {
  cursor.epoch = json.at("epoch").get<int64_t>();
  cursor.batch = json.at("batch").get<int64_t>();
  cursor.place = json.at("place").get<std::vector<int64_t>>();
}

void from_json(const Json& json, std::map<std::string, StateValues>& controllers) {
  for (const auto& [name, own] : json.items()) {
    StateValues& values = controllers[name];
    for (const auto& [key, value] : own.items()) {
      if (value.is_null())
        values[key] = {};
      else if (value.is_number_integer())
        values[key] = value.get<int64_t>();
      else if (value.is_number())
        values[key] = value.get<double>();
      else
        values[key] = value.get<std::string>();
    }
  }
}

// Version 1 had early stopping's state beside the rest.
void from_version_1(Json& json) {
  json["controllers"] = Json::object();
  if (!json.contains("stopping_waited")) return;
  json["controllers"]["early_stopping"] = {{"best", json.value("stopping_value", Json())},
                                           {"waited", json["stopping_waited"]}};
}

}  // namespace

std::string write_state(const TrainState& state) {
  Json json = {{"format", "dlcli state"}, {"version", format_version}};
  visit(state, [&](const char* key, const auto& value) { json[key] = to_json(value); });
  return json.dump(1) + "\n";
}

TrainState read_state(const std::string& text, const std::filesystem::path& path) {
  Json json = Json::parse(text, nullptr, false);
  auto refuse = [&](Exit exit, const std::string& what, const std::string& help = "") {
    return Error(exit, Problem{.where = {.file = path.string()}, .what = what, .help = help});
  };
  if (!json.is_object() || json.value("format", Json()) != "dlcli state")
    throw refuse(Exit::data, "is not the state of a dlcli checkpoint");
  const Json version = json.value("version", Json());
  if (!version.is_number_integer() || version < oldest_version || version > format_version)
    throw refuse(Exit::usage,
                 concat("has version ", version.dump(), "; this dlcli reads ", oldest_version, " to ", format_version),
                 "use the dlcli that wrote it");
  if (version == 1) from_version_1(json);
  // Once the epoch and its batches said it alone.
  if (!json.contains("cursor") && json.contains("epoch") && json.contains("epoch_batches"))
    json["cursor"] = {{"epoch", json["epoch"]}, {"batch", json["epoch_batches"]}, {"place", Json::array()}};
  if (!json.contains("arithmetic")) json["arithmetic"] = "";  // of earlier builds
  if (!json.contains("former_best_step")) json["former_best_step"] = -1;
  if (!json.contains("validated_s") && json.contains("time_s")) json["validated_s"] = json["time_s"];
  TrainState state;
  visit(state, [&](const char* key, auto& value) {
    try {
      from_json(json.at(key), value);
    } catch (const Json::exception&) {
      throw refuse(Exit::data, concat("has no '", key, "' of the kind that is written there"));
    }
  });
  return state;
}

}  // namespace dl
