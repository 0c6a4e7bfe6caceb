#pragma once

#include <cstddef>
#include <iterator>
#include <string_view>

// Executions that somebody asked for, and those that were made of another one.
namespace trawl {

// The modes of executions that descend from another. Their places are stored in rollups:
// add at the end.
inline constexpr std::string_view kDescendedModes[] = {"replay", "fork"};

// kOwnMode, or 1 + the place in kDescendedModes.
using ModeKind = std::size_t;
// adhoc, and whatever imported history calls what did not descend.
inline constexpr ModeKind kOwnMode = 0;
inline constexpr ModeKind kModeKinds = 1 + std::size(kDescendedModes);

constexpr ModeKind mode_kind(std::string_view execution_mode) {
  for (std::size_t i = 0; i < std::size(kDescendedModes); ++i) {
    if (kDescendedModes[i] == execution_mode) return i + 1;
  }
  return kOwnMode;
}

// "adhoc", "replay", …
constexpr std::string_view mode_kind_name(ModeKind kind) {
  return kind == kOwnMode ? "adhoc" : kDescendedModes[kind - 1];
}

// Some of the kinds. Plain data.
class ModeKinds {
 public:
  static constexpr ModeKinds all() { return ModeKinds((1U << kModeKinds) - 1); }
  static constexpr ModeKinds own() { return ModeKinds(1U << kOwnMode); }
  static constexpr ModeKinds none() { return ModeKinds(0); }

  constexpr bool has(ModeKind kind) const { return (bits_ >> kind & 1U) != 0; }
  constexpr void add(ModeKind kind) { bits_ |= 1U << kind; }
  constexpr unsigned bits() const { return bits_; }
  constexpr bool operator==(const ModeKinds&) const = default;

 private:
  explicit constexpr ModeKinds(unsigned bits) : bits_(bits) {}
  unsigned bits_;
};

}  // namespace trawl
