#pragma once

#include <string_view>

namespace trawl::api {

// The schemas that /openapi.json refers to.
inline constexpr std::string_view kOpenapiSchemas = R"json({
  "Object": {"type": "object", "additionalProperties": true},
  "Ndjson": {"type": "string", "description": "One JSON object a line"},
  "EventStream": {"type": "string", "description": "execution_started and execution_ended with a row of the list; skipped and dropped with a count"},
  "Error": {
    "type": "object",
    "required": ["success", "status", "error"],
    "properties": {
      "success": {"const": false},
      "status": {"type": "integer"},
      "error": {
        "type": "object",
        "required": ["message", "type"],
        "properties": {
          "message": {"type": "string"},
          "type": {"type": "string"},
          "details": {"type": "object"}
        }
      },
      "request_id": {"type": "string"},
      "detail": {"type": "array", "items": {"type": "object"}}
    }
  },
  "Deleted": {
    "type": "object",
    "required": ["success", "message"],
    "properties": {"success": {"type": "boolean"}, "message": {"type": "string"}}
  },
  "Health": {
    "type": "object",
    "required": ["status", "data"],
    "properties": {
      "status": {"enum": ["OK", "DEGRADED"]},
      "data": {"type": "object", "additionalProperties": {"type": "boolean"}},
      "errors": {"type": "object"},
      "meta": {"type": "object"}
    }
  },
  "Pagination": {
    "type": "object",
    "properties": {
      "total": {"type": ["integer", "null"]},
      "limit": {"type": "integer"},
      "offset": {"type": "integer"},
      "has_next": {"type": "boolean"},
      "page": {"type": ["integer", "null"]},
      "page_size": {"type": ["integer", "null"]},
      "total_pages": {"type": ["integer", "null"]},
      "next_page": {"type": ["string", "null"]},
      "previous_page": {"type": ["string", "null"]},
      "next_cursor": {"type": ["string", "null"]}
    }
  },
  "Instant": {
    "description": "RFC 3339, a date, epoch seconds or milliseconds, or relative such as -24h",
    "type": ["string", "number", "null"]
  },
  "StageConfig": {
    "type": "object",
    "required": ["stage_name", "config"],
    "properties": {
      "stage_name": {"type": "string", "minLength": 1},
      "stage_type": {"enum": ["filter", "sort", "reduce", "apply", "enrich"]},
      "config": {
        "type": "object",
        "required": ["stage_id"],
        "properties": {
          "stage_id": {"type": "string"},
          "parameters": {"type": "object", "additionalProperties": true}
        }
      },
      "batch_size": {"type": "string"},
      "description": {"type": "string"}
    }
  },
  "ExecuteRequest": {
    "type": "object",
    "required": ["stages"],
    "properties": {
      "collection_identifiers": {"type": "array", "items": {"type": "string"}},
      "input_schema": {"type": "object", "additionalProperties": true},
      "stages": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/StageConfig"}},
      "inputs": {"type": "object", "additionalProperties": true},
      "budget_limits": {
        "type": ["object", "null"],
        "properties": {
          "max_credits": {"type": ["number", "null"], "minimum": 0},
          "max_time_ms": {"type": ["integer", "null"], "minimum": 0}
        }
      },
      "filters": {"type": "object"},
      "limit": {"type": "integer", "minimum": 1, "maximum": 10000},
      "skip_cache": {"type": "boolean"},
      "labels": {
        "type": "object",
        "maxProperties": 16,
        "propertyNames": {"pattern": "^[A-Za-z0-9_.-]{1,64}$"},
        "additionalProperties": {"type": "string", "maxLength": 256}
      },
      "recording": {"enum": ["full", "summary"]}
    }
  },
  "ExecuteResponse": {
    "type": "object",
    "required": ["execution_id", "status", "documents", "results", "pagination", "stage_statistics", "budget"],
    "properties": {
      "execution_id": {"type": "string"},
      "status": {"enum": ["completed", "failed", "cancelled"]},
      "retriever_id": {"type": "string"},
      "documents": {"type": "array", "items": {"type": "object"}},
      "results": {"type": "array", "items": {"type": "object"}},
      "pagination": {"$ref": "#/components/schemas/Pagination"},
      "stage_statistics": {"type": "object"},
      "budget": {"type": "object"},
      "error": {"type": ["string", "null"]},
      "failed_stage": {"type": ["string", "null"]},
      "facets": {"type": "object"},
      "execution_metadata": {"type": "object"},
      "warnings": {"type": "array", "items": {"type": "string"}}
    }
  },
  "AnyOf": {"type": ["array", "null"], "minItems": 1, "maxItems": 1000, "items": {"type": "string"}},
  "ExecutionListRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "status": {"type": ["string", "null"]},
      "statuses": {"$ref": "#/components/schemas/AnyOf"},
      "start_time": {"$ref": "#/components/schemas/Instant"},
      "end_time": {"$ref": "#/components/schemas/Instant"},
      "query": {"type": ["string", "null"], "maxLength": 1000, "description": "Words, \"phrases\" and prefix* of query_summary and inputs"},
      "error": {"type": ["string", "null"], "maxLength": 1000, "description": "The same of the error"},
      "execution_ids": {"$ref": "#/components/schemas/AnyOf"},
      "collection_ids": {"$ref": "#/components/schemas/AnyOf"},
      "min_duration_ms": {"type": ["number", "null"], "minimum": 0},
      "max_duration_ms": {"type": ["number", "null"], "minimum": 0},
      "min_credits": {"type": ["number", "null"], "minimum": 0},
      "max_credits": {"type": ["number", "null"], "minimum": 0},
      "returned": {"enum": ["zero", "nonzero", null]},
      "cache_hit_rate": {
        "description": "Exactly this, or a range",
        "type": ["number", "object", "null"],
        "minimum": 0,
        "maximum": 1,
        "properties": {"min": {"type": "number"}, "max": {"type": "number"}}
      },
      "stage_id": {"type": ["string", "null"]},
      "failed_stage": {"type": ["string", "null"]},
      "inputs_hash": {"type": ["string", "null"]},
      "fingerprint": {"type": ["string", "null"]},
      "shape": {"type": ["string", "null"]},
      "caller": {"type": ["string", "null"]},
      "request_id": {"type": ["string", "null"]},
      "labels": {"type": ["object", "null"], "maxProperties": 16, "additionalProperties": {"type": "string"}},
      "filters": {"type": ["object", "null"], "description": "The filter grammar over every field"},
      "budget_ms": {"type": ["integer", "null"], "minimum": 0, "maximum": 60000, "default": 2000},
      "sort": {
        "description": "A field, greatest first; + before it for least first",
        "type": ["string", "object", "null"],
        "properties": {
          "field": {"enum": ["timestamp", "duration_ms", "credits_used", "total_returned"]},
          "direction": {"enum": ["asc", "desc"]}
        }
      },
      "fields": {"type": ["array", "null"], "items": {"type": "string"}}
    }
  },
  "ExecutionAggregateRequest": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "status": {"type": ["string", "null"]},
      "statuses": {"$ref": "#/components/schemas/AnyOf"},
      "start_time": {"$ref": "#/components/schemas/Instant"},
      "end_time": {"$ref": "#/components/schemas/Instant"},
      "query": {"type": ["string", "null"], "maxLength": 1000, "description": "Words, \"phrases\" and prefix* of query_summary and inputs"},
      "error": {"type": ["string", "null"], "maxLength": 1000, "description": "The same of the error"},
      "execution_ids": {"$ref": "#/components/schemas/AnyOf"},
      "collection_ids": {"$ref": "#/components/schemas/AnyOf"},
      "min_duration_ms": {"type": ["number", "null"], "minimum": 0},
      "max_duration_ms": {"type": ["number", "null"], "minimum": 0},
      "min_credits": {"type": ["number", "null"], "minimum": 0},
      "max_credits": {"type": ["number", "null"], "minimum": 0},
      "returned": {"enum": ["zero", "nonzero", null]},
      "cache_hit_rate": {
        "description": "Exactly this, or a range",
        "type": ["number", "object", "null"],
        "minimum": 0,
        "maximum": 1,
        "properties": {"min": {"type": "number"}, "max": {"type": "number"}}
      },
      "stage_id": {"type": ["string", "null"]},
      "failed_stage": {"type": ["string", "null"]},
      "inputs_hash": {"type": ["string", "null"]},
      "fingerprint": {"type": ["string", "null"]},
      "shape": {"type": ["string", "null"]},
      "caller": {"type": ["string", "null"]},
      "request_id": {"type": ["string", "null"]},
      "labels": {"type": ["object", "null"], "maxProperties": 16, "additionalProperties": {"type": "string"}},
      "filters": {"type": ["object", "null"], "description": "The filter grammar over every field"},
      "budget_ms": {"type": ["integer", "null"], "minimum": 0, "maximum": 60000, "default": 2000},
      "bucket": {"enum": ["auto", "none", "minute", "hour", "day", "week", "month", null]},
      "group_by": {
        "description": "status, collection, stage, caller, shape, label:NAME or {\"label\": NAME}",
        "type": ["string", "object", "null"],
        "properties": {"label": {"type": "string", "minLength": 1}}
      }
    }
  },
  "Figures": {
    "type": "object",
    "description": "Percentiles are within one per cent; null is what no execution tells",
    "required": ["count", "error_count", "error_rate", "completed_count", "zero_result_count",
                 "zero_result_rate", "duration_ms", "credits_used", "cache_hit_rate"],
    "properties": {
      "count": {"type": "integer", "minimum": 0},
      "error_count": {"type": "integer", "minimum": 0},
      "error_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
      "completed_count": {"type": "integer", "minimum": 0},
      "zero_result_count": {"type": "integer", "minimum": 0},
      "zero_result_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
      "duration_ms": {
        "type": "object",
        "required": ["avg", "p50", "p90", "p95", "p99", "max"],
        "additionalProperties": {"type": ["number", "null"], "minimum": 0}
      },
      "credits_used": {
        "type": "object",
        "required": ["total", "avg"],
        "properties": {
          "total": {"type": "number", "minimum": 0},
          "avg": {"type": ["number", "null"], "minimum": 0}
        }
      },
      "cache_hit_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1}
    }
  },
  "FiguresRow": {
    "allOf": [{"$ref": "#/components/schemas/Figures"}],
    "properties": {
      "bucket_start": {"type": "string", "format": "date-time"},
      "bucket_end": {"type": "string", "format": "date-time"},
      "status": {"type": ["string", "null"]},
      "collection_id": {"type": ["string", "null"]},
      "stage_id": {"type": ["string", "null"]},
      "caller": {"type": ["string", "null"]},
      "shape": {"type": ["string", "null"]},
      "label": {"type": ["string", "null"]}
    }
  },
  "ExecutionAggregateResponse": {
    "type": "object",
    "required": ["bucket", "group_by", "filter", "total", "results"],
    "properties": {
      "bucket": {"enum": ["none", "minute", "hour", "day", "week", "month"]},
      "group_by": {"type": ["string", "null"]},
      "filter": {"type": "object"},
      "total": {"$ref": "#/components/schemas/Figures"},
      "results": {"type": "array", "maxItems": 10000, "items": {"$ref": "#/components/schemas/FiguresRow"}},
      "partial": {"const": true}
    }
  },
  "TimeRange": {
    "type": "object",
    "required": ["start", "end"],
    "properties": {
      "start": {"type": "string", "format": "date-time"},
      "end": {"type": "string", "format": "date-time"}
    }
  },
  "RetrieverPerformance": {
    "type": "object",
    "required": ["retriever_id", "time_range", "metrics"],
    "properties": {
      "retriever_id": {"type": "string"},
      "time_range": {"$ref": "#/components/schemas/TimeRange"},
      "metrics": {"type": "array", "items": {"$ref": "#/components/schemas/FiguresRow"}},
      "summary": {"$ref": "#/components/schemas/Figures"},
      "partial": {"const": true}
    }
  },
  "StageBreakdown": {
    "type": "object",
    "required": ["retriever_id", "stages", "total_latency_ms"],
    "properties": {
      "retriever_id": {"type": "string"},
      "stages": {
        "type": "array",
        "items": {
          "type": "object",
          "required": ["stage_name", "stage_type", "execution_count", "avg_latency_ms",
                       "p95_latency_ms", "avg_documents_in", "avg_documents_out"],
          "properties": {
            "stage_name": {"type": "string"},
            "stage_id": {"type": "string"},
            "stage_type": {"type": "string"},
            "execution_count": {"type": "integer"},
            "avg_latency_ms": {"type": "number"},
            "p95_latency_ms": {"type": "number"},
            "avg_documents_in": {"type": "number"},
            "avg_documents_out": {"type": "number"}
          }
        }
      },
      "total_latency_ms": {"type": "number"},
      "time_range": {"$ref": "#/components/schemas/TimeRange"},
      "execution_count": {"type": "integer"},
      "partial": {"const": true, "description": "The window has older executions that were not read"}
    }
  },
  "SlowQuery": {
    "type": "object",
    "required": ["retriever_id", "query", "latency_ms", "results_count", "queried_fields"],
    "properties": {
      "retriever_id": {"type": "string"},
      "execution_id": {"type": "string"},
      "timestamp": {"type": "string", "format": "date-time"},
      "status": {"type": "string"},
      "query": {"type": "string"},
      "latency_ms": {"type": "number"},
      "results_count": {"type": "integer"},
      "queried_fields": {"type": "array", "items": {"type": "string"}}
    }
  },
  "SlowQueryList": {"type": "array", "items": {"$ref": "#/components/schemas/SlowQuery"}},
  "SlowQueries": {
    "type": "object",
    "required": ["namespace_id", "time_range_days", "latency_threshold_ms", "slow_queries", "total_slow_queries"],
    "properties": {
      "namespace_id": {"type": "string"},
      "time_range_days": {"type": "integer"},
      "latency_threshold_ms": {"type": "number"},
      "slow_queries": {"type": "array", "items": {"$ref": "#/components/schemas/SlowQuery"}},
      "total_slow_queries": {"type": "integer"}
    }
  },
  "CachePerformance": {
    "type": "object",
    "required": ["retriever_id", "time_range", "cache_hit_rate", "total_cache_hits", "total_cache_misses",
                 "avg_cache_hit_latency_ms", "avg_cache_miss_latency_ms", "hourly_breakdown"],
    "properties": {
      "retriever_id": {"type": "string"},
      "time_range": {"$ref": "#/components/schemas/TimeRange"},
      "cache_hit_rate": {"type": "number", "minimum": 0, "maximum": 1},
      "total_cache_hits": {"type": "integer"},
      "total_cache_misses": {"type": "integer"},
      "avg_cache_hit_latency_ms": {"type": "number"},
      "avg_cache_miss_latency_ms": {"type": "number"},
      "hourly_breakdown": {"type": "array", "items": {"type": "object"}},
      "partial": {"const": true}
    }
  },
  "ExecutionSummary": {
    "type": "object",
    "required": ["execution_id", "execution_mode", "status", "timestamp", "duration_ms",
                 "credits_used", "total_processed", "total_returned", "cache_hit_rate",
                 "query_summary", "stages_completed", "total_stages", "collection_ids"],
    "properties": {
      "execution_id": {"type": "string"},
      "execution_mode": {"type": "string"},
      "status": {"type": "string"},
      "timestamp": {"type": "string", "format": "date-time"},
      "duration_ms": {"type": "number", "minimum": 0},
      "credits_used": {"type": "number", "minimum": 0},
      "total_processed": {"type": "integer", "minimum": 0},
      "total_returned": {"type": "integer", "minimum": 0},
      "cache_hit_rate": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
      "query_summary": {"type": ["string", "null"]},
      "stages_completed": {"type": "integer", "minimum": 0},
      "total_stages": {"type": "integer", "minimum": 0},
      "collection_ids": {"type": ["array", "null"], "items": {"type": "string"}}
    }
  },
  "ExecutionListResponse": {
    "type": "object",
    "required": ["results", "total", "pagination"],
    "properties": {
      "results": {"type": "array", "items": {"$ref": "#/components/schemas/ExecutionSummary"}},
      "total": {"type": "integer", "minimum": 0},
      "pagination": {"$ref": "#/components/schemas/Pagination"},
      "filter": {"type": "object", "description": "As it was understood, with resolved instants"},
      "total_relation": {"const": "at_least"},
      "partial": {"const": true}
    }
  },
  "ExecutionDetail": {
    "allOf": [{"$ref": "#/components/schemas/ExecutionSummary"}],
    "properties": {
      "inputs": {"type": ["string", "null"], "description": "JSON text"},
      "inputs_hash": {"type": ["string", "null"]},
      "pipeline": {"type": ["object", "null"]},
      "stages": {"type": "array", "items": {"type": "object"}},
      "results": {"type": "array", "items": {"type": "object"}},
      "collection_versions": {"type": "array", "items": {"type": "object"}},
      "error": {"type": ["string", "null"]}
    }
  },
  "StageList": {
    "type": "array",
    "items": {
      "type": "object",
      "required": ["stage_id", "description", "category", "icon"],
      "properties": {
        "stage_id": {"type": "string"},
        "description": {"type": "string"},
        "category": {"enum": ["filter", "sort", "reduce", "apply", "enrich"]},
        "icon": {"type": "string"},
        "parameter_schema": {"type": ["object", "null"]}
      }
    }
  },
  "ListRequest": {
    "type": "object",
    "properties": {
      "filters": {"type": ["object", "null"]},
      "sort": {"type": ["object", "null"]},
      "search": {"type": ["string", "null"]},
      "case_sensitive": {"type": "boolean"}
    }
  },
  "DocumentListRequest": {
    "allOf": [{"$ref": "#/components/schemas/ListRequest"}],
    "properties": {
      "group_by": {"type": ["string", "null"]},
      "select": {"type": ["array", "null"], "items": {"type": "string"}},
      "cursor": {"type": ["string", "null"]}
    }
  },
  "ObjectList": {
    "type": "object",
    "required": ["results", "pagination", "total_count"],
    "properties": {
      "results": {"type": "array", "items": {"type": "object"}},
      "pagination": {"$ref": "#/components/schemas/Pagination"},
      "total_count": {"type": "integer"}
    }
  },
  "NamespaceRequest": {
    "type": "object",
    "properties": {
      "namespace_name": {"type": "string", "minLength": 1, "maxLength": 100},
      "description": {"type": ["string", "null"]},
      "feature_extractors": {"type": "array", "items": {"type": "object"}},
      "payload_indexes": {"type": ["array", "null"], "items": {"type": "object"}},
      "auto_create_indexes": {"type": "boolean"},
      "recording": {"$ref": "#/components/schemas/RecordingPolicy"},
      "retention": {"$ref": "#/components/schemas/RetentionPolicy"}
    }
  },
  "RecordingPolicy": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "mode": {"enum": ["full", "summary"]},
      "redact": {
        "type": "array",
        "maxItems": 64,
        "items": {
          "type": "object",
          "required": ["action"],
          "additionalProperties": false,
          "properties": {
            "field": {"type": "string", "maxLength": 256},
            "pattern": {"type": "string", "maxLength": 1000},
            "action": {"enum": ["drop", "hash", "mask"]}
          },
          "oneOf": [{"required": ["field"]}, {"required": ["pattern"]}]
        }
      }
    }
  },
  "Age": {
    "description": "Seconds, or text such as 90m, 12h, 30d, 8w",
    "type": ["integer", "string"]
  },
  "RetentionPolicy": {
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "max_age": {"$ref": "#/components/schemas/Age"},
      "max_count": {"type": "integer", "minimum": 1},
      "max_bytes": {"type": "integer", "minimum": 1},
      "by_status": {
        "type": "object",
        "additionalProperties": {"$ref": "#/components/schemas/Age"}
      }
    }
  },
  "PruneReport": {
    "type": ["object", "null"],
    "properties": {
      "total": {"type": "integer"},
      "by_rule": {
        "type": "object",
        "properties": {
          "age": {"type": "integer"},
          "count": {"type": "integer"},
          "bytes": {"type": "integer"}
        }
      },
      "bytes": {"type": "integer"},
      "oldest": {"type": ["string", "null"]},
      "newest": {"type": ["string", "null"]},
      "started_at": {"type": "string"},
      "duration_ms": {"type": "number"},
      "complete": {"type": "boolean"},
      "error": {"type": ["string", "null"]}
    }
  },
  "Retention": {
    "type": "object",
    "required": ["namespace_id", "namespace_name", "retention"],
    "properties": {
      "namespace_id": {"type": "string"},
      "namespace_name": {"type": "string"},
      "retention": {"$ref": "#/components/schemas/RetentionPolicy"},
      "last_run": {"$ref": "#/components/schemas/PruneReport"},
      "would_delete": {"$ref": "#/components/schemas/PruneReport"},
      "run": {"$ref": "#/components/schemas/PruneReport"}
    }
  },
  "ExecutionsDeleted": {
    "type": "object",
    "required": ["success", "dry_run", "deleted_count"],
    "properties": {
      "success": {"type": "boolean"},
      "dry_run": {"type": "boolean"},
      "deleted_count": {"type": "integer"},
      "matching_count": {"type": "integer"},
      "exact": {"type": "boolean"},
      "complete": {"type": "boolean"},
      "message": {"type": "string"}
    }
  },
  "Namespace": {
    "type": "object",
    "required": ["namespace_id", "namespace_name"],
    "properties": {"namespace_id": {"type": "string"}, "namespace_name": {"type": "string"}}
  },
  "CollectionRequest": {
    "type": "object",
    "required": ["collection_name"],
    "properties": {
      "collection_name": {"type": "string", "minLength": 3, "maxLength": 100},
      "description": {"type": ["string", "null"]},
      "features": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "type": {"enum": ["bm25"]},
            "feature_uri": {"type": "string"},
            "fields": {"type": "array", "items": {"type": ["string", "object"]}},
            "language": {"type": ["string", "null"]}
          }
        }
      },
      "feature_extractor": {"type": "object"},
      "source": {"type": "object"},
      "metadata": {"type": ["object", "null"]}
    }
  },
  "Collection": {
    "type": "object",
    "required": ["collection_id", "collection_name", "features", "document_count", "version"],
    "properties": {
      "collection_id": {"type": "string"},
      "collection_name": {"type": "string"},
      "features": {"type": "array", "items": {"type": "object"}},
      "document_count": {"type": "integer"},
      "version": {"type": "integer"}
    }
  },
  "Document": {
    "type": "object",
    "required": ["document_id", "collection_id"],
    "additionalProperties": true,
    "properties": {"document_id": {"type": "string"}, "collection_id": {"type": "string"}}
  },
  "ImportResponse": {
    "type": "object",
    "required": ["imported_count", "failed_count", "errors", "message"],
    "properties": {
      "imported_count": {"type": "integer"},
      "skipped_count": {"type": "integer"},
      "failed_count": {"type": "integer"},
      "errors": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {"line": {"type": "integer"}, "message": {"type": "string"}}
        }
      },
      "message": {"type": "string"}
    }
  },
  "KeyRequest": {
    "type": "object",
    "required": ["name"],
    "properties": {
      "name": {"type": "string", "minLength": 1, "maxLength": 100},
      "description": {"type": "string", "maxLength": 500},
      "permissions": {"type": "array", "items": {"enum": ["read", "write", "delete", "admin"]}},
      "namespace_id": {"type": ["string", "null"]},
      "expires_at": {"type": ["string", "null"], "format": "date-time"}
    }
  }
})json";

}  // namespace trawl::api
