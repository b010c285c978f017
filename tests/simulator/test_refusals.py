"""What the Bot API refuses, with the status and the very words of Telegram.

Each row is a call that is wrong in one way. Nothing may come of it: no message, no update, no
event.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from simulator.server import LocalTelegram

LONG_DATA = "ü" * 33  # 33 characters, 66 bytes


@dataclass(frozen=True)
class Scene:
    """The ids that wrong calls name."""

    ann: int
    bob: int
    stranger: int
    blocker: int
    group: int
    left_group: int
    bot: int
    text: int
    """A text of the bot's with a button."""
    photo: int
    theirs: int
    """A text of Ann's."""
    keyboard: int
    """A text of the bot's that brought a reply keyboard."""
    in_group: int
    """A text of Ann's in the group."""


def inline(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "Go", **button}]]}


def keys(**button: Any) -> dict[str, Any]:
    return {"keyboard": [[{"text": "Go", **button}]]}


def html(text: str) -> Callable[[Scene], dict[str, Any]]:
    return lambda scene: {"chat_id": scene.ann, "text": text, "parse_mode": "HTML"}


def markdown(text: str) -> Callable[[Scene], dict[str, Any]]:
    return lambda scene: {"chat_id": scene.ann, "text": text, "parse_mode": "MarkdownV2"}


def to_ann(**params: Any) -> Callable[[Scene], dict[str, Any]]:
    return lambda scene: {"chat_id": scene.ann, **params}


def marked(markup: Any) -> Callable[[Scene], dict[str, Any]]:
    return lambda scene: {"chat_id": scene.ann, "text": "x", "reply_markup": markup}


def grouped(markup: Any) -> Callable[[Scene], dict[str, Any]]:
    return lambda scene: {"chat_id": scene.group, "text": "x", "reply_markup": markup}


def edit(of: str, **params: Any) -> Callable[[Scene], dict[str, Any]]:
    return lambda scene: {"chat_id": scene.ann, "message_id": getattr(scene, of), **params}


def bill(**changes: Any) -> Callable[[Scene], dict[str, Any]]:
    right = {
        "title": "Top-up",
        "description": "Money",
        "payload": "p",
        "currency": "EUR",
        "provider_token": "test",
        "prices": [{"label": "all", "amount": 100}],
    }
    return lambda scene: {"chat_id": scene.ann, **right, **changes}


NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the "
    "same as a current content and reply markup of the message"
)
STALE = "query is too old and response timeout expired or query ID is invalid"
CANT = "can't parse entities: "
ONLY_HTTPS = "Only HTTPS links are allowed"
UNALLOWED = "Text buttons are unallowed in the inline keyboard"
BUTTON = "can't parse inline keyboard button: "

