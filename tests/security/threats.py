"""The threats: each rule, how it is taken out, and the tests that fail then.

docs/security.md shows this table; scripts/mutate_rules.py takes each rule out in a copy of the
project and runs its tests. `old` stands exactly once in `file` (test_threats holds that).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

CORE = "layers/core/sshq/"
LOCAL = "local_client/src/sshq_local/"
CASES = "tests/unit/core/use_cases/"
API = "tests/unit/functions/test_access_api.py::"
REDEEM = f"{CASES}test_redeem.py::"
SESSIONS = f"{CASES}test_sessions.py::"
TABLE = "tests/integration/core/adapters/test_leases.py::"
CA = "tests/integration/core/adapters/test_certificate_authority.py::"
RIGHTS = "tests/security/test_template_rights.py::"
TICKETS = "tests/unit/core/domain/test_tickets.py::"
CLIENT = "tests/integration/local_client/test_with_sshd.py::"
REGISTRATIONS = "tests/unit/core/domain/test_registrations.py::"
SHARING = f"{CASES}test_sharing.py::"
TOO_MANY = f"{CASES}test_too_many.py::"
ROTATION = "tests/integration/core/container/test_ca_rotation.py::"
PLAN = "tests/unit/core/domain/test_setup_plan.py::"
APIS = "tests/unit/local_client/test_known_apis.py::"
FRAMES = "tests/unit/local_client/ssm/test_frames.py::"
WEBSOCKET = "tests/unit/local_client/ssm/test_websocket.py::"
RELIABLE = "tests/unit/local_client/ssm/test_reliable.py::"
CHANNEL = "tests/unit/local_client/ssm/test_channel.py::"
DIAL = "tests/unit/local_client/ssm/test_dial.py::"
SSHD = "tests/integration/core/container/test_ssh.py::"

THREATS = {
    5: "another's node",
    6: "the default shell document",
    7: "tags that are tampered with",
    8: "a stolen activation code",
    9: "a confused deputy",
    11: "a stolen ticket",
    12: "TTL deletes late",
    13: "a man in the middle, the wrong machine",
    14: "keys that linger",
    15: "secrets in logs",
    19: "off-boarding, and access that is taken back",
    21: "a ticket that points at another's API",
    22: "a hostile peer on the data channel",
}


@dataclass(frozen=True)
class Rule:
    """One rule. `new` is the code without it."""

    threat: int
    says: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


RULES = (
    Rule(
        5,
        "a ticket is for the job's owner and whom the owner lets in; being an admin opens no door",
        f"{CORE}use_cases/mint.py",
        'verb="connect", job=job, reach=Reach.ENTER',
        'verb="connect", job=job, reach=Reach.MANAGE',
        (f"{REDEEM}test_nobody_but_the_owner_gets_a_ticket",),
    ),
    Rule(
        5,
        "whoever asks under a lease holds its key, and names that lease",
        f"{CORE}use_cases/authenticate.py",
        "stored.public_key if key_id == lease else None",
        "stored.public_key",
        (f"{API}test_a_key_id_of_another_lease_is_refused",),
    ),
    Rule(
        5,
        "a session is resumed only under the lease that started it",
        f"{CORE}use_cases/lease_requests.py",
        "if not is_of(services, lease, session):",
        "if False:",
        (f"{REDEEM}test_sessions_are_capped_and_belong_to_their_lease",),
    ),
    Rule(
        5,
        "a session is ended by its lease's owner alone",
        f"{CORE}use_cases/sessions.py",
        "found is None or found.owner.tag != message.actor.tag",
        "found is None",
        (f"{SESSIONS}test_nobody_presses_anothers_buttons",),
    ),
    Rule(
        5,
        "the API's role starts sessions only on nodes with this stack's tag",
        "template.yaml",
        """                  StringEquals: {"ssm:resourceTag/sshq:stack": !Ref StackTag}
                  BoolIfExists:""",
        "                  BoolIfExists:",
        (f"{RIGHTS}test_a_node_is_touched_only_if_it_bears_the_tag",),
    ),
    Rule(
        6,
        "starting a session checks the document: ours, and no other",
        "template.yaml",
        """document/${SessionDocumentName}
                Condition:
                  BoolIfExists: {"ssm:SessionDocumentAccessCheck": "true"}
              - Sid: KeepOwnSessions""",
        """document/${SessionDocumentName}
              - Sid: KeepOwnSessions""",
        (f"{RIGHTS}test_starting_a_session_always_checks_the_document",),
    ),
    Rule(
        7,
        "no policy whatever lets a job or a node make activations, tag, or untag",
        "template.yaml",
        "              - ssm:AddTagsToResource\n"
        "              - ssm:CreateActivation\n"
        "              - ssm:RemoveTagsFromResource\n"
        "              - ssm:ResumeSession",
        "              - ssm:ResumeSession",
        (f"{RIGHTS}test_the_boundary_never_allows_what_would_widen_itself",),
    ),
    Rule(
        7,
        "… nor pass a role on",
        "template.yaml",
        """          - Sid: NeverPowers
            Effect: Deny
            Action:
              - iam:*
