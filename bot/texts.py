"""Every word that a person can see goes through here, and so do money, dates and durations.

The English text is its own key (gettext). `locales/<language>/LC_MESSAGES/chatpay.po` holds the
other languages and is read as it stands, so there is nothing to compile. Fields are escaped for
HTML as they are filled in: a name can never become a tag. Nor can it turn the sentence around it:
names that read the other way stand between two marks of direction.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Self

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup, escape

from payments.models import Millis, Person
from payments.money import Money, format_money
from payments.names import END, ISOLATE, isolated
from payments.privacy import FORGOTTEN

LOCALES = Path(__file__).parent / "locales"
_LOCALES_KEPT = 256
"""Anybody can send any language; more than people speak need not be remembered."""


@cache
def languages() -> tuple[str, ...]:
    """The languages there is a catalogue for, English first."""
    found = sorted(p.parent.parent.name for p in LOCALES.glob("*/LC_MESSAGES/chatpay.po"))
    return ("en", *found)


@cache
def _catalogue(language: str) -> NullTranslations:
    path = LOCALES / language / "LC_MESSAGES" / "chatpay.po"
    if not path.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


@lru_cache(_LOCALES_KEPT)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


@cache
def _is_from_right(language: str) -> bool:
    return _locale(language).text_direction == "rtl"


class Moment(str):
    """A date and time in UTC, to the minute; in a message, of each reader's own.

    As HTML it is an entity of Bot API 9.5, which clients show in the reader's time zone and manner
    (https://core.telegram.org/bots/api#date-time-entity-formatting). Clients that do not know it
    show the text, and so does anything but HTML. `bot/plain_moments.py` sees to servers that do
    not know it.

    Attributes:
        at: when it is.
    """

    __slots__ = ("at",)

    at: Millis

    def __new__(cls, text: str, at: Millis) -> Self:
        """The text, and what it says."""
        moment = super().__new__(cls, text)
        moment.at = at
        return moment

    def __html__(self) -> Markup:
        """The entity, its format a long date and a short time."""
        entity = Markup('<tg-time unix="{}" format="Dt">{}</tg-time>')
        return entity.format(self.at // 1000, str(self))


class Texts:
    """The catalogue in one language.

    Args:
        language: a BCP 47 tag; where there is no catalogue for it, the words are English and the
            amounts and dates still follow the language.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = _locale(language)
        self.spoken = self._nearest(language)
        """The language of the catalogue that is used."""
        self.from_right = _is_from_right(self.spoken)
        """Whether its sentences are written from the right."""
        self._catalogue = _catalogue(self.spoken)

    @classmethod
    def of(cls, person: Person | None) -> Texts:
        """Somebody's language; English for whoever is not known."""
        return cls(person.language if person else "en")

    @staticmethod
    def _nearest(language: str) -> str:
        tag = language.replace("-", "_")
        return next((known for known in (tag, tag.split("_")[0]) if known in languages()), "en")

    def __call__(self, message: str, **fields: object) -> Markup:
        """The message in this language as HTML, its `{fields}` filled in and escaped."""
        return Markup(self._catalogue.gettext(message).format(**self._escaped(fields)))  # noqa: S704 (catalogue text is ours; fields are escaped)

    def plain(self, message: str, **fields: object) -> str:
        """The message as plain text, for buttons, toasts and command descriptions."""
        return self._catalogue.gettext(message).format(**self._said(fields))

    def plural(self, one: str, many: str, n: int, **fields: object) -> Markup:
        """`one` or `many` as the language's grammar says for `n` (also filled in as `{n}`)."""
        chosen = self._catalogue.ngettext(one, many, n)
        return Markup(chosen.format(n=n, **self._escaped(fields)))  # noqa: S704 (as above)

    def name(self, name: str) -> str:
        """Somebody's name: that of a deleted account is a word of ours."""
        return self.plain("Deleted account") if name == FORGOTTEN else name

    def named(self, html: Markup) -> Markup:
        """The same where a name is shown with its @username, as HTML."""
        if FORGOTTEN not in html:
            return html
        name = Markup("<b>{}</b>")
        return html.replace(name.format(FORGOTTEN), name.format(self.name(FORGOTTEN)))

    def _escaped(self, fields: dict[str, object]) -> dict[str, Markup]:
        # Not by `Markup.format`, which does the same at twice the price.
        return {name: escape(self._field(field)) for name, field in fields.items()}

    def _said(self, fields: dict[str, object]) -> dict[str, object]:
        return {
            name: self._field(str(field) if type(field) is Moment else field)
            for name, field in fields.items()
        }

    def _field(self, field: object) -> object:
        """What is filled in, kept from turning its sentence, and from being turned by it."""
        if type(field) is Markup:
            field = self.named(field)
            is_turned = self.from_right and field.startswith("@")
            return Markup(f"{ISOLATE}{field}{END}") if is_turned else field  # noqa: S704 (two marks around HTML)
        if type(field) is Moment:
            is_turned = self._field(str(field)) != field
            return Markup(f"{ISOLATE}{field.__html__()}{END}") if is_turned else field  # noqa: S704 (as above)
        if type(field) is not str:
            return field
        if self.from_right and field and not (field[0] + field[-1]).isalnum():
            return f"{ISOLATE}{field}{END}"
        return isolated(self.name(field))

    def money(self, money: Money) -> str:
        """An amount, as this language writes it."""
        return format_money(money, str(self.locale))

    def moment(self, at: Millis) -> Moment:
        """A date and time, to the minute: the reader's own in a message, in UTC elsewhere."""
        time = format_time(_utc(at), "short", tzinfo=UTC, locale=self.locale)
        return Moment(f"{self.day(at)}, {time} UTC", at)

    def day(self, at: Millis) -> str:
        """A date, without slashes: after a mark of direction, clients take one for a command."""
        date = format_date(_utc(at), "medium", locale=self.locale)
        return format_date(_utc(at), "long", locale=self.locale) if "/" in date else date

    def span(self, duration_ms: int) -> str:
        """A duration, such as "15 minutes"."""
        duration = max(timedelta(milliseconds=duration_ms), timedelta(seconds=1))
        return format_timedelta(duration, threshold=1.2, locale=self.locale)


def _utc(at: Millis) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
