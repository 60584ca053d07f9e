# SPDX-License-Identifier: Apache-2.0
"""Makes tests/fixtures/tokens: a small vocabulary of CLIP's form, and the token ids that transformers'
CLIPTokenizer gives for many prompts, with special tokens configured in each way that models do it.

    python tests/reference/tokens.py
"""

import json
import pathlib
import tempfile
from collections import Counter

from transformers import AddedToken, CLIPTokenizer

OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "tokens"
BOS, EOS = "<|startoftext|>", "<|endoftext|>"
MERGES = 900

PLAIN = """
a photo of an astronaut riding a horse on mars
a red apple on a white background
a fox in the snow, watercolour
masterpiece, best quality, 1girl, solo, looking at viewer
portrait of an old fisherman, oil painting, by rembrandt
a castle on a hill at sunset, highly detailed, 8k, artstation
a small blue house beside a lake, reflection, autumn leaves
cyberpunk street at night, neon lights, rain, cinematic lighting
a bowl of ramen with egg and spring onions, top view
an isometric room with a desk and a computer, low poly
a cat wearing a hat, studio lighting, 50mm, f/1.8
a dog and a cat sleeping together on a sofa
two birds on a wire in front of the moon
a lighthouse in a storm, dramatic waves, by turner
macro photo of a dew drop on a green leaf
a steam train crossing a stone bridge over a valley
a group of penguins playing football in the rain
the eiffel tower made of cheese
a knight in shining armour fighting a dragon
pixel art of a robot holding a flower
a bicycle leaning against a yellow wall
a wooden table with bread, cheese and red wine
a black and white photograph of a jazz band
northern lights over a frozen river in norway
a hot air balloon above the desert at dawn
a very long corridor with many doors, surreal
ugly, blurry, low quality, extra fingers, watermark, text
a teapot in the shape of an elephant
a map of an imaginary island, parchment, ink
children flying kites on a beach, impressionism
"""

