#pragma once

#include <span>
#include <string_view>

namespace trawl::api {

// Files of the source tree that the build compiles into the binary (cmake/embed.cmake), in
// the order of their names. They last as long as the process.
struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

std::span<const EmbeddedFile> openapi_files();  // src/api/openapi
std::span<const EmbeddedFile> docs_files();     // src/api/docs

}  // namespace trawl::api
