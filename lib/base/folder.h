// Folders: made, renamed, removed and made durable. Every failure is an Error(Exit::io) as in lib/base/io_error.h.
#pragma once
#include <filesystem>

namespace dl {

// Makes the folder and those above it; one that exists is fine.
void make_folders(const std::filesystem::path& folder);

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
