#pragma once

#include <memory>
#include <string>

#include "http/message/message.h"
#include "http/server/reply_stream.h"
#include "runtime/worker_pool.h"

namespace trawl::http {

// Makes the body of a reply piece by piece (NextPiece): a task of the pool makes as much as
// fits between it and the connection, and ends; another goes on where the client has taken
// something. Lives as long as there is something to make.
class PieceWriter : public std::enable_shared_from_this<PieceWriter> {
 public:
  // The pool must outlive it.
  PieceWriter(std::shared_ptr<ReplyStream> stream, NextPiece next, WorkerPool& workers,
              std::shared_ptr<const Request> request)
      : stream_(std::move(stream)),
        next_(std::move(next)),
        workers_(workers),
        request_(std::move(request)) {}

  // Makes more of it, on a worker. Any thread.
  void go_on();

 private:
  void make();
  bool make_piece();
  void end(bool complete);

  const std::shared_ptr<ReplyStream> stream_;
  NextPiece next_;
  WorkerPool& workers_;
  const std::shared_ptr<const Request> request_;
  std::string piece_;
};

// For the log: why the reply to a request ends before its body does.
void log_cut(const Request& request, const Error& error);

}  // namespace trawl::http
