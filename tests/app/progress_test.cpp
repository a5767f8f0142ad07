// How a run looks, on a terminal and elsewhere.
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
  progress.stepped({.step = 5, .samples = 500, .loss = 0.25});
  progress.stepped({.step = 6, .samples = 600, .loss = 0.25});
  progress.validating({.step = 10, .samples = 100});
  progress.epoch_ended({.step = 10, .values = {{"train/loss", 0.3}, {"val/loss", 0.4}}, .seconds = 1.5});
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
  explicit Terminal(unsigned short columns) {
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
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
  }
  int master, slave;
};

}  // namespace

TEST_CASE("on a terminal one line is redrawn in place and is gone at the end") {
  Terminal terminal(100);
  Output out(terminal.slave);
  RunProgress progress(out);
  play(progress);
  const std::string seen = read_all(terminal.master);
  CHECK(seen.starts_with("toy-1: 1,210 parameters, 1,000 samples, 100 for validation, batches of 100, cpu: 2 threads"));
  CHECK(seen.find("\r\033[?7lepoch 1/2  ━━━") != std::string::npos);
  CHECK(seen.find("  5/10  loss 0.2500  accuracy 0.7500  ") != std::string::npos);
  CHECK(seen.find(" left\033[K\033[?7h") != std::string::npos);
  CHECK(seen.find("6/10") == std::string::npos);  // no more than ten times a second
  CHECK(seen.find("\r\033[?7lepoch 1/2  validating on 100 samples\033[K\033[?7h") != std::string::npos);
  CHECK(seen.ends_with("\r\033[Kepoch 1/2  train/loss 0.3000  val/loss 0.4000  1.5 s\r\n"));
}

TEST_CASE("on a narrow terminal the bar goes before the figures do") {
  Terminal terminal(40);
  Output out(terminal.slave);
  RunProgress progress(out);
  play(progress);
  const std::string seen = read_all(terminal.master);
  CHECK(seen.find("━") == std::string::npos);
  CHECK(seen.find("loss 0.2500") != std::string::npos);
}

TEST_CASE("elsewhere there are plain lines") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  Output out(ends[1]);
  RunProgress progress(out);
  play(progress);
  close(ends[1]);
  CHECK(read_all(ends[0]) ==
        "toy-1: 1,210 parameters, 1,000 samples, 100 for validation, batches of 100, cpu: 2 threads, avx2\n"
        "epoch 1/2  train/loss 0.3000  val/loss 0.4000  1.5 s\n");
  close(ends[0]);
}

TEST_CASE("the bar is as long as the share that is done") {
  CHECK(bar(0, 4, false) == "----");
  CHECK(bar(0.5, 4, false) == "##--");
  CHECK(bar(2, 4, false) == "####");
  CHECK(bar(0.25, 4, true) == "━───");
}

TEST_CASE("the summary says what came out, where it is and what to do next") {
  const RunStarted run{.name = "toy-1", .folder = "runs/toy-1"};
  RunFinished end{.reason = "max_epochs (2) reached",
                  .step = 20,
                  .time_s = 200,
                  .values = {{"val/accuracy", 0.91}},
                  .monitor = "val/accuracy",
                  .best_value = 0.92,
                  .best_step = 10,
                  .samples_per_s = 12345.6,
                  .input_wait = 0.012};
  CHECK(run_summary(run, end) ==
        "done: max_epochs (2) reached; 20 steps in 3 min 20 s, 12,346 samples/s, 1.2 % of the time waiting for data\n"
        "  val/accuracy 0.9100\n"
        "best val/accuracy 0.9200 at step 10\n"
        "run folder: runs/toy-1\n"
        "next: dlcli eval toy-1\n");
  end.exit = Exit::interrupted;
  end.reason = "stopped by a signal";
  CHECK(run_summary(run, end).starts_with("stopped by a signal; 20 steps"));
  CHECK(run_summary(run, end).ends_with("next: dlcli train --resume=toy-1\n"));
}

TEST_CASE("figures are written as people read them") {
  CHECK(figure(0.25131) == "0.2513");
  CHECK(figure(1e-5) == "1e-05");
  CHECK(figure(0) == "0");
  CHECK(figure(-1.0 / 0.0) == "-inf");
  CHECK(count(1234567) == "1,234,567");
  CHECK(count(-1234) == "-1,234");
  CHECK(count(999) == "999");
  CHECK(short_count(41234) == "41.2k");
  CHECK(short_count(950) == "950");
  CHECK(clock(7) == "0:07");
  CHECK(clock(3723) == "1:02:03");
  CHECK(percent(0.1234) == "12.3 %");
  CHECK(table({{"layer", "parameters"}, {"conv", "1,000"}, {"fc", "10"}}) ==
        "layer  parameters\nconv        1,000\nfc             10\n");
  CHECK(wrapped("one two three", 9, "  ", "- ") == "- one two\n  three\n");
}
