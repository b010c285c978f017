"""What an operator is about to do, or has done, in words, and where to go from there."""

from __future__ import annotations

from markupsafe import Markup
from telegram import InlineKeyboardMarkup

from bot import keyboards
from bot.context import Scene
from bot.texts import Texts
from payments.models import ActionKind, OperatorAction, Person


async def what(scene: Scene, action: OperatorAction | None) -> Markup:
    """One line that says what an action does, and to whom."""
    if action is None:
        raise ValueError("a keypad of an operator names what it approves")
    ids = [] if action.person_id is None else [action.person_id]
    people = await scene.payments.people(ids)
    person = None if action.person_id is None else people.get(action.person_id)
    return _line(action.kind, whom(person), scene.t)


def where_next(action: OperatorAction, t: Texts) -> InlineKeyboardMarkup:
    """The ways on from an action that is done: whom it was about, and the operators' menu."""
    person_id = action.person_id
    back = [keyboards.button(t.plain("‹ Back"), "x", "home")]
    if person_id is None:
        return keyboards.rows(back)
    return keyboards.rows(
        [keyboards.button(t.plain("Show the person"), "x", "person", person_id)], back
    )


def whom(person: Person | None) -> str:
    """A person as an operator needs to see them: by name, @name and number."""
    if person is None:
        return "?"
    if person.gone:
        return person.name
    called = f" @{person.username}" if person.username else ""
    return f"{person.name}{called} ({person.id})"


def _line(kind: ActionKind, person: str, t: Texts) -> Markup:
    match kind:
        case ActionKind.FREEZE:
            return t("Stop all payments of {person}", person=person)
        case ActionKind.UNFREEZE:
            return t("Let {person} pay and be paid again", person=person)
        case ActionKind.REFUND:
            return t("Give a payment back that {person} received", person=person)
        case ActionKind.CLOSE_REPORT:
            return t("Close the report about {person}", person=person)
        case ActionKind.PAUSE:
            return t("Pause all payments")
        case ActionKind.RESUME:
            return t("Resume all payments")
