#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "http/message/head.h"

namespace trawl::http {

// Takes a request's body out of the bytes that follow its head, whether it is delimited by
// a length or by chunks. Strict: lines end in CR LF, a size is 1 to 16 hex digits and
// nothing else. Trailers are checked and dropped. Nothing is held back: all bytes given
// are consumed, up to the end of the body.
class BodyDecoder {
 public:
  enum class State { more, complete, malformed, too_large };
  using Sink = std::function<void(std::string_view)>;

  // Of a request without a body.
  BodyDecoder() = default;
  // `bytes_max` is for chunked bodies, whose size shows only as they arrive.
  BodyDecoder(const Framing& framing, std::uint64_t bytes_max);

  // How many bytes it consumed. After malformed or too_large it consumes nothing more.
  std::size_t decode(std::string_view input, const Sink& sink);
  State state() const { return state_; }
  bool is_complete() const { return state_ == State::complete; }
  std::string_view reason() const { return reason_; }  // Of a malformed body.

 private:
  // What the next byte belongs to.
  enum class Place {
    data,
    data_cr,  // The line end behind a chunk's data.
    data_lf,
    size_first,
    size,
    extension,
    size_lf,
    trailer_first,
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
  };

  void take(char c);
  void end_size_line();
  void refuse(std::string_view reason);

  State state_ = State::complete;
  Place place_ = Place::data;
  bool is_chunked_ = false;
  std::uint64_t left_ = 0;        // Of the body, or of the chunk.
  std::uint64_t bytes_left_ = 0;  // Until a chunked body is too large.
  std::size_t digits_ = 0;
  std::size_t overhead_ = 0;  // Of a size line, or of all trailers.
  std::string_view reason_;
};

}  // namespace trawl::http
