"""Conditions whose text differs between views."""

from collections.abc import Callable

from synclab.core.protocols import Cond, Condition, View, Views


def join_texts(views: Views, text: Callable[[View], Condition]) -> Cond:
    """The condition of several views, each with its own text."""
    first, *others = (text(view).at((view,)) for view in views)
    return first.join(others)
