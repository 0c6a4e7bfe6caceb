#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/collection.h"

namespace trawl {

// What every catalog refuses, in the same words. `kind` is "namespace" or "collection".

//   invalid  at KIND_name: the name is empty, or not UTF-8
Result<void> check_name(std::string_view kind, std::string_view name);
//   invalid  at features[i].uri: a URI is empty, or two features share one
//   and what check_dense() returns
Result<void> check_features(std::span<const Feature> features);
//   invalid  at LOCATION.dimension: of a dense feature, it is out of range, or that of
//            another model
Result<void> check_dense(const Feature& feature, const std::string& location);
//   invalid  at features: they are not what they were
Result<void> check_same_features(std::span<const Feature> before,
                                 std::span<const Feature> after);

Error name_taken(std::string_view kind, std::string_view name);
// not_found, with the nearest of the names that there are.
Error unknown_name(std::string_view kind, std::string_view identifier,
                   const std::vector<std::string_view>& names);

}  // namespace trawl