ODD = [
    "", " ", "   \t\n  ", "a", "A", "!", "!!!", "...", "?!?!", ",", "a,b,c", "a , b , c",
    # case
    "Hello, World!!  it's 2024", "HELLO WORLD", "hElLo WoRlD", "ÀÉÎÕÜ", "ΑΒΓ ΣΑΣ ΟΔΥΣΣΕΥΣ σς", "ПРИВЕТ МИР",
    "İstanbul", "ISPARTA ıspanak İİİ", "ẞ STRASSE straße", "Ǆ ǅ ǆ Ǉ ǈ ǉ", "\u212b \u00c5", "\u212a K k", "\u2126 \u03a9",
    "ԱԲԳ", "ႠႡႢ ⴀⴁ", "ᏣᎳᎩ ꮳꮃ", "Ａｂｃ ＡＢＣ", "𐐀𐐁 𐐨𐐩", "ⅠⅡⅢ ⅰⅱ", "Ⓐ ⓐ", "\u1e9b \u1e60",
    # contractions
    "it's", "IT'S", "it’s", "don't can't won't", "we're they've I'm you'll he'd", "'s 't 're 've 'm 'll 'd",
    "'S 'T 'RE", "rock'n'roll", "'sun 'tree", "''s", "' s", "''''", "l'été d'hiver", "o'clock", "'", "x'", "!'s",
    "a's's's", "'lla 'vel 'rex",
    # numbers
    "2024", "1,000,000.50", "1girl 2boys", "3d", "8k uhd", "½ ¼ ¾", "x² + y³", "①②③", "٠١٢٣", "१२३", "一二三", "〇",
    "Ⅳ", "0x1F", "1e-5", "v1.5", "no.7", "𝟘𝟙𝟚", "๑๒๓",
    # accents, composed and not
    "café", "cafe\u0301", "naïve façade", "nai\u0308ve fac\u0327ade", "\u00c5 \u212b A\u030a", "Việt Nam",
    "Vie\u0323\u0302t Nam", "Vie\u0302\u0323t Nam", "Zażółć gęślą jaźń", "příliš žluťoučký kůň", "smörgåsbord",
    "crème brûlée", "ñandú", "ﬁne ﬂower ﬀ", "a\u0323\u0307 a\u0307\u0323", "q\u0323\u0307 q\u0307\u0323",
    "e\u0300\u0301\u0302\u0303\u0304\u0305", "\u0301", "a \u0301 b", "\u0301\u0301a", "\u203f\u2040",
    "\u0344 \u0958 \u2adc", "\U0001d15e", "\u1e9b\u0323 \u1e69 s\u0323\u0307",
    # scripts
    "猫", "猫 cat 🐱", "一只猫在雪地里", "東京タワー", "ひらがな カタカナ", "ｶﾀｶﾅ", "한국어 고양이", "\uac01", "\u1100\u1161\u11a8",
    "привет мир", "γάτα στο χιόνι", "קטז שלום", "قطة في الثلج", "قِطَّة", "बिल्ली", "แมวบนหิมะ", "ကြောင်", "კატა", "կատու",
    "𠀋𠮷", "𓀀𓁐", "𝒜𝓃 𝔸𝕟", "العَرَبِيَّة", "עִבְרִית", "ꙮ", "ﷺ", "㎏ ㍿", "\uf900 \uf901", "\ufa19 \U0002f800",
    "中文,标点。测试！", "a猫b犬c", "猫2匹", "か\u3099 が", "ཨོཾ་མ་ཎི", "ᚠᚢᚦ", "ⵜⴰⵎⴰⵣⵉⵖⵜ", "አማርኛ", "ខ្មែរ",
    # emoji
    "🐱", "🐱🐶", "🐱 🐶", "a🐱b", "👩\u200d👩\u200d👧\u200d👦", "👍🏽", "🏳\ufe0f\u200d🌈", "🇩🇪🇫🇷", "❤\ufe0f", "❤",
    "☀\ufe0e ☀\ufe0f", "🤷🏻\u200d♀\ufe0f", "🧑\u200d🚀 on mars", "#\ufe0f\u20e3", "😀😃😄😁", "🫠🫡", "1\ufe0f\u20e32",
    # spaces and controls
    "a\u00a0b", "a\u2003b\u2009c", "a\u3000b", "a\u200bb", "a\u200cb\u200dc", "a\u2028b\u2029c", "a\u0085b",
    "a\u1680b", "a\u202fb", "a\u205fb", "a\u00a0\u2000 \u3000b", "a\x00b", "a\x1fb", "a\x1cb", "a\x07b",
    "a\x7fb", "a\x9fb", "a\ufeffb", "\ufeffhello", "a\u00adb", "a\u2060b", "a\u180eb",
    "tab\tnew\nline\r\nreturn\x0bvertical\x0cform", "  leading and trailing  ", "a  b   c    d",
    "\u202eright to left\u202c", "\ufffd", "a\ufffdb", "\ufffe \uffff", "\U0010ffff", "\ue000", "\U000e0001",
    "\u034f", "\u0380", "\ufdd0",
    # special strings in text
    "<|startoftext|>", "<|endoftext|>", "a <|endoftext|> b", "hello<|endoftext|>hello", "<|ENDOFTEXT|>",
    "a <|StartOfText|> b", "<|endoftext|><|endoftext|>", "<|endoftext|>'s", "<|ENDOFTEXT|>'s", "<|ENDOFTEXT|>!",
    "!<|ENDOFTEXT|>", "<|endoftext", "|endoftext|>", "<|endoftext|", "<<|endoftext|>>", "<|ENDOFTEXT|>>",
    "e\u0301<|endoftext|>\u0301e", "<|endoftext|>\u0301", "<|STARTOFTEXT|>x<|endoftext|>", "<|endof text|>",
    "hello!", "hello !", "!hello!", "hey!!! you!", "</w>", "a</w>", "<unk>", "[PAD]", "İ<|endoftext|>İ",
    # prompt syntaxes, which are plain text here
    "(a cat:1.2)", "((cat)) [dog]", "a \\(cat\\)", "a AND b", "<lora:name:0.8>", "{a|b|c}", "[from:to:0.5]", "--ar 16:9",
    "a_b_c", "snake_case", "a-b—c–d", "a/b\\c", "http://example.org/?q=1&r=2", "user@example.org", "#tag", "$100 €50 £20",
    "100%", "50°C", "a+b=c", "~*^`|", "\"quoted\" “quoted” «quoted»", "…", "a…b", "•", "™ © ®", "½cup", "x^2",
    # over-long
    "a " * 74, "a " * 75, "a " * 76, "a " * 200, "1234567890" * 10, "supercalifragilisticexpialidocious " * 6,
    "z" * 400, "!" * 100, "! " * 100, "'s" * 60, "🐱" * 40, "é" * 90, "猫" * 60, "e\u0301\u0323" * 40,
    "a cat " * 24 + "<|endoftext|> a dog", "\u0323\u0301" * 50, "hello <|endoftext|> " * 40,
]

