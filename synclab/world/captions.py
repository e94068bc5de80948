"""Captions: nouns and times with synonyms, in varying order, with filler words around them."""

import torch

from .palette import TIMES
from .scenes import BIOMES, KINDS, OUTDOOR, Scenes

NOUNS = {
    "desert": [
        "a desert",
        "desert sand dunes",
        "a sandy desert",
        "golden dunes",
        "sand dunes with cactus",
        "the sahara desert",
        "a hot dry desert",
        "rolling dunes of sand",
        "a desert landscape",
        "sand",
        "dunes",
        "a sand dune",
        "a cactus in the desert",
        "dry sand",
    ],
    "mountains": [
        "snowy mountains",
        "a snow covered mountain range",
        "snow capped peaks",
        "the alps",
        "mountain peaks with snow",
        "a mountain landscape",
        "white snow and rocky summits",
        "high alpine mountains",
        "a winter mountain valley",
        "icy peaks",
        "snow",
        "peaks",
        "a mountain",
        "a snowy peak",
        "winter",
        "the himalayas",
    ],
    "ocean": [
        "the ocean",
        "a calm blue sea",
        "an open ocean",
        "sea waves",
        "ocean waves",
        "the sea",
        "blue water to the horizon",
        "the pacific ocean",
        "a seascape",
        "deep blue water",
        "sea",
        "waves",
        "water",
        "the coast",
        "the atlantic ocean",
        "endless water",
    ],
    "meadow": [
        "a green meadow",
        "a meadow with flowers",
        "a flower field",
        "green grass and hills",
        "wildflowers in the grass",
        "rolling green hills",
        "a grassy field",
        "a spring meadow",
        "a field of blooming flowers",
        "a meadow",
        "grass",
        "hills",
        "flowers",
        "a summer meadow",
        "countryside",
        "a flower meadow",
        "green fields",
    ],
    "forest": [
        "a forest",
        "a dense pine forest",
        "a forest of tall trees",
        "deep woods",
        "pine trees",
        "a dark green woodland",
        "fir trees in the woods",
        "an evergreen forest",
        "the woods",
        "trees",
        "pines",
        "woods",
        "a tree",
        "jungle",
        "tall conifers",
    ],
    "city": [
        "a city",
        "a city skyline",
        "tall city buildings",
        "skyscrapers",
        "a city street",
        "a modern downtown",
        "urban towers",
        "an urban skyline",
        "a metropolis",
        "new york city",
        "buildings along a road",
        "skyline",
        "buildings",
        "towers",
        "a street",
        "a building",
        "downtown",
        "tokyo",
    ],
    "canyon": [
        "a canyon",
        "a red rock canyon",
        "a canyon with layered rock",
        "the grand canyon",
        "red cliffs",
        "orange sandstone cliffs",
        "a deep rocky gorge",
        "mesas and cliffs",
        "cliffs",
        "red rocks",
        "a rock canyon",
        "a valley of red rock",
    ],
    "alien planet": [
        "an alien planet",
        "the surface of an alien planet",
        "a strange alien world",
        "an alien landscape with a ringed planet",
        "another planet",
        "a science fiction world",
        "a fantasy planet with spires",
        "mars",
        "outer space world",
        "aliens",
        "space",
        "a planet",
        "sci fi landscape",
        "a distant planet",
    ],
    "library": [
        "a library",
        "an old library",
        "shelves full of books",
        "bookshelves",
        "a cozy library",
        "a room full of books",
        "an interior with book shelves",
        "a study with wooden shelves",
        "a library interior",
        "books",
        "shelves",
        "a book",
        "a bookshop",
        "a reading room",
    ],
    "village": [
        "a village",
        "a small village",
        "houses with red roofs",
        "cottages",
        "a cozy village",
        "country houses and trees",
        "a medieval town",
        "a rural hamlet",
        "cottages on a green",
        "a little town with houses",
        "houses",
        "a house",
        "a cottage",
        "cottages and trees",
        "a farm",
    ],
    "cave": [
        "a cave",
        "a dark cave",
        "a cavern with stalactites",
        "an underground cave",
        "a grotto",
        "stalactites and stalagmites",
        "a rocky cavern",
        "a cave with a pool",
        "a limestone cave",
        "cavern",
        "stalactites",
        "inside a cave",
        "an underground lake",
        "a dungeon",
    ],
    "coral reef": [
        "a coral reef",
        "an underwater reef",
        "colorful corals and fish",
        "underwater scene",
        "tropical fish",
        "corals under the sea",
        "an undersea reef",
        "a reef with fish",
        "underwater coral garden",
        "corals",
        "fish",
        "underwater",
        "a coral",
        "the great barrier reef",
        "an aquarium",
        "marine life",
    ],
    "brick wall": [
        "a brick wall",
        "red bricks",
        "a wall of bricks",
        "brick texture",
        "brickwork",
        "bricks",
    ],
    "wooden planks": [
        "wooden planks",
        "wood planks",
        "wooden boards",
        "wood texture",
        "a wooden wall",
        "wood",
    ],
    "marble": [
        "marble",
        "white marble",
        "polished marble",
        "marble texture",
        "marble with veins",
        "a marble wall",
    ],
    "mosaic tiles": [
        "mosaic tiles",
        "a mosaic",
        "colorful tiles",
        "ceramic mosaic",
        "tiles texture",
        "tiles",
    ],
    "paint splatter": [
        "paint splatter",
        "splashes of paint",
        "abstract paint",
        "colorful paint splatter",
        "an abstract painting",
        "paint",
        "graffiti",
    ],
    "mossy stone": [
        "mossy stone",
        "a mossy stone wall",
        "stones with moss",
        "moss on rock",
        "old stone blocks",
        "moss",
        "a stone wall",
    ],
}
MOMENTS = {
    "day": [
        "in daylight",
        "under a blue sky",
        "on a bright day",
        "at noon",
        "on a sunny day",
        "in the afternoon",
        "during the day",
        "in sunshine",
    ],
    "sunset": [
        "at sunset",
        "under an orange sunset sky",
        "in the evening",
        "at dusk",
        "at golden hour",
        "with a glowing sunset",
        "in warm evening light",
        "with an orange sky",
    ],
    "night": [
        "at night",
        "under a starry sky",
        "under the stars",
        "at midnight",
        "in the dark night",
        "in moonlight",
        "on a starry night",
        "with stars",
    ],
    "dawn": [
        "at dawn",
        "in the soft morning light",
        "at sunrise",
        "in the early morning",
        "under a pink dawn sky",
        "in the morning",
        "at daybreak",
        "with a pale pink sky",
    ],
}
# Single words stand before the noun ("night city") or after it ("city sunset").
MOMENT_WORDS = {
    "day": ["day", "sunny", "daytime"],
    "sunset": ["sunset", "evening", "dusk"],
    "night": ["night", "starry", "moonlit"],
    "dawn": ["dawn", "morning", "sunrise"],
}
MOONLESS = {"in moonlight", "moonlit"}
CLOUDS = ["with clouds", "and drifting clouds", "with a cloudy sky", "clouds in the sky"]
MOONS = ["with a bright moon", "and a full moon", "under the moon"]
OPENERS = [
    "a photo of",
    "a view of",
    "a panorama of",
    "a 360 panorama of",
    "a picture of",
    "an image of",
    "a painting of",
    "panoramic view of",
    "a wide shot of",
    "360 view of",
    "photograph of",
    "beautiful view of",
    "a scene of",
    "equirectangular panorama of",
    "inside",
    "standing in",
]
ENDINGS = [
    "highly detailed",
    "beautiful",
    "realistic",
    "high quality",
    "4k",
    "8k",
    "wide angle",
    "photorealistic",
    "hdr",
    "stunning",
    "sharp focus",
    "scenic",
    "peaceful",
    "artstation",
    "best quality",
    "cinematic",
    "masterpiece",
    "landscape",
    "360 degrees",
    "digital art",
]
UPWARD = ["looking up", "seen from below", "looking up at the top", "upward view"]
DOWNWARD = ["looking down", "seen from above", "looking down at the ground", "downward view"]
UPWARD_OPENERS = ["looking up at", "the top of", "upward view of"]
DOWNWARD_OPENERS = ["looking down at", "the ground of", "the ground below", "downward view of"]
SKYWARD = "the sky above"
SYLLABLES = ["zor", "bli", "quo", "vex", "tam", "rul", "pid", "nog", "xan", "wem"]
STEEP = 25.0


