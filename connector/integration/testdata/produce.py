"""Writes events as Avro with Confluent's client and serializer, which register the schema themselves.

    produce.py BROKERS REGISTRY TOPIC SCHEMA.avsc < events.jsonl

Each line is an event in JSON. With a schema of ../../../schemas/avro it is made to fit that schema; with another one it is taken as it is, where a
member {"$decimal": "1.50"}, {"$date": "2026-01-31"}, {"$timestamp": "2026-01-31T08:00:00.123456Z"} or {"$bytes": "AAE="} is
that value.
"""

import base64
import datetime
import decimal
import json
import math
import re
import sys

from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext


def timestamp(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def is_time(text):
    return isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)


def fit(schema, value, names):
    """Gives value as the schema wants it, or raises ValueError. Members of an object that do not fit go to its field "additional"."""
    if isinstance(schema, str) and schema in names:
        schema = names[schema]
    if isinstance(schema, list):
        for branch in schema:
            try:
                return fit(branch, value, names)
            except ValueError:
                pass
        raise ValueError(value)
    if isinstance(schema, dict) and schema["type"] == "record":
        if schema.get("logicalType") == "json":
            return {schema["fields"][0]["name"]: fit(schema["fields"][0]["type"], value, names)}
        if not isinstance(value, dict):
            raise ValueError(value)
        return fit_record(schema, value, names)
    if isinstance(schema, dict) and schema["type"] == "map" and isinstance(value, dict):
        return {k: fit(schema["values"], v, names) for k, v in value.items()}
    if isinstance(schema, dict) and schema["type"] == "array" and isinstance(value, list):
        return [fit(schema["items"], v, names) for v in value]
    if isinstance(schema, dict) and schema.get("logicalType") == "timestamp-millis":
        if is_time(value):
            return timestamp(value)
        raise ValueError(value)
    if isinstance(schema, dict) and schema["type"] == "enum":
        if value in schema["symbols"]:
            return value
        raise ValueError(value)
    if isinstance(value, float) and not math.isfinite(value):
        value = None  # what JSON.stringify makes of a number too large
    kinds = {"null": type(None), "boolean": bool, "string": str, "double": (int, float), "long": int}
    if isinstance(schema, str) and isinstance(value, kinds[schema]) and (schema == "boolean" or not isinstance(value, bool)):
        if schema != "long" or abs(value) < 2**53:  # larger ones are doubles, as in JavaScript
            return float(value) if schema == "double" else value
    raise ValueError(value)


def fit_record(schema, value, names):
    fields = {f["name"]: f for f in schema["fields"]}
    out, left = {}, {}
    for k, v in value.items():
        try:
            if v is None or k not in fields or k == "additional":
                raise ValueError(k)
            out[k] = fit(fields[k]["type"], v, names)
        except ValueError:
            if k in fields and not isinstance(fields[k]["type"], list):
                raise  # the kind of call, or what the call requires
            left[k] = v
    if "additional" in fields:
        out["additional"] = fit(fields["additional"]["type"], left, names)
    elif left:
        raise ValueError(left)
    for name, f in fields.items():
        if name not in out and "default" not in f:
            raise ValueError(name)
    return out


def named(schema, found):
    """Collects the named types of a schema."""
    if isinstance(schema, list):
        for s in schema:
            named(s, found)
    elif isinstance(schema, dict):
        if schema["type"] in ("record", "enum"):
            found[schema["name"]] = schema
        for f in schema.get("fields", []):
            named(f["type"], found)
        for key in ("items", "values"):
            named(schema.get(key), found)
    return found


TAGS = {
    "$decimal": decimal.Decimal,
    "$date": datetime.date.fromisoformat,
    "$timestamp": timestamp,
    "$bytes": base64.b64decode,
}


def untag(value):
    if isinstance(value, list):
        return [untag(v) for v in value]
    if isinstance(value, dict):
        for tag, convert in TAGS.items():
            if tag in value:
                return convert(value[tag])
        return {k: untag(v) for k, v in value.items()}
    return value


def main(brokers, registry, topic, path):
    with open(path, encoding="utf-8") as f:
        schema = f.read()
    convert = untag
    if '"segment.events"' in schema:
        parsed = json.loads(schema)
        names = named(parsed, {})
        convert = lambda event: fit(parsed, event, names)
    serializer = AvroSerializer(SchemaRegistryClient({"url": registry}), schema, lambda event, _: convert(event))
    producer = Producer({"bootstrap.servers": brokers, "acks": "all"})
    failed = []
    where = SerializationContext(topic, MessageField.VALUE)
    for line in sys.stdin:
        producer.produce(topic, serializer(json.loads(line), where), on_delivery=lambda err, _: failed.append(err) if err else None)
        producer.poll(0)
    if producer.flush(30) or failed:
        sys.exit(f"not everything was delivered: {failed}")


main(*sys.argv[1:])