# What a model may have been taught later; no part of what the vocabulary is learnt from.
TAUGHT = ["a <my-dog> in the snow", "a <MY-DOG>", "a<my-dog><my-dog>s", "<my-dog", "a Sks dog", "asks", "SKS"]
SKS = {"__type": "AddedToken", "content": "sks", "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}


def byte_symbols():
    """CLIP's order: the printable bytes of Latin-1, then the others as characters from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(others))]


def learn_merges(pieces, count):
    """The most frequent neighbours are joined first; of equally frequent ones, the first in code order."""
    words = {tuple(piece[:-1]) + (piece[-1] + "</w>",): n for piece, n in Counter(pieces).items()}
    merges = []
    while len(merges) < count:
        pairs = Counter()
        for word, n in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += n
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        joined = {}
        for word, n in words.items():
            parts, i = [], 0
            while i < len(word):
                if word[i : i + 2] == best:
                    parts.append(word[i] + word[i + 1])
                    i += 2
                else:
                    parts.append(word[i])
                    i += 1
            joined[tuple(parts)] = joined.get(tuple(parts), 0) + n
        words = joined
    return merges


def write_vocabulary(folder, symbols, merges):
    tokens = symbols + [symbol + "</w>" for symbol in symbols] + [a + b for a, b in merges]
    tokens = list(dict.fromkeys(tokens)) + [BOS, EOS]
    folder.mkdir(parents=True, exist_ok=True)
    vocab = {token: i for i, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    lines = ["#version: 0.2"] + [f"{a} {b}" for a, b in merges]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def added(text, normalized):
    return {"content": text, "lstrip": False, "normalized": normalized, "rstrip": False, "single_word": False}


def variants(taught):
    """(name, vocabulary, tokenizer_config.json, special_tokens_map.json) as models carry them; then, for those
    that differ in what they were `taught` alone, added_tokens.json. `taught` is the first free id."""
    objects = {"bos_token": added(BOS, True), "eos_token": added(EOS, True), "unk_token": added(EOS, True)}
    typed = {key: {"__type": "AddedToken", **value} for key, value in objects.items()}
    names = {"bos_token": BOS, "eos_token": EOS, "unk_token": EOS}
    decoder = {str(10**6 + i): {**added(text, True), "special": True} for i, text in enumerate((BOS, EOS))}
    yield "strings", "full", {"model_max_length": 77, **names, "pad_token": EOS}, None
    yield "sd1", "full", {"model_max_length": 77, **typed, "pad_token": EOS}, {**objects, "pad_token": EOS}
    yield "sd2", "full", {"model_max_length": 77, **typed, "pad_token": EOS}, {**objects, "pad_token": "!"}
    yield "decoder", "full", {"model_max_length": 77, **names, "added_tokens_decoder": decoder}, None
    yield "trimmed", "trimmed", {"model_max_length": 24, "pad_token": "!"}, None
    yield "saved", "saved", {"model_max_length": 77, **names}, None
    plain = {"model_max_length": 77, **names, "pad_token": EOS}
    dog = {str(taught): {**added("<my-dog>", True), "special": False}}
    old = {"<my-dog>": taught, "sks": taught + 1}
    yield "old", "full", plain, None, old
    yield "old, and listed", "full", plain, {**names, "additional_special_tokens": ["<my-dog>"]}, old
    yield "decoder before older files", "full", {**plain, "added_tokens_decoder": dog}, {"pad_token": "!"}, {"sks": taught + 1}
    yield "decoder before tokenizer.json", "saved", {**plain, "added_tokens_decoder": dog}, None, {}
    yield "without ids", "full", {**plain, "additional_special_tokens": ["<my-dog>", SKS]}, None, {}
    yield "without ids, as of late", "full", {**plain, "extra_special_tokens": ["<my-dog>"]}, None, {"sks": taught}


def save(tokenizer, folder):
    """As transformers 5 writes a model that was taught new words: one file with everything in it."""
    tokenizer.add_tokens([AddedToken("<my-dog>", normalized=False), AddedToken("sks", normalized=True)])
    with tempfile.TemporaryDirectory() as scratch:
        tokenizer.save_pretrained(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tokenizer.json").write_bytes(pathlib.Path(scratch, "tokenizer.json").read_bytes())


def tokenizer_of(folder, config, special_map, old_added=None):
    config = json.loads(json.dumps(config))
    if decoder := config.get("added_tokens_decoder"):
        vocab = json.loads((OUT / "full/vocab.json").read_text(encoding="utf-8"))
        config["added_tokens_decoder"] = {str(vocab.get(token["content"], key)): token for key, token in decoder.items()}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for name in ("vocab.json", "merges.txt", "tokenizer.json"):
            if (folder / name).exists():
                (scratch / name).write_bytes((folder / name).read_bytes())
        (scratch / "tokenizer_config.json").write_text(json.dumps(config))
        if special_map:
            (scratch / "special_tokens_map.json").write_text(json.dumps(special_map))
        if old_added:
            (scratch / "added_tokens.json").write_text(json.dumps(old_added))
        return CLIPTokenizer.from_pretrained(scratch), config


def main():
    prompts = list(dict.fromkeys(PLAIN.strip().split("\n") + ODD))
    symbols = byte_symbols()
    write_vocabulary(OUT / "full", symbols, [])
    backend = tokenizer_of(OUT / "full", {}, None)[0].backend_tokenizer
    pieces = []
    for prompt in prompts:
        normal = backend.normalizer.normalize_str(prompt)
        pieces += [piece for piece, _ in backend.pre_tokenizer.pre_tokenize_str(normal)]
    write_vocabulary(OUT / "full", symbols, learn_merges(pieces, MERGES))
    # As a model with few words has it: just the bytes and the joins that its words need.
    ascii_symbols = [symbol for symbol in symbols if symbol.isascii() and not symbol.isupper()]
    simple = [piece for piece in pieces if set(piece) <= set(ascii_symbols)]
    write_vocabulary(OUT / "trimmed", ascii_symbols, learn_merges(simple, 200))

    prompts += TAUGHT
    save(tokenizer_of(OUT / "full", {}, None)[0], OUT / "saved")

    cases = []
    taught = len(json.loads((OUT / "full/vocab.json").read_text(encoding="utf-8")))
    for name, folder, config, special_map, *rest in variants(taught):
        tokenizer, config = tokenizer_of(OUT / folder, config, special_map, *rest)
        ids = []
        for prompt in TAUGHT if rest else prompts:
            row = tokenizer(
                prompt, padding="max_length", truncation=True, max_length=tokenizer.model_max_length
            ).input_ids
            assert len(row) == tokenizer.model_max_length
            while row and row[-1] == tokenizer.pad_token_id:
                row.pop()
            ids.append(row)
        case = {"name": name, "vocabulary": folder, "tokenizer_config": config, "pad": tokenizer.pad_token_id}
        if rest:
            case |= {"prompts": TAUGHT, "added_tokens": rest[0]}
        cases.append({**case, "special_tokens_map": special_map, "ids": ids})
    (OUT / "cases.json").write_text(dumped(prompts, cases))
    print(f"{len(prompts)} prompts, {len(cases)} tokenizers")


def dumped(prompts, cases):
    """One prompt or one row of ids a line."""
    text = '{"prompts": [\n' + ",\n".join(json.dumps(prompt) for prompt in prompts) + '\n],\n"cases": [\n'
    blocks = []
    for case in cases:
        rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in case.pop("ids"))
        blocks.append(json.dumps(case)[:-1] + ', "ids": [\n' + rows + "\n]}")
    return text + ",\n".join(blocks) + "\n]}\n"


if __name__ == "__main__":
    main()
