"""States of sockets as netstat translates them, also where the bytes of a word were read in a wrong code page.

The words of Linux are those of net-tools' po files (ca, cs, de, et, fr, pt_BR, sv). Those of Windows are spellings that users
and other parsers report; some German ones were seen in listings.
"""

from functools import cache, lru_cache

from portsock.enums import parse_state
from portsock.model import State

_WORDS = {
    State.LISTEN: "ESCOLTA ESCOLTANT NASLOUCHÁ HÖRT OUÇA OUVINDO LYSSNAR ABHÖREN ESCUCHA ESCUCHANDO ESCUCHAR ÉCOUTE ECOUTE "
    "À_L'ÉCOUTE EN_ÉCOUTE ASCOLTO IN_ASCOLTO ESCUTA ESCUTANDO À_ESCUTA NASŁUCHIWANIE NASŁUCH ПРОСЛУШИВАНИЕ СЛУШАЕТ "
    "NASLOUCHÁNÍ 侦听 监听 正在侦听 侦听中 偵聽 聆聽 リッスン リッスン中 수신_대기",
    State.ESTABLISHED: "ESTABLERT SPOJENO VERBUNDEN ESTABELECIDA ETABLERAD CONNECTAT SPOJEN ÜHENDATUD CONNECTE CONECTADO "
    "ANSLUTEN HERGESTELLT ESTABLECIDO ESTABLECIDA ÉTABLI ÉTABLIE ETABLIE STABILITO STABILITA ESTABELECIDO USTANOWIONO "
    "USTANOWIONE УСТАНОВЛЕНО NAVÁZÁNO 已建立 已建立连接 確立 確立済み 설정됨 연결됨",
    State.SYN_SENT: "SYN_ENVIADO SYN_GESENDET SYN_ENVOYÉ SYN_INVIATO SYN_WYSŁANO",
    State.SYN_RECV: "SYN_RECEBIDO SYN_EMPFANGEN SYN_RECIBIDO SYN_REÇU SYN_RICEVUTO SYN_ODEBRANO",
    State.FIN_WAIT_1: "ESPERA_FIN1 FIN_WARTEN_1",
    State.FIN_WAIT_2: "ESPERA_FIN2 FIN_WARTEN_2",
    State.TIME_WAIT: "TEMPS WARTEND CZAS_OCZEKIWANIA TIEMPO_ESPERA TIEMPO_DE_ESPERA TEMPO_DE_ESPERA",
    State.CLOSE_WAIT: "ESPERANDO_FECHAR STÄNG_VÄNTA SCHLIESSEN_WARTEN ESPERA_CIERRE FERMETURE_ATTENTE ATTENTE_FERMETURE",
    State.LAST_ACK: "POSLEDNÍ_ACK ÚLTIMO_ACK LETZTE_ACK LETZTES_ACK DERNIER_ACK ULTIMO_ACK OSTATNI_ACK",
    State.CLOSING: "TANCAMENT ZAVÍRÁ FECHANDO STÄNGER SCHLIESSEND CERRANDO ZAMYKANIE",
    State.CLOSED: "TANCA ZAVŘEN FECHAR STÄNG DESCONNECTANT ODPOJUJE VERBINDUNGSABBAU LAHTIÜHENDUMAS ENDECONNEXION "
    "DESCONECTANDO KOPPLAR_FRÅN GESCHLOSSEN CERRADO FERMÉ CHIUSO FECHADO ZAMKNIĘTO ZAMKNIĘTE ЗАКРЫТО 已关闭 已關閉",
    State.CONNECTING: "CONNECTANT SPOJUJE VERBINDUNGSAUFBAU ÜHENDUMAS ENCONNEXION CONECTANDO ANSLUTER",
}
_WRITTEN_IN = ("utf-8", "cp437", "cp850", "cp852", "cp866", "cp1250", "cp1251", "cp1252", "cp932", "cp936", "cp949")
"""Code pages of consoles and systems that print these words."""
_READ_IN = (("utf-8", "surrogateescape"), *((page, "replace") for page in ("utf-8", "latin-1", *_WRITTEN_IN[1:])))
_FEWEST_LETTERS = 3
"""ASCII letters that must remain of a word of which other letters were replaced: question marks alone name no state."""
_LONGEST = 80


@lru_cache(maxsize=4096)
def listed_state(text: str) -> State | None:
    """Return the state that a listing prints, in any tool's spelling or a known translation, else None."""
    found = parse_state(text)
    if found is not None or not text or len(text) > _LONGEST:
        return found
    key = _key(text)
    return _translations().get(key) or (None if key.isascii() and "?" not in key else _garbled().get(key))


def _key(text: str) -> str:
    return "".join(text.upper().replace("_", "").replace("-", "").split())


@cache
def _translations() -> dict[str, State]:
    return {_key(word): state for state, words in _WORDS.items() for word in words.split()}


@cache
def _garbled() -> dict[str, State | None]:
    """Return the state of every word that was written in one code page and read in another, None where two states share it."""
    found: dict[str, State | None] = {}
    for state, words in _WORDS.items():
        for word in words.split():
            spellings = () if word.isascii() else _misread(word.replace("_", " ")) | _misread(word)
            for key in spellings:
                found[key] = state if found.get(key, state) is state else None
    return found


def _misread(word: str) -> set[str]:
    found = {_key(word.encode("ascii", "replace").decode())}
    for page in _WRITTEN_IN:
        data = word.encode(page, "replace")
        found.update(_key(data.decode(codec, errors)) for codec, errors in _READ_IN if codec != page)
    lossy = {key for key in found if "?" in key or "\ufffd" in key}
    return found - {key for key in lossy if sum(letter.isascii() and letter.isalpha() for letter in key) < _FEWEST_LETTERS}
