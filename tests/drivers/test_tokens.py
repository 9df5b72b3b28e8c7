"""One token for many threads: fetched once, renewed ahead of its end, its failure shared."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from storage_core.errors import InvalidCredsError, UnreachableError
from storage_core.tokens.renewed import AHEAD, Renewed, Token


class Service:
    """Gives out tokens that live an hour by a clock that the test turns."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked = 0
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def fetch(self) -> Token:
        self.asked += 1
        self.entered.set()
        assert self.gate.wait(20)
        if self.error is not None:
            raise self.error
        return Token(f"token {self.asked}", self.now + 3600)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def tokens(service: Service) -> Renewed:
    return Renewed(service.fetch, lambda: service.now)


def test_it_is_fetched_once_and_kept(service: Service, tokens: Renewed) -> None:
    assert service.asked == 0
    assert {tokens.get().value for _ in range(5)} == {"token 1"}


def test_it_is_renewed_ahead_of_its_end(service: Service, tokens: Renewed) -> None:
    tokens.get()
    service.now += 3600 - AHEAD + 1
    assert tokens.get().value == "token 2"


def test_one_of_a_short_life_is_not_renewed_at_each_use(service: Service) -> None:
    tokens = Renewed(lambda: Token(f"{service.fetch().value}", service.now + 100), lambda: service.now)
    assert [tokens.get().value for _ in range(3)] == ["token 1"] * 3
    service.now += 81
    assert tokens.get().value == "token 2"


def test_while_one_thread_renews_the_others_go_on_with_the_old_one(service: Service, tokens: Renewed) -> None:
    tokens.get()
    service.now += 3600 - AHEAD + 1
    service.gate.clear()
    service.entered.clear()
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(tokens.get)
        assert service.entered.wait(20)
        assert tokens.get().value == "token 1"
        service.gate.set()
        assert renewing.result(20).value == "token 2"


def test_a_failed_renewal_is_no_failure_while_the_old_one_is_good(service: Service, tokens: Renewed) -> None:
    tokens.get()
    service.now += 3600 - AHEAD + 1
    service.error = UnreachableError("no network")
    assert tokens.get().value == "token 1"
    service.now += AHEAD
    with pytest.raises(UnreachableError):
        tokens.get()


def test_sixteen_threads_with_a_wrong_password_send_it_once(service: Service, tokens: Renewed) -> None:
    service.error = InvalidCredsError("wrong password")
    service.gate.clear()
    ready = threading.Barrier(17)

    def ask() -> None:
        ready.wait(20)
        tokens.get()

    with ThreadPoolExecutor(16) as pool:
        waiting = [pool.submit(ask) for _ in range(16)]
        ready.wait(20)
        assert service.entered.wait(20)
        while sum(future.running() for future in waiting) < 16:
            pass
        threading.Event().wait(0.2)  # time for those that passed the barrier to come to the lock
        service.gate.set()
        for future in waiting:
            with pytest.raises(InvalidCredsError, match="wrong password"):
                future.result(20)
    assert service.asked == 1


def test_a_wrong_password_is_sent_again_when_it_is_asked_again(service: Service, tokens: Renewed) -> None:
    service.error = InvalidCredsError("wrong password")
    for _ in range(2):
        with pytest.raises(InvalidCredsError):
            tokens.get()
    assert service.asked == 2


def test_a_refused_token_is_not_given_again(service: Service, tokens: Renewed) -> None:
    first = tokens.get().value
    tokens.refuse("another one")
    assert tokens.get().value == first
    tokens.refuse(first)
    assert tokens.get().value == "token 2"
    tokens.forget()
    assert tokens.get().value == "token 3"


def test_nothing_of_a_token_is_shown() -> None:
    assert "s3cr3t" not in repr(Token("s3cr3t", 5.0, {"key": "s3cr3t"}))
