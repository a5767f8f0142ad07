// Learning curves: axes, pictures and the terminal.
// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <doctest/doctest.h>

#include <cmath>
#include <sstream>

#include "app/console/text.h"
#include "app/plot/chart.h"
#include "tests/app/run_dlcli.h"

using namespace dl::testing;
using dl::Scale;
using dl::scale_of;

namespace {

std::vector<std::string> ticks_of(const Scale& scale) {
  std::vector<std::string> texts;
  for (const double tick : scale.ticks) texts.push_back(dl::tick_text(tick));
  return texts;
}

using Texts = std::vector<std::string>;

// A run of two epochs of ten steps, whose loss falls.
void make_run(const Folder& folder, const std::string& name, double factor = 1, const std::string& more = {}) {
  const std::filesystem::path run = folder / "runs" / name;
  std::ostringstream lines;
  for (int step = 1; step <= 20; ++step) {
    lines << "{\"step\":" << step << ",\"epoch\":" << (step - 1) / 10 << ",\"time_s\":" << 0.1 * step
          << ",\"train/loss\":" << factor / step << ",\"lr\":0.1}\n";
    if (step % 10 == 0)
      lines << "{\"step\":" << step << ",\"epoch\":" << step / 10 - 1 << ",\"time_s\":" << 0.1 * step
            << ",\"val/loss\":" << 1.5 * factor / step << "}\n{\"step\":" << step << ",\"epoch\":" << step / 10 - 1
            << ",\"time_s\":" << 0.1 * step << ",\"train/loss_epoch\":" << factor / step << "}\n";
  }
  write(run / "metrics.jsonl", lines.str() + more);
  write(run / "resolved.yaml", "trainer: {max_epochs: 2}\n");
}

Finished plot(const Folder& folder, std::vector<std::string> arguments, const std::string& locale = "LC_ALL=C.UTF-8") {
  arguments.insert(arguments.begin(), "plot");
  return run_dlcli(arguments, folder, {locale});
}

}  // namespace

TEST_CASE("axes have round numbers and hold every value") {
  CHECK(ticks_of(scale_of(0.13, 0.92, {.ticks = 5})) == Texts{"0", "0.2", "0.4", "0.6", "0.8", "1"});
  CHECK(ticks_of(scale_of(0, 2150, {.ticks = 5, .whole = true, .to_ticks = false})) ==
        Texts{"0", "500", "1000", "1500", "2000"});
  CHECK(ticks_of(scale_of(0, 3, {.ticks = 8, .whole = true, .to_ticks = false})) == Texts{"0", "1", "2", "3"});
  CHECK(ticks_of(scale_of(1, 1e6, {.ticks = 5})) == Texts{"0", "200k", "400k", "600k", "800k", "1M"});
  CHECK(ticks_of(scale_of(0.03, 40, {.ticks = 3, .logarithmic = true})) == Texts{"0.1", "1", "10"});
  CHECK(ticks_of(scale_of(0.4, 1.7, {.ticks = 4, .logarithmic = true})) == Texts{"0.5", "1"});
  for (const bool logarithmic : {false, true})
    for (double least = 1e-9; least < 1e9; least *= 3.7)
      for (const double span : {0.0, 1e-6, 0.3, 2.0, 900.0, 1e7}) {
        const double most = least * (1 + span);
        CAPTURE(least);
        CAPTURE(most);
        const Scale scale = scale_of(least, most, {.ticks = 5, .logarithmic = logarithmic});
        CHECK(scale.share(least) >= -1e-9);
        CHECK(scale.share(most) <= 1 + 1e-9);
        CHECK(scale.least < scale.most);
        CHECK(!scale.ticks.empty());
        CHECK(scale.ticks.size() <= 16);
      }
  const Scale one = scale_of(0.5, 0.5, {});
  CHECK(one.least < 0.5);
  CHECK(one.most > 0.5);
}

