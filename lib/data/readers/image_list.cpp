// image_list: image files named by a table, with what is to be learned beside them: a class, several labels, numbers.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "lib/base/error.h"
#include "lib/base/hash.h"
#include "lib/base/lower.h"
#include "lib/base/text.h"
#include "lib/data/columned.h"
#include "lib/data/file/file_fingerprint.h"
#include "lib/data/fit.h"
#include "lib/data/image/image_names.h"
#include "lib/data/image_keys.h"
#include "lib/data/labelled.h"
#include "lib/data/reader.h"
#include "lib/data/sample_fit.h"
#include "lib/data/table/cell_number.h"
#include "lib/data/table/class_order.h"
#include "lib/data/table/csv_text.h"
#include "lib/data/windowed.h"
#include "lib/spec/one_or_more.h"

namespace dl {
namespace {

namespace fs = std::filesystem;

struct ListOptions {
  std::string image;
  std::vector<std::string> target;
  std::string as;         // class, labels, numbers
  std::string separator;  // of labels in one cell
  std::string suffix;     // behind each name
  ImageKeys images;
};

class ImageListSet final : public Dataset, public Windowed, public Labelled, public Columned, public Fittable {
 public:
  ImageListSet(const fs::path& file, const CsvForm& form, fs::path folder, ListOptions options,
               std::vector<std::string> classes)
      : text_(file, form), options_(std::move(options)), folder_(std::move(folder)), classes_(std::move(classes)) {
    image_ = column(options_.image, 0);
    expect_files();
    std::vector<int64_t> columns;
    for (const std::string& name : options_.target) columns.push_back(column(name, -1));
    const bool in_one_cell = options_.as == "labels" && columns.size() == 1 && !is_one_label(columns[0]);
    if (options_.as == "class")
      read_classes(columns.at(0));
    else if (in_one_cell)
      read_label_lists(columns[0]);
    else
      read_numbers(columns, options_.as == "labels");
    const ImageKeys& keys = options_.images;
    size_ = keys.size ? *keys.size : image_size(path(0), keys.limits());
    form_ = keys.form(size_);
    fields_ = {keys.field(size_), has_labels() ? SampleField{"y", {DType::i32, {}}, std::ssize(classes_)}
                                               : SampleField{"y", {DType::f32, {std::ssize(numbers_) / size()}}}};
    if (std::ssize(options_.target) > 1)
      fields_[1].value_names = options_.target;
    else if (in_one_cell)
      fields_[1].value_names = classes_;
    else if (options_.as == "labels" && columns[0] < std::ssize(text_.names()))
      fields_[1].value_names = {text_.names()[static_cast<size_t>(columns[0])]};
    if (!has_labels() && options_.as == "numbers" && options_.target.size() == 1)
      fields_[1].class_help = "write 'as: class' below 'train'";
  }

  int64_t size() const override { return text_.rows(); }
  std::span<const SampleField> fields() const override { return fields_; }
  std::span<const std::string> classes() const override {
    return has_labels() ? std::span<const std::string>(classes_) : std::span<const std::string>();
  }
  bool in_memory() const override { return false; }
  std::vector<Problem> warnings() const override {
    std::vector<Problem> all = separator_doubt();
    std::ranges::copy(depths(), std::back_inserter(all));
    return all;
  }
  std::vector<Problem> depths() const {
    return options_.images.doubts_of_files(folder_, size(), [this](int64_t i) { return path(i); });
  }
  Node fit(std::span<const int64_t> /*samples*/) const override { return fit_samples(*this); }
  Where place(int64_t index) const override { return {.file = path(index).string()}; }

  void get(int64_t index, Sample& into) const override { get_window(index, whole_image(size_), size_, into); }
  void get_window(int64_t index, const ImageWindow& window, Pair into_size, Sample& into) const override {
    read_image_window(path(index), form_, window, into_size, into.fields[0], options_.images.limits());
    const auto i = static_cast<size_t>(index);
    if (has_labels()) {
      std::memcpy(into.fields[1], &labels_[i], sizeof labels_[i]);
    } else {
      const size_t n = numbers_.size() / static_cast<size_t>(size());
      std::memcpy(into.fields[1], numbers_.data() + i * n, n * sizeof(float));
    }
  }

