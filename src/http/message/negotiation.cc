#include "http/message/negotiation.h"

#include <algorithm>

#include "http/message/head.h"
#include "http/message/header_list.h"

namespace trawl::http {

std::string_view coding_name(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::identity:
      return "identity";
    case ContentCoding::gzip:
      return "gzip";
    case ContentCoding::zstd:
      return "zstd";
  }
  return "identity";
}

void AcceptedCodings::add(std::string_view value) {
  while (!value.empty()) {
    const Weighted coding = parse_weighted(take_element(value));
    const auto note = [&coding](Weight& weight) {
      if (weight == kUnspecified) weight = coding.weight;
    };
    if (equals_ignoring_case(coding.name, "gzip") ||
        equals_ignoring_case(coding.name, "x-gzip")) {
      note(gzip_);
    } else if (equals_ignoring_case(coding.name, "zstd")) {
      note(zstd_);
    } else if (equals_ignoring_case(coding.name, "identity")) {
      note(identity_);
    } else if (coding.name == "*") {
      note(others_);
    }
  }
}

ContentCoding AcceptedCodings::choose(bool worthwhile) const {
  const bool is_zstd = zstd() >= gzip();
  const Weight best = std::max(zstd(), gzip());
  if (best <= 0) return ContentCoding::identity;
  // Identity is acceptable unless it is excluded, by name or by the "*".
  const bool is_forbidden = identity_ == 0 || (identity_ == kUnspecified && others_ == 0);
  if (!is_forbidden && (!worthwhile || identity_ > best)) return ContentCoding::identity;
  return is_zstd ? ContentCoding::zstd : ContentCoding::gzip;
}

void AcceptedErrors::add(std::string_view value) {
  while (!value.empty()) {
    const Weighted type = parse_weighted(take_element(value));
    if (equals_ignoring_case(type.name, "application/problem+json")) {
      problem_ = std::max(problem_, type.weight);
    } else if (equals_ignoring_case(type.name, "application/json")) {
      json_ = std::max(json_, type.weight);
    }
  }
}

}  // namespace trawl::http
