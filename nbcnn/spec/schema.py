"""The JSON Schema of spec files, for editors."""

from typing import Any

from nbcnn.layers.catalogue import ACTIVATIONS, LAYER_TYPES
from nbcnn.spec.model import Spec


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a spec; a TOML file names it in a first line `#:schema nbcnn.schema.json`."""
    document = Spec.model_json_schema()
    for layer_type in LAYER_TYPES.values():
        # The declarations take any string here, because a layer cannot know the activations that come after it.
        choices = document["$defs"][layer_type.__name__]["properties"]["activation"]["anyOf"]
        choices[0]["enum"] = list(ACTIVATIONS)
    document["properties"]["$schema"] = {"type": "string"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document, "title": "nbcnn spec"}
