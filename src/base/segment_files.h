#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// The files of an index: each segment is one, by a name that begins and ends as here. What
// is in use is for the index to know: nothing here locks.
namespace trawl {

inline constexpr std::string_view kSegmentFilePrefix = "segment-";

// Names of the segments in a folder that end with `suffix`, those that were not finished
// too, in no order. What cannot be listed has none.
std::vector<std::string> list_segment_files(const std::string& directory,
                                            std::string_view suffix);

// Readable by this user alone, with those above it.
//   storage   cannot be made
Result<void> make_index_directory(const std::string& path);

// Does nothing where there is none, or where it cannot be done.
void remove_index_file(const std::string& path);

// Removes all segments, and the folder if nothing else is left in it.
void remove_segment_files(const std::string& directory, std::string_view suffix);

}  // namespace trawl
