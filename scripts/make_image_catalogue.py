"""`make image-catalogue`: SageMaker's framework images as JSON, from the installed SDK's own data.

It runs in the SDK's environment (build/sagemaker-venv). Each tag is what the SDK itself says
(`image_uris.retrieve`); only the registries are read from the SDK's files, region by region.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from packaging.version import Version
from sagemaker.core import image_uris

CATALOGUE = Path(__file__).resolve().parents[1] / "layers/core/sshq/data/images.json"
FRAMEWORKS = ("pytorch", "tensorflow", "huggingface", "autogluon", "mxnet", "sklearn", "xgboost")
INSTANCES = {"cpu": "ml.m5.xlarge", "gpu": "ml.g5.xlarge"}
# What is older has no Python that anybody should start with today.
OLDEST = {"pytorch": "1.13", "tensorflow": "2.11", "huggingface": "4.26", "mxnet": "1.9"}
HOME = "eu-west-1"
_USUAL = re.compile(r"[0-9]+(\.[0-9]+)*(-[0-9]+)?")


def main() -> int:
    """Write the catalogue; with --check compare only, exit 1 if it differs."""
    made = json.dumps(catalogue(), indent=1, sort_keys=True) + "\n"
    if "--check" in sys.argv:
        same = CATALOGUE.read_text(encoding="utf-8") == made
        print(f"{CATALOGUE.name} {'is' if same else 'is NOT'} what the installed SDK says")
        return 0 if same else 1
    CATALOGUE.parent.mkdir(exist_ok=True)
    CATALOGUE.write_text(made, encoding="utf-8")
    print(f"{CATALOGUE}: {len(made)} bytes")
    return 0


def catalogue() -> dict[str, Any]:
    """`registries`: the distinct maps of region to account; `images`: newest version first."""
    registries: list[dict[str, str]] = []
    images = {name: _rows(name, registries) for name in FRAMEWORKS}
    regions = sorted({region for registry in registries for region in registry})
    return {
        "sdk": f"sagemaker-core {installed('sagemaker-core')}",
        "registries": registries,
        "hosts": {region: _host(region) for region in regions},
        "images": images,
    }


def _rows(framework: str, registries: list[dict[str, str]]) -> list[dict[str, Any]]:
    config = image_uris.config_for_framework(framework)
    config = config.get("training", config)
    aliases: dict[str, list[str]] = {}
    for short, full in config.get("version_aliases", {}).items():
        if _USUAL.fullmatch(short):
            aliases.setdefault(full, []).append(short)
    rows = []
    usual = [version for version in config["versions"] if _USUAL.fullmatch(version)]
    for version in sorted(usual, key=_age, reverse=True):
        if _age(version) < _age(OLDEST.get(framework, "0")):
            continue
        for base, facts in _bases(framework, config["versions"][version]):
            if facts["registries"] not in registries:
                registries.append(facts["registries"])
            for python in reversed(facts.get("py_versions") or [None]):
                tags = _tags(framework, version, base, python)
                if tags:
                    rows.append(
                        {
                            "versions": [version, *aliases.get(version, [])],
                            "python": python or "",
                            "repository": facts["repository"],
                            "registry": registries.index(facts["registries"]),
                            "tags": tags,
                        }
                    )
    return rows


def _bases(framework: str, facts: dict[str, Any]) -> list[tuple[str | None, dict[str, Any]]]:
    """Hugging Face's images stand on PyTorch's; those on TensorFlow are no longer made."""
    if framework != "huggingface":
        return [(None, facts)]
    return [(name, entry) for name, entry in facts.items() if name.startswith("pytorch")]


def _tags(framework: str, version: str, base: str | None, python: str | None) -> dict[str, str]:
    """By processor; `{version}` where the tag has the version as it was asked for."""
    found = {}
    for processor, instance in INSTANCES.items():
        try:
            uri = image_uris.retrieve(
                framework,
                HOME,
                version=version,
                py_version=python,
                instance_type=instance,
                image_scope="training",
                base_framework_version=base,
            )
        except (ValueError, KeyError):
            continue
        tag = uri.partition(":")[2]
        takes_alias = tag.startswith(version)
        found[processor] = "{version}" + tag.removeprefix(version) if takes_alias else tag
    return found


def _host(region: str) -> str:
    partitions = image_uris.utils._botocore_resolver()  # noqa: SLF001  as the SDK itself does
    endpoint = partitions.construct_endpoint("ecr", region)
    return str(endpoint["hostname"]) if endpoint else f"ecr.{region}.amazonaws.com"


def _age(version: str) -> Version:
    return Version(version.replace("-", ".post"))


if __name__ == "__main__":
    sys.exit(main())
