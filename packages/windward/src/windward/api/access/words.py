"""What the page of the sign-in says, in the languages of the interface: the one that the browser asks for first."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Word(StrEnum):
    """What there is to say. The values are the English words."""

    TITLE = "Sign in"
    NAME = "User name"
    PASSWORD = "Password"
    SINGLE_SIGN_ON = "Single sign-on"
    TOO_LONG = "That is too long."
    NO_PROVIDER = "The provider does not answer. Try again later."
    NOT_NOW = "That does not work now. Try again later."
    FROM_ELSEWHERE = "Another site sent this form. Sign in here."
    WRONG = "This name and this password do not belong together."
    THROTTLED = "Too many tries. Wait a while, then try again."
    NO_DATABASE = "The database does not answer. Try again later."
    OLD_LINK = "This link was used, or is too old. Sign in with the password."
    NOT_BEGUN_HERE = "This sign-in was not begun here, or took too long. Begin again."
    PROVIDER_REFUSED = "The provider refused this sign-in. Begin again."
    NOT_BELIEVED = "The provider's word does not count here. Begin again."
    FOR_SOMEBODY_ELSE = "The provider's word is for somebody else. Begin again."
    NAMELESS = "The provider does not say what you are called. An administrator can set `[api_auth] oidc_username_claim` to a claim that it gives."
    NOT_LET_IN = "You are not let in:"


_KOREAN: Mapping[Word, str] = {
    Word.TITLE: "로그인",
    Word.NAME: "사용자 이름",
    Word.PASSWORD: "비밀번호",
    Word.SINGLE_SIGN_ON: "통합 로그인(SSO)",
    Word.TOO_LONG: "입력한 내용이 너무 깁니다.",
    Word.NO_PROVIDER: "인증 서버가 응답하지 않습니다. 잠시 후 다시 시도하세요.",
    Word.NOT_NOW: "지금은 로그인할 수 없습니다. 잠시 후 다시 시도하세요.",
    Word.FROM_ELSEWHERE: "다른 사이트에서 보낸 양식입니다. 여기에서 로그인하세요.",
    Word.WRONG: "사용자 이름 또는 비밀번호가 올바르지 않습니다.",
    Word.THROTTLED: "시도 횟수가 너무 많습니다. 잠시 기다린 뒤 다시 시도하세요.",
    Word.NO_DATABASE: "데이터베이스가 응답하지 않습니다. 잠시 후 다시 시도하세요.",
    Word.OLD_LINK: "이미 사용했거나 만료된 링크입니다. 비밀번호로 로그인하세요.",
    Word.NOT_BEGUN_HERE: "여기에서 시작한 로그인이 아니거나 너무 오래 걸렸습니다. 처음부터 다시 하세요.",
    Word.PROVIDER_REFUSED: "인증 서버가 로그인을 거부했습니다. 처음부터 다시 하세요.",
    Word.NOT_BELIEVED: "인증 서버의 응답을 확인할 수 없습니다. 처음부터 다시 하세요.",
    Word.FOR_SOMEBODY_ELSE: "인증 서버의 응답이 다른 프로그램을 위한 것입니다. 처음부터 다시 하세요.",
    Word.NAMELESS: "인증 서버가 사용자 이름을 알려 주지 않았습니다. 관리자가 `[api_auth] oidc_username_claim`을 인증 서버가 주는 클레임으로 설정할 수 있습니다.",
    Word.NOT_LET_IN: "로그인할 수 없습니다.",
}
LANGUAGES: Mapping[str, Mapping[Word, str]] = {"en": {word: word.value for word in Word}, "ko": _KOREAN}
_HEADER_MAX = 500


def language_of(accepted: str) -> str:
    """Return the language that a browser asks for first (`Accept-Language`) among ours; English for any other."""
    asked = list[tuple[float, int, str]]()
    for place, part in enumerate(accepted[:_HEADER_MAX].split(",")):
        tag, _, weight = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            quality = 0.0
        if language in LANGUAGES and quality > 0:
            asked.append((-quality, place, language))
    return min(asked)[2] if asked else "en"
