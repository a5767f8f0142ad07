// What a run writes for TensorBoard: everything once, also by a run that is stopped and resumed.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstring>
#include <limits>
#include <optional>
#include <protozero/pbf_reader.hpp>

#include "lib/base/text.h"
#include "lib/data/file/tfrecord.h"
#include "lib/train/kept/tensorboard_log.h"
#include "tests/file_size_limit.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

const std::vector<std::string> for_tensorboard{"trainer.tensorboard={histograms: 7 steps, images: 2}"};

// The bytes of each record.
std::vector<std::string> records_of(const RunFolder& folder) {
  const std::string file = text_of(folder.paths().events());
  CHECK(whole_tfrecords(file) == file.size());
  std::vector<std::string> records;
  for (size_t at = 0; at < file.size();) {
    uint64_t length;
    std::memcpy(&length, file.data() + at, sizeof length);
    records.push_back(file.substr(at + tfrecord_head_bytes, length));
    CHECK(tfrecord(records.back()) == file.substr(at, tfrecord_head_bytes + length + tfrecord_tail_bytes));
    at += tfrecord_head_bytes + length + tfrecord_tail_bytes;
  }
  return records;
}

// Of each value of an event "STEP TAG: what it is", without what depends on time.
std::vector<std::string> events_of(const RunFolder& folder) {
  std::vector<std::string> events;
  for (const std::string& record : records_of(folder)) {
    protozero::pbf_reader event(record);
    std::string step = "0";
    while (event.next()) {
      if (event.tag() == 2) {
        step = std::to_string(event.get_int64());
      } else if (event.tag() == 3) {
        events.push_back(event.get_string());
      } else if (event.tag() == 5) {
        protozero::pbf_reader summary = event.get_message();
        while (summary.next(1)) {
          protozero::pbf_reader value = summary.get_message();
          std::string tag, what;
          while (value.next()) {
            if (value.tag() == 1)
              tag = value.get_string();
            else if (value.tag() == 2)
              what = number_text(value.get_float());
            else if (value.tag() == 4 || value.tag() == 5 || value.tag() == 8)
              what = value.get_view().to_string();
            else
              value.skip();
          }
          if (tag != "samples_per_s" && tag != "input_wait") events.push_back(step + " " + tag + ": " + what);
        }
      } else {
        event.skip();
      }
    }
  }
  return events;
}

int64_t count(const std::vector<std::string>& events, const std::string& part) {
  return std::ranges::count_if(events, [&](const std::string& e) { return e.find(part) != std::string::npos; });
}

}  // namespace

TEST_CASE("a run writes its figures, config, images and tensors for TensorBoard") {
  const Workplace place;
  const auto plan = place.plan(for_tensorboard);
  RunFolder folder = place.new_run(*plan);
  Record record;
  Trainer(*plan, {.folder = &folder, .observers = {&record}}).fit();
  const auto events = events_of(folder);
  CHECK(events[0] == "brain.Event:2");
  CHECK(count(events, "config/text_summary: ") == 1);
  CHECK(count(events, "    loss: cross_entropy\n") == 1);
  CHECK(count(events, "_hparams_/session_start_info") == 1);
  CHECK(count(events, "_hparams_/session_end_info") == 1);
  CHECK(count(events, "0 sample/1: ") == 1);
  CHECK(count(events, "PNG") == 2);
  CHECK(count(events, " train/loss: ") == std::ssize(record.logs));
  CHECK(count(events, " val/accuracy: ") == std::ssize(record.validations));
  const int64_t steps = std::ssize(record.losses);
  CHECK(count(events, " 0.weight: ") == steps / 7);
  CHECK(count(events, " 1.running_mean: ") == steps / 7);
}

TEST_CASE("gradients are written beside the tensors, of what is trained, and change nothing of the training") {
  const Workplace place;
  const auto losses_of = [&](std::vector<std::string> sets, RunFolder& folder) {
    const auto plan = place.plan(sets);
    Record record;
    Trainer(*plan, {.folder = &folder, .observers = {&record}}).fit();
    return record.losses;
  };
  for (const std::string more : {"", "trainer.accumulate_grad_batches=2"}) {
    CAPTURE(more);
    std::vector<std::string> sets = for_tensorboard;
    sets.push_back("freeze=[\"5\"]");
    if (!more.empty()) sets.push_back(more);
    RunFolder without = place.new_run(*place.plan(sets)), with = place.new_run(*place.plan(sets));
    const auto expected = losses_of(sets, without);
    sets.push_back("trainer.tensorboard.gradients=true");
    CHECK(losses_of(sets, with) == expected);
    const auto events = events_of(with);
    CHECK(count(events, " gradient/0.weight: ") == std::ssize(expected) / 7);
    CHECK(count(events, " gradient/1.running_mean: ") == 0);
    CHECK(count(events, " gradient/5.weight: ") == 0);
  }
}

