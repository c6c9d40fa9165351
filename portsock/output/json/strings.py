"""Text that any JSON reader takes."""


def sound(text: str) -> str:
    r"""The text with lone surrogates, which no UTF-8 can hold, as readable '\xNN' (an undecodable byte) or '\uNNNN'."""
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
