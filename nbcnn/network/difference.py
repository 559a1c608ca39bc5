"""What tells two networks apart: layers, their settings and results, what else their specs say, and the totals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nbcnn.network.network import Network
from nbcnn.network.node import Node

Change = tuple[Any, Any]
"""A value before and after."""
Kind = Literal["added", "removed", "changed", "affected"]

_NAMED_ELSEWHERE = {"name", "type", "from_", "activation"}
_TOTALS = (
    "weight_layers",
    "params",
    "trainable_params",
    "buffers",
    "macs",
    "flops",
    "weights_bytes",
    "training_bytes",
    "inference_bytes",
)


@dataclass(frozen=True)
class LayerDifference:
    """A layer of the one network and its partner in the other, None where there is none.

    `fields` are the settings that differ, "name", "type" and "from" among them; `results` what comes of them here or
    of changes before: shapes, parameters, MACs, receptive field. A layer with results alone is `affected`.
    """

    before: Node | None
    after: Node | None
    fields: dict[str, Change]
    results: dict[str, Change]

    @property
    def kind(self) -> Kind:
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "changed" if self.fields else "affected"

    @property
    def node(self) -> Node:
        """The layer after, or the one that was removed."""
        node = self.after or self.before
        assert node is not None
        return node

    def as_dict(self) -> dict[str, Any]:
        """JSON-able: changes are pairs."""
        return {
            "kind": self.kind,
            "before": self.before.name if self.before else None,
            "after": self.after.name if self.after else None,
            "type": self.node.type,
            "output_shape": list(self.node.output_shape),
            "params": self.node.params,
            "fields": _pairs(self.fields),
            "results": _pairs(self.results),
        }


@dataclass(frozen=True)
class NetworkDifference:
    """`layers` are those that differ, in order; `settings` what differs in the specs outside of layers, by dotted key;
    `totals` has sizes and costs of both, equal or not."""

    layers: tuple[LayerDifference, ...]
    settings: dict[str, Change]
    totals: dict[str, Change]

    @property
    def is_same(self) -> bool:
        return not self.layers and not self.settings

    def as_dict(self) -> dict[str, Any]:
        return {
            "layers": [each.as_dict() for each in self.layers],
            "settings": _pairs(self.settings),
            "totals": _pairs(self.totals),
        }


def _pairs(changes: Mapping[str, Change]) -> dict[str, list[Any]]:
    return {name: [_plain(each) for each in change] for name, change in changes.items()}


def _plain(value: Any) -> Any:
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value


def difference(before: Network, after: Network) -> NetworkDifference:
    """Layers go together by name; of the others, those of one type at the same place."""
    pairs = matched(before.layers, after.layers)
    names = {old.name: new.name for old, new in pairs if old is not None and new is not None}
    compared = (_compared(old, new, names) for old, new in pairs)
    return NetworkDifference(
        tuple(each for each in compared if each.before is None or each.after is None or each.fields or each.results),
        dict(_settings(_outside(before), _outside(after))),
        _totals(before, after),
    )


def matched(before: Sequence[Node], after: Sequence[Node]) -> list[tuple[Node | None, Node | None]]:
    """Partners, and None beside layers without one, in the order of the second network."""
    names = {node.name for node in before} & {node.name for node in after}
    partners = {node.name: node for node in before if node.name in names}
    left_before, left_after = _between(before, names), _between(after, names)
    for gap, added in left_after.items():
        removed = left_before.get(gap, [])
        position = 0
        for node in list(added):
            found = next((at for at in range(position, len(removed)) if removed[at].type == node.type), None)
            if found is not None:
                partners[node.name] = removed.pop(found)
                added.remove(node)
                position = found
        if len(added) == len(removed) == 1:
            partners[added[0].name] = removed.pop()
    return list(_in_order(before, after, partners))


def _between(nodes: Sequence[Node], names: set[str]) -> dict[str | None, list[Node]]:
    """The layers whose names only one network has, by the last common name before them."""
    gaps: dict[str | None, list[Node]] = {}
    last = None
    for node in nodes:
        if node.name in names:
            last = node.name
        else:
            gaps.setdefault(last, []).append(node)
    return gaps


def _in_order(
    before: Sequence[Node], after: Sequence[Node], partners: Mapping[str, Node]
) -> Iterator[tuple[Node | None, Node | None]]:
    taken = {node.name for node in partners.values()}
    places = {node.name: number for number, node in enumerate(before)}
    given = 0
    for node in after:
        partner = partners.get(node.name)
        if partner is not None:
            for each in before[given : places[partner.name]]:
                if each.name not in taken:
                    yield each, None
            given = max(given, places[partner.name])
        yield partner, node
    yield from ((each, None) for each in before[given:] if each.name not in taken)


def _compared(before: Node | None, after: Node | None, names: Mapping[str, str]) -> LayerDifference:
    if before is None or after is None:
        return LayerDifference(before, after, {}, {})
    fields: dict[str, Change] = {
        "name": (before.name, after.name),
        "type": (before.type, after.type),
        "from": (
            [names.get(name, name) for name in before.inputs],
            list(after.inputs),
        ),
    }
    old, new = (node.layer.model_dump(mode="json", exclude=_NAMED_ELSEWHERE) for node in (before, after))
    fields |= {key: (old.get(key), new.get(key)) for key in [*old, *(key for key in new if key not in old)]}
    results: dict[str, Change] = {
        "input_shapes": (before.input_shapes, after.input_shapes),
        "output_shape": (before.output_shape, after.output_shape),
        "params": (before.params, after.params),
        "macs": (before.macs, after.macs),
        "receptive_field": (before.receptive_field, after.receptive_field),
    }
    return LayerDifference(before, after, _unequal(fields), _unequal(results))


def _unequal(changes: Mapping[str, Change]) -> dict[str, Change]:
    return {name: (old, new) for name, (old, new) in changes.items() if old != new}


def _outside(network: Network) -> dict[str, Any]:
    """All that a spec says but its layers, whose input is among the totals as well."""
    return {key: value for key, value in network.spec.resolved().items() if key != "layers"}


def _settings(before: Any, after: Any, key: str = "") -> Iterator[tuple[str, Change]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from _settings(before.get(name), after.get(name), f"{key}.{name}".lstrip("."))
    elif before != after:
        yield key, (before, after)


def _totals(before: Network, after: Network) -> dict[str, Change]:
    old, new = (network.report()["totals"] for network in (before, after))
    shapes = {
        "input_shape": (before.input_shape, after.input_shape),
        "output_shape": (before.output_shape, after.output_shape),
        "layers": (len(before.layers), len(after.layers)),
    }
    return shapes | {name: (old[name], new[name]) for name in _TOTALS}
