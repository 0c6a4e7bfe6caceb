#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/mutex.h"
#include "base/result.h"
#include "http/message/message.h"

namespace trawl::http {

// A reply's body on its way from the thread that makes it to the connection's, framed as
// it goes over the wire. Thread-safe.
class ReplyStream : public BodyWriter {
 public:
  static constexpr std::size_t kPendingBytesMax = 256 * 1024;

  struct Framing {
    bool chunked = true;
    bool trailers = false;
  };
  // `wake` asks the connection to call take() again, and answers false when the connection
  // is gone. It is called on the writer's thread.
  ReplyStream(Framing framing, std::function<bool()> wake)
      : framing_(framing), wake_(std::move(wake)) {}

  Result<void> write(std::string_view piece) override;

  // For a writer without a thread of its own, which must not block: appends the piece as a
  // whole. Fails as write() does.
  Result<void> push(std::string_view piece);
  // Until the client has taken something, or push() would fail: then `resume` is called,
  // once, on another thread. False, and nothing is kept, where there is room already.
  bool park(std::function<void()> resume);

  void trailer(std::string name, std::string value) override;
  bool is_closed() const override;
  void on_closed(std::function<void()> wake) override;

  // The writer's last words: the body is complete, or will never be. After a close() that
  // a writer takes no notice of, since it had nothing more to write, it is complete.
  void finish(bool complete);

  // The connection's side. take() replaces `out` by what is there to be sent.
  enum class State {
    more,      // `out` has bytes.
    waiting,   // It has none; `wake` will be called when there are some.
    complete,  // It has none, and everything was taken.
    cut,       // The same, but the body is not whole.
  };
  State take(std::string& out);
  // Makes write() fail; the first call counts. What is pending may still be taken.
  void close(Error error);

 private:
  void append(std::string_view piece) TRAWL_REQUIRES(mutex_);
  bool resume_connection() TRAWL_REQUIRES(mutex_);
  bool has_room() const TRAWL_REQUIRES(mutex_);
  State take_pending(std::string& out) TRAWL_REQUIRES(mutex_);
  void wait_for_room();

  const Framing framing_;
  const std::function<bool()> wake_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::string pending_ TRAWL_GUARDED_BY(mutex_);
  std::string trailers_ TRAWL_GUARDED_BY(mutex_);
  // Whether the connection waits for `wake`. At first it sends the head.
  bool waiting_ TRAWL_GUARDED_BY(mutex_) = false;
  bool finished_ TRAWL_GUARDED_BY(mutex_) = false;
  bool complete_ TRAWL_GUARDED_BY(mutex_) = false;
  std::optional<Error> error_ TRAWL_GUARDED_BY(mutex_);
  std::function<void()> on_closed_ TRAWL_GUARDED_BY(mutex_);
  std::function<void()> resume_ TRAWL_GUARDED_BY(mutex_);  // The writer that is parked.
};

}  // namespace trawl::http
