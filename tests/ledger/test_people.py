"""Who is known: meeting, names that move, choices, blocks, recent payees."""

from __future__ import annotations

from msgspec.structs import replace

from payments.models import IntentKind, Person, Profile, RequestsFrom
from payments.ports import Store, Tx
from tests.ledger.book import ALICE, BOB, CAROL, NOW, do, draft, give_back, pay


async def test_somebody_new_is_written_down(store: Store) -> None:
    """A new person has the platform's name and language, and has accepted nothing."""
    profile = Profile(7, "Zoë", "zoe", "pt-br")
    met = await store.write(lambda tx: tx.people.meet(profile, currency="BRL", now=NOW))

    assert met == Person(
        id=7,
        name="Zoë",
        username="zoe",
        language="pt-br",
        language_chosen=False,
        currency="BRL",
        requests_from=RequestsFrom.KNOWN,
        terms_version=0,
        met_at=NOW,
        joined_at=None,
        reachable=True,
    )
    assert await store.read(lambda tx: tx.people.get(7)) == met
    assert await store.read(lambda tx: tx.people.get(8)) is None


async def test_meeting_again_brings_up_to_date(store: Store) -> None:
    """Name, username and language follow the platform; currency and first meeting stay."""
    changed = Profile(ALICE, "Alicia", None, "es")
    met = await store.write(lambda tx: tx.people.meet(changed, currency="USD", now=NOW + 5))

    assert (met.name, met.username, met.language) == ("Alicia", None, "es")
    assert (met.currency, met.met_at) == ("EUR", NOW)


async def test_a_chosen_language_is_kept(store: Store) -> None:
    """Once chosen, the language no longer follows the platform."""

    def unit(tx: Tx) -> Person:
        alice = tx.people.get(ALICE)
        assert alice is not None
        tx.people.save(replace(alice, language="de", language_chosen=True))
        return tx.people.meet(Profile(ALICE, "Alicia", "alice", "fr"), currency="EUR", now=NOW)

    met = await store.write(unit)
    assert (met.name, met.language) == ("Alicia", "de")


async def test_a_username_moves_to_the_latest_holder(store: Store) -> None:
    """Two people never have one username, in whatever case it is written."""
    taken = Profile(7, "Mallory", "ALICE", "en")
    await store.write(lambda tx: tx.people.meet(taken, currency="EUR", now=NOW))

    alice = await store.read(lambda tx: tx.people.get(ALICE))
    assert alice is not None
    assert alice.username is None
    for spelling in ("alice", "Alice", "ALICE"):
        found = await store.read(lambda tx, name=spelling: tx.people.by_username(name))
        assert found is not None
        assert found.id == 7
    assert await store.read(lambda tx: tx.people.by_username("nobody")) is None


async def test_choices_are_stored(store: Store) -> None:
    """Everything but the id and the first meeting is a person's own."""
    chosen = Person(
        id=ALICE,
        name="Al",
        username="al",
        language="bn",
        language_chosen=True,
        currency="BDT",
        requests_from=RequestsFrom.NOBODY,
        terms_version=3,
        met_at=NOW,
        joined_at=NOW + 1,
        reachable=False,
    )
    await store.write(lambda tx: tx.people.save(chosen))

    assert await store.read(lambda tx: tx.people.get(ALICE)) == chosen


async def test_several_are_found_at_once(store: Store) -> None:
    """The unknown are left out."""
    found = await store.read(lambda tx: tx.people.many([ALICE, 99, CAROL]))

    assert {person_id: person.name for person_id, person in found.items()} == {
        ALICE: "Alice",
        CAROL: "Carol",
    }
    assert await store.read(lambda tx: tx.people.many([])) == {}


async def test_blocks_go_one_way_and_end(store: Store) -> None:
    """Blocking twice is blocking once; the latest comes first in the list."""
    for number, other in enumerate((BOB, CAROL, BOB)):
        await store.write(do(lambda tx, who, at: tx.people.block(ALICE, who, at), other, number))

    assert await store.read(lambda tx: tx.people.has_blocked(ALICE, BOB)) is True
    assert await store.read(lambda tx: tx.people.has_blocked(BOB, ALICE)) is False
    blocked = await store.read(lambda tx: tx.people.blocked(ALICE))
    assert [person.id for person in blocked] == [CAROL, BOB]

    await store.write(lambda tx: tx.people.unblock(ALICE, BOB))
    await store.write(lambda tx: tx.people.unblock(ALICE, BOB))
    assert await store.read(lambda tx: tx.people.has_blocked(ALICE, BOB)) is False


async def test_recent_payees_come_latest_first_once_each(store: Store) -> None:
    """Whom one paid, not whom one gave a refund, and not oneself."""

    def paid_at(tx: Tx, intent_id: str, payee: int, at: int) -> None:
        pay(tx, draft(intent_id, payees=(payee,), amount=10))
        tx.workspace.run(  # type: ignore[attr-defined]
            "move_payment",
            payment_id=f"{intent_id}-p0",
            was="posted",
            state="posted",
            payee_id=payee,
            claim_token=None,
            claim_digest=None,
            posted_at=at,
            expires_at=None,
        )

    for number, payee in enumerate((BOB, CAROL, BOB)):
        await store.write(do(paid_at, f"i{number}", payee, NOW + number))
    await store.write(do(give_back, "i0-p0", 5, intent_id="refund"))

    recent = await store.read(lambda tx: tx.people.recent_payees(ALICE, 5))
    assert [person.id for person in recent] == [BOB, CAROL]
    assert await store.read(lambda tx: tx.people.recent_payees(BOB, 5)) == []
    assert len(await store.read(lambda tx: tx.people.recent_payees(ALICE, 1))) == 1
    refund = await store.read(lambda tx: tx.intents.get("refund"))
    assert refund is not None
    assert refund.kind is IntentKind.REFUND