BAD_REQUESTS: list[tuple[str, Callable[[Scene], dict[str, Any]], str]] = [
    # chats
    ("sendMessage", lambda _: {"text": "x"}, "chat_id is empty"),
    ("sendMessage", lambda s: {"chat_id": s.stranger, "text": "x"}, "chat not found"),
    ("sendMessage", lambda _: {"chat_id": "@nobody", "text": "x"}, "chat not found"),
    ("sendMessage", lambda _: {"chat_id": -77, "text": "x"}, "chat not found"),
    ("getChat", lambda _: {"chat_id": 12345}, "chat not found"),
    ("getChatMember", lambda s: {"chat_id": s.group, "user_id": 77}, "member not found"),
    (
        "getChatAdministrators",
        to_ann(),
        "there are no administrators in the private chat",
    ),
    ("sendChatAction", to_ann(action="dancing"), "wrong parameter action in request"),
    ("getUserProfilePhotos", lambda s: {"user_id": s.stranger}, "user not found"),
    # texts
    ("sendMessage", to_ann(), "message text is empty"),
    ("sendMessage", to_ann(text=""), "message text is empty"),
    ("sendMessage", to_ann(text=" \n "), "text must be non-empty"),
    ("sendMessage", to_ann(text="x" * 4097), "message is too long"),
    ("sendMessage", to_ann(text="😀" * 2049), "message is too long"),
    ("sendMessage", to_ann(text="x", parse_mode="LaTeX"), "unsupported parse_mode"),
    ("sendMessage", html("a<b"), CANT + "Unclosed start tag at byte offset 1"),
    ("sendMessage", html("<b>a"), CANT + 'Can\'t find end tag corresponding to start tag "b"'),
    ("sendMessage", html("é<p>a</p>"), CANT + 'Unsupported start tag "p" at byte offset 2'),
    ("sendMessage", html("a</b>"), CANT + "Unexpected end tag at byte offset 1"),
    (
        "sendMessage",
        html("<tg-time unix=7 format=x>a</tg-time>"),
        CANT + "Invalid date format used",
    ),
    (
        "sendMessage",
        html(f"<tg-time unix={2**31 - 1}>a</tg-time>"),
        "ENTITY_DATE_INVALID",
    ),
    (
        "sendMessage",
        html("<b>a</i>"),
        CANT + 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"',
    ),
    (
        "sendMessage",
        html('<span class="x">a</span>'),
        CANT + 'Tag "span" must have class "tg-spoiler" at byte offset 0',
    ),
    (
        "sendMessage",
        markdown("1.5"),
        CANT + "Character '.' is reserved and must be escaped with the preceding '\\'",
    ),
    ("sendMessage", markdown("*a"), CANT + "Can't find end of Bold entity at byte offset 0"),
    (
        "sendMessage",
        to_ann(text="x", reply_parameters={"message_id": 999}),
        "message to be replied not found",
    ),
    (
        "sendMessage",
        lambda s: {"chat_id": s.group, "text": "x", "message_effect_id": "1"},
        "can't use message effects in the chat",
    ),
    # keyboards
    ("sendMessage", marked("{"), "can't parse reply keyboard markup JSON object"),
    ("sendMessage", marked([]), "object expected as reply markup"),
    (
        "sendMessage",
        marked({"inline_keyboard": [{}]}),
        'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
    ),
    ("sendMessage", marked(inline()), BUTTON + UNALLOWED),
    (
        "sendMessage",
        marked({"inline_keyboard": [[{"url": "https://a.example"}]]}),
        BUTTON + 'Can\'t find field "text"',
    ),
    ("sendMessage", marked(inline(callback_data="")), "BUTTON_DATA_INVALID"),
    ("sendMessage", marked(inline(callback_data="x" * 65)), "BUTTON_DATA_INVALID"),
    ("sendMessage", marked(inline(callback_data=LONG_DATA)), "BUTTON_DATA_INVALID"),
    ("sendMessage", marked(inline(url="")), "BUTTON_URL_INVALID"),
    (
        "sendMessage",
        marked(inline(url="http://localhost/x")),
        "inline keyboard button URL 'http://localhost/x' is invalid: Wrong HTTP URL",
    ),
    (
        "sendMessage",
        marked(inline(url="upi://pay?pa=a@b")),
        "inline keyboard button URL 'upi://pay?pa=a@b' is invalid: Unsupported URL protocol",
    ),
    (
        "sendMessage",
        marked(inline(web_app={"url": "http://a.example"})),
        f"inline keyboard button Web App URL 'http://a.example' is invalid: {ONLY_HTTPS}",
    ),
    (
        "sendMessage",
        grouped(inline(web_app={"url": "https://a.example"})),
        "BUTTON_TYPE_INVALID",
    ),
    ("sendMessage", marked(inline(copy_text={"text": "x" * 257})), "BUTTON_COPY_TEXT_INVALID"),
    (
        "sendMessage",
        marked({"inline_keyboard": [[{"text": "x", "callback_data": "y"}] * 101]}),
        "reply markup is too long",
    ),
    (
        "sendMessage",
        grouped(keys(request_users={"request_id": 1})),
        "users can be requested in private chats only",
    ),
    (
        "sendMessage",
        grouped(keys(request_contact=True)),
        "phone number can be requested in private chats only",
    ),
    ("sendMessage", marked(keys(request_users={"request_id": 1, "max_quantity": 11})),
     "BUTTON_USERS_LIMIT_INVALID"),
    # pictures and files
    ("sendPhoto", to_ann(), "there is no photo in the request"),
    ("sendPhoto", to_ann(photo="nonsense"), "wrong file identifier/HTTP URL specified"),
    ("sendPhoto", to_ann(photo="https://a.example/x.png"), "failed to get HTTP URL content"),
    ("sendDocument", to_ann(), "there is no document in the request"),
    ("getFile", lambda _: {}, "file_id not specified"),
    ("getFile", lambda _: {"file_id": "nonsense"}, "invalid file_id"),
    # edits
    ("editMessageText", edit("text", text="card", reply_markup=inline(callback_data="d")),
     NOT_MODIFIED),
    ("editMessageText", lambda s: {"chat_id": s.ann, "message_id": 999, "text": "x"},
     "message to edit not found"),
    ("editMessageText", to_ann(text="x"), "message identifier is not specified"),
    ("editMessageText", edit("theirs", text="x"), "message can't be edited"),
    ("editMessageText", edit("keyboard", text="x"), "message can't be edited"),
    ("editMessageText", edit("photo", text="x"), "there is no text in the message to edit"),
    ("editMessageText", edit("text", text="x" * 4097), "MESSAGE_TOO_LONG"),
    ("editMessageText", edit("text", text="x", reply_markup=keys()), "inline keyboard expected"),
    ("editMessageCaption", edit("text", caption="x"),
     "there is no caption in the message to edit"),
    ("editMessageCaption", edit("photo", caption="x" * 1025), "message caption is too long"),
    ("editMessageReplyMarkup", edit("text", reply_markup=inline(callback_data="d")), NOT_MODIFIED),
    ("editMessageMedia", edit("photo", media={"type": "photo", "media": "attach://none"}),
     "there is no photo in the request"),
    # deletions, copies, pins, reactions
    ("deleteMessage", to_ann(message_id=999), "message to delete not found"),
    ("deleteMessage", lambda s: {"chat_id": s.group, "message_id": s.in_group},
     "message can't be deleted"),
    ("deleteMessages", to_ann(message_ids=list(range(1, 102))),
     "too many message identifiers specified"),
    ("copyMessage", lambda s: {"chat_id": s.ann, "from_chat_id": s.ann, "message_id": 999},
     "message to copy not found"),
    ("forwardMessage", lambda s: {"chat_id": s.ann, "from_chat_id": s.ann, "message_id": 999},
     "message to forward not found"),
    ("pinChatMessage", lambda s: {"chat_id": s.group, "message_id": s.in_group},
     "not enough rights to manage pinned messages in the chat"),
    ("setMessageReaction", edit("theirs", reaction=[{"type": "emoji", "emoji": "🧀"}]),
     "REACTION_INVALID"),
    # answers
    ("answerCallbackQuery", lambda _: {}, STALE),
    ("answerCallbackQuery", lambda _: {"callback_query_id": "1"}, STALE),
    ("answerCallbackQuery", lambda _: {"callback_query_id": "1", "text": "x" * 201},
     "MESSAGE_TOO_LONG"),
    ("answerCallbackQuery", lambda _: {"callback_query_id": "1", "url": "https://a.example"},
     "URL_INVALID"),
    ("answerPreCheckoutQuery", lambda _: {"pre_checkout_query_id": "1", "ok": True}, STALE),
    ("answerPreCheckoutQuery", lambda _: {"pre_checkout_query_id": "1"},
     'parameter "error_message" is required'),
    # what a bot says about itself
    ("setMyCommands", lambda _: {"commands": [{"command": "Pay", "description": "x"}]},
     "BOT_COMMAND_INVALID"),
    ("setMyCommands", lambda _: {"commands": [{"command": "pay", "description": ""}]},
     "BOT_COMMAND_DESCRIPTION_INVALID"),
    ("setMyCommands", lambda _: {"commands": [{"command": "pay"}]},
     'can\'t parse BotCommand: Can\'t find field "description"'),
    ("setMyCommands", lambda _: {"commands": [], "scope": {"type": "galaxy"}},
     "can't parse BotCommandScope: Unsupported type specified"),
    # invoices
    ("sendInvoice", bill(title=""), 'parameter "title" is required'),
    ("sendInvoice", bill(provider_token=""), "PAYMENT_PROVIDER_INVALID"),
    ("sendInvoice", bill(currency="euro"), "CURRENCY_INVALID"),
    ("sendInvoice", bill(prices=[]), "there must be at least one price"),
    ("sendInvoice", bill(payload="x" * 129), "INVOICE_PAYLOAD_INVALID"),
    ("createInvoiceLink", bill(currency="XTR", prices=[{"label": "a", "amount": 1}] * 2),
     "STARS_INVOICE_INVALID"),
    # webhooks
    ("setWebhook", lambda _: {"url": "http://a.example/hook"},
     "bad webhook: An HTTPS URL must be provided for webhook"),
    ("setWebhook", lambda _: {"url": "https://a.example:5000/hook"},
     "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443"),
    ("setWebhook", lambda _: {"url": "https://a.example/hook", "secret_token": "a b"},
     "secret token contains unallowed characters"),
]  # fmt: skip


