#include "providers/onnx/runtime.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <type_traits>

namespace trawl::onnx {
namespace {

// Objects of the library, of which only it knows what is in them.
struct OrtStatus;
struct OrtEnv;
struct OrtSessionOptions;
struct OrtSession;
struct OrtMemoryInfo;
struct OrtRunOptions;
struct OrtValue;
struct OrtTensorInfo;

// The interface is a struct of pointers to functions, to whose end new ones are added and
// nothing else is ever done (onnxruntime_c_api.h of ONNX Runtime, MIT). So a function is
// known for good by its slot, the number of pointers before it, and by its type.
enum Slot : std::size_t {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSessionFromArray = 8,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetGraphOptimization = 23,
  kSetIntraOpThreads = 24,
  kSetInterOpThreads = 25,
  kCreateTensorWithData = 49,
  kGetTensorData = 51,
  kGetElementType = 60,
  kGetDimensionsCount = 61,
  kGetDimensions = 62,
  kGetTypeAndShape = 65,
  kCreateCpuMemoryInfo = 69,
  kReleaseEnv = 92,
  kReleaseStatus = 93,
  kReleaseMemoryInfo = 94,
  kReleaseSession = 95,
  kReleaseValue = 96,
  kReleaseTensorInfo = 99,
  kReleaseSessionOptions = 100,
  kAddConfigEntry = 130,
};

// A library gives its interface where it has all functions of this version, of 2022, which
// has all of the slots above.
constexpr std::uint32_t kApiVersion = 13;

constexpr int kLogErrors = 3;
constexpr int kOptimizeAll = 99;
constexpr int kArenaAllocator = 1;
constexpr int kDefaultMemory = 0;
constexpr int kFloat = 1;
constexpr int kInt64 = 7;

struct OrtApiBase {
  const void* const* (*get_api)(std::uint32_t version);
  const char* (*get_version)();
};

struct Api {
  explicit Api(const void* const* slots) : slots_(slots) {
    set(get_error_message, kGetErrorMessage);
    set(create_env, kCreateEnv);
    set(create_session, kCreateSessionFromArray);
    set(run, kRun);
    set(create_options, kCreateSessionOptions);
    set(set_optimization, kSetGraphOptimization);
    set(set_intra_threads, kSetIntraOpThreads);
    set(set_inter_threads, kSetInterOpThreads);
    set(create_tensor, kCreateTensorWithData);
    set(tensor_data, kGetTensorData);
    set(element_type, kGetElementType);
    set(dimensions_count, kGetDimensionsCount);
    set(dimensions, kGetDimensions);
    set(tensor_info, kGetTypeAndShape);
    set(create_memory_info, kCreateCpuMemoryInfo);
    set(release_env, kReleaseEnv);
    set(release_status, kReleaseStatus);
    set(release_memory_info, kReleaseMemoryInfo);
    set(release_session, kReleaseSession);
    set(release_value, kReleaseValue);
    set(release_tensor_info, kReleaseTensorInfo);
    set(release_options, kReleaseSessionOptions);
    set(add_config, kAddConfigEntry);
  }

  // A status is null where all went well.
  const char* (*get_error_message)(const OrtStatus*) = nullptr;
  OrtStatus* (*create_env)(int log_level, const char* log_id, OrtEnv** out) = nullptr;
  OrtStatus* (*create_session)(const OrtEnv*, const void* model, std::size_t size,
                               const OrtSessionOptions*, OrtSession** out) = nullptr;
  OrtStatus* (*run)(OrtSession*, const OrtRunOptions*, const char* const* input_names,
                    const OrtValue* const* inputs, std::size_t input_count,
                    const char* const* output_names, std::size_t output_count,
                    OrtValue** outputs) = nullptr;
  OrtStatus* (*create_options)(OrtSessionOptions** out) = nullptr;
  OrtStatus* (*set_optimization)(OrtSessionOptions*, int level) = nullptr;
  OrtStatus* (*set_intra_threads)(OrtSessionOptions*, int count) = nullptr;
  OrtStatus* (*set_inter_threads)(OrtSessionOptions*, int count) = nullptr;
  OrtStatus* (*create_tensor)(const OrtMemoryInfo*, void* data, std::size_t bytes,
                              const std::int64_t* shape, std::size_t shape_size,
                              int element_type, OrtValue** out) = nullptr;
  OrtStatus* (*tensor_data)(OrtValue*, void** out) = nullptr;
  OrtStatus* (*element_type)(const OrtTensorInfo*, int* out) = nullptr;
  OrtStatus* (*dimensions_count)(const OrtTensorInfo*, std::size_t* out) = nullptr;
  OrtStatus* (*dimensions)(const OrtTensorInfo*, std::int64_t* out,
                           std::size_t size) = nullptr;
  OrtStatus* (*tensor_info)(const OrtValue*, OrtTensorInfo** out) = nullptr;
  OrtStatus* (*create_memory_info)(int allocator, int memory,
                                   OrtMemoryInfo** out) = nullptr;
  OrtStatus* (*add_config)(OrtSessionOptions*, const char* key,
                           const char* value) = nullptr;
  void (*release_env)(OrtEnv*) = nullptr;
  void (*release_status)(OrtStatus*) = nullptr;
  void (*release_memory_info)(OrtMemoryInfo*) = nullptr;
  void (*release_session)(OrtSession*) = nullptr;
  void (*release_value)(OrtValue*) = nullptr;
  void (*release_tensor_info)(OrtTensorInfo*) = nullptr;
  void (*release_options)(OrtSessionOptions*) = nullptr;

