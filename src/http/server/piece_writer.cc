#include "http/server/piece_writer.h"

#include <spdlog/spdlog.h>

#include "runtime/guarded.h"
#include "runtime/turn.h"

namespace trawl::http {

void log_cut(const Request& request, const Error& error) {
  const bool is_ordinary =
      error.code == ErrorCode::cancelled || error.code == ErrorCode::timeout;
  spdlog::log(is_ordinary ? spdlog::level::info : spdlog::level::err,
              "{} {} {}: the reply was cut off: {}{}{}", request.request_id, request.method,
              request.path, error.message, error.detail.empty() ? "" : ": ", error.detail);
}

void PieceWriter::go_on() {
  const bool taken = workers_.continue_for(request_->account,
                                           [self = shared_from_this()] { self->make(); });
  if (!taken) end(false);
}

void PieceWriter::make() {
  const Thrown thrown = run_guarded("the writer of a reply", [&] {
    do {
      if (!make_piece()) return;
      give_turn();
    } while (!stream_->park([self = shared_from_this()] { self->go_on(); }));
  });
  if (thrown != Thrown::nothing) end(false);
}

// False where it was the last one.
bool PieceWriter::make_piece() {
  piece_.clear();
  auto made = next_(piece_);
  Result<void> pushed;
  if (made) pushed = stream_->push(piece_);
  if (!made || !pushed) {
    log_cut(*request_, made ? pushed.error() : made.error());
    end(false);
    return false;
  }
  if (!*made) end(true);
  return *made;
}

void PieceWriter::end(bool complete) {
  // What it is made from may be large, and the client may take its time with the rest.
  next_ = nullptr;
  std::string().swap(piece_);
  stream_->finish(complete);
}

}  // namespace trawl::http
