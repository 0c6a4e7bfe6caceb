#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What a value on the command line has to be. Each message goes behind the name of the
// flag: "--limit is 'x'; use …".
namespace trawl::cli {

// Refuses an empty value: it comes from a variable that was not set, and a condition or a
// guard that is passed over lets more through than was meant.
CLI::Validator not_empty();

// A whole number in a range; without `max` there is no end that anybody would reach.
inline constexpr std::int64_t kNoMax = std::int64_t{1} << 40;
CLI::Validator whole_number(std::int64_t min, std::int64_t max = kNoMax);

// "500MB", "2GiB" or bytes, from 1 up; the value becomes the number of bytes.
CLI::Validator byte_count();

// One of a few words; a near one is suggested.
CLI::Validator one_of(std::vector<std::string_view> words);

}  // namespace trawl::cli
