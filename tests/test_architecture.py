"""The arrows between the rooms of the package: no circle, and none that runs upwards."""

from __future__ import annotations

import graphlib
from collections import defaultdict

import grimp
import pytest

#: From the bottom up; a room imports from those above it in this list, and never from those below.
ROOMS = [
    {"errors", "option_syntax", "printable", "version", "wording", "media_types", "atomic_write"},
    {"reference"},
    {"problem"},
    {"cloudformation"},
    {"resolution"},
    {"registry"},
    {"grouping", "option_types", "lockfile", "acknowledgements", "exemptions", "ecr"},
    {"report", "cloud_assembly"},
    {"pinning"},
    {"files", "option_values"},
    {"rules", "options"},
    {"examination", "sources", "cdk"},
    {"gate", "assembly"},
    {"synth"},
    {"aspect", "immutability", "testing"},
    {"cli"},
    {"__main__"},
]


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """What each module imports, for types alone too."""
    graph = grimp.build_graph("pinned_images", exclude_type_checking_imports=False, cache_dir=None)
    return {
        module: graph.find_modules_directly_imported_by(module) - {"pinned_images"}
        for module in graph.modules
        if module != "pinned_images"
    }


def room_of(module: str) -> str:
    return module.split(".")[1]


def test_no_modules_import_each_other(imports: dict[str, set[str]]) -> None:
    tuple(graphlib.TopologicalSorter(imports).static_order())


def test_no_rooms_import_each_other(imports: dict[str, set[str]]) -> None:
    rooms: defaultdict[str, set[str]] = defaultdict(set)
    for module, imported in imports.items():
        rooms[room_of(module)] |= {room_of(each) for each in imported} - {room_of(module)}
    tuple(graphlib.TopologicalSorter(rooms).static_order())


def test_every_room_has_its_height(imports: dict[str, set[str]]) -> None:
    assert {room_of(module) for module in imports} == set().union(*ROOMS)
    assert sum(map(len, ROOMS)) == len(set().union(*ROOMS))


def test_no_arrow_runs_upwards(imports: dict[str, set[str]]) -> None:
    height = {room: number for number, rooms in enumerate(ROOMS) for room in rooms}
    upwards = {
        f"{module} -> {each}"
        for module, imported in imports.items()
        for each in imported
        if height[room_of(each)] > height[room_of(module)]
    }
    assert not upwards


@pytest.mark.parametrize("room", ["cloudformation", "pinning", "rules", "ecr", "examination"])
def test_the_core_reaches_no_network_and_no_construct_tree(
    imports: dict[str, set[str]], room: str
) -> None:
    """Modules of pure functions, such as the names of ECR's hosts, are all that the core shares."""
    pure = {
        "pinned_images.registry.aws.hosts",
        "pinned_images.registry.manifest",
        "pinned_images.registry.platforms",
    }
    reached = {
        each
        for module, imported in imports.items()
        if room_of(module) == room
        for each in imported
        if room_of(each) in ("registry", "cdk", "synth", "cli")
    }
    assert reached <= pure
