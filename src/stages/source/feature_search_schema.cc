#include "stages/source/feature_search_parameters.h"

namespace trawl {

const std::string_view kFeatureSearchSchema = R"json({
  "type": "object",
  "properties": {
    "searches": {
      "type": ["array", "null"], "default": null, "maxItems": 10,
      "description": "Searches whose results are fused. Without any, the documents that pass the filters come in the order of their arrival, with score 0. A single search may also be written next to the other parameters: query (or input), feature_uri, top_k, min_score, weight, on_empty. Also read as feature_uris: [{uri, input}].",
      "items": {
        "type": "object",
        "required": ["query"],
        "properties": {
          "feature_uri": {"type": "string", "minLength": 1, "description": "The feature to search, scheme://extractor@version/output; it alone is searched. Left out, a text is looked for by the words of a collection and, where it has vectors of a model, by its meaning; a vector, in the dense feature that it fits."},
          "query": {
            "type": ["string", "object", "array"],
            "description": "A text; {input_mode: text, value, embedding_task}; {input_mode: vector, value}, of one or several vectors; or {input_mode: document, document_ref}, whose vectors are looked for. A bare array is a vector.",
            "properties": {
              "input_mode": {"type": "string", "enum": ["text", "vector", "document"], "default": "text"},
              "value": {"type": ["string", "array"], "description": "The text, or the numbers of a vector, or several such lists (late interaction: the sum of the best similarity of each). Also read as text, and as vector."},
              "embedding_task": {"type": "string", "description": "none: the text is embedded as it is written, without what the model puts before queries."},
              "document_ref": {"type": "object", "properties": {"collection_id": {"type": ["string", "null"]}, "document_id": {"type": ["string", "null"]}}}
            }
          },
          "lexical": {"type": ["boolean", "null"], "default": null, "description": "true: by words alone, whatever feature_uri names. false: by meaning alone; where the collections have no vectors of a model, by words, with a warning."},
          "optional": {"type": "boolean", "default": false, "description": "Leaves the search out, with a warning, where its feature has no vectors yet."},
          "top_k": {"type": "integer", "default": 100, "minimum": 1, "maximum": 5000, "description": "Candidates of this search, over all its collections; at least 200 where it looks by words and by meaning."},
          "min_score": {"type": ["number", "null"], "default": null, "minimum": 0, "maximum": 1, "description": "Drops candidates whose score is below this part of the best score of the search. BM25 scores have no upper bound, so for words the bound is relative: 0.5 keeps what is at least half as good as the best. For vectors it is the similarity."},
          "weight": {"type": "number", "default": 1, "minimum": 0, "maximum": 1, "description": "What the search counts in the fusion, but for max; 0 leaves it out."},
          "on_empty": {"type": "string", "enum": ["error", "skip", "random"], "default": "error", "description": "When the query resolves to nothing: fail, leave this search out, or take random documents."},
          "filters": {"type": ["object", "null"], "default": null, "description": "A filter for this search alone; ignores letter case unless it says otherwise. pre_filters is another name."},
          "collection_identifiers": {"type": ["array", "null"], "items": {"type": "string"}, "default": null, "description": "Collections of this search, instead of those of the stage or the request. Also read as collection_ids."},
          "query_preprocessing": {"type": ["object", "null"], "default": null, "description": "Splits large files into several queries; checked, but has no effect on text."}
        }
      }
    },
    "final_top_k": {"type": "integer", "default": 25, "minimum": 1, "maximum": 5000, "description": "Documents returned; lowered to the smallest top_k of the searches. Also read as limit."},
    "fusion": {"type": "string", "enum": ["convex", "rrf", "dbsf", "weighted", "max", "learned"], "default": "convex", "description": "How several searches are merged. convex: sum of weight * score, scores scaled to 0..1 within the first 200 of each list and weights to the sum 1. rrf: sum of weight / (60 + rank). dbsf: sum of weight * z-score. weighted: sum of weight * score. max: best score. learned: as rrf, with a warning, as no interactions are recorded."},
    "dense_weight": {"type": "number", "default": 0.5, "minimum": 0, "maximum": 1, "description": "What meaning counts where one search looks by words and by meaning; words count the rest. 0 or 1 leaves the other out."},
    "filters": {"type": ["object", "null"], "default": null, "description": "A filter for all searches, ANDed with their own. Ignores letter case unless it says otherwise. pre_filters is another, here or in the config next to the parameters; all apply."},
    "collection_identifiers": {"type": ["array", "null"], "items": {"type": "string"}, "default": null, "description": "Collections of this stage, instead of those of the request. Also read as collection_ids."},
    "facets": {
      "type": ["array", "null"], "default": null,
      "description": "Value counts over all documents that the filters let through, whether or not they match a query. Found in the stage's metadata under facets.",
      "items": {
        "type": ["object", "string"],
        "required": ["key"],
        "properties": {
          "key": {"type": "string", "description": "Dotted path."},
          "limit": {"type": "integer", "default": 10, "minimum": 1, "maximum": 1000, "description": "Values returned, most frequent first."},
          "exact": {"type": "boolean", "default": false, "description": "Accepted; counts are always exact."}
        }
      }
    },
    "group_by": {
      "type": ["object", "null"], "default": null,
      "description": "Groups the candidates by the value of a field, the group with the best document first.",
      "required": ["field"],
      "properties": {
        "field": {"type": "string", "description": "Dotted path; documents without it make the group null."},
        "max_per_group": {"type": "integer", "default": 1, "minimum": 1, "maximum": 100, "description": "Documents kept of each group. Also read as group_size."},
        "limit": {"type": "integer", "default": 25, "minimum": 1, "maximum": 500, "description": "Groups returned, instead of final_top_k."},
        "output_mode": {"type": "string", "enum": ["first", "all", "flatten"], "default": "all", "description": "first: one document per group. all: one row per group, {group_key, count, documents}. flatten: the documents, group by group."}
      }
    },
    "seed": {"type": ["integer", "null"], "default": null, "description": "For on_empty random: the same seed takes the same documents of the same collections. null: one is drawn, and the stage's metadata names it."},
    "cache_behavior": {"type": "string", "enum": ["auto", "disabled", "aggressive"], "default": "auto", "description": "disabled: the result of this stage is not remembered."},
    "cache_ttl_seconds": {"type": ["integer", "null"], "default": null, "minimum": 0, "description": "Accepted; remembered results are never stale, so they need no lifetime."},
    "learning_config": {"type": ["object", "null"], "default": null, "description": "Required for fusion learned; checked, but has no effect."},
    "query_preprocessing": {"type": ["object", "null"], "default": null, "description": "Default for the searches; checked, but has no effect on text."}
  }
})json";

}  // namespace trawl