TEST_CASE("a gradient is what one step of descent takes away, whatever clips it") {
  const Workplace place;
  // The sum of a histogram's values at step 1.
  const auto sum_in = [](const std::vector<std::string>& events, const std::string& tag) {
    for (const std::string& event : events)
      if (event.starts_with("1 " + tag + ": ")) {
        protozero::pbf_reader histogram(event.data() + tag.size() + 4, event.size() - tag.size() - 4);
        while (histogram.next())
          if (histogram.tag() == 4)
            return histogram.get_double();
          else
            histogram.skip();
      }
    return std::numeric_limits<double>::quiet_NaN();
  };
  const auto events_with = [&](const std::string& optimizer) {
    const auto plan = place.plan({"trainer.tensorboard={histograms: 1 steps, gradients: true}",
                                  "schedule=", "trainer.max_epochs=", "trainer.max_steps=1", "optimizer=" + optimizer});
    RunFolder folder = place.new_run(*plan);
    Trainer(*plan, {.folder = &folder}).fit();
    return events_of(folder);
  };
  const auto stepped = events_with("{sgd: {lr: 1}}"), stayed = events_with("{sgd: {lr: 1e-30}}"),
             clipped = events_with("[clip_norm: 1e-3, sgd: {lr: 1}]");
  const double gradient = sum_in(stepped, "gradient/0.weight");
  CHECK(gradient == doctest::Approx(sum_in(stayed, "0.weight") - sum_in(stepped, "0.weight")).epsilon(1e-4));
  CHECK(sum_in(clipped, "gradient/0.weight") == gradient);
}

TEST_CASE("a disk that is full while the run begins costs events, and not what says that they are events") {
  const Folder folder;
  const RunFolder run = RunFolder::create(folder.path, "net", "", "");
  std::vector<std::string> warnings;
  std::optional<FileSizeLimit> full(std::in_place, 0);
  TensorBoardLog board(run.paths(), "", Node::map(), [&](const std::string& text) { warnings.push_back(text); });
  board.epoch_ended({.step = 1, .epoch = 0});
  full.reset();
  board.epoch_ended({.step = 2, .epoch = 1});
  CHECK(warnings.size() == 1);
  CHECK(events_of(run) == std::vector<std::string>{"brain.Event:2", "2 epoch: 2"});
}

TEST_CASE("without 'tensorboard' nothing is written for it") {
  const Workplace place;
  for (const std::string sets : {"", "trainer.tensorboard=false"}) {
    const auto plan = place.plan(sets.empty() ? std::vector<std::string>{} : std::vector{sets});
    RunFolder folder = place.new_run(*plan);
    Trainer(*plan, {.folder = &folder}).fit();
    CHECK(!std::filesystem::exists(folder.paths().events()));
  }
}

TEST_CASE("a run that is stopped and resumed has the same events as one that was not") {
  const Workplace place;
  const auto plan = place.plan(for_tensorboard);
  RunFolder whole = place.new_run(*plan);
  Trainer(*plan, {.folder = &whole}).fit();
  auto expected = events_of(whole);
  for (const int64_t at : {1, 7, 9, 17}) {
    CAPTURE(at);
    RunFolder stopped = place.new_run(*plan);
    StopAfter stop(at);
    Trainer(*plan, {.folder = &stopped, .observers = {&stop}, .stop = &stop.stop}).fit();
    const auto newest = *Checkpoints(stopped.paths().checkpoints()).newest({});
    // What a process that was killed wrote after its last checkpoint, the last record torn.
    write(stopped.paths().events(), text_of(stopped.paths().events()) + tfrecord("lost") + "torn");
    Trainer resumed(*plan, {.folder = &stopped});
    resumed.resume(newest);
    resumed.fit();
    CHECK(events_of(stopped) == expected);
  }
}