""",
        """          - Sid: NeverPowers
            Effect: Deny
            Action:
""",
        (f"{RIGHTS}test_the_boundary_never_allows_what_would_widen_itself",),
    ),
    Rule(
        8,
        "of two nodes that claim one place in a job neither is let in",
        f"{CORE}domain/registrations.py",
        "if crowded or (each.rank is not None and claims[each.rank] > 1):",
        "if crowded:",
        (f"{TOO_MANY}test_of_two_that_claim_one_place_nobody_is_let_in",),
    ),
    Rule(
        8,
        "a node that comes when a job's nodes are all in is ended, and its people hear of it",
        f"{CORE}use_cases/sweep.py",
        "        current = watch_registrations(services, current, nodes)\n",
        "        pass\n",
        (f"{TOO_MANY}test_one_that_comes_after_ready_is_deregistered_and_told_once",),
    ),
    Rule(
        8,
        "a node that registered before the job's machines had the code isn't let in",
        f"{CORE}domain/registrations.py",
        "strangers = {} if restarted else {each.id: Why.EARLY for each in before}",
        "before, strangers = [], {}",
        (f"{REGISTRATIONS}test_one_that_registered_before_the_machines_had_the_code_is_early",),
    ),
    Rule(
        8,
        "… and one that registered before the containers ran, only at its container's word",
        f"{CORE}domain/registrations.py",
        "            kept_out.add(each.id)\n",
        "            pass\n",
        (f"{REGISTRATIONS}test_one_from_before_the_containers_ran_waits_for_its_word",),
    ),
    Rule(
        8,
        "a node whose place the job's own container says it hasn't got is let in no more",
        f"{CORE}domain/registrations.py",
        'told[start.rank] = ""',
        "pass",
        (
            f"{TOO_MANY}test_one_that_took_the_container_s_place_before_it_gets_no_ticket",
            f"{TOO_MANY}test_words_that_come_after_ready_throw_the_impostor_s_guests_out",
        ),
    ),
    Rule(
        8,
        "a container's record takes trust away and gives none",
        f"{CORE}domain/registrations.py",
        "claims = Counter(each.rank for each in possible)",
        "possible = [each for each in possible if told.get(each.rank, each.id) == each.id]\n"
        "    claims = Counter(each.rank for each in possible)",
        (f"{REGISTRATIONS}test_a_record_raises_nobody_s_trust",),
    ),
    Rule(
        8,
        "an activation takes as many nodes as the job has",
        f"{CORE}use_cases/submitting.py",
        "job=job.name, limit=nodes, expires",
        "job=job.name, limit=1000, expires",
        (f"{TOO_MANY}test_an_activation_takes_as_many_nodes_as_the_job_has",),
    ),
    Rule(
        8,
        "when all nodes are in, activation and code are deleted",
        f"{CORE}use_cases/follow.py",
        "        close_door(services, job)\n",
        "        pass\n",
        (
            f"{CASES}test_follow.py::test_at_ready_the_owner_alone_gets_a_ticket_and_the_activation_is_gone",
        ),
    ),
    Rule(
        9,
        "Lambda takes a function's role for this account's functions only",
        "template.yaml",
        """SeeConnections: GetConnectionStatus takes no resource; it says whether a node's agent is connected.
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: lambda.amazonaws.com}
            Action: sts:AssumeRole
            Condition:
              StringEquals: {"aws:SourceAccount": !Ref AWS::AccountId}
""",
        """SeeConnections: GetConnectionStatus takes no resource; it says whether a node's agent is connected.
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: lambda.amazonaws.com}
            Action: sts:AssumeRole
