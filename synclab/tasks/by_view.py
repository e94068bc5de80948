"""Conditions whose text differs between views."""

from collections.abc import Callable, Sequence

from synclab.core.protocols import Cond, Condition, Method, Prior, View, Views
from synclab.core.text import texts_of
from synclab.errors import UserError


def join_texts(views: Views, text: Callable[[View], Condition]) -> Cond:
    """The condition of several views, each with its own text."""
    first, *others = (text(view).at((view,)) for view in views)
    return first.join(others)


class ByNumber:
    """A condition with one text for each number, which is a view's parameter at `place`."""

    def __init__(self, texts: Sequence[Condition], place: int = 0) -> None:
        self.texts, self.place = texts, place

    def at(self, views: Views) -> Cond:
        return join_texts(views, lambda view: self.texts[int(view[self.place])])


def split_texts(prompt: str, count: int, part: str) -> list[str]:
    """The texts of a prompt, separated by "|": one for all of `count` parts, or one for each.

    Args:
        part: "view", "level" or another singular noun, for the message.

    Raises: UserError if there is another number of texts.
    """
    texts = texts_of(prompt)
    if len(texts) not in (1, count):
        raise UserError(
            f"prompt={prompt}: {len(texts)} texts for {count} {part}s; expected one per {part},"
            f' separated by "|", or one for all {part}s'
        )
    return texts


def embed_texts(prior: Prior, texts: Sequence[str], place: int = 0) -> Condition:
    """The condition of views with one text for all of them, or one for each number.

    Args:
        place: of the number among a view's parameters.
    """
    first, *others = map(prior.embed, texts)
    return ByNumber([first, *others], place) if others else first


def refuse_sequential(method: Method, name: str) -> None:
    """Raises a UserError for methods whose first view would leave nothing to the others."""
    if method.sequential:
        raise UserError(
            f"method={name}: paints each cell once, so the texts of all views but the first would"
            " be ignored; expected a method that averages views, such as method=synctweedies"
        )
