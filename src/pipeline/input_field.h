#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "query/filter_value.h"

// The compiled form of an input schema, shared by the files that read and apply it.
namespace trawl {

enum class InputType {
  text,    // string, text
  number,  // number, float
  integer,
  boolean,
  object,
  array,
  time,       // date, datetime
  file,       // image, audio, video, pdf, excel
  reference,  // document_reference
};

struct InputField;

// Fields by name, with the names that JSON Schema lists as required beside them.
struct InputFields {
  std::vector<InputField> fields;
  std::vector<std::string_view> required;
};

// What a schema says about one value. Refers to the schema, which must outlive it.
struct InputField {
  std::string_view name;
  std::string location;  // input_schema.NAME, for messages
  std::string_view type_word;
  InputType type = InputType::text;
  bool required = false;
  const json::value* fallback = nullptr;  // the default; null when there is none
  std::size_t fallback_size = 0;          // bytes of it as JSON
  const json::array* choices = nullptr;   // the enum
  std::shared_ptr<const ValueSet> choice_set;
  std::unique_ptr<const InputField> items;  // of an array
  InputFields properties;                   // of an object
};

// Reads a whole schema. Defaults are not compared with their types yet.
//   invalid  malformed, with the location of what is wrong
Result<InputFields> read_input_fields(const json::value& schema);

}  // namespace trawl
