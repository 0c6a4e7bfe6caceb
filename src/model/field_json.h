#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/object_reader.h"
#include "model/execution.h"
#include "model/noting_writer.h"
#include "model/recorded_fields.h"

// How the values of recorded fields stand in JSON: what is written, reads back the same.
namespace trawl {

// Writes one value. Numbers outside of what their kind allows are brought to the nearest
// end; NaN becomes zero, or null where the kind allows it.
void write_value(JsonWriter& out, const RecordedField& field, const std::string& text);
void write_value(JsonWriter& out, const RecordedField& field,
                 const std::optional<std::string>& text);
void write_value(JsonWriter& out, const RecordedField& field, const ExecutionId& id);
void write_value(JsonWriter& out, const RecordedField& field, const NamespaceId& id);
void write_value(JsonWriter& out, const RecordedField& field, std::int64_t number);
void write_value(JsonWriter& out, const RecordedField& field, double number);
void write_value(JsonWriter& out, const RecordedField& field, std::optional<double> number);
void write_value(JsonWriter& out, const RecordedField& field, bool flag);
void write_value(JsonWriter& out, const RecordedField& field,
                 const std::vector<std::string>& words);
void write_value(JsonWriter& out, const RecordedField& field,
                 const std::optional<std::vector<std::string>>& words);
void write_value(JsonWriter& out, const RecordedField& field, const Labels& labels);
// These note the values in them that other executions are likely to have as well.
void write_value(NotingWriter& out, const RecordedField& field,
                 const std::vector<StageRecord>& stages);
void write_value(NotingWriter& out, const RecordedField& field,
                 const std::vector<ScoredId>& ids);
void write_value(JsonWriter& out, const RecordedField& field,
                 const std::vector<CollectionVersion>& versions);

// Reads the member of the field's name into `value`, which stays as it is where there is
// none; what it may not be is an error of the reader.
void read_value(ObjectReader& in, const RecordedField& field, std::string& text);
void read_value(ObjectReader& in, const RecordedField& field,
                std::optional<std::string>& text);
void read_value(ObjectReader& in, const RecordedField& field, ExecutionId& id);
void read_value(ObjectReader& in, const RecordedField& field, NamespaceId& id);
void read_value(ObjectReader& in, const RecordedField& field, std::int64_t& number);
void read_value(ObjectReader& in, const RecordedField& field, double& number);
void read_value(ObjectReader& in, const RecordedField& field,
                std::optional<double>& number);
void read_value(ObjectReader& in, const RecordedField& field, bool& flag);
void read_value(ObjectReader& in, const RecordedField& field,
                std::optional<std::vector<std::string>>& words);
void read_value(ObjectReader& in, const RecordedField& field, Labels& labels);
void read_value(ObjectReader& in, const RecordedField& field,
                std::vector<StageRecord>& stages);
void read_value(ObjectReader& in, const RecordedField& field, std::vector<ScoredId>& ids);
void read_value(ObjectReader& in, const RecordedField& field,
                std::vector<CollectionVersion>& versions);

}  // namespace trawl
