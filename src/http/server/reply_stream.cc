#include "http/server/reply_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "runtime/waiting.h"

namespace trawl::http {

void ReplyStream::append(std::string_view piece) {
  if (!framing_.chunked) {
    pending_.append(piece);
    return;
  }
  fmt::format_to(std::back_inserter(pending_), "{:x}\r\n", piece.size());
  pending_.append(piece).append("\r\n");
}

// Whether the caller, once it has released the mutex, has to call wake_.
bool ReplyStream::resume_connection() {
  return std::exchange(waiting_, false);
}

bool ReplyStream::has_room() const {
  return pending_.size() < kPendingBytesMax || error_;
}

void ReplyStream::wait_for_room() {
  const Waiting waiting;  // For the client.
  MutexLock lock(mutex_);
  while (!has_room()) changed_.wait(lock);
}

Result<void> ReplyStream::write(std::string_view piece) {
  // An empty chunk would end the body.
  while (!piece.empty()) {
    MutexLock lock(mutex_);
    if (!has_room()) {
      lock.unlock();
      wait_for_room();
      lock.lock();
    }
    if (error_) return *error_;
    const std::size_t size = std::min(piece.size(), kPendingBytesMax - pending_.size());
    append(piece.substr(0, size));
    piece.remove_prefix(size);
    const bool wakes = resume_connection();
    lock.unlock();
    if (wakes && !wake_()) {
      close(make_error(ErrorCode::cancelled, "the connection is closed"));
    }
  }
  const MutexLock lock(mutex_);
  if (error_) return *error_;
  return {};
}

Result<void> ReplyStream::push(std::string_view piece) {
  bool wakes = false;
  {
    const MutexLock lock(mutex_);
    if (error_) return *error_;
    if (piece.empty()) return {};
    append(piece);
    wakes = resume_connection();
  }
  if (wakes && !wake_()) {
    close(make_error(ErrorCode::cancelled, "the connection is closed"));
  }
  return {};
}

bool ReplyStream::park(std::function<void()> resume) {
  const MutexLock lock(mutex_);
  if (has_room()) return false;
  resume_ = std::move(resume);
  return true;
}

void ReplyStream::trailer(std::string name, std::string value) {
  if (!framing_.chunked || !framing_.trailers) return;
  std::replace_if(
      value.begin(), value.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  const MutexLock lock(mutex_);
  trailers_.append(name).append(": ").append(value).append("\r\n");
}

bool ReplyStream::is_closed() const {
  const MutexLock lock(mutex_);
  return error_.has_value();
}

void ReplyStream::on_closed(std::function<void()> wake) {
  {
    const MutexLock lock(mutex_);
    if (!error_) {
      on_closed_ = std::move(wake);
      return;
    }
  }
  if (wake) wake();
}

void ReplyStream::finish(bool complete) {
  std::function<void()> unused;
  bool wakes = false;
  {
    const MutexLock lock(mutex_);
    finished_ = true;
    complete_ = complete;
    if (complete && framing_.chunked) pending_.append("0\r\n" + trailers_ + "\r\n");
    wakes = resume_connection();
    unused.swap(on_closed_);
  }
  if (wakes) wake_();
}

ReplyStream::State ReplyStream::take(std::string& out) {
  std::function<void()> resume;
  State state = State::waiting;
  {
    const MutexLock lock(mutex_);
    state = take_pending(out);
    resume.swap(resume_);
  }
  if (resume) resume();
  return state;
}

ReplyStream::State ReplyStream::take_pending(std::string& out) {
  out.clear();
  out.swap(pending_);
  changed_.notify_one();
  if (!out.empty()) return State::more;
  if (finished_) return complete_ ? State::complete : State::cut;
  waiting_ = true;
  return State::waiting;
}

void ReplyStream::close(Error error) {
  std::function<void()> wake;
  std::function<void()> resume;
  {
    const MutexLock lock(mutex_);
    if (error_ || finished_) return;
    error_ = std::move(error);
    wake.swap(on_closed_);
    resume.swap(resume_);
    changed_.notify_all();
  }
  if (wake) wake();
  if (resume) resume();
}

}  // namespace trawl::http
