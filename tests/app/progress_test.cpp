// How a run looks, on a terminal and elsewhere.
// SPDX-License-Identifier: Apache-2.0
#include "app/console/progress.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/console/run_summary.h"
#include "app/console/text.h"

using namespace dl;

namespace {

// What a run of two epochs tells.
void play(RunProgress& progress) {
  progress.started({.name = "toy-1",
                    .folder = "runs/toy-1",
                    .device = "cpu: 2 threads, avx2",
                    .parameters = 1210,
                    .train_samples = 1000,
                    .val_samples = 100,
                    .batch_size = 100,
                    .steps_per_epoch = 10,
                    .total_steps = 20,
                    .max_epochs = 2});
  progress.logged({.step = 4, .values = {{"train/loss", 0.5}, {"train/accuracy", 0.75}, {"lr", 0.1}}});
  usleep(2000);
  progress.stepped({.step = 5, .samples = 500, .loss = 0.25, .lr = 0.001});
  progress.stepped({.step = 6, .samples = 600, .loss = 0.25, .lr = 0.001});
  progress.validating({.step = 10, .samples = 100});
  progress.validated({.step = 10, .values = {{"val/loss", 0.4}}});
  progress.epoch_ended({.step = 10, .values = {{"train/loss", 0.3}, {"val/loss", 0.4}}, .seconds = 1.5});
  progress.saved({.step = 10});
  progress.finished({});
}

std::string read_all(int descriptor) {
  std::string text;
  char part[4096];
  fcntl(descriptor, F_SETFL, O_NONBLOCK);
  for (ssize_t got; (got = read(descriptor, part, sizeof part)) > 0;) text.append(part, static_cast<size_t>(got));
  return text;
}

// A terminal of this many columns; what is written to it is read from the other end.
struct Terminal {
  explicit Terminal(unsigned short columns, bool colours = false) {
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    colours ? unsetenv("NO_COLOR") : setenv("NO_COLOR", "1", 1);
    master = posix_openpt(O_RDWR | O_NOCTTY);
    REQUIRE(grantpt(master) == 0);
    REQUIRE(unlockpt(master) == 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    REQUIRE(ioctl(slave, TIOCSWINSZ, &size) == 0);
  }
  ~Terminal() {
    close(slave);
    close(master);
    unsetenv("NO_COLOR");
  }
  int master, slave;
};

// The lines that are redrawn in place.
std::vector<std::string> redrawn(const std::string& seen) {
  const std::string begin = "\r\033[?7l", end = "\033[K\033[?7h";
  std::vector<std::string> lines;
  for (size_t at = 0; (at = seen.find(begin, at)) != seen.npos;) {
    at += begin.size();
    lines.push_back(seen.substr(at, seen.find(end, at) - at));
  }
  return lines;
}

// The line of a step in a run of ten epochs, on a terminal of this width.
std::string step_line(unsigned short columns, bool colours = false) {
  Terminal terminal(columns, colours);
  Output out(terminal.slave);
  RunProgress progress(out);
  progress.started({.name = "toy-1",
                    .device = "cpu",
                    .train_samples = 55000,
                    .batch_size = 128,
                    .steps_per_epoch = 430,
                    .total_steps = 4300,
                    .max_epochs = 10});
  progress.logged({.values = {{"train/loss", 0.5}, {"train/accuracy", 0.75}, {"train/recall", 0.5}, {"lr", 0.1}}});
  usleep(20000);
  progress.stepped({.step = 430 + 215, .epoch = 1, .samples = 27500, .loss = 0.25131, .lr = 0.001});
  const std::vector<std::string> lines = redrawn(read_all(terminal.master));
  REQUIRE(lines.size() == 1);
  return lines[0];
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("on a terminal one line is redrawn in place and is gone at the end") {
  Terminal terminal(100);
  Output out(terminal.slave);
  RunProgress progress(out);
  play(progress);
  const std::string seen = read_all(terminal.master);
  CHECK(seen.starts_with(
      "toy-1: 1,210 parameters, 1,000 samples, 100 for validation, batches of 100, cpu: 2 threads, avx2\r\n"));
  const std::vector<std::string> lines = redrawn(seen);
  REQUIRE(lines.size() == 2);  // no more than ten times a second
  CHECK(lines[0].starts_with("epoch 1/2  ━━━"));
  CHECK(has(lines[0], "  5/10  loss 0.2500  accuracy 0.7500  lr 0.001  "));
  CHECK(lines[0].ends_with(" left"));
  CHECK(lines[1] == "epoch 1/2  validating  ──────────────────────────────  0/100 samples");
  CHECK(
      seen.ends_with("\r\033[K             train   val\r\n"
                     "             loss    loss      time\r\n"
                     "epoch 1/2  0.3000  0.4000     1.5 s  best, saved\r\n"));
}

TEST_CASE("the line of a step always has a bar and the loss; what else there is room for goes by its weight") {
  for (unsigned short columns = 31; columns <= 140; ++columns) {
    CAPTURE(columns);
    const std::string line = step_line(columns);
    CHECK(display_width(line) < columns);
    CHECK(line.starts_with("epoch 2/10  ━━"));
    CHECK(has(line, "─  "));
    CHECK(has(line, "  loss 0.2513"));
  }
  const std::string narrow = step_line(60), usual = step_line(80), wide = step_line(140);
  for (const char* part : {"accuracy 0.7500", " left"}) CHECK_MESSAGE(has(narrow, part), narrow);
  for (const char* part : {"lr ", "/s", "215/430"}) CHECK_MESSAGE(!has(narrow, part), narrow);
  for (const char* part : {"accuracy 0.7500", "lr 0.001", "/s  ", " left"}) CHECK_MESSAGE(has(usual, part), usual);
  for (const char* part : {"215/430", "accuracy 0.7500", "recall 0.5000", "lr 0.001", " samples/s", " left"})
    CHECK_MESSAGE(has(wide, part), wide);
}

TEST_CASE(
    "colours are sequences around the same text, and there are none where NO_COLOR is set or the terminal is dumb") {
  CHECK(has(step_line(80, true), "\033[1mepoch 2/10\033[0m  \033[36m━"));
  CHECK(!has(step_line(80, false), "\033["));
  Terminal terminal(80, true);
  const Output out(terminal.slave);
  CHECK(out.colours());
  setenv("TERM", "dumb", 1);
  CHECK(!out.colours());
  CHECK(!out.is_terminal());
}

TEST_CASE("a validation has a bar and says how long it will take") {
  Terminal terminal(60);
  Output out(terminal.slave);
  RunProgress progress(out);
  progress.started({.name = "toy-1", .train_samples = 1000, .batch_size = 100, .steps_per_epoch = 10, .max_epochs = 2});
  progress.validating({.samples = 5000});
  usleep(120000);
  progress.validating({.done = 2500, .samples = 5000});
  const std::vector<std::string> lines = redrawn(read_all(terminal.master));
  REQUIRE(lines.size() == 2);
  CHECK(lines[1] == "epoch 1/2  validating  ━━━━━━──────  2,500/5,000  0:00 left");
}

TEST_CASE("elsewhere there are plain lines of at most 80 columns") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  Output out(ends[1]);
  RunProgress progress(out, "layer  type\n");
  play(progress);
  close(ends[1]);
  CHECK(read_all(ends[0]) ==
        "toy-1: 1,210 parameters, 1,000 samples, 100 for validation, batches of 100, cpu:\n"
        "  2 threads, avx2\n"
        "  layer  type\n"
        "             train   val\n"
        "             loss    loss      time\n"
        "epoch 1/2  0.3000  0.4000     1.5 s  best, saved\n");
  close(ends[0]);
}

TEST_CASE("figures that are too many for a row are named one by one, in lines that fit") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  Output out(ends[1]);
  RunProgress progress(out);
  progress.started({.name = "toy-1", .device = "cpu", .max_epochs = 12});
  EpochRecord epoch{.epoch = 8, .seconds = 75};
  for (const char* part : {"train/", "val/"})
    for (const char* name : {"loss", "accuracy", "precision", "recall"})
      epoch.values.push_back({std::string(part) + name, 0.5});
  progress.epoch_ended(epoch);
  progress.finished({});
  close(ends[1]);
  CHECK(read_all(ends[0]) ==
        "toy-1: 0 parameters, 0 samples, batches of 0, cpu\n"
        "epoch 9/12   train/loss 0.5000  train/accuracy 0.5000  train/precision 0.5000\n"
        "             train/recall 0.5000  val/loss 0.5000  val/accuracy 0.5000\n"
        "             val/precision 0.5000  val/recall 0.5000  75 s\n");
  close(ends[0]);
}

TEST_CASE("an epoch is the best where its validation is better than all before it") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  Output out(ends[1]);
  RunProgress progress(out);
  progress.started({.name = "toy-1", .device = "cpu", .max_epochs = 3});
  for (const auto& [epoch, loss] : {std::pair{0, 0.5}, {1, 0.625}, {2, 0.25}}) {
    progress.stepped({.step = epoch, .epoch = epoch});
    progress.validated({.step = epoch, .values = {{"val/loss", loss}}});
    progress.epoch_ended({.step = epoch, .epoch = epoch, .values = {{"val/loss", loss}}, .seconds = 1});
  }
  progress.finished({});
  close(ends[1]);
  CHECK(read_all(ends[0]) ==
        "toy-1: 0 parameters, 0 samples, batches of 0, cpu\n"
        "             val\n"
        "             loss      time\n"
        "epoch 1/3  0.5000       1 s  best\n"
        "epoch 2/3  0.6250       1 s\n"
        "epoch 3/3  0.2500       1 s  best\n");
  close(ends[0]);
}

