// What the console is compared with: the same reply, drawn by hand into a table, without any
// framework, by a page that loads its chart before anything else, as most do.
async function draw() {
  const reply = await fetch('/v1/retrievers/executions/list?limit=100', {
    method: 'POST',
    headers: { Authorization: `Bearer ${sessionStorage.getItem('trawl.key')}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ start_time: '-24h' }),
  });
  const { results } = await reply.json();
  const body = document.querySelector('tbody');
  for (const row of results) {
    const line = document.createElement('tr');
    for (const value of [new Date(row.timestamp).toLocaleTimeString(), row.status, `${row.duration_ms} ms`,
      row.total_returned, row.query_summary, `${row.stages_completed}/${row.total_stages}`]) {
      line.insertCell().textContent = value;
    }
    body.append(line);
  }
}
draw();
