#include "runtime/thread.h"

#include <sys/resource.h>

#include <cstddef>
#include <memory>
#include <string>
#include <system_error>

#include "runtime/guarded.h"

namespace trawl {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TRAWL_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TRAWL_SANITIZED
#endif
#endif

// The system's 8 MiB are only addresses until they are touched, but where addresses are
// limited or counted (RLIMIT_AS, vm.overcommit_memory=2) a thousand waiting threads would
// ask for 8 GB. What recurses here has a limit of depth: the deepest requests of the tests
// are answered with this, without optimisation too. Sanitizers have larger frames.
#if defined(TRAWL_SANITIZED)
constexpr std::size_t kStackBytes = 0;
#else
constexpr std::size_t kStackBytes = std::size_t{1024} * 1024;
#endif

struct Start {
  std::string shown_name;  // With what a thread's name may have at most.
  std::string where;
  std::function<void()> function;
};

void* run_thread(void* argument) {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  ::pthread_setname_np(::pthread_self(), start->shown_name.c_str());
  run_guarded(start->where, start->function);
  run_guarded(start->where, [&] { start->function = nullptr; });
  return nullptr;
}

}  // namespace

Thread start_thread(std::string_view name, std::function<void()> function) {
  auto start = std::make_unique<Start>();
  start->shown_name = name.substr(0, 15);
  start->where.append("the thread '").append(name).append("', which ends,");
  start->function = std::move(function);
  pthread_attr_t attributes;
  int failed = ::pthread_attr_init(&attributes);
  Thread thread;
  if (failed == 0) {
    if (kStackBytes > 0) ::pthread_attr_setstacksize(&attributes, kStackBytes);
    failed = ::pthread_create(&thread.handle_, &attributes, run_thread, start.get());
    ::pthread_attr_destroy(&attributes);
  }
  if (failed != 0) {
    throw std::system_error(failed, std::generic_category(),
                            "cannot start the thread '" + std::string(name) + "'");
  }
  (void)start.release();  // It is the thread's now.
  thread.is_joinable_ = true;
  return thread;
}

void give_way_to_other_threads() noexcept {
  // Of the calling thread alone, on Linux. A tenth of what it would get: it goes on, and so
  // lets go of what it has locked, where others never pause.
  constexpr int kLess = 10;
  ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + kLess);
}

void Thread::join() {
  if (std::exchange(is_joinable_, false)) ::pthread_join(handle_, nullptr);
}

}  // namespace trawl
