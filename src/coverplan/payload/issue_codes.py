"""The catalogue of issue codes. Codes are stable: programs rely on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Code:
    """One code: `message` has placeholders, `suggestion` is the way out where the issue brings none of its own."""

    code: str
    severity: Severity
    entity: str | None
    message: str
    suggestion: str | None = None


_JSON = [
    Code("empty_body", "error", None, "The document is empty.", "Send a JSON object."),
    Code("invalid_utf8", "error", None, "Byte {position} is not valid UTF-8.", "Encode the document as UTF-8."),
    Code("invalid_json", "error", None, "Not JSON: {reason} (line {line}, column {column})."),
    Code("invalid_unicode", "error", None, "The text holds a lone surrogate, which is no character.",
         "Write characters above U+FFFF as a pair of \\u escapes, or as UTF-8."),
    Code("duplicate_key", "error", None, "The key {value} stands twice in one object.", "Keep one of them."),
    Code("non_finite_number", "error", None, "{value} is not a finite number.", "Leave the field out, or send null."),
    Code("number_too_long", "error", None, "The number has {digits} digits.", "Send at most 400 digits."),
    Code("too_deep", "error", None, "Nested deeper than {limit} levels.", "No document needs that depth."),
    Code("too_many_fields", "error", None, "The object has {count} fields; at most {limit} are read.",
         "Remove the fields that are not documented."),
]  # fmt: skip

_STRUCTURE = [
    Code("wrong_type", "error", None, "Expected {expected}, found {found}."),
    Code("unknown_field", "error", None, "There is no field \"{field}\" here.", "Remove it."),
    Code("missing_field", "error", None, "The field \"{field}\" is required.", "Add it."),
    Code("out_of_range", "error", None, "{value} is out of range: it must be {bound}."),
    Code("invalid_date", "error", None, "{value} is not a date.", "Write dates as YYYY-MM-DD, e.g. 2027-01-31."),
    Code("unknown_value", "error", None, "{value} is not one of {choices}."),
    Code("unknown_kind", "error", None, "{value} is not a kind that exists here.", "See /v1/constraint-kinds."),
    Code("too_short", "error", None, "Too short: at least {limit} needed."),
    Code("too_long", "error", None, "Too long: at most {limit} allowed."),
    Code("invalid_characters", "error", None, "{value} holds characters that are not allowed.",
         "Use no control characters in ids and labels."),
    Code("invalid_value", "error", None, "{reason}"),
    Code("invalid_uri", "error", None, "{value} is no URI that is taken: {reason}.",
         "Write it as s3://BUCKET/PATH, without any encoding."),
    Code("uri_not_allowed", "error", None, "{value} is in no folder that the operator allows.",
         "Use one that is, or have the operator add it to COVERPLAN_SOURCE_URIS."),
    Code("invalid_url", "error", None, "{value} is not a URL that can be called: {reason}."),
    Code("address_refused", "error", None, "{value} is at an address that this service does not call.",
         "Use a public address, or have the operator add it to COVERPLAN_WEBHOOK_ALLOW."),
    Code("header_refused", "error", None, "The header {value} {reason}.",
         "Take another name, such as Authorization or X-Token, or another value."),
]  # fmt: skip

_IDS = [
    Code("no_accounts", "error", None, "There are no accounts.", "Give at least one account."),
    Code("no_reps", "error", None, "There are no reps.", "Give at least one rep."),
    Code("duplicate_id", "error", None, "The id {value} is used by an earlier {kind}.", "Make the ids unique."),
    Code("unknown_territory", "error", None, "Territory {value} does not exist."),
    Code("unknown_segment", "error", None, "Segment {value} does not exist."),
    Code("unknown_manager", "error", None, "Manager {value} does not exist."),
    Code("unknown_rep", "error", None, "Rep {value} does not exist."),
    Code("unknown_account", "error", None, "Account {value} does not exist."),
    Code("unknown_role", "error", None, "No segment needs and no rep has the role {value}."),
    Code("unknown_industry", "error", None, "No account is in the industry {value}."),
    Code("unknown_tag", "error", None, "No account has the tag {value}."),
    Code("unknown_team", "error", None, "No manager has the id {value}."),
    Code("repeated_reference", "warning", None, "{value} stands twice in the list.", "Keep one of them."),
    Code("territory_cycle", "error", "territory", "Territory {value} is its own ancestor: {path}.",
         "Set one parent_id of the circle to null."),
    Code("manager_cycle", "error", "manager", "Manager {value} reports to themselves: {path}.",
         "Set one manager_id of the circle to null."),
    Code("account_cycle", "error", "account", "Account {value} is its own ancestor: {path}.",
         "Set one parent_id of the circle to null."),
]  # fmt: skip

_FACTS = [
    Code("role_not_in_segment", "error", "account", "The segment {segment} has no role {value}."),
    Code("duplicate_role", "error", None, "The role {value} stands twice here.", "Keep one of them."),
    Code("shares_do_not_sum", "error", "segment", "The revenue shares sum to {value}, not to 1.",
         "Make them sum to 1, or give none: then they follow the hours."),
    Code("shares_incomplete", "error", "segment", "Some roles have a revenue share and others have none.",
         "Give it for all roles of the segment, or for none."),
    Code("end_before_start", "error", "rep", "The end date {value} is before the start date {start}."),
    Code("fit_needs_one_target", "error", "fit", "Names {value} of account_id, segment and industry.",
         "Name exactly one of the three."),
    Code("duplicate_pair", "error", "pair", "An earlier entry has the same account and rep.", "Keep one of them."),
    Code("duplicate_fit", "warning", "fit", "An earlier entry is for the same rep and target: both multiply."),
    Code("fit_without_accounts", "warning", "fit", "No account is in the industry {value}: the entry has no effect."),
    Code("pair_without_seat", "warning", "pair", "The account needs no {value}: the entry has no effect.",
         "Remove it, or add the role to the account's segment."),
    Code("role_without_seats", "warning", "rep", "No account needs the role {value}: the rep gets nothing."),
    Code("family_locked_apart", "error", "account",
         "Its family must share one rep, but is locked to {value} and {other}.",
         "Unlock one of them, or make the family constraint soft."),
    Code("locked_without_current", "warning", "account", "Locked, but no rep who may stay covers it: it is free."),
    Code("forced_move", "warning", "account", "The current rep {value} {reason}: the move is forced.",
         "Forced moves are reported apart and count against no limit."),
    Code("start_date_assumed", "warning", "rep", "A rep to come without a start date: {value} is assumed.",
         "Give start_date."),
    Code("horizon_assumed", "warning", None, "Dates are given, but no horizon: it is assumed to start on {value}.",
         "Give horizon.start."),
    Code("rep_inactive", "warning", "rep", "Does not work within the horizon: the rep gets nothing."),
]  # fmt: skip

_POLICY = [
    Code("contradictory_bounds", "error", "constraint", "{low} {value} is above {high} {limit}.", "Swap them?"),
    Code("missing_limit", "error", "constraint", "The constraint limits nothing: give at least one of {choices}."),
    Code("missing_target", "error", "constraint", "{value} has no revenue_target.",
         "Give the target in the constraint, or the territory's revenue_target."),
    Code("missing_quota", "error", "constraint", "The constraint needs quotas, but no rep has one.",
         "Give the reps' quota, or choose another share."),
    Code("empty_filter", "warning", "constraint", "The filter matches no {kind}: the constraint does nothing there."),
    Code("duplicate_group", "error", "constraint", "Two groups have the id {value}.", "Make the ids unique."),
    Code("penalty_swamps_money", "warning", "constraint",
         "One violation costs up to {cost}, the best assignment brings {most}: money hardly counts beside it.",
         "Leave the penalty out, which makes the rule hard, or lower it."),
    Code("no_pods", "warning", "constraint", "No rep has a pod or a manager: every rep is a pod of its own."),
]  # fmt: skip

_NECESSARY = [
    Code("hours_exceed_capacity", "warning", None,
         "The {role} seats need {value} hours, the reps who could fill them have {capacity}.",
         "Some seats will stay uncovered, or the problem is infeasible if they must not."),
    Code("territory_hours_exceed_capacity", "warning", "territory",
         "The {role} seats need {value} hours, the reps who may work there have {capacity}.",
         "Let more reps cover the territory, or expect uncovered seats."),
    Code("seat_without_rep", "warning", "account", "No rep may fill the seat of the {value}.",
         "Check territory, segment, skills, dates and pairs."),
    Code("locks_exceed_capacity", "warning", "rep",
         "Locked and protected accounts take {value} hours of {capacity}: no plan can keep the hard capacity.",
         "Unlock some, or make the capacity soft."),
    Code("must_cover_out_of_reach", "warning", "constraint",
         "{value} of the seats that must be covered have no admissible rep: no plan can.",
         "Exclude those accounts with the filter, or let a rep cover them."),
    Code("must_cover_exceeds_capacity", "warning", "constraint",
         "The {role} seats that must be covered need {value} hours, the reps have {capacity}: no plan can.",
         "Make one of the two soft, or add capacity."),
    Code("bound_out_of_reach", "warning", "constraint",
         "{scope}: {value} is the least asked, {limit} the most possible.",
         "Lower the bound, make it soft, or let more reps serve the accounts."),
]  # fmt: skip

_SOLVING = [
    Code("exact_method_only", "error", None,
         "The rule {rule} ({kind}) is for the exact method only, not for {value}.",
         "Leave the method to `auto`, or leave the rule out."),
    Code("too_large_for_rule", "error", "constraint",
         "{kind} is for the exact method only, and {value} pairs are more than the {limit} that it can take.",
         "Leave the rule out, or let fewer reps serve each account by territories or candidates.max_distance_km."),
    Code("truncated_candidates", "warning", None,
         "{count} seats have more admissible reps than the {value} that enter the program.",
         "Raise candidates.per_seat; the certificate ranges over all pairs all the same."),
    Code("start_plan_ignored", "warning", None, "The start plan was not used: {value}."),
    Code("duplicate_assignment", "error", "assignment", "An earlier assignment fills the same seat.",
         "A seat has one rep: keep one of them."),
    Code("inadmissible_assignment", "warning", "assignment", "Account {account} may not be {done}: {reason}."),
]  # fmt: skip

_EXPERIMENTS = [
    Code("unknown_path", "error", None, "There is no {segment} at {place} of the policy, so {value} leads nowhere."),
    Code("unknown_policy", "error", None, "There is no policy {value}."),
    Code("experiment_too_large", "error", None, "{value} {things} are more than the {limit} of one experiment.",
         "Take fewer values, seeds or problems."),
    Code("hard_reference", "error", "constraint", "A rule of the reference must be soft: its penalty is what counts.",
         "Give it a penalty."),
    Code("invalid_rule", "error", None, "Column {column}: {reason}"),
]  # fmt: skip

_ALL = (*_JSON, *_STRUCTURE, *_IDS, *_FACTS, *_POLICY, *_NECESSARY, *_SOLVING, *_EXPERIMENTS)

CATALOGUE: dict[str, Code] = {entry.code: entry for entry in _ALL}