def caption(scenes: Scenes, index: int, generator: torch.Generator, pitch: float = 0.0) -> str:
    """A caption of one scene: lower case words and commas.

    Args:
        index: which scene of the batch.
        generator: source of the wording (CPU); the same state gives the same caption.
        pitch: elevation of the camera in degrees; the caption names a direction steeper than 25.
    """
    dice = Dice(generator)
    kind = KINDS[int(scenes.kind[index])]
    words = _subject(scenes, index, kind, dice)
    if abs(pitch) > STEEP:
        words = _aimed(words, pitch > 0, kind in OUTDOOR, dice)
    if dice.chance(0.25):
        words = f"{words}, {dice.pick(ENDINGS)}"
        words = f"{words}, {dice.pick(ENDINGS)}" if dice.chance(0.4) else words
    return _with_unknown(words, dice) if dice.chance(0.06) else words


def vocabulary() -> list[str]:
    """Sorted list of every word that a caption can hold, but for the made-up unknown ones."""
    groups = [*NOUNS.values(), *MOMENTS.values(), *MOMENT_WORDS.values()]
    groups += [CLOUDS, MOONS, OPENERS, ENDINGS, KINDS]
    groups += [UPWARD, DOWNWARD, UPWARD_OPENERS, DOWNWARD_OPENERS, [SKYWARD]]
    return sorted({word for group in groups for phrase in group for word in phrase.split()})


