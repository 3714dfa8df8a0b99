"""The contract of letters and mail, over every store."""

from tests.store.building import AnyStore
from windward.protocol.messages import Cancel, Goodbye, Heartbeat, Hello, Shutdown
from windward.protocol.work import AttemptRef

REF = AttemptRef(7, "t\N{SNOWMAN}", 3, 2)
HELLO = Hello(host_id="h", hostname="there", pid=1, capacity=4, running=(REF,))


def test_letters_are_read_in_order_until_they_are_deleted(store: AnyStore) -> None:
    store.remote.post("h", [HELLO, Heartbeat(host_id="h", running=(REF,))])
    store.remote.post("i", [Goodbye(host_id="i")])
    letters = store.remote.load_letters()
    assert [(letter.host_id, letter.message) for letter in letters] == [
        ("h", HELLO), ("h", Heartbeat(host_id="h", running=(REF,))), ("i", Goodbye(host_id="i")),
    ]  # fmt: skip
    assert store.remote.load_letters(limit=1) == letters[:1]
    store.remote.delete_letters([letters[0].letter_pk, letters[2].letter_pk])
    assert store.remote.load_letters() == [letters[1]]


def test_a_letter_is_told_of_in_the_change_feed(store: AnyStore) -> None:
    store.remote.post("h", [HELLO])
    store.remote.post("h", [])
    assert [(note.kind, note.subject) for note in store.runs.load_notes(after=0, limit=9)] == [
        ("message", "h")
    ]


def test_mail_waits_for_its_host_until_it_is_read(store: AnyStore) -> None:
    cancel = Cancel(refs=(REF,), reason="cleared")
    store.remote.put_mail([("h", cancel), ("i", Shutdown()), ("h", Shutdown())])
    first, second = store.remote.load_mail("h")
    assert (first.message, second.message) == (cancel, Shutdown())
    store.remote.delete_mail("h", [first.mail_pk])
    assert store.remote.load_mail("h") == [second]
    assert [item.message for item in store.remote.load_mail("i")] == [Shutdown()]
    assert store.remote.delete_mail("h") == 1


def test_a_host_that_is_forgotten_has_no_mail(store: AnyStore) -> None:
    store.remote.put_mail([("h", Shutdown()), ("i", Shutdown())])
    store.hosts.delete_host("h")
    assert store.remote.load_mail("h") == []
    assert len(store.remote.load_mail("i")) == 1