""",
        (f"{RIGHTS}test_every_service_trust_names_this_account",),
    ),
    Rule(
        9,
        "SageMaker and SSM take the roles that setup makes for this account's resources only",
        f"{CORE}domain/policies.py",
        '        "Condition": {"StringEquals": {"aws:SourceAccount": account}},\n',
        "",
        (f"{PLAN}test_every_trust_names_the_account_and_no_partition_is_fixed",),
    ),
    Rule(
        9,
        "a role is passed to one service",
        "template.yaml",
        'StringEquals: {"iam:PassedToService": ssm.amazonaws.com}',
        'StringLike: {"iam:PassedToService": "*"}',
        (f"{RIGHTS}test_a_role_is_passed_to_one_service_each",),
    ),
    Rule(
        11,
        "of many keys exactly one spends a ticket",
        f"{CORE}adapters/dynamodb/leases.py",
        "attribute_exists(pk) AND attribute_not_exists(redeemed_by) AND expires_at > :now",
        "attribute_exists(pk) AND expires_at > :now",
        (f"{TABLE}test_of_a_hundred_keys_at_once_exactly_one_spends_a_ticket",),
    ),
    Rule(
        11,
        "the same key gets the same lease: a lost answer is no theft",
        f"{CORE}use_cases/redeem.py",
        "if ticket.redeemed_by != nonce.key:",
        "if ticket.redeemed_by:",
        (f"{REDEEM}test_the_same_key_twice_gets_the_same_lease",),
    ),
    Rule(
        11,
        "another key on a spent ticket ends the lease at once",
        f"{CORE}use_cases/redeem.py",
        "if ticket.lease is not None and services.leases.end(",
        "if ticket.lease is None and services.leases.end(",
        (f"{API}test_another_key_on_a_spent_ticket_ends_the_lease",),
    ),
    Rule(
        11,
        "… and its owner is told who and whence",
        f"{CORE}use_cases/redeem.py",
        "    reuse.report(services, ticket, thief)",
        "    del thief",
        (f"{REDEEM}test_another_key_on_a_spent_ticket_ends_the_lease_and_alarms_the_owner",),
    ),
    Rule(
        11,
        "a ticket is stored as its SHA-256",
        f"{CORE}domain/tickets.py",
        "return hashlib.sha256(code.encode()).hexdigest()",
        "return code",
        (f"{TICKETS}test_the_record_holds_a_fingerprint_and_ten_minutes",),
    ),
    Rule(
        11,
        "a ticket is shown through a fresh response_url, to its owner alone, or not made",
        f"{CORE}use_cases/mint.py",
        "if url is None or not is_fresh(url, now):",
        "if False:",
        (f"{REDEEM}test_without_a_fresh_response_url_no_ticket_is_made",),
    ),
    Rule(
        11,
        "wrong, used, expired and unknown tickets are refused alike",
        f"{CORE}use_cases/redeem.py",
        "    ticket = services.tickets.get(lease.ticket)\n"
        "    if ticket is None or ticket.redeemed_by is None:\n        return None",
        "    ticket = services.tickets.get(lease.ticket)\n"
        "    if ticket is None or ticket.redeemed_by is None:\n"
        "        raise Refusal(Reason.LEASE_ENDED)",
        (f"{API}test_wrong_used_expired_and_unknown_tickets_look_alike",),
    ),
    Rule(
        11,
        "… and after the same time",
        f"{CORE}use_cases/redeem.py",
        "services.clock.sleep(max(0.0, REFUSED_AFTER_SECONDS - took))",
        "del took",
        (f"{REDEEM}test_every_ticket_that_cant_be_used_is_refused_after_the_same_time",),
    ),
    Rule(
        11,
        "a source with twenty bad tickets in ten minutes has to wait",
        f"{CORE}use_cases/redeem.py",
        "if services.rates.count(rate) > rate.most:",
        "if services.rates.count(rate) < 0:",
        (f"{REDEEM}test_a_source_with_too_many_bad_tickets_has_to_wait_even_with_a_good_one",),
    ),
    Rule(
        11,
        "… even with a good ticket",
        f"{CORE}adapters/dynamodb/rates.py",
        '"attribute_not_exists(pk) OR n <= :most"',
        '"attribute_not_exists(pk) OR n > :most"',
        (f"{TABLE}test_a_source_beyond_its_rate_gets_no_lease_until_the_window_is_over",),
    ),
    Rule(
        11,
        "a member and a team get so many tickets in ten minutes",
        f"{CORE}use_cases/mint.py",
        "    _keep_rates(services, message.actor)\n",
        "",
        (f"{REDEEM}test_a_member_gets_so_many_tickets_in_ten_minutes",),
    ),
    Rule(
        11,
        "a request is signed over its method, path and body",
        f"{CORE}domain/request_signatures.py",
        "else REQUIRED,",
        'else ("content-digest",),',
        (f"{API}test_a_signature_must_cover_all_three",),
    ),
    Rule(
        11,
        "a query is signed",
        f"{CORE}domain/request_signatures.py",
        "_WITH_QUERY if request.query else REQUIRED",
        "REQUIRED",
        (f"{API}test_a_query_is_signed_and_is_as_it_was_signed",),
    ),
    Rule(
        11,
        "a query that is signed is the one that is answered",
        f"{CORE}domain/request_signatures.py",
        "{'?' + self.query if self.query else ''}",
        "?tail=5",
        (f"{API}test_a_query_is_signed_and_is_as_it_was_signed",),
    ),
    Rule(
        11,
        "a session comes with a lease only if that was signed",
        f"{CORE}use_cases/authenticate.py",
        'session_rank(signature.covered.get("prefer", ""))',
        "session_rank(str(dict(request.headers)).replace(\"'\", ' '))",
        (f"{API}test_a_preferred_session_comes_only_if_the_preference_is_signed",),
    ),
    Rule(
        11,
        "… once, to the first delivery",
        f"{CORE}use_cases/redeem.py",
        "is_fresh = ticket.redeemed_by is None and",
        "is_fresh =",
        (f"{REDEEM}test_the_same_key_again_gets_its_lease_without_another_session",),
    ),
    Rule(
        11,
        "… and it counts among the member's",
        f"{CORE}adapters/dynamodb/leases.py",
        '_ROOM = "attribute_exists(sessions) AND size(sessions) < :most"',
        '_ROOM = "attribute_exists(sessions) AND size(sessions) <> :most OR size(sessions) = :most"',
        (f"{TABLE}test_who_has_all_the_sessions_they_may_gets_no_first_one_and_nothing_else",),
    ),
    Rule(
        11,
        "a request is taken once",
        f"{CORE}use_cases/authenticate.py",
        "if not services.leases.remember_nonce(nonce):",
        "if not services.leases.remember_nonce(nonce) and False:",
        (f"{API}test_a_replayed_request_is_refused",),
    ),
    Rule(
        11,
        "a request is at most five minutes old, and a wrong clock is told",
        f"{CORE}domain/signatures.py",
        "if abs(skew) > MOST_SKEW.total_seconds():",
        "if abs(skew) < 0:",
        (f"{API}test_a_wrong_clock_is_told_by_how_much",),
    ),
    Rule(
        11,
        "the function that faces the internet can't read Slack's token",
        "template.yaml",
        "              # A stop that was asked for on the laptop is a command like any other, and",
        """              - Sid: ReadSlackSecret
                Effect: Allow
                Action: secretsmanager:GetSecretValue
                Resource: !Ref SlackSecret
              # A stop that was asked for on the laptop is a command like any other, and""",
        (f"{RIGHTS}test_the_function_that_faces_the_internet_has_no_key_to_slack",),
    ),
    Rule(
        12,
        "a ticket's time is compared where it is spent",
        f"{CORE}adapters/dynamodb/leases.py",
        "attribute_exists(pk) AND attribute_not_exists(redeemed_by) AND expires_at > :now",
        "attribute_exists(pk) AND attribute_not_exists(redeemed_by)",
        (f"{TABLE}test_a_ticket_is_spent_up_to_its_last_second_and_not_after",),
    ),
    Rule(
        12,
        "a lease's time is compared where a session is written down",
        f"{CORE}adapters/dynamodb/leases.py",
        '"attribute_exists(pk) AND attribute_not_exists(ended) AND expires_at > :now",\n'
        '                    {":now": iso(now)},',
        '"attribute_exists(pk) AND attribute_not_exists(ended)",\n                    {},',
        (f"{TABLE}test_an_ended_an_expired_and_an_unknown_lease_take_none",),
    ),
    Rule(
        12,
        "… and at each request",
        f"{CORE}domain/leases.py",
        "return self.ended is None and now < self.expires_at",
        "return self.ended is None",
        (f"{SESSIONS}test_an_expired_lease_gets_nothing_though_its_row_is_there",),
    ),
    Rule(
        13,
        "the node's host key comes with the lease, and ssh takes no other",
        "local_client/src/sshq_local/ssh_config.py",
        '("StrictHostKeyChecking", "yes")',
        '("StrictHostKeyChecking", "no")',
        (f"{CLIENT}test_a_machine_with_another_host_key_is_refused",),
    ),
    Rule(
        14,
        "sshd lets in by principal: the job's name",
        f"{CORE}container/sshd.sh",
        'AuthorizedPrincipalsFile "$escaped/principals"\n',
        "",
        (f"{SSHD}test_another_certificate_is_refused",),
    ),
    Rule(
        14,
        "a certificate names one job",
        f"{CORE}adapters/certificate_authority.py",
        ".valid_principals([principal.encode()])",
        ".valid_for_all_principals()",
        (f"{CA}test_a_certificate_says_what_it_is_for_and_no_more",),
    ),
    Rule(
        14,
        "a certificate ends when it is told to",
        f"{CORE}adapters/certificate_authority.py",
        ".valid_before(valid_before.timestamp())",
        ".valid_before(2**63)",
        (f"{CA}test_a_certificate_says_what_it_is_for_and_no_more",),
    ),
    Rule(
        14,
        "… within the hour, and not after its lease",
        f"{CORE}domain/leases.py",
        "return min(lease.expires_at, now + CERTIFICATE_LIFE)",
        "return now + CERTIFICATE_LIFE",
        (f"{SESSIONS}test_a_certificate_is_short_and_ends_with_its_lease",),
    ),
    Rule(
        14,
        "a certificate allows a terminal and forwards, no X11, no user rc",
        f"{CORE}adapters/certificate_authority.py",
        'b"permit-port-forwarding", b"permit-pty")',
        'b"permit-port-forwarding", b"permit-pty", b"permit-X11-forwarding")',
        (f"{CA}test_a_certificate_says_what_it_is_for_and_no_more",),
    ),
    Rule(
        14,
        "a job's certificates are signed by a key that the job trusts",
        f"{CORE}adapters/certificate_authority.py",
        "if not trusted or key_id in trusted:",
        "if key_id:",
        (f"{ROTATION}test_a_rotation_that_was_finished_too_early_is_told",),
    ),
    Rule(
        15,
        "a ticket is in no log and in no record",
        f"{CORE}use_cases/redeem.py",
        'client=f"{body.client.version} {body.client.os}".strip()',
        "client=body.ticket",
        ("tests/security/test_secrets_stay_secret.py",),
    ),
    Rule(
        15,
        "the environment of a run that waits for an admin is in no row",
        f"{CORE}domain/approvals.py",
        "for name, value in message.arguments.items() if name != _ENV}",
        "for name, value in message.arguments.items()}",
        (
            "tests/security/test_secrets_stay_secret.py",
            f"{CASES}test_approving.py::test_a_held_environment_lies_in_a_file_and_in_no_row",
        ),
    ),
    Rule(
        15,
        "… and its file goes when that is decided",
        f"{CORE}use_cases/approving.py",
        "    if approval.prefix:\n        services.startup_files.delete(approval.prefix)",
        "    pass",
        (
            f"{CASES}test_approving.py::test_an_approved_run_has_its_environment_again",
            f"{CASES}test_approving.py::test_a_request_that_is_declined_or_lapses_leaves_no_file",
        ),
    ),
    Rule(
        19,
        "who is no member any more gets no lease, whatever ticket they hold",
        f"{CORE}adapters/dynamodb/leases.py",
        '"attribute_exists(pk) AND attribute_not_exists(leaving)"',
        '"attribute_not_exists(leaving)"',
        (f"{TABLE}test_who_is_no_member_gets_no_lease",),
    ),
    Rule(
        19,
        "a guest's ticket is spent only while the job is shared with them",
        f"{CORE}use_cases/redeem.py",
        "shared=not job.owner.is_same(lease.owner)",
        "shared=False",
        (f"{SHARING}test_a_share_that_is_taken_back_while_its_ticket_is_redeemed_leaves_no_lease",),
    ),
    Rule(
        19,
        "a member's leases and sessions end when they leave",
        f"{CORE}use_cases/ending.py",
        "    _end(services, leases, why)\n    return len(leases)",
        "    return len(leases)",
        (f"{SESSIONS}test_a_removed_member_is_out_of_every_job",),
    ),
    Rule(
        19,
        "a lease that ended takes no session, however late it comes",
        f"{CORE}use_cases/lease_requests.py",
        "case SessionAdded.LEASE_ENDED:\n            raise Refusal(Reason.LEASE_ENDED)",
        "case SessionAdded.LEASE_ENDED:\n            pass",
        (f"{REDEEM}test_a_session_that_started_while_the_lease_ended_is_terminated",),
    ),
    Rule(
        19,
        "a stop throws people out before it asks SageMaker",
        f"{CORE}use_cases/stop.py",
        "    end_leases_on(services, job)\n",
        "",
        (f"{SESSIONS}test_stopping_throws_people_out_before_sagemaker_is_asked",),
    ),
    Rule(
        19,
        "an end that AWS throttles is tried again within its seconds",
        f"{CORE}use_cases/ending.py",
        "if services.clock.monotonic() + _PAUSE_SECONDS > until:",
        "if until:",
        (f"{SESSIONS}test_a_throttled_end_is_tried_again_within_its_seconds",),
    ),
    Rule(
        19,
        "… and what is left then is the caretaker's",
        f"{CORE}use_cases/ending.py",
        "if not set(own) & set(left):",
        "if own is not None:",
        (f"{SESSIONS}test_what_aws_wont_end_in_time_stays_the_caretakers",),
    ),
    Rule(
        21,
        "a ticket of an unknown API is refused once this computer knows one",
        f"{LOCAL}known_apis.py",
        "if known and not accept_new:",
        "if False:",
        (
            f"{APIS}test_another_api_is_refused_until_it_is_accepted",
            f"{APIS}test_another_port_is_another_api",
        ),
    ),
    Rule(
        21,
        "the first use of an API is shown",
        f"{LOCAL}known_apis.py",
        'return text("connect.first-use", host=ticket.host)',
        'return ""',
        (f"{APIS}test_the_first_use_is_shown_and_later_ones_are_silent",),
    ),
    Rule(
        21,
        "… and remembered",
        f"{LOCAL}known_apis.py",
        "{**known, ticket.host: now}",
        "{**known}",
        (f"{APIS}test_the_first_use_is_shown_and_later_ones_are_silent",),
    ),
    Rule(
        22,
        "a message is as long as it says",
        f"{LOCAL}ssm/frames.py",
        "if length != len(payload):",
        "if False:",
        (f"{FRAMES}test_each_wrong_field_is_told",),
    ),
    Rule(
        22,
        "a payload has the digest that came with it",
        f"{LOCAL}ssm/frames.py",
        "if payload and sha256(payload).digest() != digest:",
        "if False:",
        (
            f"{FRAMES}test_each_wrong_field_is_told",
            f"{FRAMES}test_a_changed_byte_never_changes_the_payload_unseen",
        ),
    ),
    Rule(
        22,
        "a length is checked before anything is allocated for it",
        f"{LOCAL}ssm/websocket.py",
        "if already + length > LARGEST_MESSAGE:",
        "if False:",
        (f"{WEBSOCKET}test_a_server_that_breaks_the_protocol_is_told_and_left",),
    ),
    Rule(
        22,
        "what comes ahead of its turn is kept up to a limit",
        f"{LOCAL}ssm/reliable.py",
        "if too_many or self._early_bytes + len(frame.payload) > self._largest_gap_bytes:",
        "if False:",
        (
            f"{RELIABLE}test_a_full_reorder_buffer_is_not_acknowledged",
            f"{CHANNEL}test_what_does_not_fit_into_the_reorder_buffer_is_not_acknowledged",
        ),
    ),
    Rule(
        22,
        "garbage is dropped and counted, and ends nothing",
        f"{LOCAL}ssm/channel.py",
        "            self._dispatch(frame, now)\n        except FrameError:",
        "            self._dispatch(frame, now)\n        except ZeroDivisionError:",
        (f"{CHANNEL}test_garbage_is_counted_and_changes_nothing",),
    ),
    Rule(
        22,
        "the stream's address is AWS's, or a VPC endpoint's that was set",
        f"{LOCAL}ssm/dial.py",
        "if not re.fullmatch(_SERVICE_HOST, host) and host not in hosts:",
        "if False:",
        (f"{DIAL}test_all_else_is_not_trusted",),
    ),
)


def table() -> str:
    """The table of docs/security.md."""
    lines = ["| # | threat | rule | test |", "|---|---|---|---|"]
    lines += [
        f"| {rule.threat} | {THREATS[rule.threat]} | {rule.says} | {_shown(rule.tests)} |"
        for rule in RULES
    ]
    return "\n".join(lines) + "\n"


def _shown(tests: tuple[str, ...]) -> str:
    names = (test.split("/")[-1].removesuffix(".py") for test in tests)
    return "<br>".join(f"`{name.split('::')[-1]}`" for name in names)


if __name__ == "__main__":
    sys.stdout.write(table())
