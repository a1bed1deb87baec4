"""Recovery codes: however they are typed, once, and of one user."""

from __future__ import annotations

import pytest

from bistro.plugins.accounts.recovery import (
    RecoveryCode,
    RecoveryStore,
    hash_recovery_code,
    make_recovery_codes,
)
from tests.plugins.accounts.support import with_tables


def test_recovery_codes_are_ten_of_sixteen_characters_that_nobody_takes_for_others() -> None:
    codes = make_recovery_codes()
    assert len({*codes, *make_recovery_codes()}) == 20
    for code in codes:
        assert [len(part) for part in code.split("-")] == [4, 4, 4, 4]
        assert not set(code) & set("ilou")


@pytest.mark.parametrize(
    "typed", ["10AZ-9K7P-M2RT-0XZE", "10az9k7pm2rt0xze", " loaz 9k7p m2rt oxze ", "iO-az9k7pm2rt-Oxze"]
)
def test_recovery_code_is_the_same_however_it_is_typed(typed: str) -> None:
    right = hash_recovery_code("ann", "10az-9k7p-m2rt-0xze")
    assert hash_recovery_code("ann", typed) == right
    assert hash_recovery_code("bob", typed) != right
    assert hash_recovery_code("ann", typed + "0") != right


def test_recovery_codes_are_taken_once_by_their_user_until_there_are_new_ones() -> None:
    async def story() -> list[object]:
        store = RecoveryStore()
        old, bobs = await store.renew("ann"), await store.renew("bob")
        said: list[object] = [await store.use("bob", old[0]), await store.use("ann", old[0])]
        said += [await store.use("ann", old[0]), await store.count("ann"), await store.count("bob")]
        new = await store.renew("ann")
        said += [await store.use("ann", old[1]), await store.use("ann", new[1]), await store.count("ann")]
        await store.forget("ann")
        return [
            *said,
            await store.count("ann"),
            await store.use("ann", new[2]),
            await store.use("bob", bobs[9]),
        ]

    assert with_tables(RecoveryCode, do=story) == [
        False, True, False, 9, 10, False, True, 9, 0, False, True,
    ]  # fmt: skip
