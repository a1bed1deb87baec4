"""The request's fields: visible to what runs for the request, invisible to all else."""

from __future__ import annotations

import asyncio
import contextvars

from bistro.ground.log_fields import bind_log_fields, request_log_fields


def test_nothing_is_bound_outside_a_request():
    assert contextvars.Context().run(request_log_fields.get) is None


def test_bound_fields_add_up_and_later_ones_win():
    def bind() -> object:
        bind_log_fields(request_id="r1", user="nobody")
        bind_log_fields(user="ada")
        return request_log_fields.get()

    assert contextvars.Context().run(bind) == {"request_id": "r1", "user": "ada"}


def test_fields_can_be_taken_away_again():
    def bind_and_reset() -> object:
        bind_log_fields(request_id="r1")
        token = bind_log_fields(user="ada")
        request_log_fields.reset(token)
        return request_log_fields.get()

    assert contextvars.Context().run(bind_and_reset) == {"request_id": "r1"}


def test_requests_at_the_same_time_see_each_its_own_fields():
    async def request(number: int) -> object:
        bind_log_fields(request_id=number)
        await asyncio.sleep(0)
        return request_log_fields.get()

    async def main() -> list[object]:
        return await asyncio.gather(*(asyncio.create_task(request(n)) for n in range(3)))

    assert asyncio.run(main()) == [{"request_id": 0}, {"request_id": 1}, {"request_id": 2}]


def test_binding_makes_a_new_mapping_so_that_a_child_task_does_not_change_its_parent():
    async def child() -> None:
        bind_log_fields(step="child")

    async def main() -> object:
        bind_log_fields(request_id="r1")
        await asyncio.create_task(child())
        return request_log_fields.get()

    assert asyncio.run(main()) == {"request_id": "r1"}
