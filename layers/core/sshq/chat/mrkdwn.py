"""Slack's markup: what comes from people or from AWS is escaped, so that it can't become markup."""

from __future__ import annotations


def escape(text: str) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text#escaping"""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