  bool has_labels() const override { return options_.as == "class"; }
  std::vector<int64_t> labels() const override {
    if (!has_labels())
      throw Error(Exit::usage, Problem{.what = "expected samples with a class each, found numbers",
                                       .help = "leave 'stratified' out, or write 'as: class' below 'train'"});
    return {labels_.begin(), labels_.end()};
  }
  ColumnCells cells(const std::string& name) const override {
    const int64_t at = column(name, -1);
    ColumnCells cells;
    for (int64_t row = 0; row < size(); ++row) {
      cells.texts.emplace_back(text_.cell(row, at));
      cells.missing.push_back(is_missing_word(cells.texts.back()));
      if (const auto number = cell_number(cells.texts.back())) cells.numbers.push_back(*number);
    }
    if (cells.numbers.size() != cells.texts.size()) cells.numbers.clear();
    return cells;
  }

  // Of the table and the files.
  uint64_t fingerprint() const override {
    const uint64_t parts[] = {text_.xxh64(), files_fingerprint(size(), [this](int64_t i) { return path(i); })};
    return xxh64({reinterpret_cast<const char*>(parts), sizeof parts});
  }

 private:
  [[noreturn]] void fail(int64_t row, int64_t column, std::string what, std::string help = {}) const {
    throw Error(Exit::data,
                Problem{.where = text_.where(row, column), .what = std::move(what), .help = std::move(help)});
  }

  // By its name; a table without a header has the images in its first column and the target in its last.
  int64_t column(const std::string& name, int64_t without_name) const {
    if (name.empty()) return without_name < 0 ? text_.columns() + without_name : without_name;
    const auto found = std::ranges::find(text_.names(), name);
    if (found == text_.names().end())
      throw Error(Exit::usage, Problem{.where = {.file = text_.path().string()},
                                       .what = concat("there is no column '", name, "'"),
                                       .notes = {text_.has_header() ? "its columns: " + join(text_.names())
                                                                    : "the table has no header"},
                                       .help = "name one of them, or write 'names: [...]'"});
    return found - text_.names().begin();
  }

  void expect_files() const {
    int64_t missing = 0, first = 0;
    for (int64_t row = 0; row < size(); ++row)
      if (std::error_code unreadable; !fs::exists(path(row), unreadable) && missing++ == 0) first = row;
    if (missing == 0) return;
    const auto is_there = [&](const std::string& name) {
      std::error_code unreadable;
      return fs::is_regular_file(folder_ / name, unreadable);
    };
    const std::string name(text_.cell(first, image_));
    std::string help = "name the folder that the names begin in as 'root', or take the rows out";
    if (options_.image.empty() && text_.has_header() && text_.columns() > 2)
      help = concat("write 'image: ", text_.names()[static_cast<size_t>(image_ + 1)],
                    "' if that column has the files' names, or 'root: FOLDER' for where they are");
    for (const std::string& format : image_formats())
      if (is_there(concat(name, ".", format))) help = concat("write 'suffix: .", format, "'");
    if (name.find('\\') != std::string::npos) help = "write names with '/' between folders and file";
    fail(first, image_,
         concat(missing, " of ", count_of(size(), "image"), missing == 1 ? " is" : " are", " not there, such as ",
                path(first).string()),
         std::move(help));
  }

  // Labels in one cell that hold what other lists have between labels.
  std::vector<Problem> separator_doubt() const {
    if (options_.as != "labels" || options_.separator != " ") return {};
    for (const char between : {',', ';', '|'})
      for (const std::string& name : classes_)
        if (name.find(between) != std::string::npos)
          return {Problem{
              .where = {.file = text_.path().string()},
              .what = concat("the label '", shortened(name), "' holds '", between, "', but labels are cut at blanks"),
              .help = concat("write 'separator: \"", between, "\"' if it stands between labels")}};
    return {};
  }

