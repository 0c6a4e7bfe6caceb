#include "http/server/body_stream.h"

#include <algorithm>
#include <utility>

#include "runtime/waiting.h"

namespace trawl::http {

Result<std::string> BodyStream::read() {
  MutexLock lock(mutex_);
  if (!started_) {
    started_ = true;
    lock.unlock();
    if (!wake_()) fail(make_error(ErrorCode::cancelled, "the connection is closed"));
    lock.lock();
  }
  if (!has_news()) {
    lock.unlock();
    wait_for_news();
    lock.lock();
  }
  if (pieces_.empty()) {
    if (error_) return *error_;
    return std::string();
  }
  std::string piece = std::move(pieces_.front());
  pieces_.pop_front();
  const bool was_full = bytes_ >= kPieceBytesMax;
  bytes_ -= piece.size();
  const bool wakes = was_full && bytes_ < kPieceBytesMax && !finished_ && !error_;
  lock.unlock();
  if (wakes && !wake_()) fail(make_error(ErrorCode::cancelled, "the connection is closed"));
  return piece;
}

bool BodyStream::has_news() const {
  return !pieces_.empty() || finished_ || error_;
}

void BodyStream::wait_for_news() {
  const Waiting waiting;  // For the client.
  MutexLock lock(mutex_);
  while (!has_news()) changed_.wait(lock);
}

bool BodyStream::wants_data() const {
  const MutexLock lock(mutex_);
  return started_ && bytes_ < kPieceBytesMax && !finished_ && !error_;
}

void BodyStream::push(std::string_view bytes) {
  const MutexLock lock(mutex_);
  if (finished_ || error_) return;
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    if (pieces_.empty() || pieces_.back().size() == kPieceBytesMax) pieces_.emplace_back();
    std::string& last = pieces_.back();
    const std::size_t size = std::min(bytes.size(), kPieceBytesMax - last.size());
    last.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  changed_.notify_one();
}

void BodyStream::finish() {
  const MutexLock lock(mutex_);
  if (!error_) finished_ = true;
  changed_.notify_all();
}

void BodyStream::fail(Error error) {
  const MutexLock lock(mutex_);
  if (!finished_ && !error_) error_ = std::move(error);
  changed_.notify_all();
}

}  // namespace trawl::http
