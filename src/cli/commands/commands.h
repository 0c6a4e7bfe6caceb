#pragma once

namespace CLI {
class App;
}

namespace trawl::cli {

class Context;

// Each adds its command to the program; what it parses ends up in Context::action.
void add_serve(CLI::App& program, Context& context);
void add_namespaces(CLI::App& program, Context& context);
void add_collections(CLI::App& program, Context& context);
void add_documents(CLI::App& program, Context& context);
void add_import(CLI::App& program, Context& context);
void add_execute(CLI::App& program, Context& context);
void add_executions(CLI::App& program, Context& context);
void add_fork(CLI::App& program, Context& context);
void add_why(CLI::App& program, Context& context);
void add_explain(CLI::App& program, Context& context);
void add_replay(CLI::App& program, Context& context);
void add_jobs(CLI::App& program, Context& context);
void add_diff(CLI::App& program, Context& context);
void add_models(CLI::App& program, Context& context);
void add_keys(CLI::App& program, Context& context);
void add_whoami(CLI::App& program, Context& context);
void add_backup(CLI::App& program, Context& context);
void add_doctor(CLI::App& program, Context& context);
void add_vacuum(CLI::App& program, Context& context);

// The subcommands of `trawl executions`.
void add_executions_list(CLI::App& executions, Context& context);
void add_executions_stats(CLI::App& executions, Context& context);
void add_executions_show(CLI::App& executions, Context& context);
void add_executions_import(CLI::App& executions, Context& context);
void add_executions_delete(CLI::App& executions, Context& context);
void add_executions_export(CLI::App& executions, Context& context);
void add_executions_tail(CLI::App& executions, Context& context);

}  // namespace trawl::cli
