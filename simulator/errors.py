"""What can go wrong: in a bot's request, in a wish of the control interface, at start-up."""

from __future__ import annotations


class ApiError(Exception):
    """A Bot API call is refused, with the status and the words Telegram uses.

    Attributes:
        status: the HTTP status, also the `error_code` of the answer.
        description: Telegram's own sentence.
        retry_after: seconds to wait, for status 429.
        migrate_to: the id of the supergroup that a group has become.
    """

    def __init__(
        self,
        status: int,
        description: str,
        retry_after: int | None = None,
        migrate_to: int | None = None,
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.retry_after = retry_after
        self.migrate_to = migrate_to


class Mistake(Exception):
    """A call of the control interface makes no sense; the message says why."""


class AddressInUseError(Exception):
    """The address to listen on is taken."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"Something already listens on {host}:{port}.")
        self.host = host
        self.port = port


def bad_request(reason: str) -> ApiError:
    """A refusal with status 400."""
    return ApiError(400, f"Bad Request: {reason}")


def upgraded(supergroup_id: int) -> ApiError:
    """A refusal with status 400: the group goes on as a supergroup, under another id."""
    reason = "Bad Request: group chat was upgraded to a supergroup chat"
    return ApiError(400, reason, migrate_to=supergroup_id)


def forbidden(reason: str) -> ApiError:
    """A refusal with status 403."""
    return ApiError(403, f"Forbidden: {reason}")


def conflict(reason: str) -> ApiError:
    """A refusal with status 409."""
    return ApiError(409, f"Conflict: {reason}")


def too_many_requests(seconds: int) -> ApiError:
    """A refusal with status 429, to be tried again after so many seconds."""
    return ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


STALE_QUERY = "query is too old and response timeout expired or query ID is invalid"
"""The reason given for a callback or checkout query that is answered late, twice or unasked."""
