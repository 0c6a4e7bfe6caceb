#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>

#include "http/message/head.h"

namespace trawl::http {
namespace {

namespace beast = boost::beast;

// Beast reads the request line and the fields into a Request; the body is none of its
// business here.
class HeadParser final : public beast::http::basic_parser<true> {
 public:
  explicit HeadParser(Request& request) : request_(request) {}
  int version() const { return version_; }

 private:
  using Text = beast::string_view;
  using error_code = beast::error_code;

  void on_request_impl(beast::http::verb, Text method, Text target, int version,
                       error_code&) override {
    request_.method.assign(method.data(), method.size());
    request_.target.assign(target.data(), target.size());
    version_ = version;
  }
  void on_field_impl(beast::http::field, Text name, Text value, error_code&) override {
    request_.headers.emplace_back(std::string(name.data(), name.size()),
                                  std::string(value.data(), value.size()));
  }
  void on_response_impl(int, Text, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(Text bytes, error_code&) override { return bytes.size(); }
  void on_chunk_header_impl(std::uint64_t, Text, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, error_code&) override {
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}

  Request& request_;
  int version_ = 11;
};

}  // namespace

Result<int> parse_head(std::string_view head, Request& request) {
  HeadParser parser(request);
  parser.skip(true);
  parser.header_limit(static_cast<std::uint32_t>(head.size()) + 1);
  beast::error_code ec;
  const std::size_t used = parser.put({head.data(), head.size()}, ec);
  if (ec || !parser.is_done() || used != head.size()) {
    return make_error(ErrorCode::bad_request,
                      "the request is malformed: " + (ec ? ec.message() : "bad head"));
  }
  return parser.version();
}

}  // namespace trawl::http
