"""Reproducible random numbers from names: the same on every machine and Python version."""

from hashlib import blake2b

from jobs.simulate.params import Shares

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15


def scramble(word: int) -> int:
    """A 64-bit hash of a 64-bit word (the finalizer of SplitMix64). Adjacent inputs give unrelated outputs."""
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
    return word ^ (word >> 31)


class Draws:
    """A stream of numbers that depends only on the given names (SplitMix64, seeded by a hash of the names)."""

    def __init__(self, *names: str | int) -> None:
        text = "/".join(str(name) for name in names)
        self._state = int.from_bytes(blake2b(text.encode(), digest_size=8).digest())

    def word(self) -> int:
        """The next 64 bits."""
        self._state = (self._state + GOLDEN) & MASK
        return scramble(self._state)

    def unit(self) -> float:
        """The next number in 0 ≤ x < 1."""
        return (self.word() >> 11) / 2**53

    def below(self, bound: int) -> int:
        """The next whole number in 0 ≤ x < `bound`."""
        return int(self.unit() * bound)

    def between(self, low: float, high: float) -> float:
        return low + self.unit() * (high - low)

    def chance(self, share: float) -> bool:
        return self.unit() < share

    def pick(self, shares: Shares) -> str:
        """One of the names in `shares`, with a probability proportional to its weight."""
        point = self.unit() * sum(weight for _, weight in shares)
        for name, weight in shares:
            point -= weight
            if point < 0:
                return name
        return shares[-1][0]
