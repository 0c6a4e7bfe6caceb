#include "ledger/ledger_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ledger/execution_id_key.h"
#include "model/execution_json.h"

namespace trawl {

std::partial_ordering ExecutionKey::operator<=>(const ExecutionKey& other) const {
  if (const auto order = value <=> other.value; order != 0) return order;
  if (const auto order = timestamp <=> other.timestamp; order != 0) return order;
  return execution_id_key(execution_id) <=> execution_id_key(other.execution_id);
}

std::vector<AppendOutcome> refuse_invalid(std::span<const LedgerWrite> writes) {
  std::vector<AppendOutcome> outcomes;
  outcomes.reserve(writes.size());
  for (const LedgerWrite& write : writes) {
    if (write.execution.namespace_id.empty()) {
      outcomes.emplace_back(invalid_at(
          "namespace_id", fmt::format("execution {} has no namespace; every execution "
                                      "belongs to one",
                                      write.execution.summary.execution_id.str())));
    } else if (auto valid = validate_summary(write.execution.summary); !valid) {
      outcomes.emplace_back(std::move(valid).error());
    } else {
      outcomes.emplace_back(Appended::repeated);
    }
  }
  return outcomes;
}

void refuse_removed(const std::set<NamespaceId>& removed,
                    std::span<const LedgerWrite> writes,
                    std::span<AppendOutcome> outcomes) {
  if (removed.empty()) return;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const Execution& execution = writes[i].execution;
    if (!outcomes[i] || !removed.contains(execution.namespace_id)) continue;
    outcomes[i] = make_error(
        ErrorCode::not_found,
        fmt::format("the namespace {} was deleted meanwhile, and its history with it; "
                    "execution {} was not recorded",
                    execution.namespace_id.str(), execution.summary.execution_id.str()));
  }
}

std::vector<std::string_view> kept_answers(const Execution& execution) {
  std::vector<std::string_view> out;
  for (const StageRecord& stage : execution.stages) {
    for (const ExternalCall& call : stage.external_calls) {
      if (call.answer_kept && call.answer) out.push_back(*call.answer);
    }
  }
  return out;
}

void drop_answers(Execution& execution) {
  for (StageRecord& stage : execution.stages) {
    for (ExternalCall& call : stage.external_calls) call.answer.reset();
  }
}

Result<void> check_page(const ExecutionPageRequest& page) {
  if (page.limit < 1 || page.limit > kExecutionLimitMax) {
    return invalid_at(
        "limit", fmt::format("limit is {}; use 1 to {}", page.limit, kExecutionLimitMax));
  }
  if (page.offset > kExecutionOffsetMax) {
    return invalid_at("offset",
                      fmt::format("offset is {}; use 0 to {}, or follow the cursor",
                                  page.offset, kExecutionOffsetMax));
  }
  return {};
}

double finite_amount(double amount) {
  if (!(amount > 0)) return 0;
  return std::min(amount, std::numeric_limits<double>::max());
}

namespace {

double sort_value(std::int64_t count) {
  return static_cast<double>(std::max<std::int64_t>(count, 0));
}

double sort_value(double amount) {
  return finite_amount(amount);
}

}  // namespace

ExecutionKey execution_key(const ExecutionSummary& summary, ExecutionSort sort) {
  ExecutionKey key{summary.timestamp, summary.execution_id};
  if (sort == ExecutionSort::timestamp) return key;
  for_each_in_row([&](const auto& field) {
    if constexpr (requires { sort_value(summary.*field.member); }) {
      if (field.name == sort_field(sort).name)
        key.value = sort_value(summary.*field.member);
    }
  });
  return key;
}

}  // namespace trawl
