#pragma once

#include <cstdint>
#include <string_view>

namespace trawl::http {

// How a body is packed for its way; named in Content-Encoding.
enum class ContentCoding { identity, gzip, zstd };
std::string_view coding_name(ContentCoding coding);

// What the Accept-Encoding of a request says of the codings that this server has
// (RFC 9110, 12.5.3). Without any line it asks for none.
class AcceptedCodings {
 public:
  // A value of the header, of any bytes. Several lines add up to one list; of a coding that
  // is named twice the first counts.
  void add(std::string_view value);

  // Whether choose() could answer anything but identity.
  bool any() const { return gzip() > 0 || zstd() > 0; }
  // The coding that the client likes best; among equals zstd, which costs the least. A body
  // that is too small to be worth it (`worthwhile` is false) is coded only where the client
  // forbids to send it as it is. A client that takes nothing that there is gets identity.
  ContentCoding choose(bool worthwhile) const;

 private:
  using Weight = std::int16_t;  // In thousandths; 0 is "not acceptable".
  static constexpr Weight kUnspecified = -1;

  // A bare "*" is taken to mean gzip: who means zstd says so.
  Weight gzip() const { return gzip_ == kUnspecified ? others_ : gzip_; }
  Weight zstd() const { return zstd_; }

  Weight gzip_ = kUnspecified;
  Weight zstd_ = kUnspecified;
  Weight identity_ = kUnspecified;
  Weight others_ = kUnspecified;  // "*"
};

// Which form of errors the Accept of a request asks for.
class AcceptedErrors {
 public:
  // As above.
  void add(std::string_view value);
  // Where application/problem+json is named, and not as worse than application/json. A
  // wildcard names nothing: the contract's envelope stays the default.
  bool wants_problem() const { return problem_ > 0 && problem_ >= json_; }

 private:
  std::int16_t problem_ = 0;
  std::int16_t json_ = 0;
};

}  // namespace trawl::http
