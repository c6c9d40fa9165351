"""Make text valid for any JSON reader."""


def encodable(text: str) -> str:
    r"""Return the text with lone surrogates, which UTF-8 cannot encode, as '\xNN' (an undecodable byte) or '\uNNNN'."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(_readable(character) for character in text)
    return text


def _readable(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if 0xD800 <= code <= 0xDFFF else character
