"""Writes prompts for edits of photos: a caption by BLIP, and the same with another word.

    synclab caption cat.jpg --swap cat=dog
    synclab run task=edit task.picture=cat.jpg "prompt=$(synclab caption cat.jpg --swap cat=dog)"

SyncSDE's prompts of real pictures. Without --swap the caption alone. One line for each picture.
"""

import argparse
import re
import sys
from pathlib import Path

from synclab import command
from synclab.errors import UserError

MODEL = "Salesforce/blip-image-captioning-base"


def caption(arguments: argparse.Namespace) -> None:
    from synclab.core.pictures import read
    from synclab.judges.captioner import Captioner

    swap = words_of(arguments.swap) if arguments.swap else None
    pictures = [read(path, str(path)).colour for path in arguments.pictures]
    captioner = Captioner(arguments.model)
    for path, picture in zip(arguments.pictures, pictures, strict=True):
        text = captioner(picture)
        sys.stdout.write(f"{prompt(text, *swap, path) if swap else text}\n")


def words_of(swap: str) -> tuple[str, str]:
    """The two words of "cat=dog"."""
    old, equals, new = swap.partition("=")
    if not (old and equals and new):
        raise UserError(f"--swap {swap}: expected two words, such as cat=dog")
    return old, new


def prompt(text: str, old: str, new: str, path: Path) -> str:
    """A caption, and the caption with one word in place of another: "source | target".

    Raises: UserError if the caption lacks the word.
    """
    target, count = re.subn(rf"\b{re.escape(old)}\b", lambda _: new, text, flags=re.IGNORECASE)
    if not count:
        raise UserError(
            f'{path}: its caption "{text}" has no word "{old}"; use --swap with one of its words,'
            " or write both texts yourself"
        )
    return f"{text} | {target}"


def main() -> int:
    arguments = command.parser("synclab caption", __doc__)
    arguments.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    arguments.add_argument("--swap", metavar="OLD=NEW", help="a word of the caption, and another")
    arguments.add_argument("--model", default=MODEL, help=f"folder or name on the Hub; {MODEL}")
    return command.main(arguments, caption)


if __name__ == "__main__":
    sys.exit(main())
