#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/manual_clock_test_support.h"
#include "catalog/catalog.h"
#include "corpus/snapshot.h"
#include "query/filter.h"

namespace trawl::test {

// A folder that goes when the test ends.
class TempDirectory {
 public:
  TempDirectory() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "trawl-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline json::object object_of(std::string_view text) {
  return parse_json(text).value().get_object();
}

inline Filter filter_of(std::string_view text) {
  return Filter::compile(parse_json(text).value(), "filters").value();
}

inline std::size_t count_of(const Snapshot& snapshot, const Filter& filter) {
  return select_documents(snapshot, Selection::of(filter)).value().size();
}

inline constexpr char kUri[] = "trawl://words@v1/text";

// A namespace with one collection, whose every string is searchable.
inline CollectionId make_collection(Catalog& catalog, const std::string& name = "things") {
  Namespace wanted;
  wanted.name = "space of " + name;
  const Namespace made = catalog.create_namespace(std::move(wanted)).value();
  Collection collection;
  collection.name = name;
  collection.namespace_id = made.id;
  Feature feature;
  feature.uri = kUri;
  collection.features.push_back(std::move(feature));
  return catalog.create_collection(std::move(collection)).value().id;
}

}  // namespace trawl::test
