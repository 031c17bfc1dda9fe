"""What an address, a phone number and a password must be."""

import re

from race401.mock_api.api.supabase.problems import AuthProblem, taken
from race401.mock_api.state.realm import Realm

LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
EMAIL = re.compile(rf"[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{LABEL}(?:\.{LABEL})+")  # checkmail's, which GoTrue asks
LONGEST_EMAIL = 255  # of GoTrue's column
PHONE = re.compile(r"[1-9][0-9]{1,14}")  # E.164
LONGEST_PASSWORD = 72  # bytes; bcrypt reads no more


def checked_email(email: str) -> str:
    """Return the address in lower case."""
    if len(email) > LONGEST_EMAIL or not EMAIL.fullmatch(email):
        raise AuthProblem(400, "validation_failed", "Unable to validate email address: invalid format")
    return email.lower()


async def free_email(realm: Realm, email: str) -> str:
    """Return the address in lower case, if nobody has it."""
    address = checked_email(email)
    if await realm.accounts.find(address) is not None:
        raise taken()
    return address


def checked_phone(phone: str) -> str:
    """Return the number without its plus sign."""
    number = phone.replace(" ", "").removeprefix("+")
    if not PHONE.fullmatch(number):
        raise AuthProblem(400, "validation_failed", "Invalid phone number format (E.164 required)")
    return number


def weakness(realm: Realm, password: str) -> dict[str, object] | None:
    """Return what is wrong with a password that should be longer."""
    if len(password.encode()) >= realm.world.shortest_password:
        return None
    message = f"Password should be at least {realm.world.shortest_password} characters."
    return {"message": message, "reasons": ["length"]}


def checked_password(realm: Realm, password: str) -> str:
    """Return the password, if the world accepts it."""
    if len(password.encode()) > LONGEST_PASSWORD:
        raise AuthProblem(400, "validation_failed", "Password cannot be longer than 72 characters")
    if weak := weakness(realm, password):
        raise AuthProblem(422, "weak_password", str(weak["message"]), weak_password={"reasons": weak["reasons"]})
    return password
