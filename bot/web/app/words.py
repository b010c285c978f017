"""All that the Mini App's script says, in the visitor's language."""

from __future__ import annotations

from bot.texts import Texts


def words(t: Texts) -> dict[str, str]:
    """The words by the names that `static/app.js` knows."""
    return _everywhere(t) | _home(t) | _paying(t) | _devices(t)


def _everywhere(t: Texts) -> dict[str, str]:
    return {
        "back": t.plain("Back"),
        "cancel": t.plain("Cancel"),
        "close": t.plain("Close"),
        "done": t.plain("Done"),
        "delete_digit": t.plain("Delete the last digit"),
        "digits": t.plain("PIN, {filled} of 6 digits", filled="{filled}"),
        "no_answer": t.plain("There is no connection. Nothing was lost: try again."),
        "open_again": t.plain("Close this window and open it again."),
        "retry": t.plain("Try again"),
    }


def _home(t: Texts) -> dict[str, str]:
    return {
        "available": t.plain("Available"),
        "held": t.plain("{amount} is on its way", amount="{amount}"),
        "pay": t.plain("Pay"),
        "ask": t.plain("Request"),
        "scan": t.plain("Scan"),
        "my_link": t.plain("My link"),
        "code": t.plain("QR code"),
        "history": t.plain("History"),
        "older": t.plain("Show older"),
        "nothing_yet": t.plain("Nothing here yet. What you pay and receive will be listed here."),
        "month": t.plain("Your balance, 30 days"),
        "today": t.plain("Today"),
        "devices": t.plain("Fingerprint and face"),
        "receipt": t.plain("Receipt"),
        "left_after": t.plain("Balance afterwards"),
        "reference": t.plain("Reference"),
        "when": t.plain("When"),
        "note": t.plain("Note"),
    }


def _paying(t: Texts) -> dict[str, str]:
    return {
        "pay_someone": t.plain("Pay someone"),
        "to_whom": t.plain("Whom do you want to pay?"),
        "from_whom": t.plain("Whom do you ask?"),
        "anybody": t.plain("Leave it empty to ask anybody."),
        "username": t.plain("@username"),
        "amount": t.plain("Amount"),
        "add_money": t.plain("Add money"),
        "any_amount": t.plain("Tap an amount or type one."),
        "what_for": t.plain("What is it for?"),
        "optional": t.plain("Optional"),
        "answer": t.plain("Your answer"),
        "go_on": t.plain("Continue"),
        "one_moment": t.plain("One moment"),
        "tap_pin": t.plain("Tap your PIN"),
        "approve_finger": t.plain("Approve with fingerprint"),
        "approve_face": t.plain("Approve with your face"),
        "use_pin": t.plain("Use the PIN instead"),
        "finger_reason": t.plain("Approve this payment"),
        "finger_refused": t.plain("That was not recognised. Tap your PIN."),
        "scan_hint": t.plain("Point at a payment code"),
        "asked": t.plain("Your request is ready"),
        "share": t.plain("Share link"),
        "copy": t.plain("Copy link"),
        "copied": t.plain("Copied"),
    }


def _devices(t: Texts) -> dict[str, str]:
    return {
        "devices_mean": t.plain(
            "These devices may approve small payments to people you know, without your PIN."
        ),
        "no_device": t.plain("No device yet"),
        "add_device": t.plain("Add this device"),
        "no_finger": t.plain("This device has no fingerprint or face to approve with."),
        "finger_denied": t.plain(
            "Telegram may not use your fingerprint or face. Allow it in the settings."
        ),
        "this_device": t.plain("This device"),
        "remove": t.plain("Remove"),
        "remove_asks": t.plain(
            "Remove {device}? It can approve nothing from then on.", device="{device}"
        ),
    }
