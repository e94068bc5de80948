"""Builds objects from YAML values, with the object's dataclass as the schema.

A wrong key or value ends in one line that names the key, what was expected and the nearest valid
name. Only classes of synclab and of packages named by `plugins` are ever built.
"""

import dataclasses
import functools
import importlib
from collections.abc import Collection, Mapping
from typing import Any, get_args, get_type_hints

import pydantic

from synclab.config.plugins import is_allowed
from synclab.errors import UserError, nearest


def build(body: Mapping[str, Any], key: str, **given: Any) -> Any:
    """The object that a group of the configuration describes.

    Args:
        body: the group's values with `_target_`, a dataclass of synclab.
        key: the group's key in the configuration, for messages.
        given: further arguments that are not set by a configuration, such as the device.
    """
    cls, values = check(body, key, given)
    built = cls(**values, **given)
    check_ranges(built, key)
    return built


def check(
    body: Mapping[str, Any], key: str, given: Collection[str] = ()
) -> tuple[type, dict[str, Any]]:
    """The class that a group describes, and its checked values, without building it."""
    cls = locate(str(body.get("_target_")), key)
    values = {name: value for name, value in body.items() if name != "_target_"}
    return cls, validate(cls, values, key, given)


def locate(target: str, key: str) -> type:
    """The class that a `_target_` names, in synclab or a plugin."""
    module, _, name = target.rpartition(".")
    if not is_allowed(module):
        package = target.partition(".")[0]
        raise UserError(
            f"{key}._target_={target}: expected a class of synclab.*, nothing else; for a package"
            f" that you trust use plugins=[{package}]"
        )
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, SyntaxError) as error:
        raise UserError(f"{key}._target_={target}: no such class ({error})") from error
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise UserError(f"{key}._target_={target}: expected a dataclass of synclab.* or a plugin")
    return found


def validate(
    cls: type, values: Mapping[str, Any], key: str, given: Collection[str] = ()
) -> dict[str, Any]:
    """Checks and converts values by the annotations of a dataclass's fields, except `given`."""
    model = schema(cls, given)
    refuse_booleans(model, values, key)
    try:
        checked = model.model_validate(dict(values))
    except pydantic.ValidationError as error:
        raise UserError(explain(error, values, list(model.model_fields), key)) from error
    return {name: getattr(checked, name) for name in values}


def refuse_booleans(model: type[pydantic.BaseModel], values: Mapping[str, Any], key: str) -> None:
    """Refuses true and false where they are not expected: pydantic accepts them as 1 and 0."""
    for name, field in model.model_fields.items():
        value = values.get(name)
        if holds_boolean(value) and not takes_boolean(field.annotation):
            place, shown = f"{key}.{name}" if key else name, str(value).lower()
            raise UserError(f"{place}={shown}: expected another kind of value, not true or false")


def holds_boolean(value: Any) -> bool:
    """Whether a value is true or false, or a list that contains one."""
    return isinstance(value, bool) or (isinstance(value, list) and any(map(holds_boolean, value)))


def takes_boolean(kind: Any) -> bool:
    """Whether an annotation allows true and false."""
    return kind in (bool, Any, object) or any(map(takes_boolean, get_args(kind)))


def schema(cls: type, given: Collection[str] = ()) -> type[pydantic.BaseModel]:
    """A pydantic model of the fields that a configuration sets, without those given by code."""
    return _schema(cls, frozenset(given))


@functools.cache  # a model takes milliseconds to make; a sweep checks the same classes in every job
def _schema(cls: type, given: frozenset[str]) -> type[pydantic.BaseModel]:
    hints = get_type_hints(cls, include_extras=True)
    fields: dict[str, Any] = {
        field.name: (hints[field.name], ... if required(field) else None)
        for field in dataclasses.fields(cls)
        if field.init and field.name not in given
    }
    settings = pydantic.ConfigDict(
        extra="forbid",
        arbitrary_types_allowed=True,
        allow_inf_nan=False,
    )
    return pydantic.create_model(cls.__name__, __config__=settings, **fields)


def defaults(cls: type) -> dict[str, Any]:
    """The plain defaults of a dataclass's fields."""
    fields = dataclasses.fields(cls)
    return {f.name: f.default for f in fields if f.default is not dataclasses.MISSING}


def required(field: dataclasses.Field) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def explain(
    error: pydantic.ValidationError, values: Mapping[str, Any], known: list[str], key: str
) -> str:
    """One line for the first error."""
    first: Any = telling(error.errors())
    name = str(first["loc"][0])
    place = f"{key}.{name}" if key else name
    if first["type"] == "extra_forbidden":
        return f"{place}: no such key; {nearest(name, known)}"
    value = values.get(name)
    if first["type"] == "literal_error":
        choices = first["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        return f"{place}={value}: {nearest(str(value), choices)}"
    quotes = ", in quotes" if first["type"] == "string_type" and is_number(value) else ""
    return f"{place}={value}: {first['msg'].lower()}{quotes}"


def is_number(value: Any) -> bool:
    """Whether YAML parsed a text as a number, as with 1.10 and 007."""
    return isinstance(value, int | float)


def telling(errors: list[Any]) -> Any:
    """The first error; for a field that takes a number or a name, the unknown-name error."""
    first = errors[0]
    alike = (e for e in errors if e["loc"][0] == first["loc"][0] and e["type"] == "literal_error")
    return next(alike, first) if first["type"] == "int_parsing" else first


def check_ranges(built: Any, key: str) -> None:
    """Refuses a `*_min` above its `*_max`."""
    for name in [field.name for field in dataclasses.fields(built)]:
        partner = name.replace("_min", "_max")
        low, high = getattr(built, name), getattr(built, partner, None)
        if name.endswith("_min") and high is not None and low > high:
            raise UserError(
                f"{key}.{name}={low}: expected at most {key}.{partner}={high}; swap or change them"
            )
