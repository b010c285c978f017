"""The readers of HTML, MarkdownV2 and Markdown, and what clients find in plain text.

Offsets count UTF-16 code units; errors name the byte where they are, as Telegram's do.
"""

import pytest

from simulator.entities import (
    Formatted,
    ParseError,
    checked_url,
    trimmed,
    utf16_length,
    utf16_slice,
    with_links,
)
from simulator.markup_html import parse_html
from simulator.markup_markdown import parse_markdown, parse_markdown_v2


def entity(kind: str, offset: int, length: int, **more: object) -> dict[str, object]:
    return {"type": kind, "offset": offset, "length": length, **more}


LINK = {"url": "http://telegram.org/"}

HTML = [
    ("", "", []),
    ("&lt;&gt;&amp;&quot;&laquo;&#12345678;", '<>&"&laquo;&#12345678;', []),
    ("&#128176;&#x1F4B0;&ltx", "💰💰&ltx", []),
    ("➡️<i>➡️</i><b>!</b>", "➡️➡️!", [entity("italic", 2, 2), entity("bold", 4, 1)]),
    ("<em>a</em><strong>b</strong>", "ab", [entity("italic", 0, 1), entity("bold", 1, 1)]),
    ("<u>a</u><ins>b</ins>", "ab", [entity("underline", 0, 1), entity("underline", 1, 1)]),
    (
        "<s>a</s><strike>b</strike><del>c</del>",
        "abc",
        [entity("strikethrough", place, 1) for place in range(3)],
    ),
    (
        '<tg-spoiler>a</tg-spoiler><span class="tg-spoiler">b</span>',
        "ab",
        [entity("spoiler", 0, 1), entity("spoiler", 1, 1)],
    ),
    ("🏟 🏟<i>🏟 &lt🏟</i>", "🏟 🏟🏟 <🏟", [entity("italic", 5, 6)]),
    ("🏟<i>🏟 <b x = y>🏟</b></i>", "🏟🏟 🏟", [entity("italic", 2, 5), entity("bold", 5, 2)]),
    ("<i>a</>", "a", [entity("italic", 0, 1)]),
    ("<b></b>a", "a", []),
    ("<B>a</b >", "a", [entity("bold", 0, 1)]),
    ("<a href=telegram.org>x</a>", "x", [entity("text_link", 0, 1, **LINK)]),
    ("<a href  = 'telegram.org' >x</a>", "x", [entity("text_link", 0, 1, **LINK)]),
    ("<a>telegram.org</a>", "telegram.org", [entity("text_link", 0, 12, **LINK)]),
    ("<a>not a link</a>", "not a link", []),
    (
        '<a href="https://a.example/?x=1&amp;y=2">x</a>',
        "x",
        [entity("text_link", 0, 1, url="https://a.example/?x=1&y=2")],
    ),
    ('<a href="tg://user?id=77">Ann</a>', "Ann", [entity("text_mention", 0, 3, user={"id": 77})]),
    ("<pre>a</pre><code>b</code>", "ab", [entity("pre", 0, 1), entity("code", 1, 1)]),
    (
        '<pre><code class="language-py">a</code></pre>',
        "a",
        [entity("pre", 0, 1, language="py")],
    ),
    (
        '<code class="language-py"><pre>a</pre></code>',
        "a",
        [entity("pre", 0, 1, language="py")],
    ),
    (
        '<pre><code class="language-py">a</code> </pre>',
        "a ",
        [entity("pre", 0, 2), entity("code", 0, 1)],
    ),
    ("<blockquote>a</blockquote>", "a", [entity("blockquote", 0, 1)]),
    ("<blockquote expandable>a</blockquote>", "a", [entity("expandable_blockquote", 0, 1)]),
    (
        '<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>',
        "👍",
        [entity("custom_emoji", 0, 2, custom_emoji_id="5368324170671202286")],
    ),
    (
        '💶 <b>by <tg-time unix="1780315200" format="Dt">Jun 1 🕛</tg-time></b>',
        "💶 by Jun 1 🕛",
        [
            entity("bold", 3, 11),
            entity("date_time", 6, 8, unix_time=1780315200, date_time_format="Dt"),
        ],
    ),
    ("<tg-time unix=7>a</tg-time>", "a", [entity("date_time", 0, 1, unix_time=7)]),
    (
        "<tg-time format='TDW' unix='7'>a</tg-time><tg-time unix=8 format=R>b</tg-time>",
        "ab",
        [
            entity("date_time", 0, 1, unix_time=7, date_time_format="wDT"),
            entity("date_time", 1, 1, unix_time=8, date_time_format="r"),
        ],
    ),
    ("<tg-time>a</tg-time><tg-time unix=x>b</tg-time><tg-time unix='-7'>c</tg-time>", "abc", []),
    (
        "<tg-time unix=2378550818 format=dt>in 32 bits that is long ago</tg-time>",
        "in 32 bits that is long ago",
        [],
    ),
]


