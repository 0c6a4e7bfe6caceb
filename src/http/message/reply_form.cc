#include "http/message/reply_form.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "http/message/content_encoder.h"
#include "http/message/entity_tag.h"
#include "http/message/head.h"

namespace trawl::http {
namespace {

constexpr std::size_t kInstanceBytesMax = 500;

// The path of a target as it was sent, with the bytes that no URI has escaped. Without the
// query, which may hold what should not be repeated.
std::string instance_of(std::string_view target) {
  static constexpr char kUpperHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : target.substr(0, target.find_first_of("?#"))) {
    if (out.size() >= kInstanceBytesMax) break;
    if (c > ' ' && c < '\x7F' &&
        std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kUpperHex[byte >> 4], kUpperHex[byte & 15]});
    }
  }
  return out;
}

bool has_header(const Response& response, std::string_view name) {
  return std::any_of(
      response.headers.begin(), response.headers.end(),
      [name](const Header& header) { return equals_ignoring_case(header.first, name); });
}

ContentCoding coding_for(const Response& response, const ReplyForm& form,
                         std::size_t compress_bytes_min) {
  if (compress_bytes_min == 0 || (response.body.empty() && !response.pieces) ||
      !form.codings.any() || is_bodiless(response.status) ||
      !is_compressible(response.content_type) || has_header(response, "Content-Encoding")) {
    return ContentCoding::identity;
  }
  return form.codings.choose(response.pieces || response.body.size() >= compress_bytes_min);
}

NextPiece packed(NextPiece pieces, ContentCoding coding) {
  struct State {
    State(NextPiece made_from, ContentCoding coding_of)
        : pieces(std::move(made_from)), encoder(coding_of) {}
    NextPiece pieces;
    ContentEncoder encoder;
    std::string plain;
  };
  const auto state = std::make_shared<State>(std::move(pieces), coding);
  return [state](std::string& out) -> Result<bool> {
    state->plain.clear();
    TRAWL_ASSIGN(const bool more, state->pieces(state->plain));
    state->encoder.add(state->plain, out);
    if (!more) state->encoder.finish(out);
    return more;
  };
}

}  // namespace

ReplyForm ReplyForm::of(const Request& request) {
  ReplyForm form;
  form.is_read = request.method == "GET" || request.method == "HEAD";
  AcceptedErrors errors;
  for (const auto& [name, value] : request.headers) {
    if (equals_ignoring_case(name, "Accept-Encoding")) {
      form.codings.add(value);
    } else if (equals_ignoring_case(name, "Accept")) {
      errors.add(value);
    } else if (equals_ignoring_case(name, "If-None-Match")) {
      if (!form.if_none_match.empty()) form.if_none_match += ',';
      form.if_none_match += value;
    } else if (equals_ignoring_case(name, "If-Match")) {
      form.has_if_match = true;
    }
  }
  form.wants_problem = errors.wants_problem();
  if (form.wants_problem) form.instance = instance_of(request.target);
  return form;
}

AcceptedCodings accepted_codings(const Request& request) {
  AcceptedCodings codings;
  for (const auto& [name, value] : request.headers) {
    if (equals_ignoring_case(name, "Accept-Encoding")) codings.add(value);
  }
  return codings;
}

bool needs_shaping(const Response& response, const ReplyForm& form) {
  if (response.stream) return false;
  return (response.has_etag && form.is_read) || form.codings.any() ||
         (form.wants_problem && response.error != nullptr);
}

void shape_reply(Response& response, const ReplyForm& form, std::string_view request_id,
                 std::size_t compress_bytes_min) {
  if (response.stream) return;
  if (form.wants_problem && response.error != nullptr) {
    turn_into_problem(response, *response.error, request_id, form.instance);
  }
  const ContentCoding coding = coding_for(response, form, compress_bytes_min);
  if (response.has_etag && form.is_read && response.status == 200) {
    std::string tag = entity_tag(response.body, coding);
    const bool is_known = names_tag(form.if_none_match, tag);
    response.headers.emplace_back("ETag", std::move(tag));
    // It may change at any time, and belongs to the holder of the key.
    response.headers.emplace_back("Cache-Control", "private, no-cache");
    if (is_known) {
      response.status = 304;
      response.body.clear();
      return;
    }
  }
  if (coding == ContentCoding::identity) return;
  if (response.pieces) {
    response.pieces = packed(std::move(response.pieces), coding);
  } else {
    response.body = encode_content(coding, response.body);
  }
  response.headers.emplace_back("Content-Encoding", coding_name(coding));
}

}  // namespace trawl::http
