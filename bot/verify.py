"""What people show to be theirs: a phone number, and a bank account to withdraw to.

A phone number is shared with Telegram's own button and never typed: only then Telegram says whose
it is. A contact that is somebody else's proves nothing. Where a proof is asked for before a
payment, the payment's card follows as soon as it is there.
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from telegram import InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup, ReplyKeyboardRemove
from telegram.ext import BaseHandler, CallbackQueryHandler, MessageHandler, filters

from bot import keyboards, pay, prompts, refusals, start
from bot.bank_names import kind_name
from bot.callbacks import pattern
from bot.context import NotForUs, Scene, handler
from payments.errors import NotOpen, NotYours, ProofRefused
from payments.models import Prompt, Proof
from payments.proofs import masked

Screen = tuple[Markup, InlineKeyboardMarkup]

_PHONE, _BANK = "verify_phone", "verify_bank"
_DAY_MINUTES = 24 * 60


def handlers() -> list[BaseHandler[Any, Any, Any]]:
    """Contacts that were asked for, and the buttons of this room."""
    shared = filters.CONTACT & filters.ChatType.PRIVATE & filters.UpdateType.MESSAGE
    return [
        MessageHandler(shared, _shared),
        CallbackQueryHandler(_button, pattern=pattern("v")),
    ]


async def ask(scene: Scene, proof: Proof, *, intent_id: str = "") -> None:
    """Asks for a proof.

    Args:
        scene: the private chat.
        proof: what is to be shown.
        intent_id: the card to go on with afterwards, if any.
    """
    t = scene.t
    expects = _PHONE if proof is Proof.PHONE else _BANK
    await scene.chat.ask(
        scene.person.id, scene.chat_id, expects, subject_id=intent_id, minutes=_DAY_MINUTES
    )
    if proof is Proof.PHONE:
        share = KeyboardButton(t.plain("📱 Share my phone number"), request_contact=True)
        why = t(
            "📱 <b>Your phone number</b>\n"
            "Tap the button below, so that Telegram tells me your number. I keep it encrypted. "
            "Others can then pay you by it, unless you switch that off in /settings."
        )
        keys = ReplyKeyboardMarkup([[share]], resize_keyboard=True, one_time_keyboard=True)
        await scene.reply(why, keys)
        return
    await scene.reply(
        t(
            "🏦 <b>Your bank account</b>\n"
            "Type your IBAN, your UPI ID or your Pix key. I keep it encrypted, and use it for "
            "your withdrawals, and for links on which you switch it on yourself."
        )
    )


async def ask_before_paying(scene: Scene, proof: Proof, intent_id: str) -> None:
    """Asks for what has to be shown before the first payment."""
    await scene.answer()
    await scene.reply(
        scene.t("🔐 Before your first payment I have to know you a little better, just once.")
    )
    await ask(scene, proof, intent_id=intent_id)


# --- the phone number ----------------------------------------------------------------------------


@handler
async def _shared(scene: Scene) -> None:
    contact = scene.message.contact if scene.message else None
    prompt = await scene.chat.asked(scene.person.id, scene.chat_id)
    if contact is None or prompt is None or prompt.expects != _PHONE:
        raise NotForUs
    was_forwarded = scene.message is not None and scene.message.forward_origin is not None
    try:
        await scene.payments.verify_phone(
            scene.person.id,
            contact.phone_number,
            owner_id=None if was_forwarded else contact.user_id,
        )
    except NotYours:
        await scene.reply(
            scene.t("That is not your own number. Tap “Share my phone number” below, please.")
        )
        return
    await scene.chat.answered(scene.person.id, scene.chat_id)
    await scene.reply(scene.t("✅ Your phone number is verified."), ReplyKeyboardRemove())
    await _go_on(scene, Proof.PHONE, prompt)


@prompts.takes_text(_PHONE)
async def _typed_instead(scene: Scene, _: Prompt, __: str) -> None:
    raise prompts.AskAgain(
        scene.t("Typing does not prove that it is yours. Tap the button below, or /cancel.")
    )


async def _phone(scene: Scene) -> Screen:
    t = scene.t
    phone, _ = await scene.payments.proofs(scene.person.id)
    back = [keyboards.button(t.plain("‹ Back"), "s", "menu")]
    if phone is None:
        return (
            t("📱 <b>Phone</b>\nNo number is verified. With one you can pay and be paid more."),
            keyboards.rows(
                [keyboards.primary(t.plain("Verify my number"), "v", "ask_phone")], back
            ),
        )
    found = t.plain("Pay by phone: on") if phone.findable else t.plain("Pay by phone: off")
    return (
        t(
            "📱 <b>Phone</b>\nYour number {number} is verified. While “Pay by phone” is on, "
            "whoever knows it can pay you by it, and sees your name.",
            number=masked(phone.number),
        ),
        keyboards.rows(
            [keyboards.button(found, "v", "find", int(not phone.findable))],
            [keyboards.button(t.plain("Remove my number"), "v", "drop_phone")],
            back,
        ),
    )


# --- the bank account ----------------------------------------------------------------------------


@prompts.takes_text(_BANK)
async def _typed_account(scene: Scene, prompt: Prompt, text: str) -> None:
    try:
        await scene.payments.link_bank(scene.person.id, text)
    except ProofRefused as error:
        raise prompts.AskAgain(refusals.sentence(error, scene.t)) from None
    await scene.chat.answered(scene.person.id, scene.chat_id)
    await _go_on(scene, Proof.BANK, prompt)


async def _bank(scene: Scene) -> Screen:
    t = scene.t
    _, account = await scene.payments.proofs(scene.person.id)
    back = [keyboards.button(t.plain("‹ Back"), "s", "menu")]
    if account is None:
        return (
            t("🏦 <b>Bank account</b>\nNone is linked. It is where your withdrawals go."),
            keyboards.rows([keyboards.primary(t.plain("Link an account"), "v", "ask_bank")], back),
        )
    return (
        t(
            "🏦 <b>Bank account</b>\nYour withdrawals go to {kind} {number}.",
            kind=kind_name(account.kind, t),
            number=masked(account.number),
        ),
        keyboards.rows(
            [keyboards.button(t.plain("Link another one"), "v", "ask_bank")],
            [keyboards.button(t.plain("Remove it"), "v", "drop_bank")],
            back,
        ),
    )


# --- buttons -------------------------------------------------------------------------------------


@handler
async def _button(scene: Scene) -> None:
    if await start.led_away(scene, "settings"):
        return
    me = scene.person.id
    match scene.pressed:
        case "phone", []:
            await scene.edit(*await _phone(scene))
        case "bank", []:
            await scene.edit(*await _bank(scene))
        case "ask_phone", []:
            await ask(scene, Proof.PHONE)
        case "ask_bank", []:
            await ask(scene, Proof.BANK)
        case "find", ["0" | "1" as findable]:
            await scene.payments.let_phone_find(me, findable=findable == "1")
            await scene.edit(*await _phone(scene))
        case "drop_phone", []:
            await scene.payments.drop_phone(me)
            await scene.edit(*await _phone(scene))
        case "drop_bank", []:
            await scene.payments.drop_bank_account(me)
            await scene.edit(*await _bank(scene))
        case _:
            raise NotOpen("gone")


async def _go_on(scene: Scene, proof: Proof, prompt: Prompt) -> None:
    """Shows the card that waited for the proof, or what is stored now."""
    if prompt.subject_id:
        intent = await scene.payments.intent(prompt.subject_id, scene.person.id)
        await pay.show_intent(scene, intent, edit=False)
        return
    await scene.reply(*await (_phone(scene) if proof is Proof.PHONE else _bank(scene)))
