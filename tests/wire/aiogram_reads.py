"""Whether aiogram, which nobody here wrote, can read what goes over the wire in both directions.

It has a model of each method and each type of the Bot API, generated from Telegram's own
documentation: a field that does not exist, a missing one, or one of another type shows here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, get_args

import aiogram.methods
import aiogram.types
from aiogram.methods import TelegramMethod
from pydantic import BaseModel, ValidationError

Json = dict[str, Any]


def complaints(calls: Iterable[Json], updates: Iterable[Json]) -> list[str]:
    """What aiogram cannot read, a sentence for each; empty is good.

    Args:
        calls: as `Telegram.calls` answers them.
        updates: as `Telegram.updates` answers them.
    """
    found = [_about_call(call) for call in calls]
    found += [_about("Update", aiogram.types.Update, update["update"]) for update in updates]
    return [complaint for complaint in found if complaint]


def _about_call(call: Json) -> str:
    model = _methods().get(call["method"].lower())
    if model is None:
        return f"aiogram knows no method {call['method']}"
    params = {name: _value(model, name, value) for name, value in call["params"].items()}
    return _about(call["method"], model, params)


def _about(name: str, model: type[BaseModel], content: Json) -> str:
    try:
        read = model.model_validate(content)
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False)
        wrong = [f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in problems]
    else:
        wrong = [f"{field}: unknown" for field in _unknown(read)]
    return f"{name}: {'; '.join(wrong)}" if wrong else ""


def _unknown(value: Any) -> Iterator[str]:
    """The fields, at any depth, that are none of their type's."""
    if isinstance(value, BaseModel):
        yield from value.model_extra or ()
        for field in value.model_fields_set & set(type(value).model_fields):
            yield from _unknown(getattr(value, field))
    elif isinstance(value, list):
        for item in value:
            yield from _unknown(item)


def _value(model: type[BaseModel], name: str, value: Any) -> Any:
    """A parameter as what it is: forms bring all of them as text, and files by themselves."""
    if isinstance(value, dict) and set(value) == {"file_name", "bytes"}:
        return f"attach://{name}"
    field = model.model_fields.get(name)
    kind = None if field is None else field.annotation
    if not isinstance(value, str) or str in (kind, *get_args(kind)):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


@cache
def _methods() -> dict[str, type[BaseModel]]:
    models = (getattr(aiogram.methods, name) for name in aiogram.methods.__all__)
    return {
        model.__name__.lower(): model
        for model in models
        if isinstance(model, type) and issubclass(model, TelegramMethod)
    }
