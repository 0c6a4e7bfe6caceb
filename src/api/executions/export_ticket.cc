// POST /v1/retrievers/executions/export/ticket: an address from which an export can be
// fetched once without a header, as a link in a page is; and GET of that address.
#include "api/executions/export_ticket.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/executions/export.h"
#include "api/executions/export_request.h"
#include "api/keys/key_watch.h"
#include "api/namespaces/namespace_access.h"
#include "api/wire/endpoint.h"
#include "api/wire/request_limit.h"
#include "api/wire/tickets.h"

namespace trawl::api {
namespace {

constexpr std::string_view kTicketPath = "/v1/retrievers/executions/export/ticket";
constexpr TimeUs kTicketLifetimeUs = 60 * kMicrosPerSecond;
// A page needs one for each download that is about to begin.
constexpr std::size_t kTicketsPerKeyMax = 16;

// What a ticket is good for.
struct TicketedExport {
  std::string secret;  // Of the key that asked for it.
  ExportRequest request;
};
using ExportTickets = Tickets<TicketedExport>;
using Redeemed = std::shared_ptr<const TicketedExport>;

Result<http::Response> issue_ticket(const Services& services, ExportTickets& tickets,
                                    Call& call) {
  TicketedExport wanted;
  TRAWL_ASSIGN(wanted.request, parse_export_request(services, call));
  TRAWL_ASSIGN(const std::string_view secret, bearer_secret(call.request));
  wanted.secret = secret;
  TRAWL_ASSIGN(const auto issued,
               tickets.issue(call.key.id.str(), std::move(wanted), services.clock.now()));
  http::Response response =
      json_response(json::object{{"url", fmt::format("{}/{}", kTicketPath, issued.name)},
                                 {"expires_at", format_time(issued.expires_at)}});
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

// The request is that of the key, and counts as one. A ticket is used up only where nothing
// else stands against it; a HEAD leaves it as it is.
Result<void> admit_ticket(const Services& services, ExportTickets& tickets,
                          http::Request& request) {
  const std::string name = request.path_parameter("ticket");
  // What goes wrong later is logged with its path.
  request.path = kTicketPath;
  const TimeUs now = services.clock.now();
  const Error unknown = make_error(
      ErrorCode::not_found,
      "this address is unknown, was used, or is older than 60 s; each is good once: ask "
      "for another with POST /v1/retrievers/executions/export/ticket");
  const Redeemed found = tickets.find(name, now);
  if (found == nullptr) return unknown;
  TRAWL_ASSIGN(const ApiKey key, services.keys.authenticate(found->secret, now));
  request.account = key.id.str();
  TRAWL_TRY(spend_request(services, key, request.reply_headers));
  TRAWL_TRY(must_allow(key, Permission::read));
  TRAWL_TRY(enter_namespace(services, key, found->request.namespace_id.str()));
  if (request.method != "HEAD" && !tickets.use(name, now)) return unknown;
  request.admitted = std::make_shared<Redeemed>(found);
  return {};
}

Result<http::Response> redeem_ticket(const Services& services, http::Request& request) {
  const Redeemed ticket = *std::static_pointer_cast<Redeemed>(std::move(request.admitted));
  http::Response response = export_response(
      services, std::shared_ptr<const ExportRequest>(ticket, &ticket->request), request,
      std::make_shared<KeyWatch>(services, ticket->secret, Permission::read));
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

}  // namespace

std::string_view path_for_log(const http::Request& request) {
  const auto names_ticket = [](std::string_view path) {
    return path.size() > kTicketPath.size() && path.starts_with(kTicketPath) &&
           path[kTicketPath.size()] == '/';
  };
  const std::string_view target = request.target;
  const std::string_view sent = target.substr(0, target.find('?'));
  // The first is decoded, and empty where that could not be.
  return names_ticket(request.path) || names_ticket(sent) ? kTicketPath : sent;
}

void add_export_ticket_routes(http::Router& router, const Services& services) {
  const auto tickets =
      std::make_shared<ExportTickets>(kTicketsPerKeyMax, kTicketLifetimeUs);
  router.add({"POST", std::string(kTicketPath), http::RunOn::worker, http::Body::buffered,
              endpoint(services, Permission::read, Scope::in_namespace, export_shape(),
                       [&services, tickets](Call& call) {
                         return issue_ticket(services, *tickets, call);
                       })});
  router.add({"GET", fmt::format("{}/{{ticket}}", kTicketPath), http::RunOn::worker,
              http::Body::buffered,
              open_endpoint(
                  RequestShape(),
                  [&services, tickets](http::Request& request) {
                    return admit_ticket(services, *tickets, request);
                  },
                  [&services](http::Request& request) {
                    return redeem_ticket(services, request);
                  })});
}

}  // namespace trawl::api
