"""What a simulated seed reports about itself in get-stats."""

import struct

from jobs.simulate import params
from jobs.simulate.draws import Draws
from jobs.simulate.roles import Mesh
from jobs.simulate.row import Row
from schema.domain.base import MINUTE

STORAGE_FORMATS = {Mesh.V12: 1, Mesh.V13: 2}
"""get-stats has a `version` of the storage format from 1.2 on, which is not the release."""
MAX_RAM_SHARE = 0.95
"""Used and total memory are drawn separately, and a pod never uses all memory of its machine."""


def seed_stats(row: Row, draws: Draws, at: float) -> dict[str, int | float]:
    """get-stats of the pod in `row` at a unix second, with sorted keys. `draws` must be the pod's own.

    cpu_percent is a 32-bit float as JSON widens it. Packets are cumulative since the start of the pod.
    """
    uptime, used = row.uptime_at(at), row.usage.at(at)
    received = int(uptime * params.quantile(params.PACKETS_PER_SECOND, draws.unit()))
    ram_total = int(draws.pick(params.RAM_TOTAL))
    ram_used = min(int(params.quantile(params.RAM_USED, draws.unit())), int(MAX_RAM_SHARE * ram_total))
    moment = Draws(draws.word(), int(at // MINUTE))
    stats: dict[str, int | float] = {
        "active_streams": 2,
        "cpu_percent": _single(params.quantile(params.CPU_PERCENT, moment.unit())),
        "current_index": int(params.quantile(params.CURRENT_INDEX, draws.unit())),
        "file_size": row.committed,
        "last_updated": row.usage.changed_at(at),
        "packets_received": received,
        "packets_sent": int(received * params.SENT_PER_RECEIVED),
        "ram_total": ram_total,
        "ram_used": ram_used,
        "total_bytes": used,
        "total_pages": 0,
        "uptime": uptime,
    }
    if row.mesh in STORAGE_FORMATS:
        stats["version"] = STORAGE_FORMATS[row.mesh]
    return stats


def _single(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", value))[0]