TEST_CASE("a thinned curve keeps its peaks, its ends and its gaps") {
  std::vector<dl::ChartPoint> points;
  for (int i = 0; i < 100000; ++i)
    points.push_back({double(i), i == 777 ? 50.0 : i == 60000 ? std::nan("") : std::sin(i)});
  const std::vector<dl::ChartPoint> kept = dl::thinned(points, scale_of(0, 99999, {.to_ticks = false}), 100);
  CHECK(kept.size() <= 420);
  CHECK(kept.front().x == 0);
  CHECK(kept.back().x == 99999);
  const auto holds = [&](double x) {
    for (const dl::ChartPoint& p : kept)
      if (p.x == x) return true;
    return false;
  };
  CHECK(holds(777));
  CHECK(holds(60000));
}

TEST_CASE("curves are drawn in the terminal, in lines that fit") {
  Folder folder;
  make_run(folder, "a-1");
  const Finished drawn = plot(folder, {"a-1"});
  CHECK(drawn.exit == 0);
  CHECK(drawn.err.empty());
  CHECK(drawn.out.starts_with("loss   ⠂⠂⠂ train 0.05000   ⠒⠒⠒ val 0.07500\n"));
  CHECK(drawn.out.find("⢉") != std::string::npos);
  CHECK(drawn.out.ends_with("steps\n"));
  CHECK(drawn.out.find("\033") == std::string::npos);
  std::istringstream lines(drawn.out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) CHECK(dl::display_width(line) <= 80);
  CHECK(count == 19);

  const Finished ascii = plot(folder, {"a-1"}, "LC_ALL=C");
  CHECK(ascii.exit == 0);
  CHECK(ascii.out.starts_with("loss   * train 0.05000   o val 0.07500\n"));
  for (const char c : ascii.out) CHECK((c == '\n' || (c >= ' ' && c <= '~')));
  CHECK(ascii.out.find("o") != std::string::npos);
}

TEST_CASE("on a terminal curves are in colours, and a run's name steers nothing") {
  Folder folder;
  make_run(folder, "a-1");
  const Finished drawn = run_on_terminal({"plot", "a-1"}, folder, 60, {"COLORTERM="});
  CHECK(drawn.exit == 0);
  CHECK(drawn.out.starts_with(
      "\033[1mloss\033[0m   \033[36m⠒⠒⠒\033[0m train 0.05000   \033[33m⠒⠒⠒\033[0m val 0.07500\n"));
  CHECK(drawn.out.find("\\x1b") == drawn.out.npos);
  CHECK(run_on_terminal({"plot", "a-1"}, folder, 60, {"NO_COLOR=1"}).out.find('\033') == std::string::npos);
  make_run(folder, "b\u009b31m-1");
  const Finished named = run_on_terminal({"plot", "a-1", "b\u009b31m-1", "--figure", "val/loss"}, folder, 80);
  CHECK(named.exit == 0);
  CHECK(named.out.find(" b\\x9b31m-1 0.07500") != named.out.npos);
  CHECK(named.out.find("\u009b") == named.out.npos);
}

TEST_CASE("several runs, chosen figures, epochs and time are drawn") {
  Folder folder;
  make_run(folder, "a-1");
  make_run(folder, "b-1", 2);
  const std::string both = plot(folder, {"a-1", "b-1", "--figure", "val/loss", "--x", "epochs"}).out;
  CHECK(both.starts_with("val/loss   * a-1 0.07500   o b-1 0.1500\n"));
  CHECK(both.ends_with("epochs\n"));
  CHECK(plot(folder, {"a-1", "--figure", "lr", "--x", "time"}).out.ends_with("seconds\n"));
  CHECK(plot(folder, {"a-1", "--figure", "loss", "--figure", "lr", "--log"}).out.find("\nlr   ⠒⠒⠒ lr 0.1000\n") !=
        std::string::npos);
}