def is_unknown(word: str) -> bool:
    """Whether a word is one of the made-up fillers: three invented syllables."""
    parts = [word[start : start + 3] for start in range(0, len(word), 3)]
    return len(parts) == 3 and all(part in SYLLABLES for part in parts)


class Dice:
    """Choices drawn from one generator."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def pick(self, options: list[str]) -> str:
        return options[int(torch.randint(len(options), (1,), generator=self.generator))]

    def chance(self, probability: float) -> bool:
        return float(torch.rand(1, generator=self.generator)) < probability


def _subject(scenes: Scenes, index: int, kind: str, dice: Dice) -> str:
    """The noun with its time and extras, either as bare words or as a phrase."""
    if dice.chance(0.2):
        return _bare(scenes, index, kind, dice)
    noun = dice.pick(NOUNS[kind])
    if dice.chance(0.4):
        noun = f"{dice.pick(OPENERS[:-2] if kind not in BIOMES else OPENERS)} {noun}"
    if kind not in OUTDOOR:
        return noun
    time = TIMES[int(scenes.time[index])]
    if dice.chance(0.88):
        moment = _moment(MOMENTS[time], scenes, index, dice)
        noun = f"{noun} {moment}" if dice.chance(0.75) else f"{moment}, {noun}"
    return noun + _extras(scenes, index, time, dice)


def _aimed(words: str, up: bool, outdoors: bool, dice: Dice) -> str:
    """The words with the camera's direction before or after them."""
    if dice.chance(0.5):
        skyward = [*UPWARD_OPENERS, SKYWARD] if outdoors else UPWARD_OPENERS
        return f"{dice.pick(skyward if up else DOWNWARD_OPENERS)} {words}"
    aim = dice.pick(UPWARD if up else DOWNWARD)
    return f"{words}, {aim}" if dice.chance(0.6) else f"{aim}, {words}"


def _bare(scenes: Scenes, index: int, kind: str, dice: Dice) -> str:
    name = kind if dice.chance(0.6) else _without_article(dice.pick(NOUNS[kind]))
    if kind not in OUTDOOR or dice.chance(0.25):
        return name
    word = _moment(MOMENT_WORDS[TIMES[int(scenes.time[index])]], scenes, index, dice)
    return f"{name} {word}" if dice.chance(0.6) else f"{word} {name}"


def _moment(options: list[str], scenes: Scenes, index: int, dice: Dice) -> str:
    moon = bool(scenes.moon[index] > 0)
    return dice.pick([option for option in options if moon or option not in MOONLESS])


def _without_article(noun: str) -> str:
    first, _, rest = noun.partition(" ")
    return rest if first in {"a", "an", "the"} else noun


def _extras(scenes: Scenes, index: int, time: str, dice: Dice) -> str:
    if time == "night" and scenes.moon[index] > 0 and dice.chance(0.5):
        return " " + dice.pick(MOONS)
    if scenes.clouds[index] > 0 and dice.chance(0.4):
        return " " + dice.pick(CLOUDS)
    return ""


def _with_unknown(words: str, dice: Dice) -> str:
    """Slip one invented word between two others, so that unknown words do no harm."""
    made_up = "".join(dice.pick(SYLLABLES) for _ in range(3))
    parts = words.split(" ")
    place = int(torch.randint(len(parts) + 1, (1,), generator=dice.generator))
    return " ".join([*parts[:place], made_up, *parts[place:]])
