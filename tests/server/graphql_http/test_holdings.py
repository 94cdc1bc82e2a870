"""The memory of open operations is limited by socket, by address and in total, and equal documents count once."""

from server.graphql_http.holdings import (
    MAX_BYTES_IN_ALL,
    MAX_BYTES_PER_ADDRESS,
    MAX_BYTES_PER_SOCKET,
    MAX_OPERATIONS_PER_ADDRESS,
    Held,
    Holdings,
)

QUARTER = MAX_BYTES_PER_SOCKET // 4


def held_until_refused(holdings: Holdings, address: str, sockets: int, name: str = "") -> int:
    """The number of different documents that are accepted before one is refused."""
    count = 0
    for socket in [Held() for _ in range(sockets)]:
        for number in range(4):
            text = f"{name}{count}.{number}"
            if holdings.refusal(address, socket, text, QUARTER) is not None:
                return count
            holdings.take(address, socket, text, QUARTER)
            count += 1
    return count


def test_a_socket_holds_so_many_bytes() -> None:
    holdings, socket = Holdings(), Held()
    for number in range(4):
        holdings.take("a", socket, number, QUARTER)

    assert holdings.refusal("a", socket, 4, 1) is not None
    assert holdings.refusal("a", socket, 3, QUARTER) is None


def test_an_address_holds_so_many_bytes_on_all_its_sockets() -> None:
    holdings = Holdings()

    assert held_until_refused(holdings, "a", 100) == MAX_BYTES_PER_ADDRESS // QUARTER
    assert held_until_refused(holdings, "b", 1, "b") == 4


def test_all_addresses_together_hold_so_many_bytes() -> None:
    holdings = Holdings()
    held = sum(held_until_refused(holdings, f"address {n}", 100, f"{n}/") for n in range(20))

    assert held == MAX_BYTES_IN_ALL // QUARTER


def test_equal_documents_count_once_but_each_operation_counts() -> None:
    holdings = Holdings()
    for _ in range(MAX_OPERATIONS_PER_ADDRESS):
        socket = Held()
        assert holdings.refusal("a", socket, "same", QUARTER) is None
        holdings.take("a", socket, "same", QUARTER)

    assert holdings.refusal("a", Held(), "same", QUARTER) is not None


def test_what_is_given_back_can_be_held_again() -> None:
    holdings, socket = Holdings(), Held()
    for _ in range(3):
        holdings.take("a", socket, "text", MAX_BYTES_PER_SOCKET)
        assert holdings.refusal("a", socket, "other", 1) is not None
        holdings.give_back("a", socket, "text", MAX_BYTES_PER_SOCKET)

    assert (socket.bytes, socket.operations) == (0, 0)
    assert holdings.refusal("a", socket, "other", MAX_BYTES_PER_SOCKET) is None
