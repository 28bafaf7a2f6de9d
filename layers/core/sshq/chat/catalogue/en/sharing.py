"""English: sharing a job."""

TEXTS: dict[str, str] = {
    "command.share": "let another member into one of your jobs",
    "command.unshare": "take that back; their connections drop",
    "parameter.for_": "for how long, such as 2h; without it until the job ends",
    "share.done": "<@{user}> can enter `{job}` until it ends.",
    "share.done-until": "<@{user}> can enter `{job}` until {until}.",
    "share.yours": "<@{owner}> lets you into `{job}` until it ends. You get a ticket of your own.",
    "share.yours-until": "<@{owner}> lets you into `{job}` until {until}. You get a ticket "
    "of your own.",
    "unshare.done": "<@{user}> can't enter `{job}` any more; their connections have dropped.",
    "refusal.not-shared": "`{job}` isn't shared with <@{user}>.",
    "refusal.not-shared.next": "Nothing was changed.",
    "refusal.shared-with-oneself": "The job is yours already.",
    "refusal.shared-with-oneself.next": "Pick another member.",
}
