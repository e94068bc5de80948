"""The classes of transformers that the project uses.

Binding all models of the real package takes pyright a third of its time.
"""

from typing import Any

BertTokenizer: Any
BlipConfig: Any
BlipForConditionalGeneration: Any
CLIPTextConfig: Any
CLIPTextModel: Any
CLIPTextModelWithProjection: Any
CLIPTokenizer: Any
T5Config: Any
T5EncoderModel: Any
T5Tokenizer: Any
