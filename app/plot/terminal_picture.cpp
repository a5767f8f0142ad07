// A chart in a terminal: braille, whose cells have two by four dots, or letters.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>

#include "app/console/text.h"
#include "app/plot/chart.h"
#include "lib/base/printable.h"

namespace dl {
namespace {

constexpr std::string_view line_letters = "*o+x#@%&";
// Readable on dark and on light grounds: of 256 colours the picture's own, of eight their like.
constexpr std::array many{"38;5;32", "38;5;208", "38;5;36", "38;5;175", "38;5;178", "38;5;74", "38;5;245"};
constexpr std::array eight{"36", "33", "32", "35", "34", "31", "37"};

constexpr size_t rows_alone = 16, rows_beside = 12;

// Cells of a terminal, each with dots of one line.
class Grid {
 public:
  Grid(size_t columns, size_t rows, bool braille)
      : columns_(columns), rows_(rows), braille_(braille), dots_(columns * rows), owners_(columns * rows, -1) {}

  size_t width() const { return columns_ * (braille_ ? 2 : 1); }
  size_t height() const { return rows_ * (braille_ ? 4 : 1); }

  void set(size_t x, size_t y, int owner) {
    constexpr unsigned char bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    const size_t cell = braille_ ? y / 4 * columns_ + x / 2 : y * columns_ + x;
    dots_[cell] |= braille_ ? bits[y % 4][x % 2] : 1;
    owners_[cell] = owner;
  }
  int owner(size_t column, size_t row) const { return owners_[row * columns_ + column]; }
  unsigned dots(size_t column, size_t row) const { return dots_[row * columns_ + column]; }

 private:
  size_t columns_, rows_;
  bool braille_;
  std::vector<unsigned char> dots_;
  std::vector<int> owners_;  // the line last drawn there; -1: none
};

// Calls `each` for all places from one to another.
void between(int64_t x0, int64_t y0, int64_t x1, int64_t y1, const std::function<void(int64_t, int64_t)>& each) {
  const int64_t steps = std::max({std::abs(x1 - x0), std::abs(y1 - y0), int64_t{1}});
  for (int64_t i = 0; i <= steps; ++i)
    each(x0 + (2 * i * (x1 - x0) + steps * (x1 >= x0 ? 1 : -1)) / (2 * steps),
         y0 + (2 * i * (y1 - y0) + steps * (y1 >= y0 ? 1 : -1)) / (2 * steps));
}

class TerminalPanel {
 public:
  TerminalPanel(const Chart& chart, const Panel& panel, const TerminalLook& look, size_t rows)
      : chart_(chart), panel_(panel), look_(look), rows_(rows) {
    // Without colours two lines are told apart as whole and dotted; more, by letters.
    const auto faint = static_cast<size_t>(std::ranges::count(panel.lines, true, &ChartLine::faint));
    braille_ = look.unicode && (look.colours || (faint <= 1 && panel.lines.size() - faint <= 1));
    dotted_ = braille_ && (!look.colours || std::ranges::any_of(panel.lines, [&](const ChartLine& a) {
                return a.faint &&
                       std::ranges::any_of(panel.lines, [&](const ChartLine& b) { return !b.faint && b.hue == a.hue; });
              }));
    axes_ = axes_of(chart, panel, std::max<size_t>(2, look.columns / 16), std::max<size_t>(2, rows / 3));
    for (const double tick : axes_.y.ticks) label_width_ = std::max(label_width_, tick_text(tick).size());
    columns_ = look.columns - std::min(look.columns - 10, label_width_ + 3);
  }

  std::string text() const {
    Grid grid(columns_, rows_, braille_);
    for (const bool faint : {true, false})
      for (size_t i = 0; i < panel_.lines.size(); ++i)
        if (panel_.lines[i].faint == faint) draw(grid, i);
    std::string out = heading();
    for (size_t row = 0; row < rows_; ++row) out += line(grid, row);
    return out + base();
  }

 private:
  std::string coloured(size_t line, const std::string& text) const {
    if (!look_.colours) return text;
    const size_t hue = panel_.lines[line].hue;
    return concat("\033[", look_.many_colours ? many[hue % many.size()] : eight[hue % eight.size()], "m", text,
                  "\033[0m");
  }
  std::string dim(const std::string& text) const { return look_.colours ? "\033[2m" + text + "\033[0m" : text; }

  char letter(size_t line) const { return line_letters[line % line_letters.size()]; }

