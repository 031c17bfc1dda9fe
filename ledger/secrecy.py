"""Which names say that what follows is a secret: a parameter's, a field's, a segment's of a path."""

import re

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")  # snake_case, kebab-case, camelCase
CERTAIN = re.compile(  # anywhere in a name without its case and punctuation: accesstoken, X-Amz-Security-Token
    "token|secret|passw|passphrase|passcode|pwd|jwt|signature|credential|apikey|assertion|verifier|cookie|sessid|jsession"
)
ALONE = frozenset("auth authorization authentication bearer code hmac key pass pin otp sid sig sign ticket".split())  # noqa: SIM905 - a list of names
COUNTED = frozenset("count hint limit max method min type types".split())  # noqa: SIM905 - max_tokens, token_type_hint
PLAIN = frozenset(  # what a code or a key of the everyday is of
    """
    area cache color country currency error exit foreign group http item lang language order partition post postal
    primary product public response sort status zip
    """.split()  # noqa: SIM905 - a list of names
)
PLACES = frozenset(  # in a path, what follows is a secret unless it is a word
    """
    activate activation confirm confirmation invitation invite magic magiclink recover recovery reset unlock
    unsubscribe verification verify
    """.split()  # noqa: SIM905 - a list of names
)
NAMED = frozenset("jwt otp password secret token".split())  # noqa: SIM905 - places too, where the segment is that alone
SPOKEN = re.compile(r"[A-Za-z]{1,10}(?:[-_.][A-Za-z]{1,10})?|v?\d{1,3}")


def secret_by_name(name: str) -> bool:
    """Tell whether a parameter or field of this name holds a secret."""
    words = {word.lower() for word in WORD.findall(name)}
    if words & COUNTED:
        return False
    if CERTAIN.search("".join(filter(str.isalnum, name.lower()))):
        return True
    return bool(words & ALONE) and not words & PLAIN


def is_place(segment: str) -> bool:
    """Tell whether the segments after this one are secrets, as in `/reset/TOKEN` or `/verify/email/TOKEN`."""
    return segment in NAMED or not PLACES.isdisjoint(word.lower() for word in WORD.findall(segment))


def is_spoken(text: str) -> bool:
    """Tell whether it is a word or two, or a number below a thousand: no secret, even after a place."""
    return SPOKEN.fullmatch(text) is not None
