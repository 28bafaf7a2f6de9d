"""What an app's answer to a command or a click does: a new message, a changed one, or one less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq_sandbox.slack import people

if TYPE_CHECKING:
    from sshq_sandbox.slack.grants import ResponseUrl
    from sshq_sandbox.slack.workspace import Message, Workspace


class Replies:
    """Answers that came through a response_url or in the acknowledgement of a command."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def show(self, url: ResponseUrl, answer: dict[str, Any]) -> Message | None:
        """Do what `answer` says with `response_type`, `replace_original` and `delete_original`.

        Ephemeral unless it says `in_channel`. What it replaces is the message that was clicked, or
        the first that came through the same response_url; without one, a new one is shown.
        """
        source = self._workspace.find(url.channel, url.source_ts) if url.source_ts else None
        if answer.get("delete_original"):
            if source is not None:
                self._workspace.delete(source)
            return None
        text, blocks = answer.get("text"), answer.get("blocks")
        if answer.get("replace_original") and source is not None:
            # An answer is a whole message: it keeps nothing of the one whose place it takes.
            return self._workspace.edit(source, text=text or "", blocks=blocks or [])
        shown = self._workspace.post(
            self._workspace.conversations[url.channel],
            user=people.BOT_USER_ID,
            text=text or "",
            blocks=blocks or [],
            only_for=None if answer.get("response_type") == "in_channel" else url.user,
            thread_ts=answer.get("thread_ts"),
        )
        if source is None:
            url.source_ts = shown.ts
        return shown
