"""Content codings: zstd, br or gzip, negotiated by `Accept-Encoding` (RFC 9110 §12.5.3).

Whole bodies are compressed from 1 kB on. Smaller ones fit in a packet anyway.
"""

import zlib
from collections.abc import Callable, Mapping
from typing import cast

import brotli  # pyright: ignore[reportMissingTypeStubs]  (the package ships none)
import zstandard

from server.weights import weighted

MIN_BYTES = 1_024
ZSTD_LEVEL, BROTLI_QUALITY, GZIP_LEVEL = 3, 4, 5
_GZIP_WINDOW_BITS = 31


def _zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body)


def _brotli(body: bytes) -> bytes:
    compress = cast("Callable[..., bytes]", brotli.compress)  # pyright: ignore[reportUnknownMemberType]  (as above)
    return compress(body, quality=BROTLI_QUALITY)


def _gzip(body: bytes) -> bytes:
    """Gzip without a time stamp, so that equal bodies give equal bytes."""
    compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW_BITS)
    return compressor.compress(body) + compressor.flush()


# In the order of preference among codings that a client likes equally.
COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {"zstd": _zstd, "br": _brotli, "gzip": _gzip}


def chosen_coding(accept_encoding: str) -> str | None:
    """The coding to use; None for none. The client's weights decide, then our preference.

    A coding that is not listed has the weight of `*`, if that is there, else 0; identity, if not listed, has the
    least weight above 0. A weight that cannot be read counts as 0.
    """
    weights = dict(weighted(accept_encoding))
    anything = weights.get("*", 0.0)
    best, best_weight = None, weights.get("identity", 0.0)
    for coding in COMPRESSORS:
        weight = weights.get(coding, weights.get("x-gzip", anything) if coding == "gzip" else anything)
        if weight > 0 and (weight > best_weight if best is not None else weight >= best_weight):
            best, best_weight = coding, weight
    return best
