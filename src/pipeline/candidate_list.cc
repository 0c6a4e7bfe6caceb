#include "pipeline/candidate_list.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/work_limit.h"
#include "model/engine_fields.h"
#include "model/internal_fields.h"

namespace trawl {
namespace {

constexpr double kNoScore = std::numeric_limits<double>::quiet_NaN();

json::string_view json_key(std::string_view name) {
  return {name.data(), name.size()};
}

std::size_t estimate_bytes(const json::value& value);

std::size_t estimate_bytes(const json::object& object) {
  std::size_t bytes = 0;
  for (const auto& field : object) {
    bytes += 32 + field.key().size() + estimate_bytes(field.value());
  }
  return bytes;
}

// Memory that a value holds, near enough to bound a cache by.
std::size_t estimate_bytes(const json::value& value) {
  std::size_t bytes = sizeof(json::value);
  if (const auto* object = value.if_object()) {
    bytes += estimate_bytes(*object);
  } else if (const auto* array = value.if_array()) {
    for (const auto& item : *array) bytes += estimate_bytes(item);
  } else if (const auto* text = value.if_string()) {
    bytes += text->size();
  }
  return bytes;
}

// The column at these positions; nothing of nothing.
template <class Value>
std::vector<Value> gather(const std::vector<Value>& column,
                          std::span<const std::size_t> positions) {
  std::vector<Value> out;
  if (column.empty()) return out;
  out.reserve(positions.size());
  for (const std::size_t i : positions) out.push_back(column[i]);
  return out;
}

template <class Value>
std::vector<Value> cut(const std::vector<Value>& column, std::size_t begin,
                       std::size_t end) {
  if (column.empty()) return {};
  return {column.begin() + static_cast<std::ptrdiff_t>(begin),
          column.begin() + static_cast<std::ptrdiff_t>(end)};
}

const std::string kNothing;

}  // namespace

CandidateList::Columns& CandidateList::edit() {
  if (columns_.use_count() > 1) {
    columns_ = std::make_shared<Columns>(*columns_);
  } else {
    // What others read of them before they let go has been read.
    std::atomic_thread_fence(std::memory_order_acquire);
  }
  return *columns_;
}

std::uint32_t CandidateList::source(std::shared_ptr<const Snapshot> snapshot) {
  for (std::uint32_t i = 0; i < sources_->size(); ++i) {
    if ((*sources_)[i] == snapshot) return i;
  }
  auto more = std::make_shared<Sources>(*sources_);
  more->push_back(std::move(snapshot));
  sources_ = std::move(more);
  return static_cast<std::uint32_t>(sources_->size() - 1);
}

void CandidateList::add(std::uint32_t source, DocumentRef document,
                        std::optional<double> score) {
  Columns& columns = edit();
  columns.source.push_back(source);
  columns.document.push_back(document);
  columns.score.push_back(score.value_or(kNoScore));
  if (!columns.loaded.empty()) columns.loaded.emplace_back();
  if (!columns.written.empty()) columns.written.emplace_back();
  if (!columns.parts.empty()) columns.parts.emplace_back();
}

void CandidateList::add(std::uint32_t source, std::span<const DocumentRef> documents) {
  for (const DocumentRef document : documents) add(source, document);
}

void CandidateList::add(std::uint32_t source, Document&& document, const FieldSet& have,
                        std::optional<double> score) {
  add(source, document.ref, score);
  Columns& columns = edit();
  columns.loaded.resize(size());
  columns.loaded.back() = std::make_shared<const Loaded>(
      Loaded{std::move(document), std::make_shared<const FieldSet>(have)});
}

void CandidateList::add_row(json::object fields, std::optional<double> score) {
  add(kMade, 0, score);
  Columns& columns = edit();
  columns.written.resize(size());
  columns.written.back() = std::make_shared<const json::object>(std::move(fields));
}

std::optional<double> CandidateList::score(std::size_t i) const {
  const double score = columns_->score[i];
  return std::isnan(score) ? std::nullopt : std::optional(score);
}

void CandidateList::set_score(std::size_t i, std::optional<double> score) {
  edit().score[i] = score.value_or(kNoScore);
}

const SearchParts& CandidateList::parts(std::size_t i) const {
  static const SearchParts none;
  const auto& column = columns_->parts;
  return column.empty() || column[i] == nullptr ? none : *column[i];
}

void CandidateList::set_parts(std::size_t i, SearchParts parts) {
  Columns& columns = edit();
  columns.parts.resize(size());
  columns.parts[i] = std::make_shared<const SearchParts>(std::move(parts));
}

const std::string& CandidateList::collection_id(std::size_t i) const {
  const std::uint32_t source = columns_->source[i];
  return source == kMade ? kNothing : (*sources_)[source]->collection().id.str();
}

const Snapshot* CandidateList::snapshot(std::size_t i) const {
  const std::uint32_t source = columns_->source[i];
  return source == kMade || source >= sources_->size() ? nullptr
                                                       : (*sources_)[source].get();
}

const CandidateList::Loaded* CandidateList::loaded(std::size_t i) const {
  return columns_->loaded.empty() ? nullptr : columns_->loaded[i].get();
}

const std::string& CandidateList::document_id(std::size_t i) const {
  const Loaded* found = loaded(i);
  assert(found != nullptr || columns_->source[i] == kMade);
  return found == nullptr ? kNothing : found->document.document_id;
}

std::uint64_t CandidateList::content_hash(std::size_t i) const {
  const Loaded* found = loaded(i);
  return found == nullptr ? 0 : found->document.content_hash;
}

std::optional<std::size_t> CandidateList::find_document(std::string_view collection_id,
                                                        DocumentRef document) const {
  for (std::size_t i = 0; i < size(); ++i) {
    const std::uint32_t source = columns_->source[i];
    if (source != kMade && columns_->document[i] == document &&
        (*sources_)[source]->collection().id.str() == collection_id) {
      return i;
    }
  }
  return std::nullopt;
}

Result<void> CandidateList::load(const FieldSet& fields, const Checkpoint& check) {
  return load_first(size(), fields, check);
}

Result<void> CandidateList::load_first(std::size_t count, const FieldSet& fields,
                                       const Checkpoint& check) {
  Positions positions(std::min(count, size()));
  for (std::size_t i = 0; i < positions.size(); ++i) positions[i] = i;
  return load(fields, positions, check);
}

Result<void> CandidateList::load(const FieldSet& fields,
                                 std::span<const std::size_t> positions,
                                 const Checkpoint& check) {
  // What is still to be read, by source.
  std::vector<Positions> wanted(sources_->size());
  bool any = false;
  for (const std::size_t i : positions) {
    const std::uint32_t source = columns_->source[i];
    if (source == kMade) continue;
    const Loaded* found = loaded(i);
    if (found != nullptr && found->have->contains(fields)) continue;
    wanted[source].push_back(i);
    any = true;
  }
  if (!any) return {};
  edit().loaded.resize(size());
  for (std::uint32_t source = 0; source < wanted.size(); ++source) {
    if (wanted[source].empty()) continue;
    TRAWL_TRY(load_from(source, wanted[source], fields, check));
  }
  return {};
}

Result<void> CandidateList::load_from(std::uint32_t source,
                                      std::span<const std::size_t> positions,
                                      const FieldSet& fields, const Checkpoint& check) {
  // Together with what was read before, so that nothing is lost that a stage loaded.
  FieldSet all_of_them = fields;
  std::vector<DocumentRef> documents;
  documents.reserve(positions.size());
  Columns& columns = edit();
  for (const std::size_t i : positions) {
    documents.push_back(columns.document[i]);
    if (columns.loaded[i] != nullptr) all_of_them.add(*columns.loaded[i]->have);
  }
  const auto have = std::make_shared<const FieldSet>(std::move(all_of_them));
  return (*sources_)[source]->fetch(
      documents, *have, check, [&](std::size_t place, Document&& document) {
        columns.loaded[positions[place]] =
            std::make_shared<const Loaded>(Loaded{std::move(document), have});
      });
}

PathValues CandidateList::values(std::size_t i, std::string_view path,
                                 json::value& scratch) const {
  if (path == engine_field::kScore) {
    if (const auto given = score(i)) {
      scratch = *given;
      return &scratch;
    }
  }
  const bool is_document_id = path == engine_field::kDocumentId;
  if (is_document_id || path == engine_field::kCollectionId) {
    const std::string& id = is_document_id ? document_id(i) : collection_id(i);
    if (!id.empty()) {
      scratch.emplace_string().assign(id.data(), id.size());
      return &scratch;
    }
  }
  if (is_internal_path(path)) {
    const Loaded* found = loaded(i);
    if (found == nullptr) return {};
    const Document& document = found->document;
    return internal_value({document.document_id,
                           collection_id(i),
                           {},
                           document.created_at,
                           document.updated_at},
                          path, scratch);
  }
  if (const json::object* over = written(i)) {
    // A name that a stage wrote hides what the document has under it, also where the path
    // leads on.
    for (const auto& field : *over) {
      const std::string_view name(field.key().data(), field.key().size());
      if (begins_path(name, path)) return find_values(*over, path);
    }
  }
  const Loaded* found = loaded(i);
  if (found == nullptr) {
    assert(columns_->source[i] == kMade);
    return {};
  }
  assert(found->have->contains(path));
  return find_values(found->document.fields, path);
}

const json::value* CandidateList::find(std::size_t i, std::string_view path,
                                       json::value& scratch) const {
  return values(i, path, scratch).as_one(scratch);
}

bool CandidateList::has_own(std::size_t i, std::string_view name) const {
  const Loaded* found = loaded(i);
  assert(found == nullptr || found->have->contains(name));
  return found != nullptr && found->document.fields.contains(json_key(name));
}

void CandidateList::write(std::size_t i, std::string_view name, json::value value) {
  Columns& columns = edit();
  columns.written.resize(size());
  auto& slot = columns.written[i];
  auto changed = slot == nullptr ? std::make_shared<json::object>()
                                 : std::make_shared<json::object>(*slot);
  count_work(8 * (changed->size() + 1));
  (*changed)[json_key(name)] = std::move(value);
  slot = std::move(changed);
}

const json::object* CandidateList::written(std::size_t i) const {
  return columns_->written.empty() ? nullptr : columns_->written[i].get();
}

json::object CandidateList::to_json(std::size_t i) const {
  json::object out;
  const Loaded* found = loaded(i);
  const json::object* over = written(i);
  out.reserve((found == nullptr ? 0 : found->document.fields.size()) +
              (over == nullptr ? 0 : over->size()) + 3);
  const bool is_document = columns_->source[i] != kMade;
  if (is_document) {
    assert(found != nullptr && found->have->is_all());
    out[json_key(engine_field::kDocumentId)] = found->document.document_id;
    out[json_key(engine_field::kCollectionId)] = collection_id(i);
    for (const auto& field : found->document.fields) out[field.key()] = field.value();
  }
  if (over != nullptr) {
    for (const auto& field : *over) out[field.key()] = field.value();
  }
  // Rows that a stage made have a score only if one was given.
  const auto name = json_key(engine_field::kScore);
  if (const auto given = score(i)) {
    out[name] = *given;
  } else if (is_document && !out.contains(name)) {
    out[name] = 0.0;
  }
  return out;
}

bool CandidateList::has_all(std::size_t i) const {
  if (columns_->source[i] == kMade) return true;
  const Loaded* found = loaded(i);
  return found != nullptr && found->have->is_all();
}

// As to_json() has it, where a name that comes twice keeps its first place and the last
// value; but without a copy of the fields.
void CandidateList::append_held(std::string& out, std::size_t i) const {
  const bool is_document = columns_->source[i] != kMade;
  const json::object* own = is_document ? &loaded(i)->document.fields : nullptr;
  const json::object* over = written(i);
  const auto given = score(i);
  bool has_score = false;
  JsonWriter text(out);
  const auto value_of = [&](std::string_view name) -> const json::value* {
    const json::value* value =
        over == nullptr ? nullptr : over->if_contains(json_key(name));
    if (value == nullptr && own != nullptr) value = own->if_contains(json_key(name));
    return value;
  };
  const auto write = [&](std::string_view name, const json::value& value) {
    const bool is_score = name == engine_field::kScore;
    has_score |= is_score;
    text.key(name);
    is_score&& given ? text.number(*given) : text.value(value);
  };
  const auto is_id = [&](std::string_view name) {
    return is_document &&
           (name == engine_field::kDocumentId || name == engine_field::kCollectionId);
  };
  text.begin_object();
  if (is_document) {
    for (const std::string_view name :
         {engine_field::kDocumentId, engine_field::kCollectionId}) {
      text.key(name);
      if (const json::value* value = value_of(name)) {
        text.value(*value);
      } else {
        text.string(name == engine_field::kDocumentId ? document_id(i) : collection_id(i));
      }
    }
    for (const auto& field : *own) {
      const std::string_view name = key_of(field);
      if (!is_id(name)) write(name, over == nullptr ? field.value() : *value_of(name));
    }
  }
  if (over != nullptr) {
    for (const auto& field : *over) {
      const std::string_view name = key_of(field);
      if (is_id(name) || (own != nullptr && own->contains(field.key()))) continue;
      write(name, field.value());
    }
  }
  if (!has_score && (given || is_document)) {
    text.key(engine_field::kScore).number(given.value_or(0.0));
  }
  text.end_object();
}

namespace {

// What the text of a document has at least: its ids and its score.
constexpr std::size_t kTextBytesMin = 48;

// Whether the text of a stored document may have a member of a name that replies have, too.
// A text that says so within a string or further down counts.
bool may_have_engine_field(std::string_view fields) {
  const auto has = [&](std::string_view part) {
    return ::memmem(fields.data(), fields.size(), part.data(), part.size()) != nullptr;
  };
  return has("score\":") || has("_id\":");
}

}  // namespace

// Of one source, with nothing written over them. Returns how many it appended until the
// text had that size.
Result<std::size_t> CandidateList::append_stored(std::string& out, std::size_t begin,
                                                 std::size_t end, std::size_t size_max,
                                                 const Checkpoint& check) const {
  const std::span<const DocumentRef> documents(columns_->document.data() + begin,
                                               end - begin);
  std::size_t count = 0;
  Result<void> parsed;
  const auto append = [&](std::size_t place, std::string_view document_id,
                          std::string_view fields) -> bool {
    const std::size_t i = begin + place;
    if (place > 0) out.push_back(',');
    if (may_have_engine_field(fields)) {
      auto object = parse_json(fields);
      if (!object) {
        parsed = std::move(object).error();
        return false;
      }
      Document document;
      document.document_id = document_id;
      document.fields = std::move(object->get_object());
      CandidateList one;
      one.sources_ = sources_;
      one.add(columns_->source[i], std::move(document), FieldSet::all(), score(i));
      one.append_held(out, 0);
    } else {
      out += R"({"document_id":)";
      append_json_string(out, document_id);
      out += R"(,"collection_id":)";
      append_json_string(out, collection_id(i));
      fields.remove_prefix(1);
      fields.remove_suffix(1);
      if (!fields.empty()) out += ',';
      out += fields;
      out += R"(,"score":)";
      append_json_number(out, score(i).value_or(0.0));
      out += '}';
    }
    ++count;
    return out.size() < size_max;
  };
  TRAWL_TRY((*sources_)[columns_->source[begin]]->fetch_text(documents, check, append));
  TRAWL_TRY(parsed);
  return count;
}

Result<std::size_t> CandidateList::append_json(std::string& out, std::size_t begin,
                                               std::size_t count, std::size_t bytes_max,
                                               const Checkpoint& check) const {
  begin = std::min(begin, size());
  const std::size_t end = begin + std::min(count, size() - begin);
  const std::size_t size_max = out.size() + std::max<std::size_t>(bytes_max, 1);
  const auto is_stored = [&](std::size_t i) {
    return !has_all(i) && written(i) == nullptr;
  };
  std::size_t i = begin;
  while (i < end && out.size() < size_max) {
    if (i > begin) out.push_back(',');
    if (is_stored(i)) {
      std::size_t next = i + 1;
      // As many as one text may hold at all, so that nothing is looked at again and again.
      const std::size_t last =
          std::min(end, i + (size_max - out.size()) / kTextBytesMin + 1);
      while (next < last && is_stored(next) &&
             columns_->source[next] == columns_->source[i]) {
        ++next;
      }
      TRAWL_ASSIGN(const std::size_t appended,
                   append_stored(out, i, next, size_max, check));
      i += appended;
    } else if (has_all(i)) {
      append_held(out, i++);
    } else {
      CandidateList one = slice(i++, 1);
      TRAWL_TRY(one.load(FieldSet::all(), check));
      one.append_held(out, 0);
    }
  }
  return i - begin;
}

CandidateList CandidateList::picked(std::span<const std::size_t> positions) const {
  count_work(4 * positions.size());
  CandidateList out;
  out.sources_ = sources_;
  Columns& columns = *out.columns_;
  columns.source = gather(columns_->source, positions);
  columns.document = gather(columns_->document, positions);
  columns.score = gather(columns_->score, positions);
  columns.loaded = gather(columns_->loaded, positions);
  columns.written = gather(columns_->written, positions);
  columns.parts = gather(columns_->parts, positions);
  return out;
}

CandidateList CandidateList::slice(std::size_t begin, std::size_t count) const {
  begin = std::min(begin, size());
  const std::size_t end = begin + std::min(count, size() - begin);
  if (begin == 0 && end == size()) return *this;
  CandidateList out;
  out.sources_ = sources_;
  Columns& columns = *out.columns_;
  columns.source = cut(columns_->source, begin, end);
  columns.document = cut(columns_->document, begin, end);
  columns.score = cut(columns_->score, begin, end);
  columns.loaded = cut(columns_->loaded, begin, end);
  columns.written = cut(columns_->written, begin, end);
  columns.parts = cut(columns_->parts, begin, end);
  return out;
}

std::vector<std::string> CandidateList::source_collections() const {
  std::vector<std::string> out;
  for (const auto& snapshot : *sources_) out.push_back(snapshot->collection().id.str());
  return out;
}

CandidateList CandidateList::detached() const {
  CandidateList out;
  out.columns_ = columns_;
  return out;
}

CandidateList CandidateList::attached(Sources sources) const {
  CandidateList out;
  out.columns_ = columns_;
  out.sources_ = std::make_shared<const Sources>(std::move(sources));
  return out;
}

std::size_t CandidateList::memory_bytes() const {
  std::size_t bytes = sizeof(Columns);
  bytes += size() * (sizeof(std::uint32_t) + sizeof(DocumentRef) + sizeof(double));
  for (const auto& each : columns_->loaded) {
    bytes += sizeof(each);
    if (each != nullptr) {
      bytes += sizeof(Loaded) + each->document.document_id.size() +
               estimate_bytes(each->document.fields);
    }
  }
  for (const auto& each : columns_->written) {
    bytes += sizeof(each) + (each == nullptr ? 0 : estimate_bytes(*each));
  }
  for (const auto& each : columns_->parts) {
    bytes += sizeof(each) + (each == nullptr ? 0 : each->size() * sizeof(SearchPart));
  }
  return bytes;
}

}  // namespace trawl
