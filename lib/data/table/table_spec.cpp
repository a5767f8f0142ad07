// The keys of tables, and of what is fitted to them.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/text.h"
#include "lib/data/table/table.h"

namespace dl {
namespace {

const std::vector<std::string> normalizations{"standard", "minmax",          "log", "yeo_johnson", "box_cox",
                                              "quantile", "quantile_normal", "none"};
const std::vector<std::string> target_normalizations{"standard", "minmax", "none"};
const std::vector<std::string> imputations{"mean", "median", "most_frequent", "category"};

}  // namespace

void ColumnSpec::describe(Schema& s) {
  s.summary("how one column becomes numbers");
  s.optional(
       "type", type,
       "numeric, categorical, date (the days since 1970, and the places in the year, the week and the day as sine and "
       "cosine) or ignored; a further target, which losses and metrics name: {mse: {target: NAME}}; "
       "or a group, which metrics of rankings name: {mrr: {group: NAME}}; without it as the training part's cells "
       "are")
      .one_of({"numeric", "categorical", "date", "ignore", "target", "group"})
      .instead_of_value("index", "write '{as: index}'")
      .instead_of_value("embedding", "write '{as: index}', and an 'embedding' from the column in the model")
      .instead_of_values({"one_hot", "onehot"}, "write '{as: one_hot}'")
      .instead_of_values({"drop", "skip", "exclude", "false", "id"}, "write 'ignore'")
      .instead_of_value("label", "write 'target'")
      .instead_of_value("query", "write 'group'")
      .instead_of_values({"float", "int", "integer", "number", "numerical", "continuous", "real"}, "write 'numeric'")
      .instead_of_values({"category", "cat", "string", "str", "object", "enum", "nominal", "bool", "boolean"},
                         "write 'categorical'")
      .instead_of_values({"datetime", "time", "timestamp"}, "write 'date'")
      .instead_of_value("text", "write 'ignore', or read the table by 'format: text_labels'")
      .positional();
  s.optional("normalize", normalize, "of a numeric column; without it the table's").one_of(normalizations);
  s.optional("order", order, "of year, month and day in a column of dates; without it as the cells have it")
      .one_of(date_orders())
      .known_as({"date_format", "format", "dayfirst"});
  s.optional("impute", impute, "what stands for a missing cell; without it the table's").one_of(imputations);
  s.optional("fill", fill, "the value that stands for a missing cell, instead of 'impute'");
  s.optional("as", as,
             "a categorical column's form: one_hot, or index, an input of its own for an embedding; a target's: class "
             "or value")
      .one_of({"one_hot", "index", "class", "value"});
  for (const char* key : {"dim", "embedding_dim", "embedding", "embed", "embedding_size"})
    s.instead_of(key,
                 "leave it out: the layer says how wide its vectors are, 'feature_tokens: {dim: 8}' for all columns, "
                 "'embedding: {embedding_dim: 8}' from one");
  s.optional("strip", strip, "characters taken off the end of each cell");
  s.check([this](const Report& report) {
    if (!fill.is_null() && !fill.is_scalar()) report.at("fill", "expected one value, got " + fill.described());
    if (impute && !fill.is_null()) report.at("fill", "'impute' and 'fill' are both given", "keep one of them");
    if (type == "categorical" && normalize)
      report.at("normalize", "a categorical column is not normalised", "leave 'normalize' out");
    if ((type == "numeric" || type == "date") && as)
      report.at("as", concat("a ", *type, type == "date" ? "" : " column", " is no category"), "leave 'as' out");
    if (order && type != "date")
      report.at("order", "only dates have an order", "write '{type: date, order: " + *order + "}'");
    const bool as_target = as == "class" || as == "value";
    if (as && type != "numeric" && type != "date" && type != "group" && as_target != (type == "target"))
      report.at("as",
                concat("expected one of ",
                       as_target ? "one_hot, index of a column that is no target" : "class, value of a target",
                       ", got '", *as, "'"),
                as_target ? concat("write '{type: target, as: ", *as, "}'") : "leave 'as' out");
    if (type == "target" && (impute || !fill.is_null()))
      report.at(impute ? "impute" : "fill", "a target that is missing is not made up", "take such rows out");
    if (type == "target" && normalize && std::ranges::count(target_normalizations, *normalize) == 0)
      report.at("normalize",
                concat("expected one of ", join(target_normalizations), " for a target, got '", *normalize, "'"));
    if (type == "group" && (as || normalize || impute || !fill.is_null()))
      report.at(as          ? "as"
                : normalize ? "normalize"
                : impute    ? "impute"
                            : "fill",
                "a group is no number and no category", "leave it out");
    if ((type == "numeric" || type == "date") && impute == "category")
      report.at("impute", concat("expected one of mean, median, most_frequent for a ", *type,
                                 type == "date" ? "" : " column", ", got 'category'"));
    if (type == "categorical" && (impute == "mean" || impute == "median"))
      report.at("impute",
                concat("expected one of category, most_frequent for a categorical column, got '", *impute, "'"));
  });
}

void TargetSpec::describe(Schema& s) {
  s.summary("the column that is to be predicted, or a list of columns of numbers");
  s.required("column", column, "its name; [NAME, NAME] of several, whose numbers are predicted together")
      .positional()
      .known_as({"name", "columns", "col"})
      .help(
          "write a column's name, or a list of them; where no header names them they are c1, c2, …; further targets "
          "with losses of their own are 'columns: {NAME: target}'");
  s.optional("as", as, "class or value; without it value where the training part's cells are numbers")
      .one_of({"class", "value"})
      .known_as({"type", "task", "kind", "dtype"})
      .instead_of_values({"classification", "categorical", "category", "int", "int64", "long", "integer", "label",
                          "binary", "multiclass"},
                         "write 'class'")
      .instead_of_values({"regression", "numeric", "float", "float32", "number", "continuous", "real"},
                         "write 'value'");
  s.optional("normalize", normalize, "of a value; figures and predictions are reported in the column's own units")
      .one_of(target_normalizations);
  s.optional("strip", strip, "characters taken off the end of each cell");
  s.check([this](const Report& report) {
    const std::vector<std::string>& names = column.values;
    if (names.empty()) report.at("column", "expected one name or more, got none");
    for (auto name = names.begin(); name != names.end(); ++name)
      if (std::find(names.begin(), name, *name) != name)
        return report.at("column", concat("'", *name, "' is named twice"), "name it once");
    if (names.size() > 1 && as == "class")
      report.at("as", "several targets are numbers",
                concat("name one target here, and the others as 'columns: {", names.back(),
                       ": {type: target, as: class}}', each with a loss of its own"));
  });
}

void TableSpec::describe(Schema& s) {
  s.required("target", target, "the column to be predicted, or a list of columns of numbers")
      .known_as({"label", "y", "target_column", "label_column", "y_col"})
      .help("write 'target: COLUMN', the name of one, or 'target: [COLUMN, COLUMN]'");
  for (const char* key : {"features", "inputs", "feature_columns", "usecols", "use", "x"})
    s.instead_of(key, "leave it out: all columns are inputs but those of 'columns: {NAME: ignore}'");
  for (const char* key : {"drop", "ignore", "exclude", "drop_columns", "index_col", "id_column", "id"})
    s.instead_of(key, "write 'columns: {NAME: ignore}'");
  for (const char* key :
       {"categorical", "categories", "categorical_columns", "cat_features", "cat_names", "embeddings"})
    s.instead_of(key, "write 'columns: {NAME: categorical}', or 'columns: {NAME: {as: index}}' for an embedding");
  for (const char* key : {"task", "problem_type", "dtype", "dtypes"})
    s.instead_of(
        key,
        "write 'target: {column: NAME, as: class}' for classes that are numbers, 'columns: {NAME: categorical}' "
        "for such inputs");
  s.instead_of("classes", "leave it out: the data say it");
  for (const char* key : {"parse_dates", "date_columns", "dates"}) s.instead_of(key, "write 'columns: {NAME: date}'");
  for (const char* key : {"numeric", "numerical", "continuous", "cont_names"})
    s.instead_of(key, "write 'columns: {NAME: numeric}'");
  s.instead_of(
      "targets",
      "write 'target: [COLUMN, COLUMN]' for numbers that are predicted together, else 'target: COLUMN', and for "
      "each further one 'columns: {OTHER: target}', which a loss names: {mse: {target: OTHER}}");
  for (const char* key : {"sequence", "series"})
    s.instead_of(key, "write 'data.transforms: [reshape: [-1, 1]]' for a row that is a series");
  for (const char* key : {"window", "window_size", "horizon", "lookback", "seq_len", "pred_len", "lags"})
    s.instead_of(key,
                 "write 'format: series', with 'length: 24' and 'horizon: 1', for windows of rows in time; "
                 "'data.transforms: [reshape: [-1, 1]]' for a row that is a series");
  for (const char* key : {"text", "text_column", "text_columns"})
    s.instead_of(key, "write 'format: text_labels', which reads texts with a class or a number each");
  for (const char* key : {"fillna", "fill_value", "fill", "imputer"})
    s.instead_of(key, "write 'impute: median' for all columns, or 'columns: {NAME: {fill: 0}}' for one");
  for (const char* key : {"one_hot", "onehot", "dummies", "get_dummies"})
    s.instead_of(key,
                 "leave it out: categories are one-hot in 'x' unless 'columns: {NAME: {as: index}}' says otherwise");
  for (const char* key : {"scale", "scaler", "standardize", "scaling"})
    s.instead_of(key, "write 'normalize: standard'");
  s.optional("columns", columns, "how columns become numbers, by name; the others are numeric if all cells are numbers")
      .help("write 'columns: {NAME: ignore, NAME: {as: index}}'; columns that are not named are taken too");
  s.optional("missing", missing,
             "cells that stand for no value; without it empty ones, ?, NA, N/A, NaN, NULL and the like, among numbers "
             "also - and None")
      .known_as({"na_values"})
      .instead_of_value("mean", "write 'impute: mean'")
      .instead_of_value("median", "write 'impute: median'")
      .instead_of_values({"mode", "most_frequent"}, "write 'impute: most_frequent'")
      .instead_of_values({"zero", "zeros", "0", "constant"}, "write 'columns: {NAME: {fill: 0}}'")
      .instead_of_values({"drop", "dropna", "remove", "skip", "ignore"},
                         "take such rows out of the file, or write 'impute: median'");
  s.optional("decimal", decimal, "what stands before a number's decimals; without it as the columns have it")
      .one_of({".", ","});
  s.optional("thousands", thousands,
             "what stands between groups of three digits: one character; without it as the columns have it");
  s.optional("normalize", normalize,
             "numeric columns: standard (mean 0, deviation 1), minmax (0 to 1), log (sign(x) log(1 + |x|), then "
             "standard), yeo_johnson or box_cox (the power that makes them most normal, then standard), quantile (the "
             "share of numbers below), quantile_normal (that share's place in a normal distribution) or none")
      .one_of(normalizations)
      .instead_of_value("true", "write 'standard'")
      .instead_of_value("false", "write 'none'")
      .instead_of_value("zscore", "write 'standard'")
      .instead_of_value("z-score", "write 'standard'")
      .instead_of_value("standardize", "write 'standard'");
  s.optional("impute", impute,
             "a missing number: the training part's mean, median or most_frequent; missing categories are one of their "
             "own")
      .one_of({"mean", "median", "most_frequent"})
      .instead_of_value("0", "write 'columns: {NAME: {fill: 0}}' for a number of your own")
      .instead_of_values({"mode", "most_common"}, "write 'most_frequent'");
  s.optional("min_count", min_count, "a category that the training part has fewer times is not known").at_least(1);
  s.check([this](const Report& report) {
    for (const auto& [name, column] : columns)
      if (std::ranges::count(target.column.values, name) > 0 && !column.says_target_alone())
        report.at(
            "columns", concat("column '", name, "' is the target"),
            "say in 'target' what is to be done to it, {column: " + name + ", as: class}; or name another target");
    if (thousands && (thousands->size() != 1 || std::isdigit(static_cast<unsigned char>((*thousands)[0]))))
      report.at("thousands", concat("expected one character that is no digit, got '", *thousands, "'"));
    else if (thousands && *thousands == decimal.value_or("."))
      report.at("thousands", concat("'", *thousands, "' stands before decimals"),
                *thousands == "." ? "write 'decimal: \",\"' too" : "write another 'decimal'");
  });
}

void FittedColumn::describe(Schema& s) {
  s.summary("what was fitted to a column of the training part");
  s.required("name", name, "the column's");
  s.required("kind", kind, "numeric, one_hot, index, class, value or group")
      .one_of({"numeric", "one_hot", "index", "class", "value", "group"});
  s.optional("strip", strip, "characters taken off the end of each cell");
  s.optional("decimal", decimal, "what stands before a number's decimals");
  s.optional("thousands", thousands, "what stands between groups of three digits");
  s.optional("percent", percent, "% stands behind each number");
  s.optional("date", date, "the order of a date's year, month and day").one_of(date_orders());
  s.optional("part", part, "the part of a date that it is").one_of(date_parts());
  s.optional("log", log, "sign(x) log(1 + |x|) before shift and scale");
  s.optional("curve", curve.kind, "another function before shift and scale")
      .one_of({"none", "yeo_johnson", "box_cox", "quantile", "quantile_normal"});
  s.optional("lambda", curve.lambda, "the power of yeo_johnson and box_cox");
  s.optional("quantiles", curve.quantiles, "of the training part, from the least to the largest");
  s.optional("shift", shift, "subtracted from a number");
  s.optional("scale", scale, "a number is divided by it after that");
  s.optional("fill", fill, "what stands for a missing cell");
  s.optional("categories", categories, "that the training part has");
  s.optional("missing_category", missing_category, "missing cells are a category of their own");
  s.check([this](const Report& report) {
    if (!(scale != 0)) report.at("scale", concat("expected a number other than 0, got ", number_text(scale)));
  });
}

void FittedTable::describe(Schema& s) {
  s.summary("what was fitted to the training part of a table");
  s.optional("names", names, "of all the table's columns, in order");
  s.required("columns", columns, "of the input, in order, and behind them further targets");
  s.required("target", target, "the column to be predicted, or several");
  s.check([this](const Report& report) {
    if (target.empty()) report.at("target", "expected one column or more, got none");
  });
}

}  // namespace dl