TEST_CASE("one point, gaps and values that a logarithm lacks are drawn or told of") {
  Folder folder;
  write(folder / "runs/one-1/resolved.yaml", "seed: 1\n");
  write(folder / "runs/one-1/metrics.jsonl", "{\"step\":7,\"val/loss\":0.5}\n");
  CHECK(plot(folder, {"one-1"}).exit == 0);
  CHECK(plot(folder, {"one-1"}, "LC_ALL=C").out.find(" *") != std::string::npos);
  write(folder / "runs/gap-1/resolved.yaml", "seed: 1\n");
  write(folder / "runs/gap-1/metrics.jsonl",
        "{\"step\":1,\"val/loss\":0.5}\n{\"step\":2,\"val/loss\":null}\n{\"step\":3,\"val/"
        "loss\":-1}\n{\"step\":4,\"val/loss\":0.25}\n");
  for (const char* file : {"g.svg", "g.png"}) CHECK(plot(folder, {"gap-1", "-o", file}).exit != 2);
  CHECK(plot(folder, {"gap-1", "--log"}).err == "warning: 1 value that is not above 0 cannot be drawn with --log\n");
  write(folder / "runs/nan-1/resolved.yaml", "seed: 1\n");
  write(folder / "runs/nan-1/metrics.jsonl", "{\"step\":1,\"val/loss\":null}\n");
  CHECK(plot(folder, {"nan-1"}).exit == 0);
}

TEST_CASE("what cannot be drawn is said") {
  Folder folder;
  make_run(folder, "a-1", 1, "damaged\n");
  write(folder / "runs/empty-1/resolved.yaml", "seed: 1\n");
  CHECK(plot(folder, {"a-1", "-o", "a.svg"}).err ==
        "warning: runs/a-1/metrics.jsonl: 1 line is damaged and left out\n");
  const Finished empty = plot(folder, {"empty-1"});
  CHECK(empty.exit == 3);
  CHECK(empty.err ==
        "error: dlcli plot: there is nothing to draw: no record was written yet\n"
        "  help: wait for trainer.log_every_n_steps steps, or train for longer\n");
  const Finished some = plot(folder, {"empty-1", "a-1", "-o", "a.svg"});
  CHECK(some.exit == 0);
  CHECK(some.err.starts_with("warning: runs/empty-1 has no record yet; it is left out\n"));
  const Finished unknown = plot(folder, {"a-1", "--figure", "los"});
  CHECK(unknown.exit == 2);
  CHECK(
      unknown.err.ends_with("error: dlcli plot: --figure: no run measured 'los'\n"
                            "  figures: lr, train/loss, train/loss_epoch, val/loss\n"
                            "  help: write '--figure loss'\n"));
  CHECK(plot(folder, {"a-1", "-o", "a.pdf"}).err ==
        "error: dlcli plot: -o: expected a name that ends in .svg or .png, got 'a.pdf'\n"
        "  help: write '-o curves.svg'\n");
}

TEST_CASE("a picture is an SVG document, or a PNG where libcairo is") {
  Folder folder;
  make_run(folder, "a-1");
  make_run(folder, "b<&1", 2);
  CHECK(plot(folder, {"a-1", "b<&1", "-o", "c.svg"}).exit == 0);
  const std::string svg = text_of(folder / "c.svg");
  CHECK(svg.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns="));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(svg.find("b&lt;&amp;1 val") != std::string::npos);
  CHECK(svg.find("<polyline ") != std::string::npos);
  const Finished png = plot(folder, {"a-1", "-o", "c.png"});
  if (dlopen("libcairo.so.2", RTLD_NOW | RTLD_LOCAL) != nullptr) {
    CHECK(png.exit == 0);
    CHECK(text_of(folder / "c.png").starts_with("\x89PNG\r\n"));
  } else {
    CHECK(png.exit == 1);
    CHECK(png.err.find("help: install it (on Debian: apt install libcairo2), or write an .svg file") !=
          std::string::npos);
  }
}
