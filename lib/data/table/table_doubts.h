// What a table's columns are likely meant as, other than they are read: warnings.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/data/table/table_column.h"

namespace dl {

// Of a column read as numbers: in a form that nobody wrote down, and with words that nobody said stand for no value.
void doubt_numbers(const TableColumn& column, const ColumnNumbers& numbers, std::vector<Problem>& warnings);

// Of a column read as numbers that are the rows' own: 1, 2, 3, … by their places in the file.
void doubt_row_numbers(const TableColumn& column, const ColumnNumbers& numbers, std::vector<Problem>& warnings);

// Of a column read as `categories` categories: most of its cells are `numbers`, or nearly all differ.
void doubt_categories(const TableColumn& column, const ColumnNumbers& numbers,
                      const std::vector<std::string>& categories, std::vector<Problem>& warnings);

// Of a target read as classes that nearly all differ.
void doubt_classes(const TableColumn& target, const std::vector<std::string>& classes, std::vector<Problem>& warnings);

// Of categories, or classes: two that mean the same to most readers.
void doubt_alike(const TableColumn& column, const std::vector<std::string>& categories, bool are_classes,
                 std::vector<Problem>& warnings);

// Of a column read as plain numbers, beside one called `other` whose decimals stand behind commas: each point stands
// where thousands end. `meant`: what to write where they are decimals.
void doubt_points(const TableColumn& column, const std::string& other, const std::string& meant,
                  std::vector<Problem>& warnings);

// Of numbers that are written otherwise than the ones that stand for no value: -999.0 where 'missing' has -999.
void doubt_missing(const TableColumn& column, const ColumnNumbers& numbers, std::vector<Problem>& warnings);

// Of a target of numbers: its form.
void doubt_form(const TableColumn& column, const NumberForm& form, std::vector<Problem>& warnings);

}  // namespace dl