 private:
  template <class Function>
  void set(Function& function, Slot slot) {
    // A pointer to data becomes one to a function, as with dlsym().
    function = reinterpret_cast<Function>(const_cast<void*>(slots_[slot]));
  }

  const void* const* slots_;
};

// Owns an object of the library, which a function of the library releases.
template <class Object>
class Owned {
 public:
  explicit Owned(void (*release)(Object*)) : release_(release) {}
  ~Owned() {
    if (object_ != nullptr) release_(object_);
  }
  Owned(Owned&& other) noexcept
      : release_(other.release_), object_(std::exchange(other.object_, nullptr)) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;

  Object** out() { return &object_; }
  Object* get() const { return object_; }

 private:
  void (*release_)(Object*);
  Object* object_ = nullptr;
};

// What the library says of an error is for the log: it names files and operators.
Result<void> check(const Api& api, OrtStatus* status, ErrorCode code,
                   std::string_view message) {
  if (status == nullptr) return {};
  Error error = make_error(code, std::string(message), api.get_error_message(status));
  api.release_status(status);
  return error;
}

// The library and what all sessions share.
struct Loaded {
  explicit Loaded(const Api& functions)
      : api(functions), env(api.release_env), memory(api.release_memory_info) {}

  const Api api;
  Owned<OrtEnv> env;
  Owned<OrtMemoryInfo> memory;
};

class LoadedSession final : public Session {
 public:
  LoadedSession(std::shared_ptr<const Loaded> library, Owned<OrtSession> session)
      : library_(std::move(library)), session_(std::move(session)) {}

  Result<HiddenState> run(std::span<const std::int64_t> tokens) const override {
    constexpr std::array<const char*, 3> kInputs = {"input_ids", "attention_mask",
                                                    "token_type_ids"};
    constexpr const char* kOutput = "last_hidden_state";
    const Api& api = library_->api;
    const std::size_t count = tokens.size();
    // The tokens, then what they are asked to look at, which is all, then to which of two
    // texts they belong, which is the first.
    std::vector<std::int64_t> data(3 * count, 0);
    std::copy(tokens.begin(), tokens.end(), data.begin());
    std::fill_n(data.begin() + static_cast<std::ptrdiff_t>(count), count, 1);
    const std::array<std::int64_t, 2> shape = {1, static_cast<std::int64_t>(count)};
    std::vector<Owned<OrtValue>> inputs;
    std::array<const OrtValue*, 3> input_pointers = {};
    for (std::size_t i = 0; i < kInputs.size(); ++i) {
      inputs.emplace_back(api.release_value);
      TRAWL_TRY(failed(api.create_tensor(library_->memory.get(), data.data() + i * count,
                                         count * sizeof(std::int64_t), shape.data(),
                                         shape.size(), kInt64, inputs.back().out())));
      input_pointers[i] = inputs.back().get();
    }
    Owned<OrtValue> output(api.release_value);
    TRAWL_TRY(failed(api.run(session_.get(), nullptr, kInputs.data(), input_pointers.data(),
                             kInputs.size(), &kOutput, 1, output.out())));
    return read(output.get(), count);
  }

 private:
  Result<void> failed(OrtStatus* status) const {
    return check(library_->api, status, ErrorCode::internal,
                 "the network of the embedding model does not run; the log says more");
  }