TEST_CASE("the bar is as long as the share that is done") {
  CHECK(bar(0, 4, false) == "----");
  CHECK(bar(0.5, 4, false) == "##--");
  CHECK(bar(2, 4, false) == "####");
  CHECK(bar(0.25, 4, true) == "━───");
}

TEST_CASE("the summary says what came out, where it is and what to do next") {
  const RunStarted run{.name = "toy-1", .folder = "runs/toy-1", .splits = {"train", "val", "test"}};
  RunFinished end{.reason = "max_epochs (2) reached",
                  .step = 20,
                  .time_s = 200,
                  .values = {{"val/accuracy", 0.91}},
                  .monitor = "val/accuracy",
                  .best_value = 0.92,
                  .best_step = 10,
                  .samples_per_s = 12345.6,
                  .input_wait = 0.012};
  CHECK(run_summary(run, end, 80) ==
        "done: max_epochs (2) reached; 20 steps in 3 min 20 s, 12,346 samples/s\n"
        "  val/accuracy 0.9100\n"
        "best val/accuracy 0.9200 at step 10\n"
        "run folder: runs/toy-1\n"
        "next: dlcli eval toy-1\n");
  end.input_wait = 0.25;
  CHECK(run_summary(run, end, 80).find("\n25.0 % of the time waiting for data\n") != std::string::npos);
  end.values = {
      {"train/loss", 0.1}, {"train/accuracy", 0.9}, {"train/recall", 0.9}, {"val/loss", 0.1}, {"val/f1", 0.9}};
  CHECK(run_summary(run, end, 80)
            .find("\n  train/loss 0.1000  train/accuracy 0.9000  train/recall 0.9000  val/loss 0.1000\n"
                  "  val/f1 0.9000\n") != std::string::npos);
  end.exit = Exit::interrupted;
  end.reason = "stopped by a signal";
  CHECK(run_summary(run, end, 80).starts_with("stopped by a signal; 20 steps"));
  CHECK(run_summary(run, end, 80).ends_with("next: dlcli train --resume=toy-1\n"));
  end.exit = Exit::time_limit;
  CHECK(run_summary(run, end, 80).ends_with("next: dlcli train --resume=toy-1\n"));  // the time is its only end
  RunStarted planned = run;
  planned.total_steps = 40;
  CHECK(run_summary(planned, end, 80).ends_with("next: dlcli train --resume=toy-1 --set trainer.max_time=null\n"));
}

