#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

// What a mutex guards and what a function expects to be held, so that clang's
// -Wthread-safety refuses code that does otherwise; other compilers ignore it. The names
// follow https://clang.llvm.org/docs/ThreadSafetyAnalysis.html.
#if defined(__clang__)
#define TRAWL_THREAD_SAFETY(x) __attribute__((x))
#else
#define TRAWL_THREAD_SAFETY(x)
#endif

#define TRAWL_CAPABILITY(name) TRAWL_THREAD_SAFETY(capability(name))
#define TRAWL_SCOPED_CAPABILITY TRAWL_THREAD_SAFETY(scoped_lockable)

// Of a member: read and written only with the mutex held. PT: what it points to is.
#define TRAWL_GUARDED_BY(mutex) TRAWL_THREAD_SAFETY(guarded_by(mutex))
#define TRAWL_PT_GUARDED_BY(mutex) TRAWL_THREAD_SAFETY(pt_guarded_by(mutex))

// Of a function: the caller holds the mutex, or does not.
#define TRAWL_REQUIRES(...) TRAWL_THREAD_SAFETY(requires_capability(__VA_ARGS__))
#define TRAWL_REQUIRES_SHARED(...) \
  TRAWL_THREAD_SAFETY(requires_shared_capability(__VA_ARGS__))
#define TRAWL_EXCLUDES(...) TRAWL_THREAD_SAFETY(locks_excluded(__VA_ARGS__))
#define TRAWL_ASSERT_HELD(...) TRAWL_THREAD_SAFETY(assert_capability(__VA_ARGS__))

// Of a function that takes a mutex or lets go of it.
#define TRAWL_ACQUIRE(...) TRAWL_THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define TRAWL_ACQUIRE_SHARED(...) \
  TRAWL_THREAD_SAFETY(acquire_shared_capability(__VA_ARGS__))
#define TRAWL_RELEASE(...) TRAWL_THREAD_SAFETY(release_capability(__VA_ARGS__))
#define TRAWL_RELEASE_SHARED(...) \
  TRAWL_THREAD_SAFETY(release_shared_capability(__VA_ARGS__))
#define TRAWL_RELEASE_GENERIC(...) \
  TRAWL_THREAD_SAFETY(release_generic_capability(__VA_ARGS__))

// Of a function: switches the analysis off. Always with the reason.
#define TRAWL_NO_THREAD_SAFETY_ANALYSIS TRAWL_THREAD_SAFETY(no_thread_safety_analysis)

namespace trawl {

// How many of the locks below this thread holds. Who holds one must not wait for the turn
// of others, who may be waiting for it.
inline thread_local constinit int locks_held = 0;

// Private to them.
struct CountedLock {
  CountedLock() noexcept { ++locks_held; }
  ~CountedLock() { --locks_held; }
  CountedLock(const CountedLock&) = delete;
  CountedLock& operator=(const CountedLock&) = delete;
};

// The mutexes and locks of the standard library, annotated. Held through a lock below.
class TRAWL_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  // Tells the analysis, and checks nothing: for a lambda whose caller holds the mutex.
  void assert_held() const TRAWL_ASSERT_HELD() {}

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

// Many readers, or one writer.
class TRAWL_CAPABILITY("mutex") SharedMutex {
 public:
  SharedMutex() = default;
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;

 private:
  friend class ExclusiveLock;
  friend class SharedLock;
  std::shared_mutex mutex_;
};

// Holds a Mutex until the end of its scope. It may let go of it, and take it again.
class TRAWL_SCOPED_CAPABILITY [[nodiscard]] MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) TRAWL_ACQUIRE(mutex) : lock_(mutex.mutex_) {
    ++locks_held;
  }
  ~MutexLock() TRAWL_RELEASE() {
    if (lock_.owns_lock()) --locks_held;
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void lock() TRAWL_ACQUIRE() {
    lock_.lock();
    ++locks_held;
  }
  void unlock() TRAWL_RELEASE() {
    lock_.unlock();
    --locks_held;
  }

 private:
  friend class CondVar;
  std::unique_lock<std::mutex> lock_;
};

// Holds a SharedMutex for writing until the end of its scope.
class TRAWL_SCOPED_CAPABILITY [[nodiscard]] ExclusiveLock {
 public:
  explicit ExclusiveLock(SharedMutex& mutex) TRAWL_ACQUIRE(mutex) : lock_(mutex.mutex_) {}
  ~ExclusiveLock() TRAWL_RELEASE() = default;
  ExclusiveLock(const ExclusiveLock&) = delete;
  ExclusiveLock& operator=(const ExclusiveLock&) = delete;

 private:
  const std::lock_guard<std::shared_mutex> lock_;
  const CountedLock counted_;
};

// Holds a SharedMutex for reading until the end of its scope.
class TRAWL_SCOPED_CAPABILITY [[nodiscard]] SharedLock {
 public:
  explicit SharedLock(SharedMutex& mutex) TRAWL_ACQUIRE_SHARED(mutex)
      : lock_(mutex.mutex_) {}
  ~SharedLock() TRAWL_RELEASE_GENERIC() = default;
  SharedLock(const SharedLock&) = delete;
  SharedLock& operator=(const SharedLock&) = delete;

 private:
  const std::shared_lock<std::shared_mutex> lock_;
  const CountedLock counted_;
};

// A std::condition_variable. Waits take no predicate, since the analysis does not know in a
// lambda what its caller holds; wait in a loop. A wait may also end for no reason.
class CondVar {
 public:
  void wait(MutexLock& lock) { changed_.wait(lock.lock_); }

  // False when it ended because the time had come.
  [[nodiscard]] bool wait_until(MutexLock& lock,
                                std::chrono::steady_clock::time_point time) {
    return changed_.wait_until(lock.lock_, time) == std::cv_status::no_timeout;
  }

  void notify_one() noexcept { changed_.notify_one(); }
  void notify_all() noexcept { changed_.notify_all(); }

 private:
  std::condition_variable changed_;
};

}  // namespace trawl