  Result<HiddenState> read(OrtValue* output, std::size_t tokens) const {
    const Api& api = library_->api;
    Owned<OrtTensorInfo> info(api.release_tensor_info);
    TRAWL_TRY(failed(api.tensor_info(output, info.out())));
    int type = 0;
    std::size_t rank = 0;
    TRAWL_TRY(failed(api.element_type(info.get(), &type)));
    TRAWL_TRY(failed(api.dimensions_count(info.get(), &rank)));
    std::array<std::int64_t, 3> shape = {};
    if (type != kFloat || rank != shape.size()) {
      return make_error(
          ErrorCode::internal,
          fmt::format("the network gives numbers of type {} in {} dimensions, where float "
                      "(1) in 3 is known here",
                      type, rank));
    }
    TRAWL_TRY(failed(api.dimensions(info.get(), shape.data(), shape.size())));
    if (shape[0] != 1 || shape[1] != static_cast<std::int64_t>(tokens) || shape[2] < 1) {
      return make_error(ErrorCode::internal,
                        fmt::format("the network gives [{}] for one text of {} tokens",
                                    fmt::join(shape, ", "), tokens));
    }
    void* values = nullptr;
    TRAWL_TRY(failed(api.tensor_data(output, &values)));
    HiddenState state;
    state.tokens = tokens;
    state.dimension = static_cast<std::size_t>(shape[2]);
    const auto* floats = static_cast<const float*>(values);
    state.values.assign(floats, floats + state.tokens * state.dimension);
    return state;
  }

  const std::shared_ptr<const Loaded> library_;
  const Owned<OrtSession> session_;
};

class LoadedRuntime final : public Runtime {
 public:
  LoadedRuntime(std::shared_ptr<const Loaded> library, std::string version)
      : library_(std::move(library)), version_(std::move(version)) {}

  const std::string& version() const override { return version_; }

  Result<std::unique_ptr<const Session>> open(std::string_view model,
                                              std::uint32_t threads) const override {
    const Api& api = library_->api;
    const auto set_up = [&](OrtStatus* status) {
      return check(api, status, ErrorCode::invalid,
                   "the network of the embedding model cannot be read; the log says more");
    };
    Owned<OrtSessionOptions> options(api.release_options);
    TRAWL_TRY(set_up(api.create_options(options.out())));
    TRAWL_TRY(set_up(api.set_optimization(options.get(), kOptimizeAll)));
    TRAWL_TRY(set_up(api.set_intra_threads(options.get(), static_cast<int>(threads))));
    TRAWL_TRY(set_up(api.set_inter_threads(options.get(), 1)));
    // Threads of the library that have nothing to do would turn in circles for a while.
    TRAWL_TRY(
        set_up(api.add_config(options.get(), "session.intra_op.allow_spinning", "0")));
    Owned<OrtSession> session(api.release_session);
    TRAWL_TRY(set_up(api.create_session(library_->env.get(), model.data(), model.size(),
                                        options.get(), session.out())));
    return std::unique_ptr<const Session>(
        std::make_unique<LoadedSession>(library_, std::move(session)));
  }

 private:
  const std::shared_ptr<const Loaded> library_;
  const std::string version_;
};

}  // namespace

Result<std::shared_ptr<const Runtime>> Runtime::load(const std::string& file) {
  const auto refuse = [&](std::string_view why, std::string detail = {}) {
    return make_error(ErrorCode::not_enabled,
                      fmt::format("{} {}; `trawl models fetch` brings one that can "
                                  "(docs/models.md)",
                                  file, why),
                      std::move(detail));
  };
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = ::dlerror();
    return refuse("cannot be loaded as ONNX Runtime", why == nullptr ? "" : why);
  }
  const auto get_base =
      reinterpret_cast<const OrtApiBase* (*)()>(::dlsym(library, "OrtGetApiBase"));
  if (get_base == nullptr) return refuse("is no ONNX Runtime: it has no OrtGetApiBase");
  const OrtApiBase* base = get_base();
  const std::string version = base->get_version();
  const void* const* slots = base->get_api(kApiVersion);
  if (slots == nullptr) {
    return refuse(
        fmt::format("is ONNX Runtime {}, which does not have version {} of its "
                    "interface",
                    version, kApiVersion));
  }
  auto loaded = std::make_shared<Loaded>(Api(slots));
  const auto begun = [&](OrtStatus* status) {
    return check(loaded->api, status, ErrorCode::not_enabled,
                 fmt::format("ONNX Runtime {} does not start; the log says more", version));
  };
  TRAWL_TRY(begun(loaded->api.create_env(kLogErrors, "trawl", loaded->env.out())));
  TRAWL_TRY(begun(loaded->api.create_memory_info(kArenaAllocator, kDefaultMemory,
                                                 loaded->memory.out())));
  return std::shared_ptr<const Runtime>(
      std::make_shared<LoadedRuntime>(std::move(loaded), version));
}

}  // namespace trawl::onnx
