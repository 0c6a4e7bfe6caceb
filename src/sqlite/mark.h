#pragma once

#include <cstdint>
#include <string>

namespace trawl::sqlite {

// What a database's application id says (four bytes of its first page). A file that is open
// for writing may lack what its log holds; one that was closed lacks nothing.
inline constexpr std::uint32_t kMarkOpen = 0x5472'776C;    // "Trwl"
inline constexpr std::uint32_t kMarkClosed = 0x5472'774C;  // "TrwL"

// The mark in the file itself, whatever its log says; 0 where there is none, or no
// database.
std::uint32_t mark_of_file(const std::string& path);

// Whether the file was copied while somebody had it open, without the log next to it, or
// its log was removed. Its newest changes are missing then, and what a checkpoint was about
// to move may be there in part. Files from before 0.2 have no mark, so that of those
// nothing is known. Ask before the file is opened, which makes a log.
bool lacks_its_log(const std::string& path);

// What to say of such a file.
std::string without_log_message(const std::string& path);

// Says that a copy is whole. Not for a file that somebody has open. False, with errno, when
// it cannot be written.
bool mark_copy_as_closed(const std::string& path);

}  // namespace trawl::sqlite
