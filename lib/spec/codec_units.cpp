// Codecs of what has a unit: durations and sizes in bytes.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "lib/base/text.h"
#include "lib/spec/codec_parts.h"
#include "lib/spec/schema.h"

namespace dl {
namespace {

// Where a field does not say, all but a share of the run.
bool is_allowed(Duration::Unit unit, const Limits& limits) {
  return limits.units.empty() ? unit != Duration::Unit::percent : std::ranges::count(limits.units, unit) > 0;
}

// The units a duration may have, each shown: "'500 steps', '2 epochs' or '10 min'".
std::string duration_forms(const Limits& limits) {
  const auto allowed = [&](Duration::Unit unit) { return is_allowed(unit, limits); };
  std::vector<std::string> forms;
  if (allowed(Duration::Unit::steps)) forms.push_back("'500 steps'");
  if (allowed(Duration::Unit::epochs)) forms.push_back("'2 epochs'");
  if (allowed(Duration::Unit::samples)) forms.push_back("'20000 samples'");
  if (allowed(Duration::Unit::seconds)) forms.push_back("'10 min'");
  if (allowed(Duration::Unit::percent)) forms.push_back("'10%'");
  if (forms.size() == 1) return forms[0];
  const std::string last = forms.back();
  forms.pop_back();
  return join(forms) + " or " + last;
}

// "12:30:00", hours, minutes, seconds, as Lightning takes a time; with days before them where there are four.
std::optional<Duration> clock_time(std::string_view text) {
  double seconds = 0;
  int parts = 0;
  for (size_t at = 0; at <= text.size(); ++parts) {
    const size_t end = std::min(text.find(':', at), text.size());
    const auto part = codec::number_in(text.substr(at, end - at));
    if (!part) return {};
    seconds = seconds * (parts == 1 && std::count(text.begin(), text.end(), ':') == 3 ? 24 : 60) + *part;
    at = end + 1;
  }
  return parts < 3 || parts > 4 ? std::nullopt : std::optional(Duration::seconds(seconds));
}

// The unit of a word that other programs have for it; empty where it is none.
std::string_view unit_meant(std::string_view word) {
  constexpr std::pair<std::string_view, std::string_view> others[] = {{"iterations", "steps"},
                                                                      {"iteration", "step"},
                                                                      {"iters", "steps"},
                                                                      {"iter", "steps"},
                                                                      {"it", "steps"},
                                                                      {"updates", "steps"},
                                                                      {"batches", "steps"},
                                                                      {"batch", "step"},
                                                                      {"images", "samples"},
                                                                      {"examples", "samples"},
                                                                      {"ep", "epochs"},
                                                                      {"e", "epochs"},
                                                                      {"m", "min"},
                                                                      {"mins", "min"},
                                                                      {"hr", "h"},
                                                                      {"hrs", "h"},
                                                                      {"secs", "s"}};
  for (const auto& [other, ours] : others)
    if (same_word(word, other)) return ours;
  return word;
}

// "1h30m" and {hours: 1, minutes: 30}: the sum of times; none where a part is no time.
std::optional<Duration> sum_of_times(const Node& node) {
  std::string text;
  for (const Node::Entry& entry : node.entries) text += entry.value.text + entry.key;
  if (node.is_scalar()) text = node.text;
  double seconds = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t unit = std::min(text.find_first_not_of("0123456789. ", at), text.size());
    const size_t end = std::min(text.find_first_of("0123456789.", unit), text.size());
    const std::string_view word = unit_meant(trim(std::string_view(text).substr(unit, end - unit)));
    const auto part = Duration::parse(concat(trim(std::string_view(text).substr(at, unit - at)), " ", word));
    if (!part || part->unit != Duration::Unit::seconds) return {};
    seconds += part->value;
    at = end;
  }
  return seconds > 0 ? std::optional(Duration::seconds(seconds)) : std::nullopt;
}

// Of a number without a unit: "write '5 epochs' or '5 steps'".
std::string units_help(double number, const std::function<bool(Duration::Unit)>& allowed) {
  std::vector<std::string> forms;
  const auto add = [&](const Duration& duration) {
    if (allowed(duration.unit)) forms.push_back("'" + duration.text() + "'");
  };
  add(Duration::epochs(number));
  if (number == std::floor(number)) add(Duration::steps(number));
  if (forms.empty())
    for (const char* unit : {"h", "min", "s"}) add(*Duration::parse(concat(number_text(number), " ", unit)));
  return forms.empty() ? "" : "write " + join(forms, " or ");
}

std::string duration_help(const Node& node, const Limits& limits) {
  const auto allowed = [&](Duration::Unit unit) { return is_allowed(unit, limits); };
  if (node.is_scalar()) {
    if (const std::string comment = codec::comment_help(node); !comment.empty()) return comment;
    if (const auto time = clock_time(node.text); time && allowed(Duration::Unit::seconds))
      return "write '" + time->text() + "'";
    const size_t unit = std::min(node.text.find_first_not_of("0123456789. "), node.text.size());
    const std::string number(trim(node.text.substr(0, unit))), word(trim(node.text.substr(unit)));
    if (const std::string ours(unit_meant(word)); codec::number_in(number) && ours != word)
      if (const auto meant = Duration::parse(concat(number, " ", ours)); meant && allowed(meant->unit))
        return concat("write '", number, " ", ours, "'");
  }
  if (const auto times = sum_of_times(node); times && allowed(Duration::Unit::seconds))
    return "write '" + times->text() + "'";
  if (const auto part = node.as_number(); part && *part > 0 && *part < 1 && allowed(Duration::Unit::epochs))
    return "write '" + node.text + " epochs'" +
           (allowed(Duration::Unit::percent) ? ", or '" + number_text(*part * 100) + "%' of the run" : "");
  if (const auto number = node.as_number(); number && *number > 0 && std::isfinite(*number))
    if (std::string help = units_help(*number, allowed); !help.empty()) return help;
  return limits.help.empty() ? "write it as " + duration_forms(limits) : "";
}

std::string bytes_help(const Node& node) {
  if (node.is_scalar()) {
    const size_t unit = std::min(node.text.find_first_not_of("0123456789. "), node.text.size());
    const std::string number(trim(node.text.substr(0, unit))), word(trim(node.text.substr(unit)));
    for (const auto& [other, ours] : {std::pair{"g", "GiB"},
                                      {"gb", "GB"},
                                      {"gib", "GiB"},
                                      {"gig", "GiB"},
                                      {"m", "MiB"},
                                      {"mb", "MB"},
                                      {"mib", "MiB"},
                                      {"k", "KiB"},
                                      {"kb", "KB"},
                                      {"kib", "KiB"},
                                      {"t", "TiB"},
                                      {"tb", "TB"}})
      if (same_word(word, other) && Bytes::parse(concat(number, " ", ours)))
        return concat("write '", number, " ", ours, "'");
  }
  return "write it as '512 MiB', '1.5 GB' or a number of bytes";
}

}  // namespace

