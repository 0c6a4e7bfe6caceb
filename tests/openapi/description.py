"""Reading /openapi.json: its operations, their examples, and replies held to the letter."""

import copy
import urllib.parse

METHODS = ("get", "put", "post", "delete", "patch")


def resolve(document, value):
    while isinstance(value, dict) and "$ref" in value:
        found = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = {**found, **{key: own for key, own in value.items() if key != "$ref"}}
    return value


class Operation:
    """One method of one path. `examples` are pairs of a name and a body (None: no body)."""

    def __init__(self, document, path, method):
        item = document["paths"][path]
        self.document = document
        self.path = path
        self.method = method.upper()
        self.described = item[method]
        self.parameters = [resolve(document, one) for one in
                           item.get("parameters", []) + self.described.get("parameters", [])]
        self.needs_key = self.described.get("security") != []
        self.media_type = None
        self.body_schema = None
        self.examples = [("", None)]
        if "requestBody" in self.described:
            (self.media_type, media), = self.described["requestBody"]["content"].items()
            self.body_schema = media["schema"]
            self.examples = [(name, one["value"])
                             for name, one in media.get("examples", {}).items()]
            if "example" in media:
                self.examples.append(("", media["example"]))

    def __repr__(self):
        return f"{self.method} {self.path}"

    def example_path(self):
        """The path with the examples of its parameters."""
        path = self.path
        for one in self.parameters:
            if one["in"] == "path":
                value = urllib.parse.quote(str(one["example"]), safe="")
                path = path.replace("{%s}" % one["name"], value)
        return path

    def response(self, status):
        found = self.described["responses"].get(str(status))
        return None if found is None else resolve(self.document, found)


def operations(document):
    return [Operation(document, path, method)
            for path, item in document["paths"].items() for method in METHODS if method in item]


def close(schema):
    """The same schema without room for members that it does not name. Clients shall bear
    members that they do not know; the server shall not send any that are not described."""
    if isinstance(schema, list):
        return [close(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: close(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        out["additionalProperties"] = False
    if isinstance(schema.get("$ref"), str):
        out["$ref"] = schema["$ref"].replace("/schemas/", "/schemas/Closed-")
    return out


def close_replies(document):
    """Replaces the schemas of all replies by closed copies; those of requests stay open."""
    out = copy.deepcopy(document)
    schemas = out["components"]["schemas"]
    for name, schema in document["components"]["schemas"].items():
        schemas["Closed-" + name] = close(schema)

    def close_content(response):
        for media in response.get("content", {}).values():
            media["schema"] = close(media["schema"])

    for response in out["components"]["responses"].values():
        close_content(response)
    for item in out["paths"].values():
        for method in METHODS:
            for response in item.get(method, {}).get("responses", {}).values():
                close_content(response)
    return out
