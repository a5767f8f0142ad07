// Folders: made, renamed, removed and made durable. Every failure is an Error(Exit::io) as in lib/base/io_error.h.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace dl {

// Makes the folder and those above it, each durable in the one above; one that exists is fine.
void make_folders(const std::filesystem::path& folder);

// The names in a folder, sorted; a folder that is not there has none.
std::vector<std::string> names_in(const std::filesystem::path& folder);

// The folder's own name, of "runs/a", "runs/a/" and, within it, of "." alike.
std::string name_of_folder(const std::filesystem::path& folder);

// Whether `path` is a link that leads to somewhere outside of `folder`, in which it lies, or nowhere.
bool leads_out_of(const std::filesystem::path& folder, const std::filesystem::path& path);

// Makes the folder itself; false if something of that name exists. Of two processes only one is told true.
bool make_new_folder(const std::filesystem::path& folder);

// Makes the names in a folder durable: files created, renamed or removed before this call stay so after a power cut.
void fsync_folder(const std::filesystem::path& folder);

// Renames a folder within its file system and makes that durable; a destination that exists is an error, even an empty
// one.
void rename_folder(const std::filesystem::path& from, const std::filesystem::path& to);

// Removes a file or a folder with all in it, following no link; nothing there is fine.
void remove_tree(const std::filesystem::path& path);

}  // namespace dl
