"""Photos of QR codes: our own are opened like links, others are explained, none is ever opened."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
import segno.helpers
from PIL import Image

from bot import qr
from payments.money import Money
from payments.qr import pix, upi
from simulator.client import Message, Telegram
from tests.chat.books import books
from tests.chat.driver import Chatpay, Customer

NOTHING_FOUND = "I found no QR code"
PIX = pix.make_static(
    key="123e4567-e12b-12d1-a456-426655440000",
    name="Fulano de Tal",
    city="BRASILIA",
    amount=Money(1050, "BRL"),
    note="pastel",
)


def side_by_side(texts: Sequence[str]) -> bytes:
    """One picture of several codes."""
    codes = [Image.open(io.BytesIO(qr.png(text))) for text in texts]
    picture = Image.new("L", (sum(code.width for code in codes), codes[0].height), 255)
    left = 0
    for code in codes:
        picture.paste(code, (left, 0))
        left += code.width
    return as_png(picture)


def as_png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


async def answer_to(customer: Customer, picture: bytes, wanted: str) -> Message:
    """What the bot says to a photo."""
    await customer.person.send_photo(customer.chat, picture)
    return await customer.see(wanted)


async def test_a_photo_of_a_persons_card_opens_the_payment(
    telegram: Telegram, alice: Customer, bob: Customer
) -> None:
    """The picture that /me sends, sent back by somebody else, pays like the link in it."""
    shown = await alice.ask("/me", "Your permanent link")
    assert shown.photo is not None

    question = await answer_to(bob, await telegram.download(shown.photo), "How much")
    assert question.text.startswith("Pay Alice @alice")
    await bob.press(question, "€20.00")
    await bob.approve(await bob.see("Left afterwards"), "Pay €20.00")

    assert (await alice.see("paid you")).text == "💶 Bob @bob paid you €20.00"
    assert (await alice.balance(), await bob.balance()) == ("€120.00", "€80.00")


async def test_a_picture_sent_as_a_file_is_read_too(
    telegram: Telegram, alice: Customer, bob: Customer
) -> None:
    """Somebody who knows that photos get compressed sends the file."""
    shown = await alice.ask("/link 12.50 lunch", "A payment link")
    assert shown.photo is not None
    picture = await telegram.download(shown.photo)
    await bob.person.send_document(bob.chat, picture, name="code.png", mime="image/png")
    card = await bob.see("Pay Alice")
    assert card.text.split("\n")[:3] == ["Pay Alice @alice", "€12.50", "lunch"]


async def test_somebody_new_joins_by_a_photo(
    telegram: Telegram, alice: Customer, dave: Customer
) -> None:
    """Terms and name first, then the card that the code leads to."""
    shown = await alice.ask("/link 12.50", "A payment link")
    assert shown.photo is not None
    await dave.start()
    await dave.see("The terms, in short")
    terms = await answer_to(dave, await telegram.download(shown.photo), "The terms, in short")
    await dave.press(terms, terms.labels[0])
    question = await dave.see("What should people see")
    await dave.press(question, question.labels[0])
    await dave.see("Pay Alice")


async def test_several_codes_are_offered_to_choose_from(alice: Customer, bob: Customer) -> None:
    """A button for each, which leads where the link would."""
    addresses = [
        (await alice.ask(f"/link {amount}", "A payment link")).button("Copy link")["copy_text"][
            "text"
        ]
        for amount in ("12.50", "7")
    ]
    choice = await answer_to(bob, side_by_side(addresses), "Which one do you mean")
    assert choice.labels == ["1. Payment link", "2. Payment link"]
    urls = [choice.button(label)["url"] for label in choice.labels]
    assert sorted(urls) == sorted(addresses)
    await bob.person.open_link(addresses[1])
    assert "€7.00" in (await bob.see("Pay Alice")).text


async def test_ones_own_code_among_strangers_is_opened(alice: Customer, bob: Customer) -> None:
    """A poster of a shop shows several ways to be paid; ours is the one that works here."""
    shown = await alice.ask("/link 12.50", "A payment link")
    address = shown.button("Copy link")["copy_text"]["text"]
    await answer_to(bob, side_by_side([PIX.text, address]), "Pay Alice")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "https://t.me/other_bot?start=abc",
            "↗️ A link to @other_bot on Telegram, not to me. I have not opened it.",
        ),
        (
            "https://example.com/<b>?a=1",
            (
                "🌐 A web address, not a payment of mine. I have not opened it:\n"
                "https://example.com/<b>?a=1"
            ),
        ),
        (
            "https://t.me.example.com/chatpay_bot?start=l_AbCdEfGhIjKlMnOp",
            (
                "🌐 A web address, not a payment of mine. I have not opened it:\n"
                "https://t.me.example.com/chatpay_bot?start=l_AbCdEfGhIjKlMnOp"
            ),
        ),
        (
            r"WIFI:T:WPA;S:Caf\;e;P:secret-word;;",
            "📶 The Wi-Fi network Caf;e. Your camera can join it; I cannot.",
        ),
        (
            "tg://login?token=abcdef",
            (
                "🛑 A code that signs in to Telegram. Whoever made it gets into your account. "
                "Never scan such a code that somebody sent you."
            ),
        ),
        (
            "otpauth://totp/A?secret=JBSWY3DPEHPK3PXP",
            "🔐 A secret for sign-in codes. Keep it to yourself; I have not kept it.",
        ),
        ("Table 7", "📄 A text, not a payment:\nTable 7"),
        (
            PIX.text,
            (
                "🏦 A Pix code, Brazil\n"
                "Payee: Fulano de Tal (says the code; not verified)\n"
                "Pix key: 123e…0000\n"
                "Amount: R$10.50\n"
                "Note: pastel\n\n"
                "I cannot pay this kind of code. Scan it with your bank's app, and check the name "
                "that your bank shows before you pay."
            ),
        ),
        (
            upi.make(payee="nadeem@npci", name="Nadeem Chinna", reference="A17").text,
            (
                "🏦 A UPI code, India\n"
                "Payee: Nadeem Chinna (says the code; not verified)\n"
                "UPI address: na…@npci\n"
                "Amount: not in the code\n"
                "Reference: A17\n\n"
                "I cannot pay this kind of code. Scan it with your bank's app, and check the name "
                "that your bank shows before you pay."
            ),
        ),
        (
            PIX.text.replace("10.50", "99.50"),
            (
                "⚠️ A Pix code that is not in order\n"
                "Its checksum is wrong: it was changed, or is damaged.\n"
                "Do not pay it. Ask whoever gave it to you for a new one."
            ),
        ),
        (
            "upi://pay?pa=nadeem@npci&pn=Nadeem&am=1&am=900&cu=INR",
            (
                "⚠️ A UPI code that is not in order\n"
                "It says the same thing twice, so it could mean either.\n"
                "Do not pay it. Ask whoever gave it to you for a new one."
            ),
        ),
    ],
)
async def test_other_codes_are_explained(
    chatpay: Chatpay, bob: Customer, text: str, said: str
) -> None:
    """What it is, what it asks for and what to do; nothing is opened, and nothing moves."""
    before = books(chatpay)
    await bob.person.send_photo(bob.chat, qr.png(text))
    assert (await bob.see(lambda message: message.author_id != bob.id)).text == said
    assert books(chatpay) == before


async def test_a_transfer_code_in_another_alphabet_is_understood(bob: Customer) -> None:
    """An EPC code names its character set itself; the payee's name comes out right."""
    file = io.BytesIO()
    segno.helpers.make_epc_qr(
        name="François D'Alsace S.A.",
        iban="FR1420041010050500013M02606",
        amount="12.3",
        text="Client:Marie Louise La Lune",
        encoding="iso-8859-1",
    ).save(file, kind="png", scale=8, border=4)
    said = await answer_to(bob, file.getvalue(), "SEPA")
    assert said.text.split("\n")[:5] == [
        "🏦 A bank transfer code, SEPA",
        "Payee: François D'Alsace S.A. (says the code; not verified)",
        "Account: FR14…2606",
        "Amount: €12.30",
        "Note: Client:Marie Louise La Lune",
    ]


