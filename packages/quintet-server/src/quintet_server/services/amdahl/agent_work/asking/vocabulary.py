"""The words in which tasks speak of the data: what is asked about, and by what it is broken down.

Words, not grammar: a task is understood as far as it uses these and the values that the data hold;
what is left over is searched for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, get_args

__all__ = [
    "ASKING_WORDS",
    "CHANNELS",
    "DIMENSIONS",
    "KNOWN_WORDS",
    "MOOD_WORDS",
    "NOUNS",
    "STOP_WORDS",
    "SUBJECTS",
    "SUBJECT_OF",
    "Subject",
    "words_of",
]

Subject = Literal["activity", "sentiment", "deals", "qualification", "voices"]
SUBJECTS: tuple[Subject, ...] = get_args(Subject)

_SUBJECT_WORDS: Mapping[Subject, str] = {
    "sentiment": (
        "sentiment mood tone feeling feelings happy unhappy satisfaction satisfied feel "
        "dissatisfied"
    ),
    "deals": (
        "deal deals pipeline revenue won lost win wins loss losses closed closing opportunity "
        "opportunities sales forecast bookings amount amounts value winning losing lose loses"
    ),
    "qualification": (
        "qualification qualified qualify qualifies outcome outcomes band bands fit score "
        "scores scoring likely likelihood"
    ),
    "voices": (
        "say says said saying objection objections complaint complaints complain feedback "
        "quote quotes theme themes topic topics asking ask asked mention mentions mentioned "
        "concern concerns voice discuss discussed opinion opinions pain"
    ),
    "activity": (
        "interaction interactions activity activities active engaged quiet volume engagement "
        "contacted touch touches touchpoints conversations conversation events event messages "
        "message calls call emails email meetings meeting chats chat traffic"
    ),
}
CHANNELS: Mapping[str, str] = {
    "email": "email",
    "emails": "email",
    "call": "call",
    "calls": "call",
    "meeting": "meeting",
    "meetings": "meeting",
    "chat": "chat",
    "chats": "chat",
    "web": "web",
    "crm": "crm",
}
"""Words for one channel each. Only those that the data hold count."""

_DIMENSION_WORDS: Mapping[str, str] = {
    "channel": "channel channels medium media",
    "company_name": "company companies customer customers account accounts client clients",
    "owner": "owner owners rep reps seller sellers salesperson salespeople",
    "stage": "stage stages",
    "status": "status statuses outcome",
    "interaction_type": "type types kind kinds",
    "contact_name": "contact contacts person people",
    "speaker_name": "speaker speakers",
    "speaker_type": "side sides",
    "source_system": "source sources system systems",
    "outcome_band": "band bands",
}
DIMENSIONS: Mapping[str, str] = {
    word: column for column, words in _DIMENSION_WORDS.items() for word in words.split()
}
SUBJECT_OF: Mapping[str, tuple[Subject, ...]] = {
    word: tuple(s for s in SUBJECTS if word in _SUBJECT_WORDS[s].split())
    for words in _SUBJECT_WORDS.values()
    for word in words.split()
}
NOUNS: Mapping[str, tuple[str, str]] = {
    "channel": ("channel", "channels"),
    "company_name": ("company", "companies"),
    "owner": ("owner", "owners"),
    "stage": ("stage", "stages"),
    "status": ("status", "statuses"),
    "interaction_type": ("type of interaction", "types of interaction"),
    "contact_name": ("contact", "contacts"),
    "speaker_type": ("side", "sides"),
    "speaker_name": ("speaker", "speakers"),
    "source_system": ("source", "sources"),
    "outcome_band": ("band", "bands"),
    "deal_name": ("deal", "deals"),
}
_STOPPED = """
a about above across after all also an and any are as at be because been before being below
best between biggest both bring briefly but by can chart compare compared comparison could
create current data describe did do does doing during each every explain few find for from
full get give had has have her highest him his how i if in into is it its just know largest
last least let like list look lowest made make many me more most much my need new next no not
now of off on once one only or other our out over overall overview own past per please prepare
produce report reports research same show since so some still summary summarise summarize
summarised table tell than that the their them then there these they this those through time
to too top trend trends under understand until up us use using versus very vs was we were what
when where which while who whom whose why will with within worst would write you your yours
analyse analyze analysis findings number count share total totals breakdown broken down split
mix rank ranking ranked average main key recent period day days week weeks month months
quarter quarters year years daily weekly monthly quarterly yearly question answer answers
whether going go things thing anything something everyone everybody team piece article blog
post linkedin newsletter draft short long paragraph outline content audience customer
customers company companies performance performing perform health status changed change
changes develop developed evolve evolved comparing positive negative rate rates good bad
better worse low high first second come comes talk talks talking size sized hello hi stand
stands standing looks looking happen happened happens happening see seen shown shows work
works working latest insight insights important everything help helps currently previous
relation regarding concerning related topic topics matter matters want wants reason reasons
cause causes far way ways kind sort situation review reviewed explore deep dive brief detailed
detail details reply answered should shall must may might buy
buying hi fix boss often take takes long lead people person someone anyone business workspace
"""
_ASKED = """
actually affect affects against among angry appear appears assess assessment become becomes
becoming break breaks briefing bring brings buyer buyers charts check close closes common commonly
contrast conversion convert converts crushing currently decline declines declining decrease
decreases decreasing determine differ differed difference differences different differs dig digest
display doing dominate dominates done drive driven driver drivers drives driving drop dropping
drops effective effectiveness efficiency efficient emphasis end ended engaged especially evaluate
evaluation examine excited expect expected explore fall falling falls faster feels figure figures
focus focused folks fraction frequent frequently frustrated gets getting glance gone got graph grow
growing grows growth half happen happier healthy highlight highlights identify impact improve
improved improvement improves improving increase increases increasing indicate indicates influence
info information into issue issues keep keeps kpi kpis learn learned learning lists mainly mean
means measure measured measures metric metrics monitor morning mostly need needed needs notice
noticed numbers occur occurred occurs organisation organization pain particularly partner partners
per percent percentage perform performance performed performs picture please pleased plot point
points popular portion priorities prioritise prioritize priority progress proportion prospect
prospects provide provides pull quality quick quickly quiet raise raised raises ratio really recap
relationship relationships remain remains resonate resonates respond response responses reveal
reveals rise rises rising roughly rundown said seem seems silent slipped slipping slow slower
snapshot spot stalled start started statement statements statistics stats status stay stays stuck
success successful suggest suggests tables thank thanks through together tomorrow tonight toward
towards track tracked tracking turn turned typical typically understanding update updates upset
user users usual usually variation variations varied varies vary varying visualise visualize walk
within worried worries worry worsen worsening
"""
ASKING_WORDS = frozenset(_ASKED.split())
"""Words of asking and judging: no subject, unless somebody is said to speak of them."""
STOP_WORDS = frozenset(_STOPPED.split()) | ASKING_WORDS
"""Words that say nothing of what is asked about."""
KNOWN_WORDS = STOP_WORDS | DIMENSIONS.keys() | SUBJECT_OF.keys() | CHANNELS.keys()
"""Every word that is understood whatever the data hold."""
MOOD_WORDS: Mapping[int, tuple[str, ...]] = {
    -1: (
        *("unhappy", "not happy", "dissatisf", "disappoint", "frustrat", "annoy", "angry"),
        *("upset", "complain", "terrible", "awful", "unacceptable", "too expensive", "too slow"),
        *("is broken", "does not work", "doesn't work", "not working", "keeps failing", "fed up"),
        *("confusing", "unreliable", "worried", "waste of", "want to cancel"),
    ),
    1: (
        *("love", "excellent", "thrilled", "delighted", "fantastic", "impressed", "great job"),
        *("very happy", "so happy", "really happy", "pleased", "wonderful", "amazing", "perfect"),
    ),
}
"""How texts show that somebody is unhappy (-1) or happy (1), where no score tells it."""
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9'&.+-]*[A-Za-z0-9+]|[A-Za-z0-9]")


def words_of(text: str) -> list[str]:
    """The words of a text, as written."""
    return _WORD.findall(text)