  // Numbers by their value, others by their text; those that are known stay.
  void name_classes(const std::set<std::string>& found) {
    if (classes_.empty()) classes_ = sorted_classes(std::vector<std::string>(found.begin(), found.end()));
    for (const std::string& name : classes_) class_numbers_.emplace(name, static_cast<int32_t>(class_numbers_.size()));
  }
  int32_t class_number(const std::string& name, int64_t row, int64_t column) const {
    const auto at = class_numbers_.find(name);
    if (at == class_numbers_.end())
      fail(row, column, concat("expected one of the classes ", shortened(join(classes_), 200), ", found '", name, "'"));
    return at->second;
  }

  void read_classes(int64_t at) {
    std::set<std::string> found;
    for (int64_t row = 0; row < size(); ++row) {
      found.emplace(text_.cell(row, at));
      if (text_.cell(row, at).empty()) fail(row, at, "expected a class, the cell is empty", "take the row out");
      if (classes_.empty() && std::ranges::count(missing_words(), text_.cell(row, at)) > 0)
        fail(row, at, concat("expected a class, found '", text_.cell(row, at), "', which stands for none"),
             "take the row out, or name all classes in the data set's description");
    }
    name_classes(found);
    for (int64_t row = 0; row < size(); ++row)
      labels_.push_back(class_number(std::string(text_.cell(row, at)), row, at));
  }

  // Also of pandas' True and False.
  static std::optional<double> label_number(std::string_view cell) {
    const std::string word = lower(cell);
    if (word == "true" || word == "false") return word == "true" ? 1 : 0;
    return cell_number(cell);
  }
  // Whether a column says of each image whether it has the one label: all cells are 0 or 1, or empty by mistake. In a
  // list of known labels these are names.
  bool is_one_label(int64_t at) const {
    bool any = false;
    for (int64_t row = 0; row < size() && classes_.empty(); ++row) {
      const std::string_view cell = text_.cell(row, at);
      if (cell.empty()) continue;
      if (const auto number = label_number(cell); number != 0.0 && number != 1.0) return false;
      any = true;
    }
    return any;
  }
  std::vector<std::string> labels_in(std::string_view cell) const {
    std::vector<std::string> names;
    while (!cell.empty()) {
      const size_t end = std::min(cell.find(options_.separator), cell.size());
      if (const std::string_view name = trim(cell.substr(0, end)); !name.empty()) names.emplace_back(name);
      cell.remove_prefix(std::min(cell.size(), end + options_.separator.size()));
    }
    return names;
  }
  void read_label_lists(int64_t at) {
    std::set<std::string> found;
    for (int64_t row = 0; row < size(); ++row) {
      const std::string_view cell = text_.cell(row, at);
      if (classes_.empty() && !cell.empty() && std::ranges::count(missing_words(), cell) > 0)
        fail(row, at, concat("expected labels, found '", cell, "', which stands for none"),
             "leave the cell empty, or name all classes in the data set's description");
      for (std::string& name : labels_in(cell)) found.insert(std::move(name));
    }
    name_classes(found);
    if (classes_.empty()) fail(0, at, "expected labels, all cells are empty");
    numbers_.resize(static_cast<size_t>(size()) * classes_.size());
    for (int64_t row = 0; row < size(); ++row)
      for (const std::string& name : labels_in(text_.cell(row, at)))
        numbers_[static_cast<size_t>(row) * classes_.size() + static_cast<size_t>(class_number(name, row, at))] = 1;
  }

  void read_numbers(const std::vector<int64_t>& columns, bool are_labels) {
    for (int64_t row = 0; row < size(); ++row)
      for (const int64_t at : columns) {
        const auto number = are_labels ? label_number(text_.cell(row, at)) : cell_number(text_.cell(row, at));
        if (!number || !std::isfinite(static_cast<float>(*number)))
          fail(row, at, concat("expected a number, found '", text_.cell(row, at), "'"),
               are_labels            ? "write 0 or 1, or take the row out"
               : columns.size() == 1 ? "write 'as: class' if it is one"
                                     : "");
        if (are_labels && (*number < 0 || *number > 1))
          fail(row, at, concat("expected 0 or 1 of a label, found ", text_.cell(row, at)), "write 'as: numbers'");
        numbers_.push_back(static_cast<float>(*number));
      }
  }

