"""Prompts of edits are captions, with one word exchanged for the target."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers import BertTokenizer, BlipConfig, BlipForConditionalGeneration

from synclab import caption
from synclab.errors import UserError

VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "cat", "sleeps")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small BLIP that calls every picture a cat."""
    folder = tmp_path_factory.mktemp("blip")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    size = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    text = {"vocab_size": len(VOCABULARY), "encoder_hidden_size": 16, "num_hidden_layers": 1}
    tokens = {"bos_token_id": 2, "eos_token_id": 3, "sep_token_id": 3, "pad_token_id": 0}
    config = BlipConfig(
        text_config=size | text | tokens,
        vision_config=size | {"image_size": 32, "patch_size": 16, "num_hidden_layers": 1},
    )
    network = BlipForConditionalGeneration(config)
    with torch.no_grad():
        network.text_decoder.cls.predictions.bias[VOCABULARY.index("cat")] = 100
    network.save_pretrained(folder)
    return folder


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.new("RGB", (40, 30), "orange").save(path)
    return path


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def run(*words: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["synclab caption", *map(str, words)])
        code = caption.main()
        out, err = capsys.readouterr()
        return code, out + err

    return run


def test_a_photo_is_captioned_and_one_word_exchanged(command, model, photo):
    code, said = command(photo, "--model", model, "--swap", "cat=dog")
    source, target = said.strip().split(" | ")
    assert code == 0 and set(source.split()) == {"cat"}
    assert target == source.replace("cat", "dog")
    assert command(photo, "--model", model) == (0, f"{source}\n")


def test_only_whole_words_are_exchanged() -> None:
    text = caption.prompt("A Cat and a catfish", "cat", "dog", Path("x.png"))
    assert text == "A Cat and a catfish | A dog and a catfish"


def test_a_caption_without_the_word_is_an_error_that_shows_it() -> None:
    with pytest.raises(UserError, match='x.png: its caption "a sea" has no word "cat"; use --swap'):
        caption.prompt("a sea", "cat", "dog", Path("x.png"))


@pytest.mark.parametrize("swap", ["cat", "=dog", "cat="])
def test_a_swap_is_two_words(command, model, photo, swap):
    code, said = command(photo, "--model", model, "--swap", swap)
    assert code == 1 and f"--swap {swap}: expected two words, such as cat=dog" in said


def test_another_model_is_refused_in_a_line(command, photo, tmp_path):
    code, said = command(photo, "--model", tmp_path)
    assert code == 1 and said.count("\n") == 1 and "no usable BLIP there" in said
