-- What wrk sends, from the environment:
--   REQUESTS   file with a request a line: method, path and body, separated by tabs
--   AUTHORIZE  value of the Authorization header, if any
--   PAUSE_MS   pause before each request, if any
-- At the end it prints one JSON object on standard output, after wrk's own report.
local requests = {}
for line in io.lines(os.getenv("REQUESTS")) do
  local method, path, body = line:match("^(%S+)\t(%S+)\t(.*)$")
  requests[#requests + 1] = { method = method, path = path, body = body ~= "" and body or nil }
end

wrk.headers["Authorization"] = os.getenv("AUTHORIZE")
wrk.headers["Content-Type"] = "application/json"

if #requests == 1 then
  wrk.method, wrk.path, wrk.body = requests[1].method, requests[1].path, requests[1].body
else
  local texts, next = {}, 0
  function init()
    for i, r in ipairs(requests) do texts[i] = wrk.format(r.method, r.path, nil, r.body) end
    -- Threads begin at different places.
    math.randomseed(tonumber(tostring(texts):match("0x(%x+)"), 16) % 2147483647)
    next = math.random(#texts)
  end
  function request()
    next = next % #texts + 1
    return texts[next]
  end
end

local pause_ms = tonumber(os.getenv("PAUSE_MS") or "")
if pause_ms then
  function delay() return pause_ms end
end

function done(summary, latency)
  local e = summary.errors
  print(string.format(
    '{"requests": %d, "seconds": %.6f, "errors": %d, "p50_us": %d, "p99_us": %d}',
    summary.requests, summary.duration / 1e6,
    e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