  std::string heading() const {
    const std::string title = printable(panel_.title);
    std::string out, row = look_.colours ? "\033[1m" + title + "\033[0m" : title;
    size_t used = display_width(title);
    for (size_t i = 0; i < panel_.lines.size(); ++i) {
      const ChartLine& line = panel_.lines[i];
      const bool dotted = dotted_ && line.faint;
      const std::string mark = braille_ ? (dotted ? "⠂⠂⠂" : "⠒⠒⠒") : std::string(1, letter(i));
      const std::string label = printable(line.label);
      const size_t needed = 3 + display_width(mark) + 1 + display_width(label);
      if (used + needed > look_.columns) {
        out += row + "\n";
        row.clear();
        used = 0;
      }
      row += "   " + coloured(i, mark) + " " + label;
      used += needed;
    }
    return out + row + "\n";
  }

  void draw(Grid& grid, size_t index) const {
    const ChartLine& line = panel_.lines[index];
    const auto place = [](double share, size_t places) {
      return std::llround(std::clamp(share, 0.0, 1.0) * static_cast<double>(places - 1));
    };
    bool begun = false;
    int64_t x0 = 0, y0 = 0;
    for (const ChartPoint& p : thinned(line.points, axes_.x, grid.width())) {
      if (std::isnan(p.y)) {
        begun = false;
        continue;
      }
      const int64_t x = place(axes_.x.share(p.x), grid.width()), y = place(1 - axes_.y.share(p.y), grid.height());
      between(begun ? x0 : x, begun ? y0 : y, x, y, [&](int64_t a, int64_t b) {
        if (dotted_ && line.faint && (a + b) % 2 != 0) return;
        grid.set(static_cast<size_t>(a), static_cast<size_t>(b), static_cast<int>(index));
      });
      x0 = x;
      y0 = y;
      begun = true;
    }
  }

  std::string line(const Grid& grid, size_t row) const {
    std::string label;
    for (const double tick : axes_.y.ticks)
      if (static_cast<size_t>(std::llround((1 - axes_.y.share(tick)) * static_cast<double>(rows_ - 1))) == row)
        label = tick_text(tick);
    const char* edge = look_.unicode ? (label.empty() ? "│" : "┤") : (label.empty() ? "|" : "+");
    std::string out = dim(std::string(label_width_ - label.size(), ' ') + label + " " + edge), cells;
    for (size_t column = 0; column < columns_; ++column) {
      const int owner = grid.owner(column, row);
      if (owner < 0) {
        cells += " ";
      } else if (braille_) {
        const unsigned dots = grid.dots(column, row);  // U+2800 and the dots' bits
        const char braille[] = {'\xe2', static_cast<char>(0xa0 + (dots >> 6)), static_cast<char>(0x80 + (dots & 0x3f)),
                                '\0'};
        cells += coloured(static_cast<size_t>(owner), braille);
      } else {
        cells += coloured(static_cast<size_t>(owner), std::string(1, letter(static_cast<size_t>(owner))));
      }
    }
    cells.erase(cells.find_last_not_of(' ') + 1);
    return out + cells + "\n";
  }

  // The axis of x, its numbers, and what they are.
  std::string base() const {
    std::vector<bool> marked(columns_, false);
    std::string numbers(label_width_ + 2 + columns_ + 1, ' ');
    size_t free = label_width_ + 1;  // where the next number may begin
    const std::string name = chart_.x_name;
    const size_t end = numbers.size() - name.size() - 1;
    for (const double tick : axes_.x.ticks) {
      const auto column = static_cast<size_t>(std::llround(axes_.x.share(tick) * static_cast<double>(columns_ - 1)));
      const std::string text = tick_text(tick);
      const size_t middle = label_width_ + 2 + column;
      const size_t begin = middle - std::min(middle, text.size() / 2);
      if (begin < free || begin + text.size() > end) continue;
      numbers.replace(begin, text.size(), text);
      free = begin + text.size() + 1;
      marked[column] = true;
    }
    numbers.replace(numbers.size() - name.size(), name.size(), name);
    std::string axis = std::string(label_width_ + 1, ' ') + (look_.unicode ? "└" : "+");
    for (const bool mark : marked) axis += look_.unicode ? (mark ? "┬" : "─") : (mark ? "+" : "-");
    return dim(axis) + "\n" + dim(numbers) + "\n";
  }

  const Chart& chart_;
  const Panel& panel_;
  const TerminalLook& look_;
  size_t rows_, columns_ = 0, label_width_ = 0;
  bool braille_ = false, dotted_ = false;
  Axes axes_;
};

}  // namespace

std::string terminal_picture_of(const Chart& chart, const TerminalLook& look) {
  std::string out;
  for (const Panel& panel : chart.panels) {
    if (!out.empty()) out += "\n";
    out += TerminalPanel(chart, panel, look, chart.panels.size() == 1 ? rows_alone : rows_beside).text();
  }
  return out;
}

}  // namespace dl
