#include "http/message/body_decoder.h"

#include <algorithm>

namespace trawl::http {
namespace {

constexpr std::size_t kDigitsMax = 16;
constexpr std::size_t kOverheadMax = 16 * 1024;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7F) || byte == '\t';
}

}  // namespace

BodyDecoder::BodyDecoder(const Framing& framing, std::uint64_t bytes_max)
    : state_(framing.has_body() ? State::more : State::complete),
      place_(framing.chunked ? Place::size_first : Place::data),
      is_chunked_(framing.chunked),
      left_(framing.content_length.value_or(0)),
      bytes_left_(bytes_max) {}

std::size_t BodyDecoder::decode(std::string_view input, const Sink& sink) {
  std::size_t used = 0;
  while (state_ == State::more && used < input.size()) {
    if (place_ != Place::data) {
      take(input[used++]);
      continue;
    }
    const std::size_t size =
        static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - used));
    sink(input.substr(used, size));
    used += size;
    left_ -= size;
    if (left_ > 0) break;
    if (is_chunked_) {
      place_ = Place::data_cr;
    } else {
      state_ = State::complete;
    }
  }
  return used;
}

void BodyDecoder::take(char c) {
  if (++overhead_ > kOverheadMax) {
    refuse("a chunk's extension, or the trailers, are too long");
    return;
  }
  switch (place_) {
    case Place::data:
      break;
    case Place::data_cr:
      if (c != '\r') return refuse("a chunk is longer than its size");
      place_ = Place::data_lf;
      break;
    case Place::data_lf:
      if (c != '\n') return refuse("a chunk is longer than its size");
      place_ = Place::size_first;
      break;
    case Place::size_first:
      if (hex_value(c) < 0) return refuse("a chunk's size is not a hexadecimal number");
      digits_ = 1;
      left_ = static_cast<std::uint64_t>(hex_value(c));
      place_ = Place::size;
      break;
    case Place::size:
      if (hex_value(c) >= 0) {
        if (++digits_ > kDigitsMax) return refuse("a chunk's size has too many digits");
        left_ = left_ * 16 + static_cast<std::uint64_t>(hex_value(c));
      } else if (c == ';') {
        place_ = Place::extension;
      } else if (c == '\r') {
        place_ = Place::size_lf;
      } else {
        return refuse("a chunk's size is not a hexadecimal number");
      }
      break;
    case Place::extension:
      if (c == '\r') {
        place_ = Place::size_lf;
      } else if (!is_text(c)) {
        return refuse("a chunk's extension holds a control character");
      }
      break;
    case Place::size_lf:
      if (c != '\n') return refuse("the line of a chunk's size does not end in CR LF");
      end_size_line();
      break;
    case Place::trailer_first:
      if (c == '\r') {
        place_ = Place::last_lf;
      } else if (is_token_character(c)) {
        place_ = Place::trailer_name;
      } else {
        return refuse("a trailer has no name");
      }
      break;
    case Place::trailer_name:
      if (c == ':') {
        place_ = Place::trailer_value;
      } else if (!is_token_character(c)) {
        return refuse("a trailer's name is malformed");
      }
      break;
    case Place::trailer_value:
      if (c == '\r') {
        place_ = Place::trailer_lf;
      } else if (!is_text(c)) {
        return refuse("a trailer holds a control character");
      }
      break;
    case Place::trailer_lf:
      if (c != '\n') return refuse("a trailer does not end in CR LF");
      place_ = Place::trailer_first;
      break;
    case Place::last_lf:
      if (c != '\n') return refuse("the trailers do not end in CR LF");
      state_ = State::complete;
      break;
  }
}

void BodyDecoder::end_size_line() {
  overhead_ = 0;
  if (left_ == 0) {
    place_ = Place::trailer_first;
  } else if (left_ > bytes_left_) {
    state_ = State::too_large;
  } else {
    bytes_left_ -= left_;
    place_ = Place::data;
  }
}

void BodyDecoder::refuse(std::string_view reason) {
  state_ = State::malformed;
  reason_ = reason;
}

}  // namespace trawl::http
