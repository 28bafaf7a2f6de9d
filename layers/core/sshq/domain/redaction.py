"""Secrets that programs print: taken out of every line of a log before anybody is shown it."""

from __future__ import annotations

import re

HIDDEN = "[hidden]"
# What stands after the name of a secret, up to white space or a quotation mark.
_NAMED = re.compile(
    r"""(?ix)
    ( [a-z0-9_-]* (?: secret | password | passwd | token | api[_-]?key | private[_-]?key
                    | access[_-]?key | secret[_-]?key | credentials? | authorization )
      ["']? \s* [=:] \s* (?: bearer \s+ | basic \s+ )? ["']? )
    (?! \d [\d.,]* (?: \s | $ ) )  # "next token: 17" is a number that a model printed
    [^\s"',;]+ """
)
_SHAPES = re.compile(
    r"""(?x)
      \b (?: AKIA | ASIA ) [A-Z0-9]{16} \b             # AWS access key ids
    | \b xox[a-z]-[A-Za-z0-9-]{10,}                     # Slack
    | \b (?: ghp | gho | ghs | github_pat ) _[A-Za-z0-9_]{20,}
    | \b hf_[A-Za-z0-9]{20,}                            # Hugging Face
    | \b sk-[A-Za-z0-9_-]{20,}                          # model providers
    | \b eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*   # JSON web tokens
    | :// [^/\s:@]+ : [^/\s@]+ @                        # a password in an address
    | -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY-----.*
    """
)


def redacted(text: str) -> str:
    """The text without what looks like a secret: by its own shape, or by the name before it."""
    return _NAMED.sub(rf"\g<1>{HIDDEN}", _SHAPES.sub(_hide, text))


def _hide(found: re.Match[str]) -> str:
    return f"://{HIDDEN}@" if found[0].startswith("://") else HIDDEN
