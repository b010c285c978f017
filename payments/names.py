"""Names that may not deceive: cleaned when somebody is met, and compared by how they look.

Two names that look the same have the same *skeleton*: compatibility forms are unified (NFKC),
case and accents fall away, and each letter becomes the one that it can be taken for. Unicode's
own table (UTS #39, confusables.txt) has thousands of entries; here are the ones that matter in
names: Cyrillic and Greek letters and digits that look like Latin ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from payments.models import Person

NAME_MOST = 64

_UNWANTED = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # controls
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u2028\u2029\u3164\uffa0"  # invisible
    "\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff"  # zero width
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction
    "\ud800-\udfff]"  # half a character
)
_AT = re.compile("[@\ufe6b\uff20]")
_JOINERS = "\u200c\u200d"
ISOLATE, END = "\u2068", "\u2069"
"""What stands between these two reads in its own direction, whatever is around it."""
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})

_CYRILLIC = (
    "АA ВB ЕE ЅS ІI ЈJ КK МM НH ОO РP СC ТT УY ХX ԌG ԚQ ԜW "
    "аa еe ѕs іi јj кk мm оo рp сc тt уy хx ԁd һh ԛq ԝw ьb вb нh ӏl гr пn"
)
_GREEK = (
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX αa βb γy εe ηn ιi κk νv οo ρp τt υu χx ωw ϲc ϳj"
)
_SIGNS = "0o 1l 3e 5s 8b |l !i $s @a"
_LOOKS_LIKE = {ord(two[0]): two[1] for two in f"{_CYRILLIC} {_GREEK} {_SIGNS}".split()}
_TOGETHER = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("i", "l"))
_NOT_SEEN = re.compile(r"[\W_]+")


def clean_line(text: str) -> str:
    """One line, without characters that cannot be seen or turn the text around them."""
    return " ".join(_UNWANTED.sub("", " ".join(text.split())).split())


def clean_name(name: str) -> str:
    """As `clean_line`, and cut; what stands after an @ is a username, and never part of a name.

    Joiners stay where scripts need them: after a letter without case, or a mark.
    """
    name = _UNWANTED.sub("", " ".join(_AT.sub("", name).split()))
    kept = (
        character
        for before, character in zip(" " + name, name, strict=False)
        if character not in _JOINERS or unicodedata.category(before) in {"Lo", "Mn", "Mc"}
    )
    return " ".join("".join(kept).split())[:NAME_MOST].strip()


def isolated(name: str) -> str:
    """A name that cannot change the order of what stands around it.

    One with letters that are written from the right stands between U+2068 and U+2069; any other
    stays as it is.
    """
    if name.isascii():  # as most are
        return name
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in name):
        return f"{ISOLATE}{name}{END}"
    return name


def skeleton(name: str) -> str:
    """What two names have in common that look the same; "" where nothing is left to be seen."""
    plain = unicodedata.normalize("NFKC", name).translate(_LOOKS_LIKE).casefold()
    plain = unicodedata.normalize("NFD", plain.translate(_LOOKS_LIKE))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    letters = _NOT_SEEN.sub("", letters)
    for pair, one in _TOGETHER:
        letters = letters.replace(pair, one)
    return letters


def lookalike(username: str | None, name: str, earlier: Iterable[Person]) -> Person | None:
    """The first of some people who goes by a name, or @username, that looks like one of these."""
    wanted = _skeletons(name, username)
    return next(
        (person for person in earlier if wanted & _skeletons(person.name, person.username)), None
    )


def _skeletons(name: str, username: str | None) -> set[str]:
    return {skeleton(name), skeleton(username or "")} - {""}
