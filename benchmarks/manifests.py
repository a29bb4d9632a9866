"""The cost of Kubernetes manifests, in units of parsing their text."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.results import Measurement, Table, at_most
from benchmarks.samples import Samples, in_turns
from pinned_images.cloudformation.rewriting import Rewritten, pin_site
from pinned_images.cloudformation.scope import TemplateScope
from pinned_images.cloudformation.sites import evaluate_site, find_sites
from pinned_images.reference import Digest

REPETITIONS = 7
#: One is over too soon to be measured well.
PARSINGS = 10
CONTAINERS = (1_600, 3_200)
#: Deployments, and fields of a schema, of which there are about a megabyte.
DEPLOYMENTS = 1_900
FIELDS = 7_500
IMAGES = 100

_RESOURCE = "Custom::AWSCDK-EKS-KubernetesResource"
_DIGEST = Digest("sha256:" + "d" * 64)
_SCOPE = TemplateScope(region="eu-west-1")
_TOKEN = "TOKEN"  # noqa: S105 - a place in a text

_PARSE = "`json.loads` of {}"
_PIN = "{}"
_IMAGES = f"{DEPLOYMENTS:,} deployments of {IMAGES} images"
_SCHEMA = "a schema, no image"
#: A tenth of the 119 times of both when each was read three times, by a parser written in Python.
_LIMIT = 11.9


def measure() -> Measurement:
    """Measure manifests of a megabyte, and manifests with many tokens."""
    texts: dict[str, Callable[[int], str]] = {_IMAGES: _deployments, _SCHEMA: _schema}
    variants: dict[str, Callable[[], float]] = {}
    for name, write in texts.items():
        variants[_PARSE.format(name)] = _parsing(write)
        variants[_PIN.format(name)] = _pinning(write)
    for count in CONTAINERS:
        variants[_tokens(count)] = _pinning(partial(_joined, count))
    runs = in_turns(variants, REPETITIONS)
    samples = {name: Samples(tuple(values)) for name, values in runs.items()}
    small, large = (samples[_tokens(count)].median for count in CONTAINERS)
    return Measurement(
        "Kubernetes manifests",
        f"Each {REPETITIONS} times in turns, each time another text of about a megabyte: from the "
        "finding of its images to the reading of what has been pinned, as a synth and the gate do "
        "it; digests known. Beside it what Python's parser takes for the same text. Seconds are "
        "those of the processor.",
        [
            at_most(
                f"{name}: at most {_LIMIT} times `json.loads`",
                samples[_PIN.format(name)].median / samples[_PARSE.format(name)].median,
                _LIMIT,
            )
            for name in texts
        ]
        + [
            at_most(
                f"{_tokens(CONTAINERS[1])} against {CONTAINERS[0]:,}: at most 2.6 times",
                large / small,
                2.6,
            )
        ],
        [Table(("", "seconds"), [(name, str(each)) for name, each in samples.items()])],
    )


def _tokens(count: int) -> str:
    return f"{count:,} containers, a token in each image"


def _parsing(write: Callable[[int], str]) -> Callable[[], float]:
    turns = iter(range(REPETITIONS))

    def once() -> float:
        text = write(next(turns))
        gc.collect()
        started = time.process_time()
        for _ in range(PARSINGS):
            json.loads(text)
        return (time.process_time() - started) / PARSINGS

    return once


def _pinning(write: Callable[[int], Any]) -> Callable[[], float]:
    turns = iter(range(REPETITIONS))

    def once() -> float:
        manifest = write(next(turns))
        gc.collect()
        started = time.process_time()
        (site,) = find_sites(_RESOURCE, {"Manifest": manifest})
        evaluation = evaluate_site(site, _SCOPE)
        pinned = pin_site(site, _SCOPE, lambda _: _DIGEST, evaluated=evaluation)
        assert isinstance(pinned, Rewritten), pinned
        (site,) = find_sites(_RESOURCE, {"Manifest": pinned.value})
        evaluate_site(site, _SCOPE)
        return time.process_time() - started

    return once


def _deployments(turn: int) -> str:
    objects = [_deployment(f"app-{turn}-{n}", f"app{n % IMAGES}:1") for n in range(DEPLOYMENTS)]
    return json.dumps(objects)


def _joined(count: int, turn: int) -> Any:
    """Deployments as CDK writes them, where the tags of their images are tokens."""
    objects = [_deployment(f"app-{turn}-{n}", f"nginx:{_TOKEN}") for n in range(count)]
    first, *others = json.dumps(objects).split(_TOKEN)
    elements: list[Any] = [first]
    for text in others:
        elements += [{"Ref": "AWS::Region"}, text]
    return {"Fn::Join": ["", elements]}


def _deployment(name: str, image: str) -> dict[str, Any]:
    labels = {"app": name, "tier": "web"}
    container = {
        "name": "web",
        "image": image,
        "env": [{"name": "GREETING", "value": "some text"}, {"name": "LEVEL", "value": "info"}],
        "ports": [{"containerPort": 80}],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _schema(turn: int) -> str:
    description = "What this field means, in a sentence that is about as long as they mostly are."
    field = {"description": description, "type": "string"}
    properties = {f"field{turn}x{number}": field for number in range(FIELDS)}
    return json.dumps(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "spec": {"versions": [{"schema": {"openAPIV3Schema": {"properties": properties}}}]},
        }
    )