@pytest.fixture
async def scene(telegram, bot, ann, bob, png) -> Scene:
    stranger = await telegram.person("Stranger")
    blocker = await telegram.person("Blocker")
    await blocker.start(bot.username)
    await blocker.block(bot.username)
    group = await telegram.group("Friends", [ann, bob], bots=[bot.username])
    left = await telegram.group("Gone", [ann], bots=[bot.username])
    await telegram.change_group(left, remove=[bot.username])
    chat = bot.key(ann)
    markup = inline(callback_data="d")
    text = await bot.call("sendMessage", chat_id=ann.id, text="card", reply_markup=markup)
    keyboard = await bot.call("sendMessage", chat_id=ann.id, text="keys", reply_markup=keys())
    _, photo = await bot.upload("sendPhoto", {"photo": ("a.png", png)}, chat_id=ann.id)
    return Scene(
        ann=ann.id,
        bob=bob.id,
        stranger=stranger.id,
        blocker=blocker.id,
        group=group.id,
        left_group=left.id,
        bot=bot.id,
        text=text["message_id"],
        photo=photo["result"]["message_id"],
        theirs=(await ann.send(chat, "hello")).id,
        keyboard=keyboard["message_id"],
        in_group=(await ann.send(group, "hello")).id,
    )


async def test_wrong_requests_are_refused_in_telegrams_words(
    server: LocalTelegram, scene: Scene, bot
) -> None:
    """Each wrong request gets its own 400 and reason, and nothing happens in the world."""
    seq, updates = server.world.seq, len(server.world.journal.updates)
    for number, (method, params, reason) in enumerate(BAD_REQUESTS):
        answer = await bot.raw(method, **params(scene))
        expected = {"ok": False, "error_code": 400, "description": f"Bad Request: {reason}"}
        assert answer == (400, expected), f"row {number}: {method}"
    assert (server.world.seq, len(server.world.journal.updates)) == (seq, updates)
    assert len(BAD_REQUESTS) >= 80