  fs::path path(int64_t index) const { return folder_ / (std::string(text_.cell(index, image_)) + options_.suffix); }

  const CsvText text_;
  const ListOptions options_;
  const fs::path folder_;
  std::vector<std::string> classes_;
  std::map<std::string, int32_t> class_numbers_;
  int64_t image_ = 0;  // its column
  Pair size_;
  ImageForm form_;
  std::vector<SampleField> fields_;
  std::vector<int32_t> labels_;  // of each sample
  std::vector<float> numbers_;   // of each sample so many
};

struct ImageList final : Reader {
  std::string path, root, delimiter;
  std::vector<std::string> names;
  OneOrMore<std::string> target{{""}};
  ListOptions options{.as = "class", .separator = " "};
  void describe(Schema& s) override {
    s.summary("images listed in a table, with their classes, labels or numbers");
    s.details(
        "A CSV or TSV file with a row an image: its file's name, looked for in 'root' or beside the table, and what is "
        "to be learned. A class each ('as: class', cross_entropy); any number of labels ('as: labels', "
        "bce_with_logits), as a column of 0 and 1 for each or as the words of one cell, where y is f32 [labels]; or "
        "numbers "
        "('as: numbers', mse), f32 "
        "[columns]. Without names the first column is the image and the last one the target, and a first line that "
        "begins with an image's name is a row, no header. Classes and words are "
        "sorted. Images are read as by image_folder.");
    s.required("path", path, "the table").known_as({"csv", "file", "filename", "labels"});
    s.optional("root", root, "the folder of the images; without it the table's")
        .known_as({"images", "image_dir", "img_dir"});
    s.optional("image", options.image, "the column of the files' names; without it the first");
    s.optional("target", target, "the column of the target, or several; without it the last");
    s.optional("as", options.as, "what the target is").one_of({"class", "labels", "numbers"});
    s.optional("separator", options.separator, "between the labels of one cell");
    s.optional("suffix", options.suffix, "what files have behind the names in the table: .jpg").known_as({"extension"});
    s.optional("delimiter", delimiter, "between cells: one character or tab; without it as the first lines have it");
    s.optional("names", names, "of the columns, where no header names them");
    options.images.describe(s);
    s.example("{format: image_list, path: labels.csv, image: file, target: breed, size: 64}");
    s.example("{format: image_list, path: train.csv, root: images, suffix: .jpg, target: [cat, dog], as: labels}");
    s.example("{format: image_list, path: ages.csv, target: age, as: numbers, size: [96, 96]}");
    s.check([this](const Report& report) {
      if (target.empty()) report.at("target", "expected a column at least");
      if (target.size() > 1 && options.as == "class")
        report.at("target", "a class is one column", "write 'as: labels' or 'as: numbers'");
      if (options.separator.empty()) report.at("separator", "expected a character at least");
      if (delimiter.size() > 1 && delimiter != "tab")
        report.at("delimiter", concat("expected one character or tab, got '", delimiter, "'"));
    });
  }

  DatasetPointer open(const Folders& folders) const override {
    const fs::path file = find_data(folders, path);
    CsvForm form{.names = names};
    if (!delimiter.empty()) form.delimiter = delimiter == "tab" ? '\t' : delimiter[0];
    ListOptions all = options;
    all.target = target.values;
    const bool names_columns =
        !all.image.empty() || std::ranges::any_of(all.target, [](const std::string& name) { return !name.empty(); });
    if (names.empty() && names_columns) form.header = true;
    const fs::path folder = root.empty() ? file.parent_path() : find_data(folders, root);
    form.begins_row = [&](std::string_view cell) {
      std::error_code unreadable;
      return is_image_name(cell) || fs::is_regular_file(folder / (std::string(cell) + options.suffix), unreadable);
    };
    return std::make_shared<ImageListSet>(file, form, folder, std::move(all), folders.classes);
  }
  DatasetPointer open_fitted(const Node& fit) const override { return samples_of_fit(fit); }
};
DL_READER(ImageList, "image_list");

}  // namespace
}  // namespace dl