@pytest.mark.parametrize(("source", "text", "entities"), HTML)
def test_html(source, text, entities) -> None:
    """Each tag becomes its entity, at UTF-16 offsets."""
    assert parse_html(source) == Formatted(text, entities)


HTML_ERRORS = [
    (
        "&#57311;",
        (
            "Text contains invalid Unicode characters after decoding HTML entities, "
            "check for unmatched surrogate code units"
        ),
    ),
    ("🏟 🏟&lt;<abacaba", "Unclosed start tag at byte offset 13"),
    ("🏟 🏟&lt;<abac aba>", 'Unsupported start tag "abac" at byte offset 13'),
    ("🏟 🏟&lt;<i   =aba>", 'Empty attribute name in the tag "i" at byte offset 13'),
    (
        "🏟 🏟&lt;<i    aba>",
        'Expected equal sign in declaration of an attribute of the tag "i" at byte offset 13',
    ),
    ("🏟 🏟&lt;<i    aba  =  ", 'Unclosed start tag "i" at byte offset 13'),
    ("🏟 🏟&lt;<i    aba  =  190azAz-.,", "Unexpected end of name token at byte offset 27"),
    ('🏟 🏟&lt;<i    aba  =  "&lt;&gt;&quot;>', "Unclosed start tag at byte offset 13"),
    ("🏟 🏟&lt;</", "Unexpected end tag at byte offset 13"),
    ("🏟 🏟&lt;<b></b></", "Unexpected end tag at byte offset 20"),
    ("🏟 🏟&lt;<i>a</i   ", "Unclosed end tag at byte offset 17"),
    (
        "🏟 🏟&lt;<i>a</em   >",
        'Unmatched end tag at byte offset 17, expected "</i>", found "</em>"',
    ),
    ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
    ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ("<tg-emoji>a</tg-emoji>", "Invalid custom emoji identifier specified"),
    ("<tg-time unix=7 format=x>a</tg-time>", "Invalid date format used"),
    ("<tg-time unix=7 format=rt>a</tg-time>", "Invalid date format used"),
]


@pytest.mark.parametrize(("source", "message"), HTML_ERRORS)
def test_html_errors(source, message) -> None:
    """Markup that is not well formed is refused, with the byte where."""
    with pytest.raises(ParseError) as refusal:
        parse_html(source)
    assert str(refusal.value) == message


def test_a_server_from_before_moments_knows_no_tag_for_them() -> None:
    """It refuses it as any other that it does not know."""
    with pytest.raises(ParseError) as refusal:
        parse_html("a <tg-time unix=7>b</tg-time>", knows_moments=False)
    assert str(refusal.value) == 'Unsupported start tag "tg-time" at byte offset 2'


MARKDOWN_V2 = [
    ("", "", []),
    ("\\\\", "\\", []),
    ("🏟``", "🏟", []),
    ("🏟 _abac \\* asd _", "🏟 abac * asd ", [entity("italic", 3, 11)]),
    ("🏟 🏟_🏟 *🏟*_", "🏟 🏟🏟 🏟", [entity("italic", 5, 5), entity("bold", 8, 2)]),
    ("🏟 🏟_🏟 __🏟___", "🏟 🏟🏟 🏟", [entity("italic", 5, 5), entity("underline", 8, 2)]),
    ("~a~||b||", "ab", [entity("strikethrough", 0, 1), entity("spoiler", 1, 1)]),
    ("`_* *_`", "_* *_", [entity("code", 0, 5)]),
    ("```py\na```", "a", [entity("pre", 0, 1, language="py")]),
    ("```\r\na```", "a", [entity("pre", 0, 1)]),
    ("[telegram\\.org]", "telegram.org", [entity("text_link", 0, 12, **LINK)]),
    ("[x](telegram.org)", "x", [entity("text_link", 0, 1, **LINK)]),
    ("[x](tg://user?id=77)", "x", [entity("text_mention", 0, 1, user={"id": 77})]),
    ("[x](asd)", "x", []),
    ("![👍](tg://emoji?id=536)", "👍", [entity("custom_emoji", 0, 2, custom_emoji_id="536")]),
    (">a\n>b\nc", "a\nb\nc", [entity("blockquote", 0, 4)]),
]


