#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "http/message/body_decoder.h"
#include "http/message/head.h"
#include "http/message/message.h"

namespace {

using trawl::http::Body;
using trawl::http::Header;
using trawl::http::Router;
using trawl::http::RunOn;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_clean(std::string_view text) {
  return trawl::is_valid_utf8(text) && text.find('\0') == std::string_view::npos;
}

const Router& router() {
  static const Router kRouter = [] {
    Router made;
    for (const char* pattern :
         {"/", "/v1/a", "/v1/{x}", "/v1/{x}/b", "/v1/a/{y}", "/{p}/{q}/{r}/c"}) {
      made.add({"GET", pattern, RunOn::io, Body::buffered, {}});
    }
    made.add({"POST", "/v1/{z}", RunOn::io, Body::buffered, {}});
    return made;
  }();
  return kRouter;
}

}  // namespace

// What a client writes into the target of its request, its chunks and the fields that frame
// it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  std::string decoded;
  for (const bool plus_is_space : {false, true}) {
    if (trawl::http::percent_decode(text, plus_is_space, decoded)) {
      require(is_clean(decoded) && decoded.size() <= text.size());
    }
  }

  std::vector<Header> pairs;
  if (trawl::http::parse_query(text, pairs)) {
    for (const auto& [name, value] : pairs) require(is_clean(name) && is_clean(value));
  }

  for (const char* method : {"GET", "HEAD", "POST", "PUT"}) {
    const auto match = router().match(method, text);
    require(match.route == nullptr || match.allowed.empty());
    for (const auto& [name, value] : match.path_parameters) {
      require(!value.empty() && is_clean(value));
    }
  }

  if (const auto target = trawl::http::split_target("GET", text)) {
    require(!target->path.empty() && target->path.front() == '/');
    require(target->path.find('?') == std::string_view::npos);
  }

  // A chunked body decodes to the same bytes whole and byte by byte.
  trawl::http::Framing chunked;
  chunked.chunked = true;
  std::string bodies[2];
  trawl::http::BodyDecoder decoders[2] = {{chunked, 1'000}, {chunked, 1'000}};
  const std::size_t used =
      decoders[0].decode(text, [&](std::string_view bytes) { bodies[0] += bytes; });
  for (std::size_t i = 0; i < used; ++i) {
    require(decoders[1].state() == trawl::http::BodyDecoder::State::more);
    decoders[1].decode(text.substr(i, 1),
                       [&](std::string_view bytes) { bodies[1] += bytes; });
  }
  require(decoders[0].state() == decoders[1].state() && bodies[0] == bodies[1]);
  require(bodies[0].size() <= 1'000);

  // One header a line, as the framing rules see them.
  std::vector<Header> headers;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    headers.emplace_back(line.substr(0, colon), trawl::trim(line.substr(colon + 1)));
  }
  if (const auto framing = trawl::http::check_framing(headers, true)) {
    require(!(framing->chunked && framing->content_length));
  }
  return 0;
}
