"""What schemathesis has to know of Trawl beyond its description. fuzz.py sets the variables."""

import os

import requests
import schemathesis

import description
import world

URL = os.environ["TRAWL_FUZZ_URL"]
KEY = os.environ["TRAWL_FUZZ_KEY"]

# How long a tail may last: it ends by itself, and a test waits for its end.
TAIL_MS_MAX = 50

# Operations after which something of the world may be missing, or carry another name.
DISTURBING = {
    "deleteExecution", "deleteExecutions", "changeNamespace", "setNamespace", "deleteNamespace",
    "runRetention", "changeCollection", "deleteCollection", "deleteDocument", "deleteDocuments",
    "changeKey", "revokeKey", "deleteReplayJob",
}

session = requests.Session()
session.headers["Authorization"] = f"Bearer {KEY}"
is_disturbed = True


def call(method, path, body):
    sent = {"data": body.encode()} if isinstance(body, str) else {"json": body}
    return session.request(method, URL + path, timeout=60, **sent).status_code


@schemathesis.hook
def before_load_schema(context, raw_schema):
    closed = description.close_replies(raw_schema)
    raw_schema.clear()
    raw_schema.update(closed)


def within_64_bits(value):
    """The same with every whole number as large as the server's JSON can hold."""
    if isinstance(value, dict):
        return {key: within_64_bits(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [within_64_bits(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-2**63, min(value, 2**64 - 1))
    return value


def with_names_once(body):
    """The same with each name of vectors once, which no schema can ask for."""
    configs = body.get("vector_configs") if isinstance(body, dict) else None
    if not isinstance(configs, list):
        return body
    names, kept = set(), []
    for config in configs:
        name = config.get("name") if isinstance(config, dict) else None
        if isinstance(name, str) and name in names:
            continue
        names.add(name if isinstance(name, str) else None)
        kept.append(config)
    return body if len(kept) == len(configs) else {**body, "vector_configs": kept}


@schemathesis.hook
def map_body(context, body):
    return within_64_bits(body)


def is_empty(value):
    """Whether the value of a parameter is sent as an empty text, or the first of several:
    lists and the keys of objects become one parameter each."""
    if isinstance(value, (list, dict)):
        return not value or is_empty(next(iter(value)))
    return value in ("", None)


@schemathesis.hook
def filter_query(context, query):
    """Many parameters that are empty count as not sent, so an empty one is no wrong one."""
    return not any(is_empty(value) for value in (query or {}).values())


@schemathesis.hook
def before_call(context, case, kwargs):
    global is_disturbed
    if is_disturbed:
        is_disturbed = False
        world.build(call)
    once = with_names_once(case.body)
    if once is not case.body:
        case.body = once
    operation = case.operation.definition.raw.get("operationId")
    if operation == "upsertDocuments":
        # Which vectors a namespace takes, no schema can say: one that takes none.
        case.path_parameters = {**(case.path_parameters or {}), "namespace": "archive"}
    if operation == "deleteNamespace" and (case.path_parameters or {}).get("namespace") == "portraits":
        # One that holds something is deleted by force alone.
        case.query = {**(case.query or {}), "force": "true"}
    if operation == "changeCollection" and isinstance(case.body, dict) and case.body.get(
            "paused_features"):
        # Nor which features a collection has.
        case.body = {**case.body, "paused_features": []}
    if case.headers and "X-Namespace" in case.headers and "namespace" in (case.query or {}):
        # Both may be sent, if they mean one namespace; no schema can say that.
        case.query = {name: value for name, value in case.query.items() if name != "namespace"}
    if case.operation.path.endswith("/tail"):
        asked = (case.query or {}).get("end_after_ms", TAIL_MS_MAX)
        try:
            allowed = 0 <= int(str(asked)) <= TAIL_MS_MAX
        except ValueError:
            allowed = True  # To be refused.
        if "end_after_ms" not in (case.query or {}) or (
                not allowed and 0 <= int(str(asked)) <= 86_400_000):
            case.query = {**(case.query or {}), "end_after_ms": TAIL_MS_MAX}


@schemathesis.hook
def after_call(context, case, response):
    global is_disturbed
    operation = case.operation.definition.raw.get("operationId")
    if operation in DISTURBING and response.status_code == 200:
        is_disturbed = True


@schemathesis.serializer("application/x-ndjson")
def ndjson(context, value):
    if isinstance(value, bytes):
        return value
    return str(value).encode("utf-8", "surrogatepass")


@schemathesis.deserializer("application/x-ndjson", "text/csv")
def text(context, response):
    return response.content.decode("utf-8")