bool Codec<Duration>::read(const Node& node, Duration& value, const Limits& limits, const Reading& r) {
  const auto duration = node.is_scalar() ? Duration::parse(node.text, limits.unit) : std::nullopt;
  const bool allowed = duration && is_allowed(duration->unit, limits);
  // Elsewhere 1 is a step and 1.0 an epoch.
  const bool part = limits.unit == Duration::Unit::steps && node.as_number().value_or(0) > 0 &&
                    node.text.find('.') != std::string::npos;
  if (!allowed || part || !codec::within(duration->value, limits)) {
    r.expected(node, type(limits), help_of(node, limits, duration_help(node, limits)));
    return false;
  }
  value = *duration;
  return true;
}
Node Codec<Duration>::write(const Duration& value) { return Node::string(value.text()); }
std::string Codec<Duration>::type(const Limits& limits) { return codec::with_range("a duration", limits); }
Node Codec<Duration>::json_schema(const Limits& limits) {
  if (!limits.unit) return codec::schema_of_type("string");
  return codec::any_of({codec::schema_of_type("string"), codec::schema_with_range("number", limits)});
}

bool Codec<Bytes>::read(const Node& node, Bytes& value, const Limits& limits, const Reading& r) {
  const auto bytes = node.is_scalar() ? Bytes::parse(node.text) : std::nullopt;
  if (!bytes || !codec::within(static_cast<double>(bytes->count), limits)) {
    r.expected(node, type(limits), help_of(node, limits, bytes_help(node)));
    return false;
  }
  value = *bytes;
  return true;
}
Node Codec<Bytes>::write(const Bytes& value) { return Node::string(value.text()); }
std::string Codec<Bytes>::type(const Limits& limits) { return codec::with_range("a size in bytes", limits); }
Node Codec<Bytes>::json_schema(const Limits& limits) {
  return codec::any_of({codec::schema_of_type("string"), codec::schema_with_range("integer", limits)});
}

}  // namespace dl
