// The readable list of everything that the server answers to.
#include "api/analytics/analytics.h"
#include "api/collections/collections.h"
#include "api/console/console.h"
#include "api/describe/docs.h"
#include "api/documents/documents.h"
#include "api/executions/aggregate.h"
#include "api/executions/candidates.h"
#include "api/executions/executions.h"
#include "api/executions/executions_delete.h"
#include "api/executions/export.h"
#include "api/executions/export_ticket.h"
#include "api/executions/imports.h"
#include "api/executions/tail.h"
#include "api/insight/diff.h"
#include "api/insight/explain.h"
#include "api/insight/fork.h"
#include "api/insight/replay.h"
#include "api/insight/replay_job_routes.h"
#include "api/insight/why.h"
#include "api/keys/keys.h"
#include "api/keys/whoami.h"
#include "api/mixpeek/not_offered.h"
#include "api/namespaces/namespaces.h"
#include "api/namespaces/recording_preview.h"
#include "api/namespaces/retention.h"
#include "api/namespaces/standalone.h"
#include "api/operate/operations.h"
#include "api/operate/vacuum.h"
#include "api/retrievers/execute.h"
#include "api/services.h"

namespace trawl::api {

void add_routes(http::Router& router, const Services& services) {
  add_execute_routes(router, services);
  add_execution_routes(router, services);
  add_candidate_routes(router, services);
  add_execution_delete_routes(router, services);
  add_export_routes(router, services);
  add_export_ticket_routes(router, services);
  add_tail_routes(router, services);
  add_aggregate_routes(router, services);
  add_replay_routes(router, services);
  add_fork_routes(router, services);
  add_replay_job_routes(router, services);
  add_diff_routes(router, services);
  add_why_routes(router, services);
  add_explain_routes(router, services);
  add_analytics_routes(router, services);
  add_import_routes(router, services);
  add_namespace_routes(router, services);
  add_standalone_routes(router, services);
  add_retention_routes(router, services);
  add_recording_preview_routes(router, services);
  add_collection_routes(router, services);
  add_document_routes(router, services);
  add_key_routes(router, services);
  add_whoami_routes(router, services);
  add_operation_routes(router, services);
  add_vacuum_routes(router, services);
  add_not_offered_routes(router, services);
  add_console_routes(router, console_pack());
  add_docs_routes(router);  // The last one: it describes the others.
  services.reserved_names.learn(router);
}

}  // namespace trawl::api
