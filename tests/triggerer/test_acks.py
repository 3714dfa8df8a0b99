"""When the producer of a shared stream may pass an event: not before all are done with it, and in order."""

import random

from windward.protocol.work import AttemptRef
from windward.sdk.triggers.shared_stream import AdvanceOutcome
from windward.triggerer.acks import Acks

A, B, C = (AttemptRef(1, name, -1, 1) for name in "abc")


def test_an_event_is_passed_when_all_are_past_it_and_what_they_said_is_stored() -> None:
    acks = Acks()
    event = acks.give("offset 1", None, [A, B], 0.0)
    acks.said(event, A, 7)
    acks.past(event, A)
    acks.past(event, B)
    assert acks.take_batch() == []
    acks.accepted(A, 8)
    assert acks.take_batch() == []
    acks.accepted(A, 7)
    assert acks.take_batch() == [("offset 1", AdvanceOutcome(acked=2, failed=0))]
    assert len(acks) == 0


def test_an_event_that_its_member_still_has_before_it_is_not_passed_though_what_it_said_is_stored() -> None:
    acks = Acks()
    event = acks.give("x", None, [A], 0.0)
    acks.said(event, A, 1)
    acks.accepted(A, 1)
    assert acks.take_batch() == []
    acks.past(event, A)
    assert len(acks.take_batch()) == 1


def test_events_of_a_lane_are_passed_in_order_and_lanes_do_not_wait_for_each_other() -> None:
    acks = Acks()
    first = acks.give(1, "left", [A], 0.0)
    second = acks.give(2, "left", [A], 0.0)
    other = acks.give(3, "right", [A], 0.0)
    acks.past(second, A)
    assert acks.take_batch() == []
    acks.past(other, A)
    assert [item.broker_payload for item in acks.take_batch()] == [3]
    acks.past(first, A)
    assert [item.broker_payload for item in acks.take_batch()] == [1, 2]


def test_each_member_counts_once_however_it_resolved_an_event() -> None:
    acks = Acks()
    event = acks.give("x", None, [A, B, C], 0.0)
    acks.reject(event, A)
    acks.past(event, A)
    acks.said(event, A, 1)
    acks.fail(B)
    acks.reject(event, B)
    acks.leave(C)
    [item] = acks.take_batch()
    assert item.outcome == AdvanceOutcome(acked=1, failed=1, rejected=1)
    assert not item.outcome.is_clean


def test_an_event_for_nobody_is_passed_and_is_not_clean() -> None:
    acks = Acks()
    acks.give("x", None, [], 0.0)
    [item] = acks.take_batch()
    assert not item.outcome.is_clean


def test_one_that_left_owes_what_it_said_until_that_is_stored() -> None:
    acks = Acks()
    event = acks.give("x", None, [A], 0.0)
    acks.said(event, A, 1)
    acks.leave(A)
    assert acks.take_batch() == []
    assert acks.overdue(1.0) == {A}
    acks.accepted(A, 1)
    assert len(acks.take_batch()) == 1
    assert acks.overdue(1.0) == set()


def test_only_those_who_owe_something_old_are_late() -> None:
    acks = Acks()
    old = acks.give("x", None, [A, B], 1.0)
    acks.give("y", None, [A, B, C], 5.0)
    acks.past(old, A)
    assert acks.overdue(2.0) == {B}


def test_whatever_happens_each_event_is_passed_once_in_its_lane_s_order_with_all_its_members() -> None:
    for seed in range(200):
        _play(random.Random(seed))


def _play(dice: random.Random) -> None:
    acks = Acks()
    given: dict[object, list[int]] = {}
    passed: dict[object, list[int]] = {}
    members: dict[int, int] = {}
    numbers: list[tuple[AttemptRef, int]] = []

    def take() -> None:
        while batch := acks.take_batch():
            for item in batch:
                lane, event = item.broker_payload
                passed.setdefault(lane, []).append(event)
                outcome = item.outcome
                assert outcome.acked + outcome.failed + outcome.rejected == members[event]

    for number in range(1, 61):
        present = [member for member in (A, B, C) if dice.random() < 0.8]
        lane = dice.choice("lr")
        event = acks.give((lane, number), lane, present, float(number))
        assert event == number
        given.setdefault(lane, []).append(event)
        members[event] = len(present)
        for _ in range(dice.randrange(6)):
            member, which = dice.choice((A, B, C)), dice.randint(1, event)
            match dice.randrange(6):
                case 0 | 1:
                    acks.past(which, member)
                case 2:
                    numbers.append((member, len(numbers)))
                    acks.said(which, *numbers[-1])
                case 3:
                    for said in numbers:
                        acks.accepted(*said)
                case 4:
                    acks.reject(which, member)
                case _:
                    acks.fail(member)
        take()
    for member in (A, B, C):
        acks.leave(member)
    for said in numbers:
        acks.accepted(*said)
    take()
    assert passed == given
    assert len(acks) == 0