FORBIDDEN: list[tuple[str, Callable[[Scene], int], str]] = [
    ("sendMessage", lambda s: s.bob, "bot can't initiate conversation with a user"),
    ("sendMessage", lambda s: s.blocker, "bot was blocked by the user"),
    ("sendChatAction", lambda s: s.blocker, "bot was blocked by the user"),
    ("sendMessage", lambda s: s.left_group, "bot is not a member of the group chat"),
    ("getChat", lambda s: s.left_group, "bot is not a member of the group chat"),
    ("sendMessage", lambda s: s.bot, "the bot can't send messages to itself"),
]


async def test_chats_that_are_closed_to_the_bot_are_forbidden(
    server: LocalTelegram, scene: Scene, bot
) -> None:
    """A bot that was never started, was blocked or removed gets 403, and nothing happens."""
    seq = server.world.seq
    for method, chat, reason in FORBIDDEN:
        answer = await bot.raw(method, chat_id=chat(scene), text="x", action="typing")
        expected = {"ok": False, "error_code": 403, "description": f"Forbidden: {reason}"}
        assert answer == (403, expected), reason
    assert server.world.seq == seq


@pytest.mark.parametrize(
    ("token", "method", "status", "description"),
    [
        ("4242:" + "X" * 35, "getMe", 401, "Unauthorized"),
        ("4242:short", "getMe", 401, "Unauthorized"),
        ("nonsense", "getMe", 404, "Not Found"),
        ("4242:" + "T" * 35, "getFortune", 404, "Not Found"),
    ],
)
async def test_wrong_tokens_and_methods(bot, token, method, status, description) -> None:
    """A wrong secret is 401; an address that is none, and an unknown method, are 404."""
    bot.token = token
    expected = {"ok": False, "error_code": status, "description": description}
    assert await bot.raw(method) == (status, expected)