TEST_CASE("figures have four significant digits") {
  const std::pair<double, const char*> cases[] = {{0.25131, "0.2513"},
                                                  {0.25, "0.2500"},
                                                  {0.9189, "0.9189"},
                                                  {1, "1.000"},
                                                  {0, "0"},
                                                  {12.34567, "12.35"},
                                                  {99.996, "100.0"},
                                                  {64691.4389, "64690"},
                                                  {999960, "1e+06"},
                                                  {1234567, "1.235e+06"},
                                                  {0.0123456, "0.01235"},
                                                  {0.00123456, "0.001235"},
                                                  {0.001, "0.001000"},
                                                  {0.0328, "0.03280"},
                                                  {1e-5, "1e-05"},
                                                  {0.00001234, "1.234e-05"},
                                                  {-0.5, "-0.5000"},
                                                  {-1.0 / 0.0, "-inf"},
                                                  {0.0 / 0.0, "nan"},
                                                  {0.00099996, "0.001000"}};
  for (const auto& [value, text] : cases) CHECK(figure(value) == text);
  CHECK(short_figure(0.001) == "0.001");
  CHECK(short_figure(0.25) == "0.25");
  CHECK(short_figure(1) == "1");
  CHECK(short_figure(100) == "100");
}

TEST_CASE("counts, times and shares are written as people read them") {
  CHECK(count(1234567) == "1,234,567");
  CHECK(count(-1234) == "-1,234");
  CHECK(count(999) == "999");
  CHECK(short_count(41234) == "41.2k");
  CHECK(short_count(950) == "950");
  CHECK(clock(7) == "0:07");
  CHECK(clock(3723) == "1:02:03");
  CHECK(percent(0.1234) == "12.3 %");
}

TEST_CASE("a table's columns are aligned, and long cells are wrapped where it is too wide") {
  CHECK(dl::table({{"layer", "parameters"}, {"conv", "1,000"}, {"fc", "10"}}, 80) ==
        "layer  parameters\nconv        1,000\nfc             10\n");
  CHECK(dl::table({{"name", "what it is", "n"}, {"relu", "the larger of x and zero", "1,000"}}, 24) ==
        "name  what it is       n\nrelu  the larger   1,000\n      of x and\n      zero\n");
  CHECK(dl::table({{"a/long/path/without/any/blank"}}, 16) == "a/long/path/\nwithout/any/\nblank\n");
  CHECK(wrapped("one two three", 9, "  ", "- ") == "- one two\n  three\n");
}
