#include "stages/sort/ordering.h"

#include <algorithm>

#include "base/work_limit.h"
#include "stages/values.h"

namespace trawl {

void SortColumn::add(const json::value* value) {
  Key key;
  if (value != nullptr && !value->is_null()) {
    if (value->is_bool()) {
      key.kind = Kind::boolean;
      key.number = value->get_bool() ? 1 : 0;
    } else if (value->is_int64()) {
      key.kind = Kind::number;
      key.number = static_cast<long double>(value->get_int64());
    } else if (value->is_uint64()) {
      key.kind = Kind::number;
      key.number = static_cast<long double>(value->get_uint64());
    } else if (value->is_double()) {
      key.kind = Kind::number;
      key.number = static_cast<long double>(value->get_double());
    } else {
      key.kind = Kind::text;
    }
    // Also for numbers: whether the column is mixed is known only at its end.
    key.text = value_text(*value);
  }
  keys_.push_back(std::move(key));
}

void SortColumn::prepare() {
  for (const Key& key : keys_) {
    if (key.kind == Kind::missing) continue;
    if (kind_ == Kind::missing) kind_ = key.kind;
    if (kind_ != key.kind) {
      kind_ = Kind::text;
      return;
    }
  }
  if (kind_ != Kind::text) return;
  for (Key& key : keys_) {
    if (key.kind == Kind::missing) continue;
    count_work(16);
    const auto time = parse_time(key.text);
    if (!time) return;
    key.time = *time;
  }
  kind_ = Kind::time;
}

int SortColumn::compare(std::size_t a, std::size_t b) const {
  const Key& x = keys_[a];
  const Key& y = keys_[b];
  count_work();
  switch (kind_) {
    case Kind::boolean:
    case Kind::number:
      return x.number < y.number ? -1 : x.number > y.number ? 1 : 0;
    case Kind::time:
      return x.time < y.time ? -1 : x.time > y.time ? 1 : 0;
    case Kind::text:
      count_work(std::min(x.text.size(), y.text.size()) / kBytesPerStep);
      return x.text.compare(y.text);
    case Kind::missing:
      break;
  }
  return 0;
}

std::vector<std::size_t> sorted_order(const SortColumn& column, bool descending,
                                      MissingPlace missing) {
  std::vector<std::size_t> order(column.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (column.missing(a) || column.missing(b)) {
      if (column.missing(a) == column.missing(b)) return false;
      return column.missing(a) == (missing == MissingPlace::first);
    }
    const int compared = column.compare(a, b);
    return descending ? compared > 0 : compared < 0;
  });
  return order;
}

}  // namespace trawl