async def test_captions_and_pictures_have_limits(bot, ann, png) -> None:
    """A caption over 1024 characters and a file that is no picture are refused."""
    photo = {"photo": ("a.png", png)}
    status, answer = await bot.upload("sendPhoto", photo, chat_id=ann.id, caption="x" * 1025)
    assert (status, answer["description"]) == (400, "Bad Request: message caption is too long")
    broken = {"photo": ("a.png", b"no picture")}
    status, answer = await bot.upload("sendPhoto", broken, chat_id=ann.id)
    assert (status, answer["description"]) == (400, "Bad Request: IMAGE_PROCESS_FAILED")
    assert len(await ann.messages(bot.key(ann))) == 1


async def test_lengths_count_after_the_markup_is_read(bot, ann) -> None:
    """4096 characters fit however much markup is around them."""
    text = "<b>" + "x" * 4096 + "</b>"
    sent = await bot.call("sendMessage", chat_id=ann.id, text=text, parse_mode="HTML")
    assert len(sent["text"]) == 4096


async def test_messages_of_two_days_ago_cannot_be_deleted(telegram, bot, ann) -> None:
    """After 48 hours a private message stays."""
    sent = await bot.call("sendMessage", chat_id=ann.id, text="old")
    await telegram.advance(48 * 3600 + 1)
    status, answer = await bot.raw("deleteMessage", chat_id=ann.id, message_id=sent["message_id"])
    expected = "Bad Request: message can't be deleted for everyone"
    assert (status, answer["description"]) == (400, expected)
    assert (await ann.messages(bot.key(ann)))[-1].text == "old"


async def test_a_tap_is_answered_once_and_in_time(telegram, bot, ann) -> None:
    """The second answer to a tap, and one after 15 seconds, are too late."""
    markup = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    await bot.call("sendMessage", chat_id=ann.id, text="card", reply_markup=markup)
    card = (await ann.messages(bot.key(ann)))[-1]
    await ann.press(card, "Go", wait=0)
    await ann.press(card, "Go", wait=0)
    first, second = [update["callback_query"]["id"] for update in await bot.updates()]
    assert await bot.call("answerCallbackQuery", callback_query_id=first) is True
    status, answer = await bot.raw("answerCallbackQuery", callback_query_id=first)
    assert (status, answer["description"]) == (400, f"Bad Request: {STALE}")
    await telegram.advance(16)
    status, answer = await bot.raw("answerCallbackQuery", callback_query_id=second)
    assert (status, answer["description"]) == (400, f"Bad Request: {STALE}")
