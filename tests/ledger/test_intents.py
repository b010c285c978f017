"""Cards and their payments: stored whole, changed only from the state they are in."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from payments.models import IntentKind, IntentState, Payment, PaymentState
from payments.ports import Store
from tests.ledger.book import (
    ALICE,
    BOB,
    CAROL,
    HOUR,
    NOW,
    Database,
    contents,
    do,
    draft,
    hold_back,
    link,
    pay,
    request,
)


async def test_an_intent_comes_back_as_it_was(store: Store) -> None:
    """All fields of the card and its payments survive, in order."""
    await store.write(lambda tx: tx.requests.add(request(), origin=None))
    await store.write(lambda tx: tx.links.add(link()))
    full = replace(
        draft(
            "i1", payees=(CAROL, "dave", BOB), note="🍕 für alle", request_id="r1", link_id="l1"
        ),
        told_in=-5,
        group_id=-6,
        refusal="Expired",
    )

    assert await store.write(lambda tx: tx.intents.add(full, origin=None)) == full
    assert await store.read(lambda tx: tx.intents.get("i1")) == full
    assert await store.read(lambda tx: tx.intents.payment("i1-p1")) == full.payments[1]
    assert await store.read(lambda tx: tx.intents.get("nowhere")) is None
    assert await store.read(lambda tx: tx.intents.payment("nowhere")) is None


async def test_a_note_is_not_readable_in_the_database(store: Store, database: Database) -> None:
    """Notes are sealed, and an empty one takes no room."""
    await store.write(lambda tx: tx.intents.add(draft("i1", note="secret lunch"), origin=None))
    await store.write(lambda tx: tx.intents.add(draft("i2", note=""), origin=None))

    (sealed,), (empty,) = database.execute("SELECT note FROM intents ORDER BY id")
    assert b"lunch" not in bytes(sealed)
    assert empty is None


async def test_the_same_origin_answers_the_first(store: Store, database: Database) -> None:
    """A message that is handled twice makes one card."""
    first = await store.write(lambda tx: tx.intents.add(draft("i1"), origin="chat 5 message 6"))
    before = contents(database)

    again = await store.write(
        lambda tx: tx.intents.add(draft("i2", amount=7), origin="chat 5 message 6")
    )

    assert again == first
    assert contents(database) == before


async def test_a_draft_is_rewritten_whole(store: Store) -> None:
    """Fields and payments are replaced; when and by whom it was begun stays."""
    await store.write(lambda tx: tx.intents.add(draft("i1", payees=(None,)), origin=None))
    new = replace(
        draft("i1", payees=(BOB, CAROL), amount=77, note="taxi", kind=IntentKind.PAYMENT),
        group_id=-9,
        told_in=-9,
        expires_at=NOW + 2 * HOUR,
    )

    assert await store.write(lambda tx: tx.intents.rewrite(new)) is True
    assert await store.read(lambda tx: tx.intents.get("i1")) == new


async def test_only_a_draft_is_rewritten(store: Store, database: Database) -> None:
    """What awaits a PIN is what the PIN approves: it cannot be changed any more."""
    await store.write(lambda tx: tx.intents.add(draft("i1"), origin=None))
    await store.write(
        lambda tx: tx.intents.move_if(
            "i1", states=[IntentState.DRAFT], to=IntentState.AWAITING_PIN
        )
    )
    before = contents(database)

    assert await store.write(lambda tx: tx.intents.rewrite(draft("i1", amount=1))) is False
    assert contents(database) == before


async def test_an_intent_moves_from_the_states_given(store: Store, database: Database) -> None:
    """What is given is stored with the move; from another state nothing happens."""
    await store.write(lambda tx: tx.intents.add(draft("i1"), origin=None))
    open_states = [IntentState.DRAFT, IntentState.AWAITING_PIN]

    moved = await store.write(
        lambda tx: tx.intents.move_if(
            "i1", states=open_states, to=IntentState.REFUSED, expires_at=5, refusal="Expired"
        )
    )
    assert moved == replace(
        draft("i1"), state=IntentState.REFUSED, expires_at=5, refusal="Expired"
    )
    assert await store.read(lambda tx: tx.intents.get("i1")) == moved
    before = contents(database)
    nothing = await store.write(
        lambda tx: tx.intents.move_if("i1", states=open_states, to=IntentState.POSTED)
    )
    assert nothing is None
    assert contents(database) == before


async def test_a_move_without_values_keeps_them(store: Store) -> None:
    """A move that gives no expiry and no refusal leaves both."""
    await store.write(lambda tx: tx.intents.add(draft("i1"), origin=None))
    await store.write(
        lambda tx: tx.intents.move_if("i1", states=[IntentState.DRAFT], to=IntentState.CANCELLED)
    )

    moved = await store.read(lambda tx: tx.intents.get("i1"))
    assert moved == replace(draft("i1"), state=IntentState.CANCELLED)


async def test_one_of_many_moves_wins(store: Store) -> None:
    """Of a PIN, a cancellation and an expiry at once, one changes the card."""
    await store.write(lambda tx: tx.intents.add(draft("i1"), origin=None))
    ends = [IntentState.POSTED, IntentState.CANCELLED, IntentState.EXPIRED] * 4

    won = await asyncio.gather(
        *(
            store.write(
                lambda tx, to=end: tx.intents.move_if("i1", states=[IntentState.DRAFT], to=to)
            )
            for end in ends
        )
    )

    assert won.count(None) == len(ends) - 1


async def test_where_it_is_shown_can_be_changed(store: Store) -> None:
    """A group is chosen, or none."""
    await store.write(lambda tx: tx.intents.add(draft("i1"), origin=None))
    for group_id in (-7, None):
        await store.write(lambda tx, group=group_id: tx.intents.show_in("i1", group))
        shown = await store.read(lambda tx: tx.intents.get("i1"))
        assert shown is not None
        assert shown.told_in == group_id


async def test_open_cards_come_latest_first(store: Store) -> None:
    """Drafts and cards awaiting a PIN, of this payer only."""
    for number, state in enumerate(IntentState):
        intent = replace(draft(f"i{number}", created_at=NOW + number), state=state)
        await store.write(lambda tx, new=intent: tx.intents.add(new, origin=None))
    await store.write(lambda tx: tx.intents.add(draft("other", payer=BOB), origin=None))

    found = await store.read(lambda tx: tx.intents.open_of(ALICE))
    assert [intent.state for intent in found] == [IntentState.AWAITING_PIN, IntentState.DRAFT]


async def test_overdue_cards_come_longest_overdue_first(store: Store) -> None:
    """At the moment itself a card is overdue; closed ones never are."""
    for number in (3, 1, 2):
        intent = draft(f"i{number}", created_at=NOW + number)
        await store.write(lambda tx, new=intent: tx.intents.add(new, origin=None))
    closed = replace(draft("i0"), state=IntentState.CANCELLED)
    await store.write(lambda tx: tx.intents.add(closed, origin=None))

    found = await store.read(lambda tx: tx.intents.overdue(NOW + HOUR + 2, 10))
    assert [intent.id for intent in found] == ["i1", "i2"]
    assert len(await store.read(lambda tx: tx.intents.overdue(NOW + HOUR + 2, 1))) == 1


# --- payments ----------------------------------------------------------------------------------


async def test_a_payment_moves_from_its_state_only(store: Store, database: Database) -> None:
    """A held payment is found by its claim token, and its claim stores who and when."""
    await store.write(do(hold_back, draft("i1", payees=("dave",))))
    held = await store.read(lambda tx: tx.intents.payment_by_claim("claim-i1-p0"))
    assert held is not None
    assert (held.state, held.expires_at) == (PaymentState.HELD, NOW + HOUR)

    def claim() -> object:
        return store.write(
            lambda tx: tx.intents.move_payment_if(
                "i1-p0",
                state=PaymentState.HELD,
                to=PaymentState.POSTED,
                payee_id=CAROL,
                posted_at=NOW + 1,
            )
        )

    claimed = replace(held, state=PaymentState.POSTED, payee_id=CAROL, posted_at=NOW + 1)
    assert await claim() == claimed  # type: ignore[misc]
    found = await store.read(lambda tx: tx.intents.payment_by_claim("claim-i1-p0"))
    assert found == claimed
    before = contents(database)
    assert await claim() is None  # type: ignore[misc]
    assert contents(database) == before
    assert await store.read(lambda tx: tx.intents.payment_by_claim("nothing")) is None


async def test_whatever_is_given_with_a_move_is_stored(store: Store, database: Database) -> None:
    """Also where a draft is posted, which seldom changes more than its state."""
    await store.write(lambda tx: tx.intents.add(draft("i1"), origin=None))
    moved = await store.write(
        lambda tx: tx.intents.move_payment_if(
            "i1-p0",
            state=PaymentState.DRAFT,
            to=PaymentState.POSTED,
            payee_id=CAROL,
            posted_at=NOW + 1,
        )
    )

    assert moved is not None
    assert (moved.state, moved.payee_id, moved.posted_at) == (PaymentState.POSTED, CAROL, NOW + 1)
    assert await store.read(lambda tx: tx.intents.payment("i1-p0")) == moved


async def test_refunds_never_exceed_the_payment(store: Store, database: Database) -> None:
    """The row itself counts: what would be too much changes nothing."""
    await store.write(do(pay, draft("i1", amount=1_000)))

    assert await store.write(lambda tx: tx.intents.add_refund("i1-p0", 999)) is True
    before = contents(database)
    assert await store.write(lambda tx: tx.intents.add_refund("i1-p0", 2)) is False
    assert contents(database) == before
    assert await store.write(lambda tx: tx.intents.add_refund("i1-p0", 1)) is True


async def test_what_is_not_posted_is_not_refunded(store: Store, database: Database) -> None:
    """A held payment is taken back, not refunded."""
    await store.write(do(hold_back, draft("i1", payees=("dave",))))
    before = contents(database)

    assert await store.write(lambda tx: tx.intents.add_refund("i1-p0", 1)) is False
    assert contents(database) == before


async def test_held_payments_are_found_by_both_ends(store: Store) -> None:
    """By id, or by a username in any case while there is no id; and by the payer."""
    await store.write(do(hold_back, draft("i1", payees=(BOB,), amount=10)))
    await store.write(do(hold_back, draft("i2", payees=("Bob",), amount=10)))
    await store.write(do(hold_back, draft("i3", payees=("carol", None), amount=10)))

    async def held_for(person_id: int, username: str | None) -> list[str]:
        found = await store.read(lambda tx: tx.intents.held_for(person_id, username))
        return [payment.id for payment in found]

    assert await held_for(BOB, "bob") == ["i1-p0", "i2-p0"]
    assert await held_for(BOB, None) == ["i1-p0"]
    assert await held_for(CAROL, "CAROL") == ["i3-p0"]
    by_alice = await store.read(lambda tx: tx.intents.held_by(ALICE))
    assert [payment.id for payment in by_alice] == ["i1-p0", "i2-p0", "i3-p0", "i3-p1"]


async def test_overdue_holds_come_longest_overdue_first(store: Store) -> None:
    """Only held payments whose time is up."""
    for number in (3, 1, 2):
        intent = draft(f"i{number}", payees=("dave",), amount=10)
        await store.write(do(hold_back, intent, expires_at=NOW + number))
    await store.write(do(pay, draft("posted", amount=10)))

    found: list[Payment] = await store.read(lambda tx: tx.intents.overdue_holds(NOW + 2, 10))
    assert [payment.id for payment in found] == ["i1-p0", "i2-p0"]


async def test_a_payment_to_an_unknown_person_is_refused(store: Store, database: Database) -> None:
    """Whoever is paid by id has been written down first."""
    before = contents(database)

    with pytest.raises(database.refusal):
        await store.write(lambda tx: tx.intents.add(draft("i1", payees=(999,)), origin=None))

    assert contents(database) == before
