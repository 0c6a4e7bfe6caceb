#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "http/message/message.h"

namespace trawl::http {

// A body on its way from the connection's thread to the one that reads it. It holds at
// most about 256 KiB and what one read of the socket brings; beyond that the connection
// stops reading, and the client feels it. Thread-safe.
class BodyStream : public BodyReader {
 public:
  static constexpr std::size_t kPieceBytesMax = 256 * 1024;

  // `wake` asks the connection to look at wants_data() again, and answers false when the
  // connection is gone. It is called on the reader's thread.
  explicit BodyStream(std::function<bool()> wake) : wake_(std::move(wake)) {}

  Result<std::string> read() override;

  // The connection's side. Of finish() and fail() the first call counts.
  bool wants_data() const;
  void push(std::string_view bytes);
  void finish();
  void fail(Error error);

 private:
  bool has_news() const TRAWL_REQUIRES(mutex_);
  void wait_for_news();

  const std::function<bool()> wake_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<std::string> pieces_ TRAWL_GUARDED_BY(mutex_);
  std::size_t bytes_ TRAWL_GUARDED_BY(mutex_) = 0;  // Of all pieces.
  // Nothing is read from the socket before the first read(): a handler that refuses the
  // request by its headers costs no transfer, and sends no "100 Continue".
  bool started_ TRAWL_GUARDED_BY(mutex_) = false;
  bool finished_ TRAWL_GUARDED_BY(mutex_) = false;
  std::optional<Error> error_ TRAWL_GUARDED_BY(mutex_);
};

}  // namespace trawl::http