@pytest.mark.parametrize(("source", "text", "entities"), MARKDOWN_V2)
def test_markdown_v2(source, text, entities) -> None:
    """Each mark becomes its entity, at UTF-16 offsets."""
    assert parse_markdown_v2(source) == Formatted(text, entities)


MARKDOWN_V2_ERRORS = [
    *(
        (sign, f"Character '{sign}' is reserved and must be escaped with the preceding '\\'")
        for sign in "]()#+-=|{}.!"
    ),
    ("🏟 🏟_abacaba", "Can't find end of Italic entity at byte offset 9"),
    ("🏟 🏟_abac * asd ", "Can't find end of Bold entity at byte offset 15"),
    ("🏟 🏟`", "Can't find end of Code entity at byte offset 9"),
    ("🏟 🏟```a ", "Can't find end of PreCode entity at byte offset 9"),
    ("[telegram\\.org](asd", "Can't find end of a URL at byte offset 16"),
    ("🏟 🏟__🏟 🏟_", "Can't find end of Italic entity at byte offset 20"),
]


@pytest.mark.parametrize(("source", "message"), MARKDOWN_V2_ERRORS)
def test_markdown_v2_errors(source, message) -> None:
    """Reserved characters and marks without an end are refused."""
    with pytest.raises(ParseError) as refusal:
        parse_markdown_v2(source)
    assert str(refusal.value) == message


def test_markdown() -> None:
    """The older Markdown knows bold, italic, code, pre and links, and no nesting."""
    source = "*b* _i_ `c` [x](telegram.org) \\*"
    expected = [
        entity("bold", 0, 1),
        entity("italic", 2, 1),
        entity("code", 4, 1),
        entity("text_link", 6, 1, **LINK),
    ]
    assert parse_markdown(source) == Formatted("b i c x *", expected)
    with pytest.raises(ParseError, match="Can't find end of the entity starting at byte offset 2"):
        parse_markdown("é*a")


LINKS = [
    ("no hints here", []),
    ("/pay @bob_1 5", [entity("bot_command", 0, 4), entity("mention", 5, 6)]),
    ("😀 /pay@chat_bot x", [entity("bot_command", 3, 13)]),
    ("1/2 a/b //x", []),
    ("#lunch #1 $USD $usd", [entity("hashtag", 0, 6), entity("cashtag", 10, 4)]),
    ("see https://a.example/x?y=1.", [entity("url", 4, 23)]),
    ("t.me/chat_bot?start=a-b_c,", [entity("url", 0, 25)]),
    ("12.50 1.234,00 a.b", []),
    ("write to ann@mail.example now", [entity("email", 9, 16)]),
    ("+353 87 654 3210!", [entity("phone_number", 0, 16)]),
]


@pytest.mark.parametrize(("text", "entities"), LINKS)
def test_links_are_found_in_plain_text(text, entities) -> None:
    """Commands, mentions, tags, addresses and phone numbers are found; amounts are not."""
    assert with_links(Formatted(text, [])) == Formatted(text, entities)


def test_no_links_inside_code() -> None:
    """What stands in code stays code."""
    code = [entity("code", 0, 4)]
    assert with_links(Formatted("/pay /me", code)).entities == [
        *code,
        entity("bot_command", 5, 3),
    ]


def test_white_space_around_a_text_goes() -> None:
    """Trimming moves and shortens entities with the text."""
    before = Formatted("  ab \n", [entity("bold", 0, 6), entity("italic", 4, 2)])
    assert trimmed(before) == Formatted("ab", [entity("bold", 0, 2)])


def test_utf16() -> None:
    """Characters beyond the basic plane count twice."""
    assert utf16_length("a💰é") == 4
    assert utf16_slice("a💰é", 1, 2) == "💰"


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("HTTPS://A.Example", "https://a.example/"),
        ("a.example?x", "http://a.example/?x"),
        ("tg://resolve?domain=a", "tg://resolve?domain=a"),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"),
        ("http://localhost/x", None),
        ("a..example", None),
        ("a b.example", None),
    ],
)
def test_addresses(address, url) -> None:
    """Addresses get a scheme and a path; hosts without a dot are none."""
    assert checked_url(address) == url