async def test_nothing_of_a_code_is_kept_or_logged(
    chatpay: Chatpay, bob: Customer, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither the database nor the log has what it said."""
    await answer_to(bob, qr.png(PIX.text), "A Pix code")
    kept = b"".join(path.read_bytes() for path in chatpay.folder.glob("chatpay.db*"))
    logged = "".join(capfd.readouterr())
    for said in (PIX.key, PIX.name, PIX.note):
        assert said.encode() not in kept
        assert said not in logged


async def test_a_picture_without_a_code_gets_a_hint(bob: Customer) -> None:
    """What would help is said."""
    await answer_to(bob, as_png(Image.new("RGB", (400, 300), "#88aa44")), NOTHING_FOUND)


@pytest.mark.parametrize("content", [b"no picture at all", b"\x89PNG\r\n\x1a\n" + b"\0" * 90])
async def test_a_broken_picture_gets_a_hint(bob: Customer, content: bytes) -> None:
    """A file that only claims to be a picture does no harm."""
    await bob.person.send_document(bob.chat, content, name="code.png", mime="image/png")
    await bob.see(NOTHING_FOUND)


async def test_a_picture_with_too_many_pixels_is_not_decoded(bob: Customer) -> None:
    """A small file that would unfold to a gigantic picture is refused by its measures."""
    bomb = as_png(Image.new("1", (20_000, 20_000)))
    assert len(bomb) < qr.BYTES_MOST
    await bob.person.send_document(bob.chat, bomb, name="code.png", mime="image/png")
    await bob.see(NOTHING_FOUND)


async def test_a_file_that_is_too_large_is_not_fetched(
    telegram: Telegram, bob: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size is known before it is downloaded."""
    monkeypatch.setattr(qr, "BYTES_MOST", 1_000)
    await bob.person.send_document(bob.chat, b"x" * 1_001, name="code.png", mime="image/png")
    await bob.see("That picture is too large for me")
    assert await telegram.calls("getFile") == []


async def test_photos_in_groups_are_ignored(
    telegram: Telegram, alice: Customer, bob: Customer
) -> None:
    """Somebody's code in a group is not for the bot."""
    shown = await alice.ask("/me", "Your permanent link")
    assert shown.photo is not None
    group = await telegram.group("Lunch", [alice.person, bob.person], bots=[bob.bot])
    await bob.person.send_photo(group, await telegram.download(shown.photo))
    assert "available" in (await bob.ask("/balance", "available")).text
    assert [m.author_id for m in await bob.messages(group) if m.photo] == [bob.id]
    assert await telegram.calls("getFile") == []


# --- posters -------------------------------------------------------------------------------------


async def test_a_poster_comes_as_pdf(telegram: Telegram, alice: Customer) -> None:
    """Two pages, A4 and A5, to print."""
    shown = await alice.ask("/link 12.50 lunch", "A payment link")
    await alice.press(shown, "Poster")
    sent = await alice.see("To print")
    assert sent.document is not None
    assert sent.document["file_name"] == "chatpay-poster.pdf"
    pdf = await telegram.download(sent.document["file_url"])
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/MediaBox") == 2


async def test_the_code_alone_comes_as_png_and_svg(telegram: Telegram, alice: Customer) -> None:
    """For one's own design; both are the link's code."""
    shown = await alice.ask("/me", "Your permanent link")
    address = shown.button("Copy link")["copy_text"]["text"]
    await alice.press(shown, "QR only")
    files = [await alice.see(lambda message: message.document is not None) for _ in ("png", "svg")]
    names = [file.document["file_name"] for file in files if file.document]
    assert names == ["chatpay-qr.png", "chatpay-qr.svg"]
    png, svg = [await telegram.download(f.document["file_url"]) for f in files if f.document]
    assert qr.read(png) == [address]
    assert svg == qr.svg(address)


async def test_only_the_owner_gets_a_poster(alice: Customer, bob: Customer) -> None:
    """A forged button for somebody else's link is refused."""
    theirs = await alice.ask("/link 12.50", "A payment link")
    own = await bob.ask("/link 5", "A payment link")
    data = theirs.button("Poster")["callback_data"]
    answer = await bob.person.press_data(own, data)
    assert answer.toast == "This is somebody else's, or too long ago: nothing was done."
