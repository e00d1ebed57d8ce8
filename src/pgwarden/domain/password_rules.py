"""What a password must be to be worth its name."""

from __future__ import annotations

from pgwarden.domain.errors import PasswordUnfit

SHORTEST = 12
LONGEST = 256
"""Characters; longer ones would only make the hashing slow."""
FEWEST_DIFFERENT = 6
COMMON = frozenset(
    {
        "password",
        "passwort",
        "pgwarden",
        "postgres",
        "postgresql",
        "administrator",
        "changeme",
        "letmein",
        "welcome",
        "qwertyuiop",
        "1234567890",
        "correcthorsebatterystaple",
    }
)


def require_fit(password: str, name: str) -> None:
    """Raises PasswordUnfit for one that is too short, too long, or made of what everyone tries first."""
    plain = "".join(ch for ch in password.casefold() if ch.isalnum())
    left = plain
    for word in (*sorted(COMMON, key=len, reverse=True), name.casefold()):
        left = left.replace(word, "") if word else left
    problems = (
        (len(password) < SHORTEST, f"It has fewer than {SHORTEST} characters."),
        (len(password) > LONGEST, f"It has more than {LONGEST} characters."),
        (len(set(password)) < FEWEST_DIFFERENT, f"It has fewer than {FEWEST_DIFFERENT} different characters."),
        (len(left) < FEWEST_DIFFERENT, "It is little more than a common word or the account's name."),
        (not password.isprintable(), "It has characters that cannot be typed."),
    )
    for wrong, why in problems:
        if wrong:
            raise PasswordUnfit(
                "That password does not do.",
                why=why,
                not_done="The password was not changed.",
                next_step="A few words that do not belong together are long and easy to remember.",
            )
