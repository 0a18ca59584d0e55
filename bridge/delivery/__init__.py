"""A booking request becomes a confirmed appointment: load what matters, decide, record the outcome.

`decide` (decide.py) is one pure function from a snapshot to the next step. These are its tables; a test holds each row
against it.

What a step makes of its event:

| step | status of the event |
|---|---|
| `Ignore` | ignored |
| `Park` | parked |
| `Written` | written |
| `Wait` | waiting, retrying or submitted |
| `Read` | unchanged: a call comes first |
| `Enrich` | unchanged: a call to the sender's API comes first |
| `Write` | unchanged: the write is put on record first |

What keeps an event from changing its booking, in this order:

| event | step |
|---|---|
| its source is no longer configured | `Park` misconfigured |
| it cannot be decoded | `Park` undecodable |
| an earlier event of its booking has not ended | `Wait` earlier_event |
| an ignored actor made the change | `Ignore` echo |
| its text holds the reference of another booking | `Ignore` echo |
| a later event speaks for both | `Ignore` superseded |
| the sender's API has to be asked | `Enrich` |
| the mapping cannot read it | `Park` unmappable |
| no rule of the mapping knows it | `Ignore` unknown_event |
| it changes no appointment | `Ignore` not_forwarded |
| it says who a person is | `Ignore` remembered |
| the renter did not come | `Ignore` no_show |
| an earlier event of its person has not ended | `Wait` earlier_event |
| its booking is of another person | `Park` reference_reused |
| it is tentative, and such tours are held | `Wait` requested |

Then its booking decides, in this order; what it is to be, and what the PMS has:

| booking: to be / in the PMS | step |
|---|---|
| a duplicate of it is in the PMS | `Write` cancel |
| any / a write is in flight | `Read` write_status |
| any / a write of unknown outcome is in flight | `Read` write_log |
| cancelled / booked | `Write` cancel |
| cancelled / nothing | `Ignore` nothing_to_cancel |
| booked / nothing, and no contact is given | `Wait` unknown_booking |
| booked / nothing, and no property is known | `Park` unknown_property |
| booked / nothing, and no start is known | `Park` needs_time |
| booked / nothing, and another tour has its time | `Park` slot_taken |
| booked / at another property | `Write` cancel |
| booked / another person's | `Write` cancel |
| booked / the same tour, and its person is corrected | `Write` update_lead |
| booked / the same tour | `Ignore` already_written |
| booked / nothing, and another source's tour is the same | `Ignore` linked |
| booked / nothing, and its start has passed | `Park` start_passed |
| booked / another tour | `Write` update |
| booked / nothing, and the lead is known | `Write` create |

Its lead, where it has to be created:

| lead | step |
|---|---|
| nothing is known of it | `Read` find_leads |
| Propexo has no lead with this e-mail or phone | `Write` create_lead |
| its write is in flight | `Read` write_status |
| the PMS has it, and its id has not come yet | `Wait` lead_id |
| its id is known, and not who it is | `Read` get_lead |
| it is known | `Write` create |

A write on record (an attempt), by what is learned of it:

| attempt | learned | becomes |
|---|---|---|
| sending | a job id | submitted |
| sending | it was too late to send it | not_sent |
| sending | a refusal | rejected |
| sending | no usable answer | unknown |
| unknown | its job is in the write log | submitted |
| unknown | the record that it made | confirmed |
| unknown | no trace of an update, three times | abandoned |
| unknown | no trace of a create, five times | unknown |
| submitted | SUCCESS | confirmed |
| submitted | FAILURE, and the record that it made | confirmed |
| submitted | FAILURE | failed |
| submitted | PARTIAL_SUCCESS | partly_written |
| submitted | PENDING | submitted |

While its source is in shadow mode, an event that has reached its booking ends as `Ignore` shadow: each call and write
of the tables above is assumed to succeed, and what would have been written is recorded with the event (shadow.py).
Of its booking, lead and time nothing is stored. All other events end as in the tables.

Three rules keep safety apart from order. *Safety*: a write takes its owner, a booking or a lead, conditionally in the
commit that puts it on record; it holds even if two workers run one event. *Order*: lanes and predecessors; to break it
may cost a needless call, never a second appointment. *Liveness*: the lane of every open event is ready, leased until a
moment, or due at a finite time.
"""
